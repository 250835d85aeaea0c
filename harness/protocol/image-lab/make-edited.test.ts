/** What is changed in each kind that is a good image with something changed, byte by byte. */
import { describe, expect, test } from '@jest/globals';
import {
  APP,
  APP_BYTES,
  CHECKSUM_AT,
  DATA_END,
  SEGMENTS,
  SLOT_BYTES,
  chainOf,
  changesIn,
  checksumOf,
  expectWhole,
  hasRightDigest,
  made,
  makeOf,
  same,
  word,
} from './testkit/sample';

test('the image that all are made of is the one these numbers are of', () => {
  expect(APP).toHaveLength(APP_BYTES);
  // The SDK's writer leaves read-only data's address eight too low.
  expect(chainOf(APP)).toEqual(SEGMENTS);
  expectWhole(APP);
  expect(word(APP, 4)).toBe(0x40210150);
});

describe('with one thing changed and all else right', () => {
  const [, , RAM, , LAST] = SEGMENTS.map(([at]) => at);
  test.each<[string, number, number]>([
    ['entry-lowest', 4, 0x40210010],
    ['entry-below-window', 4, 0x4021000f],
    ['entry-at-window-end', 4, 0x40280000],
    ['entry-above-flash', 4, 0x40300000],
    ['entry-in-iram', 4, 0x4010024c],
    ['entry-zero', 4, 0],
    ['entry-window-last', 4, 0x4027ffff],
    ['entry-behind-code', 4, 0x40213d18],
    ['segment-addr-zero', RAM!, 0],
    ['segment-addr-rom', RAM!, 0x40000000],
    ['segment-addr-peripheral', RAM!, 0x60000000],
    ['segment-addr-cache', RAM!, 0x4010c000],
    ['segment-addr-odd', RAM!, 0x3ffe8002],
    ['segment-at-dram-end', RAM!, 0x40000000 - 0x204],
    ['segment-past-dram-end', RAM!, 0x40000000 - 0x200],
    ['segment-length-odd', 12, 0x3402],
    ['segment-length-huge', LAST! + 4, 0x7ffffffc],
    ['segment-length-ones', LAST! + 4, 0xffffffff],
    ['segment-past-slot', LAST! + 4, SLOT_BYTES - LAST! - 8 + 4],
    ['segment-16-longer', LAST! + 4, 0x520],
    ['segment-16-shorter', LAST! + 4, 0x500],
  ])('%s: the word at %i', (name, at, value) => {
    const bytes = made(name);
    expect(word(bytes, at)).toBe(value);
    expect(bytes).toHaveLength(APP_BYTES);
    expect(changesIn(bytes).filter((each) => each < at || each > at + 3)).toEqual([]);
    expect(bytes[CHECKSUM_AT]).toBe(APP[CHECKSUM_AT]);
    expect(hasRightDigest(bytes)).toBe(true);
  });

  test.each<[string, number, number]>([
    ['magic-zero', 0, 0],
    ['magic-one-bit', 0, 0xe8],
    ['magic-v2', 0, 0xea],
    ['segments-none', 1, 0],
    ['segments-17', 1, 17],
    ['segments-255', 1, 255],
    ['segments-one-more', 1, 6],
    ['segments-one-less', 1, 4],
    ['flash-size-other', 3, APP[3]! ^ 0x10],
    ['descriptor-missing', 0x10, 0],
  ])('%s: the byte at %i', (name, at, value) => {
    const bytes = made(name);
    expect(changesIn(bytes)).toEqual([at]);
    expect(bytes[at]).toBe(value);
    expect(bytes[CHECKSUM_AT]).toBe(checksumOf(bytes, SEGMENTS));
    expect(hasRightDigest(bytes)).toBe(true);
  });

  test('checksum-wrong has the digest right', () => {
    const bytes = made('checksum-wrong');
    expect([changesIn(bytes), bytes[CHECKSUM_AT]! ^ APP[CHECKSUM_AT]!]).toEqual([[], 1]);
    expect(hasRightDigest(bytes)).toBe(true);
  });

  test('segment-ram-first: the descriptor becomes a segment of its own, and nothing behind it moves', () => {
    const bytes = made('segment-ram-first');
    const [[at, addr, size], ...others] = SEGMENTS;
    expect(chainOf(bytes)).toEqual([[at, 0x3ffe8000, 0xf8], [0x108, addr + 0x100, size - 0x100], ...others]);
    expect(word(bytes, 0x10)).toBe(word(APP, 0x10));
    expect(
      changesIn(bytes).every(
        (each) => each === 1 || (each >= 8 && each < 16) || (each >= 0x108 && each < 0x110),
      ),
    ).toBe(true);
    expect(word(bytes, 4)).toBe(word(APP, 4));
    expectWhole(bytes);
  });

  test.each([
    ['other-slot', 0x70000, true],
    ['other-slot-segments', 0x70000, false],
    ['linked-elsewhere', 0x10000, true],
  ])('%s: flash addresses moved by %i', (name, delta, isEntryMoved) => {
    const bytes = made(name);
    expect(word(bytes, 4) - word(APP, 4)).toBe(isEntryMoved ? delta : 0);
    expect(chainOf(bytes).map(([, addr], index) => addr - SEGMENTS[index]![1])).toEqual([
      delta,
      delta,
      0,
      0,
      0,
    ]);
    expectWhole(bytes);
  });
});

describe('with a tail or a content that is wrong', () => {
  const bitsChanged = (bytes: Uint8Array): readonly number[] =>
    [...bytes.keys()].flatMap((at) =>
      [0, 1, 2, 3, 4, 5, 6, 7]
        .filter((bit) => (((bytes[at]! ^ APP[at]!) >> bit) & 1) === 1)
        .map((bit) => at * 8 + bit),
    );

  test.each([
    ['sha-one-bit', 5, APP_BYTES - 32, APP_BYTES],
    ['bit-in-code', 9, 0x10, 0x3410],
    ['bit-in-data', 11, 0x3fb4, DATA_END],
    ['bit-at', 0x123, 0, APP_BYTES],
  ])('%s: one bit, the chosen one or one by chance, and nothing is mended', (name, at, from, end) => {
    expect(bitsChanged(made(name, { at }))).toEqual([from * 8 + at]);
    const places = new Set(Array.from({ length: 20 }, (_, seed) => bitsChanged(made(name, { seed }))).flat());
    expect(places.size).toBeGreaterThan(10);
    for (const place of places) expect(place >= from * 8 && place < end * 8).toBe(true);
    expect(() => made(name, { at: (end - from) * 8 })).toThrow(/does not exist/);
    expect(bitsChanged(made(name, { at: (end - from) * 8 - 1 }))).toEqual([end * 8 - 1]);
  });

  test('sha-zero, sha-missing and padding-changed', () => {
    expect(same(made('sha-zero'), Buffer.concat([APP.subarray(0, -32), Buffer.alloc(32)]))).toBe(true);
    expect(same(made('sha-missing'), APP.subarray(0, -32))).toBe(true);
    expect(bitsChanged(made('padding-changed'))).toEqual([DATA_END * 8 + 7]);
  });

  test('two-bits-one-column: the same bit of two bytes of the code', () => {
    for (let seed = 1; seed < 20; seed += 1) {
      const { bytes, note } = makeOf('two-bits-one-column', { seed });
      const [first, second, ...more] = bitsChanged(bytes);
      expect(more).toEqual([]);
      expect(first! % 8).toBe(second! % 8);
      for (const bit of [first!, second!]) {
        expect(bit >= 0x10 * 8 && bit < 0x3410 * 8).toBe(true);
        expect(note).toContain(`0x${(bit >> 3).toString(16)}`);
      }
      expect(note).toMatch(new RegExp(`^bit ${String(first! % 8)} of the bytes 0x\\w+ and 0x\\w+$`));
      expect(checksumOf(bytes, SEGMENTS)).toBe(APP[CHECKSUM_AT]);
    }
  });

  test('words-swapped: two words of the code that follow each other, the last and the first too', () => {
    for (let seed = 1; seed < 40; seed += 1) {
      const { bytes, note } = makeOf('words-swapped', { seed });
      const [here, there] = (/^words at 0x(\w+) and 0x(\w+)$/.exec(note) ?? [])
        .slice(1)
        .map((each) => parseInt(each, 16));
      expect([word(bytes, here!), word(bytes, there!)]).toEqual([word(APP, there!), word(APP, here!)]);
      expect(word(APP, here!)).not.toBe(word(APP, there!));
      expect(there! - here! === 4 || (here === 0x340c && there === 0x10)).toBe(true);
      for (const at of changesIn(bytes))
        expect(Math.floor(at / 4) * 4 === here || Math.floor(at / 4) * 4 === there).toBe(true);
    }
  });

  test('sectors-swapped and sector-erased: whole sectors inside the code', () => {
    const swapped = makeOf('sectors-swapped');
    const parts = [
      [0, 0x1000],
      [0x2000, 0x3000],
      [0x1000, 0x2000],
      [0x3000, APP_BYTES],
    ] as const;
    expect(same(swapped.bytes, Buffer.concat(parts.map(([from, end]) => APP.subarray(from, end))))).toBe(
      true,
    );
    expect(swapped.note).toBe('sectors at 0x1000 and 0x2000');
    const erased = makeOf('sector-erased');
    const wanted = APP.slice().fill(0xff, 0x1000, 0x2000);
    expect([same(erased.bytes, wanted), erased.note]).toEqual([true, 'sector at 0x1000']);
  });

  test('erased-behind-header and zeros-behind-header', () => {
    expect(same(made('erased-behind-header'), APP.slice().fill(0xff, 8))).toBe(true);
    expect(same(made('zeros-behind-header'), APP.slice().fill(0, 8))).toBe(true);
  });
});
