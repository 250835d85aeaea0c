import { TICKS_PER_SECOND, ticksToNanos } from '../time';
import { isOfdm, rateMbps } from './air-time';
import { concatBytes, writeU16le, writeU32le } from './bytes';
import { withoutProtection } from './ieee80211';
import type { CapturedFrame } from './medium';

/** Capture files: pcap with nanoseconds, link type 802.11 with radiotap (radiotap.org, tcpdump.org/linktypes). */
const MAGIC_NANOSECONDS = 0xa1b23c4d;
const LINKTYPE_IEEE802_11_RADIOTAP = 127;
const SNAP_BYTES = 65_535;
const RADIOTAP_BYTES = 26;
/** TSFT, flags, rate, channel, antenna signal, TX flags. */
const RADIOTAP_PRESENT = (1 << 0) | (1 << 1) | (1 << 2) | (1 << 3) | (1 << 5) | (1 << 15);
const CHANNEL_2GHZ = 0x0080;
const CHANNEL_CCK = 0x0020;
const CHANNEL_OFDM = 0x0040;
const TX_FLAG_FAIL = 0x0001;
const FALLBACK_CHANNEL = 1;

export interface PcapOptions {
  /**
   * The emulated hardware has no cipher, so protected frames carry plain bytes behind their CCMP header. `plain`
   * writes them as unprotected frames that an analyser can read, `as-sent` exactly as they were on the air.
   */
  readonly protection: 'plain' | 'as-sent';
}

/** First bytes of the file. */
export function encodePcapHeader(): Uint8Array {
  const bytes = new Uint8Array(24);
  writeU32le(bytes, 0, MAGIC_NANOSECONDS);
  writeU16le(bytes, 4, 2);
  writeU16le(bytes, 6, 4);
  writeU32le(bytes, 16, SNAP_BYTES);
  writeU32le(bytes, 20, LINKTYPE_IEEE802_11_RADIOTAP);
  return bytes;
}

/** One frame as a record. Virtual time counts from the power-on of the air. */
export function encodePcapRecord(
  captured: CapturedFrame,
  options: PcapOptions = { protection: 'plain' },
): Uint8Array {
  const frame = options.protection === 'plain' ? withoutProtection(captured.frame) : captured.frame;
  const head = new Uint8Array(16);
  const seconds = Math.floor(captured.endTicks / TICKS_PER_SECOND);
  const nanos = Math.floor(ticksToNanos(captured.endTicks - seconds * TICKS_PER_SECOND));
  writeU32le(head, 0, seconds);
  writeU32le(head, 4, nanos);
  writeU32le(head, 8, RADIOTAP_BYTES + frame.length);
  writeU32le(head, 12, RADIOTAP_BYTES + frame.length);
  return concatBytes(head, radiotap(captured), frame);
}

function radiotap({ startTicks, rate, channel, rssiDbm, acked }: CapturedFrame): Uint8Array {
  const bytes = new Uint8Array(RADIOTAP_BYTES);
  const micros = Math.floor(ticksToNanos(startTicks) / 1000);
  writeU16le(bytes, 2, RADIOTAP_BYTES);
  writeU32le(bytes, 4, RADIOTAP_PRESENT);
  writeU32le(bytes, 8, micros);
  writeU32le(bytes, 12, Math.floor(micros / 0x1_0000_0000));
  bytes[17] = rateMbps(rate) * 2;
  const number = channel ?? FALLBACK_CHANNEL;
  writeU16le(bytes, 18, number === 14 ? 2484 : 2407 + 5 * number);
  writeU16le(bytes, 20, CHANNEL_2GHZ | (isOfdm(rate) ? CHANNEL_OFDM : CHANNEL_CCK));
  bytes[22] = rssiDbm;
  writeU16le(bytes, 24, acked === false ? TX_FLAG_FAIL : 0);
  return bytes;
}
