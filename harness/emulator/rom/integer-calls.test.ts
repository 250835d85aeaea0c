import { describe, expect, it } from '@jest/globals';
import { EXCCAUSE } from '../../chip/esp8266';
import { FakeRomGuest, romCallNamed } from '../testkit/fake-rom-guest';
import { RandomWords } from '../testkit/random-words';
import { integerCalls } from './integer-calls';

const guest = new FakeRomGuest();

function call32(name: string, left: number, right: number): number {
  const outcome = guest.call(romCallNamed(integerCalls, name), left, right);
  if (outcome !== undefined) throw new Error(`${name} ended with ${outcome}`);
  return guest.ar[2]!;
}

function call64(name: string, left: bigint, right: bigint): bigint {
  const words = [left, left >> 32n, right, right >> 32n].map((value) => Number(BigInt.asIntN(32, value)));
  const outcome = guest.call(romCallNamed(integerCalls, name), ...words);
  if (outcome !== undefined) throw new Error(`${name} ended with ${outcome}`);
  return (BigInt(guest.ar[3]! >>> 0) << 32n) | BigInt(guest.ar[2]! >>> 0);
}

const edges32 = [
  0, 1, 2, 3, 7, 0xff, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0x80000001, 0xfffffffe, 0xffffffff,
];

/** Throws on the first wrong value: `expect` is too slow for tens of thousands of them. */
function same(
  actual: number | bigint,
  expected: number | bigint,
  left: number | bigint,
  right: number | bigint,
): void {
  if (actual !== expected) throw new Error(`${left} and ${right}: ${actual} instead of ${expected}`);
}

/** A word whose length in bits is random too, so that quotients of every size come up. */
function randomWord(random: RandomWords): number {
  return (random.next() >>> random.below(32)) >>> 0;
}

function randomLong(random: RandomWords): bigint {
  const value = (BigInt(random.next() >>> 0) << 32n) | BigInt(random.next() >>> 0);
  const shifted = value >> BigInt(random.below(64));
  return random.below(4) === 0 ? BigInt.asUintN(64, -shifted) : shifted;
}

/** Edge values crossed with each other, then random ones. */
function forPairs32(count: number, seed: number, check: (left: number, right: number) => void): void {
  for (const left of edges32) for (const right of edges32) check(left, right);
  const random = new RandomWords(seed);
  for (let round = 0; round < count; round++) check(randomWord(random), randomWord(random));
}

function forPairs64(count: number, seed: number, check: (left: bigint, right: bigint) => void): void {
  const edges: bigint[] = [];
  for (const high of [0, 1, 0x1fffff, 0x200000, 0x7fffffff, 0x80000000, 0xffffffff]) {
    for (const low of [0, 1, 0x7fffffff, 0x80000000, 0xffffffff])
      edges.push((BigInt(high) << 32n) | BigInt(low));
  }
  for (const left of edges) for (const right of edges) check(left, right);
  const random = new RandomWords(seed);
  for (let round = 0; round < count; round++) {
    const right = randomLong(random);
    check(randomLong(random), right);
    // Dividends right below and at a multiple of the divisor: where an estimate in doubles goes wrong.
    const multiple = BigInt.asUintN(64, right * (randomLong(random) >> BigInt(random.below(64))));
    check(BigInt.asUintN(64, multiple - 1n), right);
    check(multiple, right);
  }
}

describe('integer helpers', () => {
  it('32-bit divisions and remainders agree with BigInt on 10,000 pairs', () => {
    forPairs32(10_000, 31, (left, right) => {
      if (right === 0) return;
      same(call32('__udivsi3', left, right) >>> 0, Number(BigInt(left) / BigInt(right)), left, right);
      same(call32('__umodsi3', left, right) >>> 0, Number(BigInt(left) % BigInt(right)), left, right);
      same(
        call32('__divsi3', left, right),
        Number(BigInt.asIntN(32, BigInt(left | 0) / BigInt(right | 0))),
        left,
        right,
      );
    });
  });

  it('the smallest integers divided by -1 wrap to themselves', () => {
    expect(call32('__divsi3', -0x80000000, -1)).toBe(-0x80000000);
    expect(call64('__divdi3', 1n << 63n, -1n)).toBe(1n << 63n);
  });

  it('64-bit divisions and remainders agree with BigInt on 15,000 pairs', () => {
    forPairs64(5_000, 32, (left, right) => {
      if (right === 0n) return;
      same(call64('__udivdi3', left, right), left / right, left, right);
      same(call64('__umoddi3', left, right), left % right, left, right);
      const signed = BigInt.asIntN(64, left) / BigInt.asIntN(64, right);
      same(call64('__divdi3', left, right), BigInt.asUintN(64, signed), left, right);
    });
  });

  it('products agree with BigInt on 15,000 pairs', () => {
    forPairs64(5_000, 33, (left, right) => {
      same(call64('__muldi3', left, right), BigInt.asUintN(64, left * right), left, right);
    });
    forPairs32(5_000, 34, (left, right) => {
      guest.call(romCallNamed(integerCalls, '__umulsidi3'), left, right);
      const product = (BigInt(guest.ar[3]! >>> 0) << 32n) | BigInt(guest.ar[2]! >>> 0);
      same(product, BigInt(left) * BigInt(right), left, right);
    });
  });

  it.each(['__udivsi3', '__umodsi3', '__divsi3', '__divdi3', '__udivdi3', '__umoddi3'])(
    '%s by zero is an illegal instruction and leaves the operands',
    (name) => {
      expect(guest.call(romCallNamed(integerCalls, name), 5, 0, 0, 0)).toBe('jumped');
      expect(guest.raised).toEqual({ cause: EXCCAUSE.ILLEGAL, excvaddr: undefined });
      expect(guest.ar[2]).toBe(5);
    },
  );

  it('a 64-bit divisor with a zero low word is no division by zero', () => {
    expect(call64('__udivdi3', 7n << 32n, 1n << 32n)).toBe(7n);
  });

  it('a longer quotient costs more cycles', () => {
    const cost = (left: number, right: number): number => {
      const before = guest.cycles;
      call32('__udivsi3', left, right);
      return guest.cycles - before;
    };
    expect(cost(0xffffffff, 1)).toBeGreaterThan(cost(0xffff, 1));
    expect(cost(0xffff, 1)).toBeGreaterThan(cost(5, 4));
  });
});
