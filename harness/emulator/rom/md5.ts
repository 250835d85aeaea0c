/** The MD5 compression function (RFC 1321), on host arrays. */

/** State at the start of a message. */
export const MD5_START: readonly number[] = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476];
export const MD5_BLOCK_BYTES = 64;

/** Left rotations: four per round, repeated. */
const ROTATIONS = Int32Array.of(7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21);

/** floor(2^32 · |sin(step + 1)|), RFC 1321 section 3.4. */
const CONSTANTS = Int32Array.from({ length: 64 }, (_, step) =>
  Math.floor(Math.abs(Math.sin(step + 1)) * 2 ** 32),
);

const words = new Int32Array(16);

/** Folds the 64 bytes at `offset` into the four words of `state`. */
export function md5Block(state: Int32Array, bytes: Uint8Array, offset: number): void {
  for (let index = 0; index < 16; index++) {
    const at = offset + index * 4;
    words[index] = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
  }
  let a = state[0]!;
  let b = state[1]!;
  let c = state[2]!;
  let d = state[3]!;
  // One loop per round: a choice inside the loop would cost more than the round.
  for (let step = 0; step < 16; step++) {
    const sum = (a + ((b & c) | (~b & d)) + CONSTANTS[step]! + words[step]!) | 0;
    const rotation = ROTATIONS[0 | (step & 3)]!;
    a = d;
    d = c;
    c = b;
    b = (b + ((sum << rotation) | (sum >>> (32 - rotation)))) | 0;
  }
  for (let step = 16; step < 32; step++) {
    const sum = (a + ((d & b) | (~d & c)) + CONSTANTS[step]! + words[(5 * step + 1) & 15]!) | 0;
    const rotation = ROTATIONS[4 | (step & 3)]!;
    a = d;
    d = c;
    c = b;
    b = (b + ((sum << rotation) | (sum >>> (32 - rotation)))) | 0;
  }
  for (let step = 32; step < 48; step++) {
    const sum = (a + (b ^ c ^ d) + CONSTANTS[step]! + words[(3 * step + 5) & 15]!) | 0;
    const rotation = ROTATIONS[8 | (step & 3)]!;
    a = d;
    d = c;
    c = b;
    b = (b + ((sum << rotation) | (sum >>> (32 - rotation)))) | 0;
  }
  for (let step = 48; step < 64; step++) {
    const sum = (a + (c ^ (b | ~d)) + CONSTANTS[step]! + words[(7 * step) & 15]!) | 0;
    const rotation = ROTATIONS[12 | (step & 3)]!;
    a = d;
    d = c;
    c = b;
    b = (b + ((sum << rotation) | (sum >>> (32 - rotation)))) | 0;
  }
  state[0] = (state[0]! + a) | 0;
  state[1] = (state[1]! + b) | 0;
  state[2] = (state[2]! + c) | 0;
  state[3] = (state[3]! + d) | 0;
}
