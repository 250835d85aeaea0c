import { utf8Bytes } from '../bytes';
import { HmacSha1 } from './hmac-sha1';
import { SHA1_BLOCK_BYTES, sha1Compress } from '../../sha1-compress';
import { SHA1_BYTES, wordsToBytes } from './sha1';

/** PBKDF2 with HMAC-SHA1, RFC 8018 section 5.2. */
export function pbkdf2Sha1(
  password: Uint8Array,
  salt: Uint8Array,
  iterations: number,
  keyBytes: number,
): Uint8Array {
  const hmac = new HmacSha1(password);
  const key = new Uint8Array(keyBytes);
  for (let block = 1, at = 0; at < keyBytes; block++, at += SHA1_BYTES) {
    const first = hmac.digest(salt, Uint8Array.of(block >>> 24, block >>> 16, block >>> 8, block));
    key.set(iterate(hmac, first, iterations).subarray(0, keyBytes - at), at);
  }
  return key;
}

/** U1 ^ U2 ^ …: each round is two compressions of a block whose padding never changes. */
function iterate(hmac: HmacSha1, first: Uint8Array, iterations: number): Uint8Array {
  const block = new Int32Array(16);
  for (let index = 0; index < SHA1_BYTES; index++)
    block[index >> 2]! |= first[index]! << (24 - 8 * (index & 3));
  block[5] = 0x80000000 | 0;
  block[15] = (SHA1_BLOCK_BYTES + SHA1_BYTES) * 8;
  const result = block.slice(0, 5);
  const state = new Int32Array(5);
  for (let round = 1; round < iterations; round++) {
    state.set(hmac.inner);
    sha1Compress(state, block);
    block.set(state);
    state.set(hmac.outer);
    sha1Compress(state, block);
    block.set(state);
    for (let index = 0; index < 5; index++) result[index]! ^= state[index]!;
  }
  return wordsToBytes(result);
}

const PMK_ITERATIONS = 4096;
export const PMK_BYTES = 32;

/**
 * Pairwise master key of a WPA2 passphrase (IEEE 802.11-2020 annex J.4). 64 hexadecimal digits are the key itself.
 * @throws RangeError when the passphrase is neither that nor 8 to 63 octets
 */
export function pmkFromPassphrase(passphrase: string, ssid: Uint8Array): Uint8Array {
  if (/^[0-9a-fA-F]{64}$/.test(passphrase)) {
    return Uint8Array.from({ length: PMK_BYTES }, (_, index) =>
      Number.parseInt(passphrase.slice(index * 2, index * 2 + 2), 16),
    );
  }
  const password = utf8Bytes(passphrase);
  if (password.length < 8 || password.length > 63) {
    throw new RangeError(`a WPA2 passphrase has 8 to 63 octets, this one has ${password.length}`);
  }
  return pbkdf2Sha1(password, ssid, PMK_ITERATIONS, PMK_BYTES);
}
