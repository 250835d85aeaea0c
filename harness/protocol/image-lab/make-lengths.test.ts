/** What each kind of another length is made of, byte by byte. */
import { describe, expect, test } from '@jest/globals';
import { buildSyntheticApp } from './encode';
import { makeImage } from './make';
import {
  APP,
  APP_BYTES,
  DATA_END,
  SEGMENTS,
  SLOTS,
  SLOT_BYTES,
  chainOf,
  expectWhole,
  made,
  makeOf,
  same,
} from './testkit/sample';

describe('of another length', () => {
  test.each([
    ['empty', 0],
    ...[1, 2, 3, 4, 5, 6, 7, 8, 16].map((count) => [`first-${count}`, count] as const),
    ['first-sector', 4096],
    ['cut-in-first-segment', 0x10 + 0x1a00],
    ['cut-behind-first-segment', 0x3410],
    ['cut-before-checksum', DATA_END],
    ['cut-last-byte', APP_BYTES - 1],
  ] as const)('%s is its first %i bytes', (name, count) => {
    expect(same(made(name), APP.subarray(0, count))).toBe(true);
  });

  test('cut-at says where', () => {
    expect(makeOf('cut-at', { at: 5 }).note).toBe(`5 of ${String(APP_BYTES)} bytes`);
    expect(made('cut-at', { at: APP_BYTES - 1 })).toHaveLength(APP_BYTES - 1);
    const lengths = Array.from({ length: 20 }, (_, seed) => made('cut-at', { seed }).length);
    expect(new Set(lengths).size).toBeGreaterThan(10);
  });

  test('with bytes behind the end', () => {
    expect(same(made('trailing-byte'), Buffer.concat([APP, Buffer.of(0)]))).toBe(true);
    expect(same(made('trailing-erased'), Buffer.concat([APP, Buffer.alloc(0x5000 - APP_BYTES, 0xff)]))).toBe(
      true,
    );
    expect(same(made('twice'), Buffer.concat([APP, APP]))).toBe(true);
    const other = made('other-slot');
    expect(same(made('both-slots'), Buffer.concat([APP, other]))).toBe(true);
    expect(same(made('both-slots-other-first'), Buffer.concat([other, APP]))).toBe(true);
  });

  test('trailing-erased is a whole sector where the image ends at one', () => {
    const good = buildSyntheticApp({ slot: SLOTS.slot, textBytes: 0x3400 + 0x5000 - APP_BYTES });
    expect(good).toHaveLength(0x5000);
    expect(makeImage('trailing-erased', { good, ...SLOTS }).bytes).toHaveLength(0x6000);
  });

  test('grown by a flash segment, right in themselves', () => {
    for (const [name, sizeBytes] of [
      ['fills-slot', SLOT_BYTES],
      ['digest-alone', 0x4620],
      ['image-too-large', SLOT_BYTES + 16],
      ['image-48-too-large', SLOT_BYTES + 48],
    ] as const) {
      const bytes = made(name);
      expect(bytes).toHaveLength(sizeBytes);
      expectWhole(bytes);
      expect(chainOf(bytes).slice(0, 5)).toEqual(SEGMENTS);
      const [at, addr] = chainOf(bytes)[5]!;
      expect([bytes[1], addr]).toEqual([6, 0x40210000 + at + 8]);
      expect(same(bytes.subarray(8, DATA_END), APP.subarray(8, DATA_END))).toBe(true);
    }
    expect(same(made('one-byte-too-large'), Buffer.concat([made('fills-slot'), Buffer.of(0xff)]))).toBe(true);
  });

  test.each([
    ['sixteen-segments', 16],
    ['seventeen-segments', 17],
  ])('%s: that many, all of them there', (name, count) => {
    const bytes = made(name);
    expect(bytes[1]).toBe(count);
    expectWhole(bytes);
    for (const [at, addr, size] of chainOf(bytes).slice(5))
      expect([addr, size]).toEqual([0x40210000 + at + 8, 4]);
  });
});
