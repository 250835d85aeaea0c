import type { Form } from './table';

/**
 * One operand of an instruction: how its value lies in the word. Values are register numbers, immediates, or absolute
 * addresses for jump targets and literals. `encode` returns the bits to OR in, or undefined when the value does not
 * fit (range or alignment).
 */
export interface Operand {
  readonly kind: 'register' | 'number' | 'target' | 'special';
  decode(word: number, pc: number): number;
  encode(value: number, pc: number): number | undefined;
}

/** Constants of beqi, bnei, blti, bgei, by the r field (ISA manual, table of B4CONST). */
export const B4CONST = [-1, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 32, 64, 128, 256] as const;
/** Constants of bltui and bgeui. */
export const B4CONSTU = [32768, 65536, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 32, 64, 128, 256] as const;

function signed(value: number, bits: number): number {
  return (value << (32 - bits)) >> (32 - bits);
}

function field(kind: Operand['kind'], shift: number, bits: number): Operand {
  const limit = 2 ** bits;
  return {
    kind,
    decode: (word) => (word >>> shift) & (limit - 1),
    encode: (value) => (value >= 0 && value < limit ? value << shift : undefined),
  };
}

/** A value of five bits: four at `lowShift`, the highest one at `highShift`. */
function fiveBits(lowShift: number, highShift: number): Operand {
  return {
    kind: 'number',
    decode: (word) => ((word >>> lowShift) & 15) | (((word >>> highShift) & 1) << 4),
    encode: (value) =>
      value >= 0 && value < 32 ? ((value & 15) << lowShift) | ((value >> 4) << highShift) : undefined,
  };
}

/** An unsigned offset of `bits` bits counted in units of `scale` bytes. */
function scaled(shift: number, bits: number, scale: number): Operand {
  return {
    kind: 'number',
    decode: (word) => ((word >>> shift) & (2 ** bits - 1)) * scale,
    encode: (value) =>
      value >= 0 && value % scale === 0 && value / scale < 2 ** bits ? (value / scale) << shift : undefined,
  };
}

function signedField(shift: number, bits: number, scale: number): Operand {
  const half = 2 ** (bits - 1);
  return {
    kind: 'number',
    decode: (word) => signed(word >>> shift, bits) * scale,
    encode: (value) => {
      const units = value / scale;
      if (!Number.isInteger(units) || units < -half || units >= half) return undefined;
      return (units & (2 ** bits - 1)) << shift;
    },
  };
}

/** A jump target relative to pc + 4. */
function relative(shift: number, bits: number): Operand {
  const offset = signedField(shift, bits, 1);
  return {
    kind: 'target',
    decode: (word, pc) => (pc + 4 + offset.decode(word, pc)) >>> 0,
    encode: (target, pc) => offset.encode(target - pc - 4, pc),
  };
}

function constantOf(table: readonly number[]): Operand {
  return {
    kind: 'number',
    decode: (word) => table[(word >>> 12) & 15] ?? 0,
    encode: (value) => {
      const index = table.indexOf(value);
      return index < 0 ? undefined : index << 12;
    },
  };
}

const OPERANDS = {
  r: field('register', 12, 4),
  s: field('register', 8, 4),
  t: field('register', 4, 4),
  s4: field('number', 8, 4),
  t4: field('number', 4, 4),
  sa: fiveBits(8, 4),
  sal: {
    kind: 'number',
    decode: (word) => 32 - (((word >>> 4) & 15) | (((word >>> 20) & 1) << 4)),
    encode: (value) => (value >= 1 && value <= 32 ? fiveBits(4, 20).encode(32 - value, 0) : undefined),
  },
  sar: fiveBits(8, 20),
  sa4: field('number', 8, 4),
  sae: fiveBits(8, 16),
  mask: {
    kind: 'number',
    decode: (word) => ((word >>> 20) & 15) + 1,
    encode: (value) => (value >= 1 && value <= 16 ? (value - 1) << 20 : undefined),
  },
  sr: field('special', 8, 8),
  l32r: {
    kind: 'target',
    // The offset counts words backwards from the next word boundary: ones are extended to the left.
    decode: (word, pc) => ((((pc + 3) & ~3) >>> 0) + ((((word >>> 8) & 0xffff) - 0x10000) << 2)) >>> 0,
    encode: (target, pc) => {
      const words = (target - (((pc + 3) & ~3) >>> 0)) / 4;
      return Number.isInteger(words) && words >= -0x10000 && words < 0 ? (words & 0xffff) << 8 : undefined;
    },
  },
  i8: scaled(16, 8, 1),
  i8x2: scaled(16, 8, 2),
  i8x4: scaled(16, 8, 4),
  simm8: signedField(16, 8, 1),
  simm8x256: signedField(16, 8, 256),
  imm12: {
    kind: 'number',
    decode: (word) => signed((((word >>> 8) & 15) << 8) | ((word >>> 16) & 0xff), 12),
    encode: (value) =>
      value >= -2048 && value < 2048 ? (((value & 0xf00) >> 8) << 8) | ((value & 0xff) << 16) : undefined,
  },
  call: {
    kind: 'target',
    decode: (word, pc) => (((pc & ~3) >>> 0) + 4 + signed(word >>> 6, 18) * 4) >>> 0,
    encode: (target, pc) => signedField(6, 18, 4).encode(target - ((pc & ~3) >>> 0) - 4, pc),
  },
  j: relative(6, 18),
  l12: relative(12, 12),
  l8: relative(16, 8),
  l6: {
    kind: 'target',
    decode: (word, pc) => (pc + 4 + (((word >>> 12) & 15) | ((word & 0x30) >> 0))) >>> 0,
    encode: (target, pc) => {
      const offset = target - pc - 4;
      return offset >= 0 && offset < 64 ? ((offset & 15) << 12) | (offset & 0x30) : undefined;
    },
  },
  b4: constantOf(B4CONST),
  b4u: constantOf(B4CONSTU),
  bit: fiveBits(4, 12),
  i4x4: scaled(12, 4, 4),
  ai4: {
    kind: 'number',
    decode: (word) => (word >>> 4) & 15 || -1,
    encode: (value) => {
      if (value === -1) return 0;
      return value >= 1 && value < 16 ? value << 4 : undefined;
    },
  },
  i7: {
    kind: 'number',
    decode: (word) => {
      const value = ((word >>> 12) & 15) | (word & 0x70);
      return value >= 96 ? value - 128 : value;
    },
    encode: (value) => (value >= -32 && value < 96 ? ((value & 15) << 12) | (value & 0x70) : undefined),
  },
} as const satisfies Record<string, Operand>;

export type OperandName = keyof typeof OPERANDS;

const operandsByForm = new Map<Form, readonly Operand[]>();

/** The operands of a form, in assembler order. */
export function operandsOf(form: Form): readonly Operand[] {
  let operands = operandsByForm.get(form);
  if (!operands) {
    operands = form === '' ? [] : form.split(',').map((name) => OPERANDS[name as OperandName]);
    operandsByForm.set(form, operands);
  }
  return operands;
}
