import { SHA1_BLOCK_BYTES, sha1Compress } from '../../sha1-compress';
import { initialSha1State, Sha1, sha1 } from './sha1';

/** HMAC-SHA1, RFC 2104. The key's two blocks are worked in once; every message then costs its own blocks only. */
export class HmacSha1 {
  /** State after the block of key ^ ipad. */
  readonly inner: Int32Array;
  /** State after the block of key ^ opad. */
  readonly outer: Int32Array;

  constructor(key: Uint8Array) {
    const padded = new Uint8Array(SHA1_BLOCK_BYTES);
    padded.set(key.length > SHA1_BLOCK_BYTES ? sha1(key) : key);
    this.inner = keyState(padded, 0x36);
    this.outer = keyState(padded, 0x5c);
  }

  digest(...parts: readonly Uint8Array[]): Uint8Array {
    const hash = new Sha1(this.inner, SHA1_BLOCK_BYTES);
    for (const part of parts) hash.update(part);
    return new Sha1(this.outer, SHA1_BLOCK_BYTES).update(hash.digest()).digest();
  }
}

function keyState(padded: Uint8Array, mask: number): Int32Array {
  const block = new Int32Array(16);
  for (let index = 0; index < SHA1_BLOCK_BYTES; index++) {
    block[index >> 2]! |= (padded[index]! ^ mask) << (24 - 8 * (index & 3));
  }
  const state = initialSha1State();
  sha1Compress(state, block);
  return state;
}

export function hmacSha1(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  return new HmacSha1(key).digest(...parts);
}
