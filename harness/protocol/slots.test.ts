import { describe, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { writeU32LE } from '../core/bytes';
import { buildSyntheticApp } from './image-lab/encode';
import { labSlots, makeImage } from './image-lab/make';
import { layoutByName, LAYOUTS, partitionOf } from './layouts';
import { appSlots } from './partition-table';
import {
  checkFirstEight,
  checkForSlot,
  linkWindow,
  sdkAcceptsEntry,
  slotsServedBy,
  slotBaseAddr,
} from './slots';

const oneMb = layoutByName('one-mb');
const ota0 = partitionOf(oneMb, 'ota_0');
const ota1 = partitionOf(oneMb, 'ota_1');

function firstEight(entryAddr: number, magic = 0xe9, count = 5): Uint8Array {
  const bytes = Uint8Array.of(magic, count, 2, 0, 0, 0, 0, 0);
  writeU32LE(bytes, 4, entryAddr);
  return bytes;
}

describe('the link window of a slot', () => {
  test.each([
    ['one-mb', 'ota_0', 0x40210010, 0x40280000],
    ['one-mb', 'ota_1', 0x40280010, 0x402f0000],
    ['two-ota-2mb', 'ota_0', 0x40210010, 0x40300000],
    ['two-ota-2mb', 'ota_1', 0x40210010, 0x40300000],
    ['reference-one-mb', 'main', 0x40260010, 0x40300000],
  ])('%s %s begins at its base plus 16 and ends with the slot', (layout, label, firstAddr, endAddr) => {
    expect(linkWindow(partitionOf(layoutByName(layout), label))).toEqual({ firstAddr, endAddr });
  });

  test('lies inside the mapped flash for every slot of every layout', () => {
    for (const slot of LAYOUTS.flatMap((layout) => appSlots(layout.partitions))) {
      expect(linkWindow(slot).endAddr).toBeLessThanOrEqual(0x40300000);
      expect(slotBaseAddr(slot)).toBeGreaterThanOrEqual(0x40210000);
    }
  });
});

describe('the first eight bytes', () => {
  test.each([
    [0x4021000f, false],
    [0x40210010, true],
    [0x4027ffff, true],
    [0x40280000, false],
    [0x00000000, false],
    [0xffffffff, false],
  ])('entry %i is inside: %s', (entryAddr, isInside) => {
    const verdict = checkFirstEight(firstEight(entryAddr), 1000, ota0);
    expect(verdict.ok).toBe(isInside);
    if (!verdict.ok)
      expect(verdict).toMatchObject({ error: 'wrong_slot', moment: 'before-erase', offset: 4 });
  });

  test.each([
    [ota0.sizeBytes, true],
    [ota0.sizeBytes + 1, false],
  ])('announced length %i fits: %s', (announced, fits) => {
    const verdict = checkFirstEight(firstEight(0x40210100), announced, ota0);
    expect(verdict.ok).toBe(fits);
    if (!verdict.ok) expect(verdict.error).toBe('too_large');
  });

  test.each([
    [0, false],
    [1, true],
    [16, true],
    [17, false],
  ])('segment count %i is allowed: %s', (count, isAllowed) => {
    expect(checkFirstEight(firstEight(0x40210100, 0xe9, count), 1000, ota0).ok).toBe(isAllowed);
  });

  test('the magic is asked before the entry', () => {
    expect(checkFirstEight(firstEight(0, 0xea), 1000, ota0)).toMatchObject({ error: 'bad_magic' });
  });

  test('fewer than eight announced bytes are too few, whatever they are', () => {
    expect(checkFirstEight(Uint8Array.of(0xe9, 5), 7, ota0)).toMatchObject({
      error: 'truncated',
      moment: 'before-erase',
    });
  });
});

describe('which slots an image serves', () => {
  test('on 1 MB only the one it is linked for', () => {
    const image = buildSyntheticApp({ slot: ota1 });
    expect(slotsServedBy(image, appSlots(oneMb.partitions)).map((slot) => slot.label)).toEqual(['ota_1']);
  });

  test('on 2 MB both, since they share one window', () => {
    const { partitions } = layoutByName('two-ota-2mb');
    const image = buildSyntheticApp({ slot: appSlots(partitions)[0]! });
    expect(slotsServedBy(image, appSlots(partitions)).map((slot) => slot.label)).toEqual(['ota_0', 'ota_1']);
  });

  test('not one with room for it that maps it elsewhere, though its entry lies inside the window', () => {
    const image = buildSyntheticApp({ slot: ota1 });
    const large = partitionOf(layoutByName('two-ota-2mb'), 'ota_0');
    expect(checkFirstEight(image, image.length, large)).toEqual({ ok: true });
    expect(checkForSlot(image, large)).toMatchObject({
      error: 'bad_header',
      moment: 'verification',
      offset: 8,
    });
  });

  test('a good image passes with and without the rodata quirk, with the descriptor in either place or none', () => {
    for (const hasRodataQuirk of [true, false]) {
      for (const descriptor of ['text', 'rodata', 'none'] as const) {
        expect(checkForSlot(buildSyntheticApp({ slot: ota0, hasRodataQuirk, descriptor }), ota0)).toEqual({
          ok: true,
        });
      }
    }
  });
});

describe("the SDK's own check of the entry", () => {
  test('is strict at both ends and counts from 0x10 behind the start of the slot and of the next', () => {
    expect(sdkAcceptsEntry(0x40210010, ota0)).toBe(false);
    expect(sdkAcceptsEntry(0x40210011, ota0)).toBe(true);
    expect(sdkAcceptsEntry(0x4028000f, ota0)).toBe(true);
    expect(sdkAcceptsEntry(0x40280010, ota0)).toBe(false);
  });

  test('refuses what lies before the window, even for a slot that begins with the flash', () => {
    const first = { label: 'first', offset: 0, sizeBytes: 0x80000 };
    expect([0, 0x40200010, 0x40200011].map((entry) => sdkAcceptsEntry(entry, first))).toEqual([
      false,
      false,
      true,
    ]);
  });

  test('is not made for slots that end above 1 MiB', () => {
    expect(sdkAcceptsEntry(0, partitionOf(layoutByName('two-ota-2mb'), 'ota_1'))).toBe(true);
  });
});

describe('a refusal tells where, and in words', () => {
  const good = buildSyntheticApp({ slot: ota0, seed: 3 });
  const lab = labSlots('one-mb', 'ota_0');
  const of = (kind: string): Uint8Array => makeImage(kind, { good, ...lab }).bytes;
  const SUM_AT = 0x44cf;
  const sums = [good[SUM_AT]! ^ 1, good[SUM_AT]!].map((byte) => `0x${byte.toString(16).padStart(2, '0')}`);

  test.each<[string, string, number, string]>([
    ['image-too-large', 'too_large', 0x70000, '458768 bytes announced, ota_0 holds 458752'],
    ['first-7', 'truncated', 7, '7 bytes, an image header has 8'],
    ['magic-zero', 'bad_magic', 0, 'first byte 0x00, not 0xe9'],
    ['segments-17', 'bad_header', 1, '17 segments, 1 to 16 allowed'],
    ['entry-zero', 'wrong_slot', 4, 'entry 0x00000000 outside ota_0: 0x40210010 to 0x4027ffff'],
    ['first-8', 'truncated', 8, 'no header of segment 0'],
    ['cut-behind-first-segment', 'truncated', 0x3410, 'no header of segment 1'],
    ['segment-length-odd', 'bad_header', 8, 'segment 0, 0x40210010 + 0x3402: not made of whole words'],
    ['segment-addr-odd', 'bad_header', 0x3d18, 'segment 2, 0x3ffe8002 + 0x204: not made of whole words'],
    ['segment-past-slot', 'bad_header', 0x3fac, 'segment 4, 0x40100080 + 0x6c050: reaches beyond ota_0'],
    ['segment-addr-zero', 'bad_header', 0x3d18, 'segment 2, 0x00000000 + 0x204: no memory to load it to'],
    ['other-slot-segments', 'bad_header', 8, 'segment 0, 0x40280010 + 0x3400: ota_0 maps it at 0x40210010'],
    ['segment-ram-first', 'bad_header', 8, 'segment 0, 0x3ffe8000 + 0xf8: nothing copies a first one to RAM'],
    ['first-sector', 'truncated', 4096, 'segment 0, 0x40210010 + 0x3400: 9232 bytes missing'],
    ['entry-behind-code', 'bad_header', 4, 'entry 0x40213d18 is in no flash segment'],
    ['cut-last-byte', 'truncated', 0x44ef, 'the image ends at 17648, 17647 bytes came'],
    ['twice', 'bad_header', 0x44f0, '17648 bytes after the end of the image'],
    ['checksum-wrong', 'bad_checksum', SUM_AT, `checksum ${sums[0]!}, the data give ${sums[1]!}`],
    ['sha-zero', 'bad_checksum', 0x44d0, 'the SHA-256 at the end does not fit'],
  ])('%s', (kind, error, offset, detail) => {
    expect(checkForSlot(of(kind), ota0)).toMatchObject({ ok: false, error, offset, detail });
  });

  test('of a length that is announced counts the bytes that can be there', () => {
    const eight = firstEight(0x40210010);
    expect(checkFirstEight(eight, 7, ota0)).toMatchObject({
      offset: 7,
      detail: expect.stringMatching(/^7 bytes/),
    });
    expect(checkFirstEight(eight.subarray(0, 5), 1000, ota0)).toMatchObject({
      ...{ error: 'truncated', offset: 5, detail: '5 bytes, an image header has 8' },
    });
  });

  test('the first and the last byte of the code may be the entry', () => {
    const at = (entryAddr: number): boolean => {
      const bytes = good.slice();
      writeU32LE(bytes, 4, entryAddr);
      bytes.set(createHash('sha256').update(bytes.subarray(0, -32)).digest(), bytes.length - 32);
      return checkForSlot(bytes, ota0).ok;
    };
    // Code in 0x40210010 to 0x4021340f, a header of eight bytes, read-only data up to 0x40213d17.
    expect(
      [0x40210010, 0x4021340f, 0x40213410, 0x40213417, 0x40213418, 0x40213d17, 0x40213d18].map(at),
    ).toEqual([...[true, true, false, false, true, true, false]]);
  });
});
