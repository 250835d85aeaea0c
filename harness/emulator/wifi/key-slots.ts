/**
 * The key slots (wifi.md section 7.1). No cipher exists in the emulated hardware; a slot only tells which trailer a
 * protected frame would have brought.
 */
import { KEY_SLOT_BYTES, KEY_SLOT_COUNT, MAC } from './mac-map';

const CIPHER_TKIP = 2;
/** MIC of CCMP; Michael MIC and ICV of TKIP. The driver drops frames with less room (wifi.md 4.3). */
const CCMP_TRAILER_BYTES = 8;
const TKIP_TRAILER_BYTES = 12;

const CLASS_UNICAST = 2;
const CLASS_GROUP = 6;

const TYPE_MASK = 0x0c;
const TYPE_DATA = 0x08;
const PROTECTED = 0x40;
const QOS_DATA = 0x80;

export class KeySlots {
  private readonly words: Uint32Array;

  constructor(words: Uint32Array) {
    this.words = words;
  }

  /** Bytes the hardware counts behind the frame's body: 0 for unprotected frames. */
  trailerBytes(frame: Uint8Array): number {
    if (((frame[0]! & TYPE_MASK) ^ TYPE_DATA) !== 0 || (frame[1]! & PROTECTED) === 0) return 0;
    const isGroup = (frame[4]! & 1) !== 0;
    const keyId = (frame[(frame[0]! & QOS_DATA ? 26 : 24) + 3] ?? 0) >>> 6;
    return this.cipherOf(frame, isGroup, keyId) === CIPHER_TKIP ? TKIP_TRAILER_BYTES : CCMP_TRAILER_BYTES;
  }

  /** Cipher of the first valid slot that fits the sender (address 2), 0 when none does. */
  private cipherOf(frame: Uint8Array, isGroup: boolean, keyId: number): number {
    const valid = this.words[MAC.KEY_VALID >>> 2]!;
    for (let slot = 0; slot < KEY_SLOT_COUNT; slot++) {
      if ((valid & (1 << slot)) === 0) continue;
      const at = (MAC.KEY_SLOTS + KEY_SLOT_BYTES * slot) >>> 2;
      const control = this.words[at + 1]!;
      const matchClass = (control >>> 21) & 7;
      if (isGroup ? matchClass !== CLASS_GROUP || control >>> 30 !== keyId : matchClass !== CLASS_UNICAST)
        continue;
      if (this.isFrom(frame, this.words[at]!, control & 0xffff)) return (control >>> 18) & 7;
    }
    return 0;
  }

  private isFrom(frame: Uint8Array, low: number, high: number): boolean {
    return (
      low === (frame[10]! | (frame[11]! << 8) | (frame[12]! << 16) | (frame[13]! << 24)) >>> 0 &&
      high === (frame[14]! | (frame[15]! << 8))
    );
  }
}
