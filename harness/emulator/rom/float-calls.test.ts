import { describe, expect, it } from '@jest/globals';
import type { ExactValue, FloatFormat } from '../testkit/exact-float';
import {
  DOUBLE,
  SINGLE,
  addExact,
  decodeFloat,
  divideExact,
  encodeFloat,
  multiplyExact,
  negateExact,
  truncateExact,
} from '../testkit/exact-float';
import { FakeRomGuest, romCallNamed } from '../testkit/fake-rom-guest';
import { RandomWords } from '../testkit/random-words';
import { floatCalls } from './float-calls';

const guest = new FakeRomGuest();
const host = new DataView(new ArrayBuffer(8));

function hostDouble(bits: bigint): number {
  host.setBigUint64(0, bits);
  return host.getFloat64(0);
}

function bitsOfHostDouble(value: number): bigint {
  host.setFloat64(0, value);
  return host.getBigUint64(0);
}

function words(...values: readonly bigint[]): number[] {
  return values.flatMap((value) => [Number(value & 0xffff_ffffn) | 0, Number(value >> 32n) | 0]);
}

/** Calls a helper; the result as 64 and as 32 bits. */
function call64(name: string, ...args: readonly number[]): bigint {
  guest.call(romCallNamed(floatCalls, name), ...args);
  return (BigInt(guest.ar[3]! >>> 0) << 32n) | BigInt(guest.ar[2]! >>> 0);
}

function call32(name: string, ...args: readonly number[]): bigint {
  guest.call(romCallNamed(floatCalls, name), ...args);
  return BigInt(guest.ar[2]! >>> 0);
}

/** Throws on the first wrong value: `expect` is too slow for tens of thousands of them. */
function same(actual: bigint, expected: bigint, ...operands: readonly bigint[]): void {
  if (actual === expected) return;
  const hex = (value: bigint): string => '0x' + value.toString(16);
  throw new Error(`${operands.map(hex).join(', ')}: ${hex(actual)} instead of ${hex(expected)}`);
}

function fieldOf(bits: bigint, format: FloatFormat): number {
  return Number((bits >> BigInt(format.precisionBits - 1)) & ((1n << BigInt(format.exponentBits)) - 1n));
}

function isFinitePattern(bits: bigint, format: FloatFormat): boolean {
  return fieldOf(bits, format) !== 2 ** format.exponentBits - 1;
}

/** A finite pattern; every third has a short fraction (ties), every fourth is subnormal or nearly so. */
function randomPattern(random: RandomWords, format: FloatFormat, nearField = -1): bigint {
  const fractionBits = format.precisionBits - 1;
  const fields = 2 ** format.exponentBits - 1;
  let fraction =
    ((BigInt(random.next() >>> 0) << 32n) | BigInt(random.next() >>> 0)) >> BigInt(64 - fractionBits);
  if (random.below(3) === 0)
    fraction = (fraction >> BigInt(random.below(fractionBits))) << BigInt(random.below(8));
  fraction &= (1n << BigInt(fractionBits)) - 1n;
  let field = random.below(fields);
  if (random.below(4) === 0) field = random.below(3);
  if (nearField >= 0) field = Math.min(fields - 1, Math.max(0, nearField + random.below(131) - 65));
  return (
    (BigInt(random.below(2)) << BigInt(fractionBits + format.exponentBits)) |
    (BigInt(field) << BigInt(fractionBits)) |
    fraction
  );
}

/** Pairs that meet: most with exponents close to each other, or whose product or quotient is near the edges. */
function forPairs(
  count: number,
  seed: number,
  format: FloatFormat,
  check: (x: bigint, y: bigint) => void,
): void {
  const random = new RandomWords(seed);
  const fields = 2 ** format.exponentBits - 1;
  for (let round = 0; round < count; round++) {
    const x = randomPattern(random, format);
    const field = fieldOf(x, format);
    const near = random.pick([-1, field, field, (fields >> 1) - field + random.below(3), fields - field]);
    check(x, randomPattern(random, format, near < 0 ? -1 : near));
  }
}

const doubleOperations = [
  { name: '__adddf3', onHost: (x: number, y: number) => x + y, exact: addExact },
  {
    name: '__subdf3',
    onHost: (x: number, y: number) => x - y,
    exact: (x: ExactValue, y: ExactValue) => addExact(x, negateExact(y)),
  },
  { name: '__muldf3', onHost: (x: number, y: number) => x * y, exact: multiplyExact },
  { name: '__divdf3', onHost: (x: number, y: number) => x / y, exact: divideExact },
];

const singleOperations = [
  { name: '__addsf3', exact: addExact },
  { name: '__subsf3', exact: (x: ExactValue, y: ExactValue) => addExact(x, negateExact(y)) },
  { name: '__mulsf3', exact: multiplyExact },
];

const INFINITY = 0x7ff00000_00000000n;
const MINUS = 0x80000000_00000000n;
const specials = [
  0n,
  1n,
  0x000fffff_ffffffffn,
  0x00100000_00000000n,
  0x3ff00000_00000000n,
  0x7fefffff_ffffffffn,
  INFINITY,
];

describe('double arithmetic', () => {
  it.each(doubleOperations)('$name equals the host on 20,000 random patterns', ({ name, onHost }) => {
    forPairs(20_000, 41, DOUBLE, (x, y) => {
      const expected = onHost(hostDouble(x), hostDouble(y));
      if (!Number.isNaN(expected)) same(call64(name, ...words(x, y)), bitsOfHostDouble(expected), x, y);
    });
  });

  it.each(doubleOperations)('$name equals exact rational arithmetic on 2,500 patterns', ({ name, exact }) => {
    forPairs(2_500, 42, DOUBLE, (x, y) => {
      if (name === '__divdf3' && (y & ~MINUS) === 0n) return;
      same(
        call64(name, ...words(x, y)),
        encodeFloat(exact(decodeFloat(x, DOUBLE), decodeFloat(y, DOUBLE)), DOUBLE),
        x,
        y,
      );
    });
  });

  it.each(doubleOperations)(
    '$name handles zeros, subnormals and infinities of both signs',
    ({ name, onHost }) => {
      for (const xMagnitude of specials) {
        for (const yMagnitude of specials) {
          for (const x of [xMagnitude, xMagnitude | MINUS]) {
            for (const y of [yMagnitude, yMagnitude | MINUS]) {
              const expected = onHost(hostDouble(x), hostDouble(y));
              const actual = call64(name, ...words(x, y));
              if (Number.isNaN(expected)) expect(hostDouble(actual)).toBeNaN();
              else same(actual, bitsOfHostDouble(expected), x, y);
            }
          }
        }
      }
    },
  );

  it('a NaN operand gives a NaN, whatever the other one is', () => {
    for (const { name } of doubleOperations) {
      for (const nan of [0x7ff80000_00000000n, 0xfff80000_00000001n, 0x7ff00000_00000001n]) {
        for (const other of [...specials, nan]) {
          expect(hostDouble(call64(name, ...words(nan, other)))).toBeNaN();
          expect(hostDouble(call64(name, ...words(other, nan)))).toBeNaN();
        }
      }
    }
  });

  it('NaN results look as those of the compiler library do', () => {
    const quiet = 0x00080000_00000000n;
    const nan = 0x7ff00000_12345678n;
    // Invalid operations: the quiet bit joins the infinite operand.
    same(call64('__subdf3', ...words(INFINITY, INFINITY)), INFINITY | quiet);
    same(call64('__adddf3', ...words(INFINITY | MINUS, INFINITY)), INFINITY | MINUS | quiet);
    same(call64('__muldf3', ...words(INFINITY | MINUS, 0n)), INFINITY | MINUS | quiet);
    same(call64('__muldf3', ...words(0n, INFINITY)), INFINITY | quiet);
    same(call64('__divdf3', ...words(INFINITY, INFINITY | MINUS)), INFINITY | MINUS | quiet);
    same(call64('__divdf3', ...words(MINUS, 0n)), INFINITY | MINUS | quiet);
    // A NaN operand comes back with its payload.
    same(call64('__adddf3', ...words(nan, 0n)), nan);
    same(call64('__adddf3', ...words(0n, nan)), nan);
    same(call64('__muldf3', ...words(nan, 0x3ff00000_00000000n | MINUS)), nan | MINUS);
    same(call64('__divdf3', ...words(0x3ff00000_00000000n, nan)), nan);
  });
});

describe('single arithmetic', () => {
  it.each(singleOperations)(
    '$name equals exact rational arithmetic on 20,000 random patterns',
    ({ name, exact }) => {
      forPairs(20_000, 43, SINGLE, (x, y) => {
        const expected = encodeFloat(exact(decodeFloat(x, SINGLE), decodeFloat(y, SINGLE)), SINGLE);
        same(call32(name, Number(x) | 0, Number(y) | 0), expected, x, y);
      });
    },
  );

  it('infinities, zeros and NaNs follow the rules of the doubles', () => {
    const one = 0x3f800000;
    const infinity = 0x7f800000;
    const minus = 0x80000000;
    expect(call32('__addsf3', infinity, one)).toBe(0x7f800000n);
    expect(call32('__addsf3', one, infinity | minus)).toBe(0xff800000n);
    expect(call32('__subsf3', one, infinity)).toBe(0xff800000n);
    expect(call32('__subsf3', infinity, infinity)).toBe(0x7fc00000n);
    expect(call32('__addsf3', infinity, infinity)).toBe(0x7f800000n);
    expect(call32('__mulsf3', infinity, one | minus)).toBe(0xff800000n);
    expect(call32('__mulsf3', one | minus, infinity)).toBe(0xff800000n);
    expect(call32('__mulsf3', infinity, 0)).toBe(0x7fc00000n);
    expect(call32('__mulsf3', 0, infinity | minus)).toBe(0xffc00000n);
    expect(call32('__addsf3', 0x7f800123, one)).toBe(0x7f800123n);
    expect(call32('__mulsf3', one | minus, 0x7f800123)).toBe(0xff800123n);
    expect(call32('__addsf3', minus, minus)).toBe(0x80000000n);
    expect(call32('__addsf3', minus, 0)).toBe(0n);
    expect(call32('__subsf3', 0, 0)).toBe(0n);
    expect(call32('__mulsf3', minus, one)).toBe(0x80000000n);
  });
});

describe('conversions', () => {
  it('doubles to integers truncate, and saturate by sign', () => {
    const random = new RandomWords(44);
    for (let round = 0; round < 10_000; round++) {
      // Exponents from 2^-2 to 2^34: both sides of every limit.
      const field = BigInt(1023 - 2 + random.below(37));
      const fraction = (BigInt(random.next() >>> 0) << 20n) | BigInt(random.below(0x100000));
      const bits = (BigInt(random.below(2)) << 63n) | (field << 52n) | fraction;
      const whole = truncateExact(decodeFloat(bits, DOUBLE));
      const low = -(1n << 31n);
      const signed = whole < low ? low : whole >= 1n << 31n ? (1n << 31n) - 1n : whole;
      same(call32('__fixdfsi', ...words(bits)), BigInt.asUintN(32, signed), bits);
      // Negative values wrap above -2^31 and stop there; too large ones stop at the top.
      const unsigned = whole < low ? low : whole >= 1n << 32n ? (1n << 32n) - 1n : whole;
      same(call32('__fixunsdfsi', ...words(bits)), BigInt.asUintN(32, unsigned), bits);
    }
  });

  it('singles to unsigned truncate, and saturate', () => {
    const random = new RandomWords(45);
    for (let round = 0; round < 10_000; round++) {
      const field = BigInt(127 - 2 + random.below(37));
      const bits = (BigInt(random.below(2)) << 31n) | (field << 23n) | BigInt(random.below(0x800000));
      const whole = truncateExact(decodeFloat(bits, SINGLE));
      const low = -(1n << 31n);
      const unsigned = whole < low ? low : whole >= 1n << 32n ? (1n << 32n) - 1n : whole;
      same(call32('__fixunssfsi', Number(bits) | 0), BigInt.asUintN(32, unsigned), bits);
    }
  });

  it('the special values convert as the compiler library does', () => {
    const nan = 0xfff80000_00000000n;
    expect(call32('__fixdfsi', ...words(nan))).toBe(0x7fffffffn);
    expect(call32('__fixdfsi', ...words(INFINITY))).toBe(0x7fffffffn);
    expect(call32('__fixdfsi', ...words(INFINITY | MINUS))).toBe(0x80000000n);
    expect(call32('__fixdfsi', ...words(bitsOfHostDouble(-2147483648)))).toBe(0x80000000n);
    expect(call32('__fixunsdfsi', ...words(nan))).toBe(0xffffffffn);
    expect(call32('__fixunsdfsi', ...words(INFINITY))).toBe(0xffffffffn);
    expect(call32('__fixunsdfsi', ...words(INFINITY | MINUS))).toBe(0x80000000n);
    expect(call32('__fixunsdfsi', ...words(bitsOfHostDouble(-1.5)))).toBe(0xffffffffn);
    expect(call32('__fixunssfsi', 0xffc00000)).toBe(0xffffffffn);
    expect(call32('__fixunssfsi', 0x7f800000)).toBe(0xffffffffn);
    expect(call32('__fixunssfsi', 0xff800000)).toBe(0x80000000n);
    for (const zero of [0n, MINUS, 1n]) expect(call32('__fixdfsi', ...words(zero))).toBe(0n);
  });

  it('integers to floating point round to nearest even', () => {
    const random = new RandomWords(46);
    for (let round = 0; round < 10_000; round++) {
      const word = round < 64 ? ((1 << (round % 32)) - (round >> 5)) | 0 : random.next() >>> random.below(32);
      for (const [value, double, single] of [
        [BigInt(word | 0), '__floatsidf', '__floatsisf'],
        [BigInt(word >>> 0), '__floatunsidf', '__floatunsisf'],
      ] as const) {
        const exact = { negative: value < 0n, numerator: value < 0n ? -value : value, denominator: 1n };
        same(call64(double, word), encodeFloat(exact, DOUBLE), value);
        same(call32(single, word), encodeFloat(exact, SINGLE), value);
      }
    }
  });

  it('doubles round to singles once, subnormals and overflow included', () => {
    const random = new RandomWords(47);
    for (let round = 0; round < 20_000; round++) {
      // Singles reach from 2^-149 to 2^128; ties are frequent because of the short fractions.
      const near = round % 4 === 0 ? -1 : 1023 - 100 + random.below(130) * (round & 1 ? 1 : -1);
      const bits = randomPattern(random, DOUBLE, near);
      const tie = round % 5 === 0 ? (bits & ~0x1fff_ffffn) | 0x1000_0000n : bits;
      same(call32('__truncdfsf2', ...words(tie)), encodeFloat(decodeFloat(tie, DOUBLE), SINGLE), tie);
    }
    expect(call32('__truncdfsf2', ...words(INFINITY | MINUS))).toBe(0xff800000n);
    expect(call32('__truncdfsf2', ...words(0xfff00000_00000001n))).toBe(0xffc00000n);
  });

  it('singles widen exactly', () => {
    const random = new RandomWords(48);
    for (let round = 0; round < 10_000; round++) {
      const bits = randomPattern(random, SINGLE);
      same(call64('__extendsfdf2', Number(bits) | 0), encodeFloat(decodeFloat(bits, SINGLE), DOUBLE), bits);
    }
    expect(call64('__extendsfdf2', 0x7f800000)).toBe(INFINITY);
    expect(call64('__extendsfdf2', 0xff800001)).toBe(0xfff80000_00000000n);
  });
});

describe('the oracle itself', () => {
  it('encodes what it decodes and refuses infinities', () => {
    const random = new RandomWords(49);
    for (let round = 0; round < 1000; round++) {
      const bits = randomPattern(random, DOUBLE);
      same(encodeFloat(decodeFloat(bits, DOUBLE), DOUBLE), bits);
    }
    expect(isFinitePattern(INFINITY, DOUBLE)).toBe(false);
    expect(() => decodeFloat(INFINITY, DOUBLE)).toThrow(RangeError);
  });
});
