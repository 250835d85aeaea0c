/**
 * How long frames take. Rate codes are the chip's own (ESP8266_RTOS_SDK `esp_wifi_types.h`, `wifi_phy_rate_t`);
 * times follow IEEE 802.11-2020 sections 15.2, 16.3 (DSSS, long preamble) and 17.4.3, 18.5 (OFDM at 2.4 GHz).
 */
export const RATE = {
  DSSS_1: 0x0,
  DSSS_2: 0x1,
  DSSS_5_5: 0x2,
  DSSS_11: 0x3,
  DSSS_2_SHORT: 0x5,
  DSSS_5_5_SHORT: 0x6,
  DSSS_11_SHORT: 0x7,
  OFDM_48: 0x8,
  OFDM_24: 0x9,
  OFDM_12: 0xa,
  OFDM_6: 0xb,
  OFDM_54: 0xc,
  OFDM_36: 0xd,
  OFDM_18: 0xe,
  OFDM_9: 0xf,
} as const;

interface RateFacts {
  readonly mbps: number;
  readonly ofdm: boolean;
  readonly preambleMicros: number;
}

const dsss = (mbps: number, preambleMicros: number): RateFacts => ({ mbps, ofdm: false, preambleMicros });
const ofdm = (mbps: number): RateFacts => ({ mbps, ofdm: true, preambleMicros: 20 });

/** By rate code; code 4 is not in use. */
const RATES: readonly RateFacts[] = [
  dsss(1, 192),
  dsss(2, 192),
  dsss(5.5, 192),
  dsss(11, 192),
  dsss(1, 192),
  dsss(2, 96),
  dsss(5.5, 96),
  dsss(11, 96),
  ofdm(48),
  ofdm(24),
  ofdm(12),
  ofdm(6),
  ofdm(54),
  ofdm(36),
  ofdm(18),
  ofdm(9),
];

export const SIFS_MICROS = 10;
export const SLOT_MICROS = 9;
export const DIFS_MICROS = SIFS_MICROS + 2 * SLOT_MICROS;
/** Contention window of a first attempt, in slots (aCWmin of an OFDM station). */
export const CONTENTION_SLOTS = 15;
const FCS_BYTES = 4;
const ACK_BYTES = 14;
const OFDM_SIGNAL_EXTENSION_MICROS = 6;

function facts(rate: number): RateFacts {
  return RATES[rate & 15]!;
}

/** Mbit/s of a rate code. */
export function rateMbps(rate: number): number {
  return facts(rate).mbps;
}

export function isOfdm(rate: number): boolean {
  return facts(rate).ofdm;
}

function durationMicros({ mbps, ofdm: isOfdmRate, preambleMicros }: RateFacts, sizeBytes: number): number {
  const bits = sizeBytes * 8;
  if (!isOfdmRate) return preambleMicros + Math.ceil(bits / mbps);
  // Symbols of 4 µs hold 4 bits per Mbit/s; 16 service and 6 tail bits come along.
  return preambleMicros + 4 * Math.ceil((16 + bits + 6) / (4 * mbps)) + OFDM_SIGNAL_EXTENSION_MICROS;
}

/** Time on the air of a frame whose size is given without FCS. */
export function frameMicros(rate: number, sizeBytes: number): number {
  return durationMicros(facts(rate), sizeBytes + FCS_BYTES);
}

/** Time of the acknowledgment: at the highest mandatory rate not above the frame's own. */
export function ackMicros(rate: number): number {
  const { mbps, ofdm: isOfdmRate, preambleMicros } = facts(rate);
  if (!isOfdmRate) return durationMicros({ mbps: mbps >= 2 ? 2 : 1, ofdm: false, preambleMicros }, ACK_BYTES);
  const ackMbps = mbps >= 24 ? 24 : mbps >= 12 ? 12 : 6;
  return durationMicros({ mbps: ackMbps, ofdm: true, preambleMicros }, ACK_BYTES);
}
