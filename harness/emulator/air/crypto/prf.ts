import { compareBytes, concatBytes, utf8Bytes } from '../bytes';
import { HmacSha1 } from './hmac-sha1';

/** PRF-n of IEEE 802.11-2020 section 12.7.1.2: HMAC-SHA1 over label, zero, data and a counter. */
export function prf(key: Uint8Array, label: string, data: Uint8Array, sizeBytes: number): Uint8Array {
  const hmac = new HmacSha1(key);
  const labelBytes = utf8Bytes(label);
  const blocks: Uint8Array[] = [];
  for (let counter = 0; counter * 20 < sizeBytes; counter++) {
    blocks.push(hmac.digest(labelBytes, Uint8Array.of(0), data, Uint8Array.of(counter)));
  }
  return concatBytes(...blocks).subarray(0, sizeBytes);
}

/** The pairwise transient key in its parts. */
export interface Ptk {
  /** Key confirmation key: MICs of EAPOL-Key frames. */
  readonly kck: Uint8Array;
  /** Key encryption key: wraps the group key. */
  readonly kek: Uint8Array;
  /** Temporal key of CCMP; the emulated air carries no cipher, so nothing uses it but tests. */
  readonly tk: Uint8Array;
}

/** PTK of a pairwise CCMP association (section 12.7.1.3). */
export function derivePtk(
  pmk: Uint8Array,
  addresses: readonly [Uint8Array, Uint8Array],
  nonces: readonly [Uint8Array, Uint8Array],
): Ptk {
  const data = concatBytes(...ordered(addresses), ...ordered(nonces));
  const key = prf(pmk, 'Pairwise key expansion', data, 48);
  return { kck: key.subarray(0, 16), kek: key.subarray(16, 32), tk: key.subarray(32, 48) };
}

function ordered([a, b]: readonly [Uint8Array, Uint8Array]): readonly [Uint8Array, Uint8Array] {
  return compareBytes(a, b) < 0 ? [a, b] : [b, a];
}
