/**
 * The air's only source of chance: xoshiro128** (Blackman and Vigna), seeded through splitmix32. Same seed, same
 * frames, byte for byte. Not for secrets of the real world: nonces here only have to differ.
 */
export class Random {
  private a: number;
  private b: number;
  private c: number;
  private d: number;

  constructor(seed: number) {
    let state = seed >>> 0;
    const next = (): number => {
      state = (state + 0x9e3779b9) >>> 0;
      let mixed = state;
      mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
      mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
      return (mixed ^ (mixed >>> 16)) >>> 0;
    };
    this.a = next();
    this.b = next();
    this.c = next();
    this.d = next() | 1;
  }

  /** A whole number from 0 to 2^32 - 1. */
  nextU32(): number {
    const product = Math.imul(this.b, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
    const shifted = this.b << 9;
    this.c ^= this.a;
    this.d ^= this.b;
    this.b ^= this.c;
    this.a ^= this.d;
    this.c ^= shifted;
    this.d = (this.d << 11) | (this.d >>> 21);
    return result;
  }

  /** A number from 0 up to, not including, 1. */
  nextFraction(): number {
    return this.nextU32() / 0x1_0000_0000;
  }

  /** A whole number from 0 up to, not including, `limit`. */
  below(limit: number): number {
    return Math.floor(this.nextFraction() * limit);
  }

  bytes(sizeBytes: number): Uint8Array {
    const out = new Uint8Array(sizeBytes);
    let word = 0;
    for (let index = 0; index < sizeBytes; index++, word >>>= 8) {
      if ((index & 3) === 0) word = this.nextU32();
      out[index] = word;
    }
    return out;
  }

  /** An independent stream: one part drawing more often must not shift the numbers of another. */
  fork(): Random {
    return new Random(this.nextU32());
  }

  save(): readonly number[] {
    return [this.a, this.b, this.c, this.d];
  }

  restore(state: readonly number[]): void {
    [this.a, this.b, this.c, this.d] = [state[0]!, state[1]!, state[2]!, state[3]!];
  }
}
