import { HEADER_BYTES, sequenceNumber } from './ieee80211';
import { readU32le } from './bytes';

/** An access point that starts over counts its frames from zero (wifi.md section 11.3: below 8 was seen to work). */
const FRESH_SEQUENCE = 8;
/** Steps up to this, modulo 4096, are the counter going on, also over its end. */
const ORDINARY_STEP = 1024;
const MICROS_PER_SECOND = 1_000_000;
const HALF_RANGE = 0x8000_0000;

/** Notices in beacons that the access point has restarted without a word. */
export class RestartWatch {
  private sequence: number | null = null;
  private timestampMicros = 0;

  /** True when this beacon comes from another life of the access point than the one before. */
  observe(beacon: Uint8Array): boolean {
    const sequence = sequenceNumber(beacon);
    const timestampMicros = readU32le(beacon, HEADER_BYTES);
    const before = this.sequence;
    // Modulo 2^32: the low word of the timestamp wraps every 71 minutes.
    const back = (this.timestampMicros - timestampMicros) >>> 0;
    const restarted =
      before !== null &&
      ((sequence < before && sequence < FRESH_SEQUENCE && ((sequence - before) & 0xfff) > ORDINARY_STEP) ||
        (back > MICROS_PER_SECOND && back < HALF_RANGE));
    this.sequence = sequence;
    this.timestampMicros = timestampMicros;
    return restarted;
  }

  reset(): void {
    this.sequence = null;
  }
}
