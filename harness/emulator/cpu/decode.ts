import { INSTRUCTIONS, type Instruction } from './table';

/**
 * Rows that can match a word, by op0 and the fields that tell most apart. Built once from the table, so that decoding
 * looks at a handful of rows.
 */
const bucketOf = (word: number): number => {
  const op0 = word & 15;
  if (op0 === 0) return 16 + (((word >>> 16) & 15) << 4) + ((word >>> 20) & 15);
  return op0;
};

const buckets: Instruction[][] = Array.from({ length: 16 + 256 }, () => []);
for (const instruction of INSTRUCTIONS) {
  if ((instruction.match & 15) === 0) {
    for (let high = 0; high < 256; high++) {
      const op1 = high >> 4;
      const op2 = high & 15;
      const word = (op1 << 16) | (op2 << 20);
      if (((word ^ instruction.match) & instruction.mask & 0xff0000) === 0)
        buckets[16 + high]!.push(instruction);
    }
  } else {
    buckets[instruction.match & 15]!.push(instruction);
  }
}

/** Length of the instruction that begins with this byte: op0 of 8 and more are the 16-bit forms. */
export function lengthOf(firstByte: number): 2 | 3 {
  return (firstByte & 8) !== 0 ? 2 : 3;
}

/** The table's row for a word of 24 bits (the third byte of a 16-bit form is ignored); undefined: reserved, traps. */
export function findInstruction(word: number): Instruction | undefined {
  const bits = (word & 8) !== 0 ? word & 0xffff : word & 0xffffff;
  const bucket = buckets[bucketOf(bits)]!;
  for (let i = 0; i < bucket.length; i++) {
    const instruction = bucket[i]!;
    if ((bits & instruction.mask) === instruction.match) return instruction;
  }
  return undefined;
}
