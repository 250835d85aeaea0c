/** SHA-1, FIPS 180-4 section 6.1. Not for new designs: WPA2 prescribes it. */
export const SHA1_BYTES = 20;
export const SHA1_BLOCK_BYTES = 64;

const INITIAL = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0] as const;
const schedule = new Int32Array(80);

/** Works the 16 words of `block` into the five words of `state`. */
export function sha1Compress(state: Int32Array, block: Int32Array): void {
  const words = schedule;
  for (let index = 0; index < 16; index++) words[index] = block[index]!;
  for (let index = 16; index < 80; index++) {
    const mixed = words[index - 3]! ^ words[index - 8]! ^ words[index - 14]! ^ words[index - 16]!;
    words[index] = (mixed << 1) | (mixed >>> 31);
  }
  let a = state[0]!;
  let b = state[1]!;
  let c = state[2]!;
  let d = state[3]!;
  let e = state[4]!;
  for (let index = 0; index < 20; index++) {
    const next = (((a << 5) | (a >>> 27)) + (d ^ (b & (c ^ d))) + e + words[index]! + 0x5a827999) | 0;
    e = d;
    d = c;
    c = (b << 30) | (b >>> 2);
    b = a;
    a = next;
  }
  for (let index = 20; index < 40; index++) {
    const next = (((a << 5) | (a >>> 27)) + (b ^ c ^ d) + e + words[index]! + 0x6ed9eba1) | 0;
    e = d;
    d = c;
    c = (b << 30) | (b >>> 2);
    b = a;
    a = next;
  }
  for (let index = 40; index < 60; index++) {
    const next = (((a << 5) | (a >>> 27)) + ((b & c) | (d & (b | c))) + e + words[index]! - 0x70e44324) | 0;
    e = d;
    d = c;
    c = (b << 30) | (b >>> 2);
    b = a;
    a = next;
  }
  for (let index = 60; index < 80; index++) {
    const next = (((a << 5) | (a >>> 27)) + (b ^ c ^ d) + e + words[index]! - 0x359d3e2a) | 0;
    e = d;
    d = c;
    c = (b << 30) | (b >>> 2);
    b = a;
    a = next;
  }
  state[0] = (state[0]! + a) | 0;
  state[1] = (state[1]! + b) | 0;
  state[2] = (state[2]! + c) | 0;
  state[3] = (state[3]! + d) | 0;
  state[4] = (state[4]! + e) | 0;
}

/** A running digest; can start from a state that has seen whole blocks already (HMAC). */
export class Sha1 {
  private readonly state: Int32Array;
  private readonly block = new Int32Array(16);
  private lengthBytes: number;

  constructor(state?: Int32Array, seenBytes = 0) {
    this.state = Int32Array.from(state ?? INITIAL);
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
  return Int32Array.from(INITIAL);
}
