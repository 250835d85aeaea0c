import { describe, expect, it } from '@jest/globals';
import { blocksOf, checkParts, joinNeighbours, padded, sectorsOf } from './flash-plan';
import type { FlashPart } from './flash-plan';

const part = (offset: number, sizeBytes: number, first = 0): FlashPart => {
  const bytes = new Uint8Array(sizeBytes).fill(7);
  bytes[0] = first;
  return { name: `at-${offset.toString(16)}`, offset, bytes };
};
const options = { flashSizeBytes: 0x100000 };

describe('checking what is to be flashed', () => {
  it('takes parts that lie side by side, up to the last byte', () => {
    expect(() =>
      checkParts([part(0x1000, 0x1000), part(0x2000, 1), part(0xff000, 0x1000)], options),
    ).not.toThrow();
  });

  it.each([
    ['no parts', [], 'ESPRIG_USAGE'],
    ['an empty file', [{ ...part(0x1000, 1), bytes: new Uint8Array(0) }], 'ESPRIG_USAGE'],
    ['an odd offset', [part(0x1004, 10)], 'ESPRIG_USAGE_OFFSET'],
    ['a negative offset', [part(-0x1000, 10)], 'ESPRIG_USAGE_OFFSET'],
    ['one byte too many', [part(0xff000, 0x1001)], 'ESPRIG_USAGE_TOO_LARGE'],
    ['two parts in one sector', [part(0x1000, 0x1001), part(0x2000, 10)], 'ESPRIG_USAGE_OVERLAP'],
    [
      'two parts in one place, whatever their order',
      [part(0x2000, 10), part(0x1000, 0x2000)],
      'ESPRIG_USAGE_OVERLAP',
    ],
    ['something else than an image at 0', [part(0, 100)], 'ESPRIG_IMAGE_BAD'],
    ['a damaged image', [part(0x10000, 100, 0xe9)], 'ESPRIG_IMAGE_BAD'],
    [
      'an ELF file',
      [{ ...part(0x10000, 100), bytes: Buffer.from('\x7fELF' + '\x01'.repeat(60), 'latin1') }],
      'ESPRIG_IMAGE_BAD',
    ],
    [
      'a README',
      [{ ...part(0x10000, 1), bytes: Buffer.from('# esprig\n\nIt’s text.\n') }],
      'ESPRIG_IMAGE_BAD',
    ],
  ])('refuses %s and blames the caller', (_what, parts, code) => {
    expect(() => checkParts(parts, options)).toThrow(expect.objectContaining({ code, blame: 'case' }));
  });

  it('takes a few bytes of data that could be letters', () => {
    const key = { ...part(0x10000, 1), bytes: Buffer.from([0x41, 0xc3, 0x28, 0x9f]) };
    expect(() => checkParts([key], options)).not.toThrow();
  });

  it('writes a damaged image when forced, but never one over another', () => {
    const forced = { ...options, force: true };
    expect(() => checkParts([part(0, 100), part(0x10000, 100, 0xe9)], forced)).not.toThrow();
    expect(() => checkParts([part(0, 0x2000), part(0x1000, 1)], forced)).toThrow(
      expect.objectContaining({ code: 'ESPRIG_USAGE_OVERLAP' }),
    );
  });
});

describe('cutting and joining', () => {
  it('cuts at the sectors and blocks of the flash, and gives every byte once', () => {
    const region = part(0x1f000, 0x12345);
    for (const pieces of [sectorsOf(region), blocksOf(region)]) {
      expect(pieces.reduce((sum, piece) => sum + piece.bytes.length, 0)).toBe(0x12345);
      expect(joinNeighbours(region, pieces)).toEqual([{ offset: 0x1f000, bytes: region.bytes }]);
    }
    expect(blocksOf(region).map((piece) => piece.offset)).toEqual([0x1f000, 0x20000, 0x30000]);
  });

  it('keeps apart what is not side by side', () => {
    const region = part(0, 0x5000);
    const sectors = sectorsOf(region);
    const joined = joinNeighbours(region, [sectors[4]!, sectors[0]!, sectors[1]!]);
    expect(joined.map((piece) => [piece.offset, piece.bytes.length])).toEqual([
      [0, 0x2000],
      [0x4000, 0x1000],
    ]);
  });

  it('fills up with what leaves erased flash as it is', () => {
    expect([...padded(Uint8Array.of(1, 2, 3, 4, 5), 4)]).toEqual([1, 2, 3, 4, 5, 255, 255, 255]);
    const even = Uint8Array.of(1, 2, 3, 4);
    expect(padded(even, 4)).toBe(even);
  });
});
