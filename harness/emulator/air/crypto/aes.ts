/** AES with a key of 128, 192 or 256 bits, one block at a time (FIPS 197). Small rather than fast: it wraps a few keys. */
export const AES_BLOCK_BYTES = 16;

const sbox = new Uint8Array(256);
const inverseSbox = new Uint8Array(256);

function double(value: number): number {
  return ((value << 1) ^ (value & 0x80 ? 0x11b : 0)) & 0xff;
}

function multiply(a: number, b: number): number {
  let product = 0;
  for (let factor = a, bits = b; bits > 0; bits >>= 1, factor = double(factor))
    if (bits & 1) product ^= factor;
  return product;
}

// The S-box is the inverse in GF(2^8) and an affine map (section 5.1.1); 3 generates the field, 0xF6 is its inverse.
for (let p = 1, q = 1, steps = 0; steps < 255; steps++) {
  p = multiply(p, 3);
  q = multiply(q, 0xf6);
  const rotated = q ^ (q << 1) ^ (q << 2) ^ (q << 3) ^ (q << 4);
  sbox[p] = (rotated ^ (rotated >> 8) ^ 0x63) & 0xff;
}
sbox[0] = 0x63;
sbox.forEach((value, index) => (inverseSbox[value] = index));

/** Round keys, 16 bytes each. @throws RangeError for a key of another size */
function expandKey(key: Uint8Array): Uint8Array {
  if (key.length !== 16 && key.length !== 24 && key.length !== 32) {
    throw new RangeError(`an AES key has 16, 24 or 32 bytes, not ${key.length}`);
  }
  const words = key.length / 4;
  const expanded = new Uint8Array(16 * (words + 7));
  expanded.set(key);
  let roundConstant = 1;
  for (let at = key.length; at < expanded.length; at += 4) {
    const word = expanded.slice(at - 4, at);
    const position = (at / 4) % words;
    if (position === 0) {
      word.set([sbox[word[1]!]! ^ roundConstant, sbox[word[2]!]!, sbox[word[3]!]!, sbox[word[0]!]!]);
      roundConstant = double(roundConstant);
    } else if (words > 6 && position === 4) {
      for (let index = 0; index < 4; index++) word[index] = sbox[word[index]!]!;
    }
    for (let index = 0; index < 4; index++)
      expanded[at + index] = expanded[at + index - key.length]! ^ word[index]!;
  }
  return expanded;
}

export class Aes {
  private readonly roundKeys: Uint8Array;
  private readonly rounds: number;

  constructor(key: Uint8Array) {
    this.roundKeys = expandKey(key);
    this.rounds = this.roundKeys.length / 16 - 1;
  }

  /** Encrypts 16 bytes in place. */
  encrypt(block: Uint8Array): void {
    this.addRoundKey(block, 0);
    for (let round = 1; round <= this.rounds; round++) {
      const from = block.slice();
      // Bytes lie column by column; row r moves left by r columns.
      for (let at = 0; at < 16; at++) block[at] = sbox[from[(at + 4 * (at & 3)) & 15]!]!;
      if (round < this.rounds) mixColumns(block, 2, 3, 1, 1);
      this.addRoundKey(block, round);
    }
  }

  /** Decrypts 16 bytes in place. */
  decrypt(block: Uint8Array): void {
    for (let round = this.rounds; round > 0; round--) {
      this.addRoundKey(block, round);
      if (round < this.rounds) mixColumns(block, 14, 11, 13, 9);
      const from = block.slice();
      for (let at = 0; at < 16; at++) block[(at + 4 * (at & 3)) & 15] = inverseSbox[from[at]!]!;
    }
    this.addRoundKey(block, 0);
  }

  private addRoundKey(block: Uint8Array, round: number): void {
    for (let at = 0; at < 16; at++) block[at]! ^= this.roundKeys[round * 16 + at]!;
  }
}

function mixColumns(block: Uint8Array, a: number, b: number, c: number, d: number): void {
  const factors = [a, b, c, d];
  for (let column = 0; column < 16; column += 4) {
    const from = block.slice(column, column + 4);
    for (let row = 0; row < 4; row++) {
      let sum = 0;
      for (let index = 0; index < 4; index++) sum ^= multiply(from[(row + index) & 3]!, factors[index]!);
      block[column + row] = sum;
    }
  }
}
