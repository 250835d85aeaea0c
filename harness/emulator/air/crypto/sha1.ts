/** SHA-1, FIPS 180-4 section 6.1. Not for new designs: WPA2 prescribes it. */
import { SHA1_BLOCK_BYTES, SHA1_START, sha1Compress } from '../../sha1-compress';

export const SHA1_BYTES = 20;

/** A running digest; can start from a state that has seen whole blocks already (HMAC). */
export class Sha1 {
  private readonly state: Int32Array;
  private readonly block = new Int32Array(16);
  private lengthBytes: number;

  constructor(state?: Int32Array, seenBytes = 0) {
    this.state = Int32Array.from(state ?? SHA1_START);
    this.lengthBytes = seenBytes;
  }

  update(bytes: Uint8Array): this {
    for (const value of bytes) this.push(value);
    return this;
  }

  digest(): Uint8Array {
    const bits = this.lengthBytes * 8;
    this.push(0x80);
    while (this.lengthBytes % SHA1_BLOCK_BYTES !== 56) this.push(0);
    this.block[14] = Math.floor(bits / 0x1_0000_0000);
    this.block[15] = bits | 0;
    sha1Compress(this.state, this.block);
    return wordsToBytes(this.state);
  }

  private push(value: number): void {
    const at = this.lengthBytes++ % SHA1_BLOCK_BYTES;
    const word = at >> 2;
    // The first byte of a word clears what the last block left there.
    const kept = (at & 3) === 0 ? 0 : this.block[word]!;
    this.block[word] = kept | (value << (24 - 8 * (at & 3)));
    if (at === SHA1_BLOCK_BYTES - 1) sha1Compress(this.state, this.block);
  }
}

export function sha1(bytes: Uint8Array): Uint8Array {
  return new Sha1().update(bytes).digest();
}

export function wordsToBytes(words: Int32Array): Uint8Array {
  const bytes = new Uint8Array(words.length * 4);
  for (let index = 0; index < bytes.length; index++)
    bytes[index] = words[index >> 2]! >>> (24 - 8 * (index & 3));
  return bytes;
}

export function initialSha1State(): Int32Array {
  return Int32Array.from(SHA1_START);
}
