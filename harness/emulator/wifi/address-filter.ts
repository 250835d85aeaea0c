/** The two address filter units: 0 station, 1 access point (wifi.md 3.4). */
import { MAC } from './mac-map';

/** Bits of the match result, as they stand in the receive header from bit 12 on. */
export const MATCH = { DA_0: 1, DA_1: 2, BSSID_0: 4, BSSID_1: 8 } as const;
export const MATCH_DA = MATCH.DA_0 | MATCH.DA_1;

const ENABLE = 0x10000;
const FC0_PROBE_REQUEST = 0x40;
const TO_DS = 1;
const FROM_DS = 2;
const TYPE_DATA = 0x08;
const TYPE_MASK = 0x0c;

/** What the units say about a frame; reads the register words as they are. */
export class AddressFilter {
  private readonly words: Uint32Array;

  constructor(words: Uint32Array) {
    this.words = words;
  }

  /** Whether interface `unit` has an address. */
  isEnabled(unit: 0 | 1): boolean {
    return (this.words[(MAC.OWN_MASK + 4 + 8 * unit) >>> 2]! & ENABLE) !== 0;
  }

  /** Own address of an interface into `target`. */
  copyOwn(unit: 0 | 1, target: Uint8Array): void {
    const low = this.words[(MAC.OWN + 8 * unit) >>> 2]!;
    const high = this.words[(MAC.OWN + 4 + 8 * unit) >>> 2]!;
    for (let i = 0; i < 6; i++) target[i] = i < 4 ? low >>> (8 * i) : high >>> (8 * (i - 4));
  }

  /** MATCH bits for the frame's first address and its BSSID. */
  match(frame: Uint8Array): number {
    if (frame.length < 10) return 0;
    const isGroup = (frame[4]! & 1) !== 0;
    const bssidAt = bssidPlace(frame);
    let result = 0;
    for (let unit = 0; unit < 2; unit++) {
      if (!this.isEnabled(unit as 0 | 1)) continue;
      if (!isGroup && this.equals(MAC.OWN + 8 * unit, frame, 4)) result |= MATCH.DA_0 << unit;
      if (this.bssidMatches(unit, frame, bssidAt)) result |= MATCH.BSSID_0 << unit;
    }
    return result;
  }

  private bssidMatches(unit: number, frame: Uint8Array, at: number): boolean {
    if ((this.words[(MAC.BSSID_MASK + 4 + 8 * unit) >>> 2]! & ENABLE) === 0) return true;
    if (at + 6 > frame.length) return false;
    if (this.equals(MAC.BSSID + 8 * unit, frame, at)) return true;
    // A probe request to any network: an access point must hear it (IEEE 802.11-2020 11.1.4.3). Guess: not seen.
    return frame[0] === FC0_PROBE_REQUEST && isBroadcast(frame, at);
  }

  private equals(register: number, frame: Uint8Array, at: number): boolean {
    const low = this.words[register >>> 2]!;
    const high = this.words[(register + 4) >>> 2]! & 0xffff;
    const frameLow =
      (frame[at]! | (frame[at + 1]! << 8) | (frame[at + 2]! << 16) | (frame[at + 3]! << 24)) >>> 0;
    return low === frameLow && high === (frame[at + 4]! | (frame[at + 5]! << 8));
  }
}

/** Where the BSSID stands: management address 3, to the access point address 1, from it address 2. */
function bssidPlace(frame: Uint8Array): number {
  if ((frame[0]! & TYPE_MASK) !== TYPE_DATA) return 16;
  const direction = frame[1]! & (TO_DS | FROM_DS);
  return direction === TO_DS ? 4 : direction === FROM_DS ? 10 : 16;
}

function isBroadcast(frame: Uint8Array, at: number): boolean {
  for (let i = at; i < at + 6; i++) if (frame[i] !== 0xff) return false;
  return true;
}
