import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  concatBytes,
  equalBytes,
  hex32,
  hexDump,
  readU16LE,
  readU32LE,
  toHex,
  u32LE,
  writeU32LE,
} from './bytes';

describe('bytes', () => {
  test('joining keeps every byte in order, whatever the parts', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array()), (parts) => {
        expect(Array.from(concatBytes(parts))).toEqual(parts.flatMap((part) => Array.from(part)));
      }),
    );
  });

  test('numbers are little-endian, unsigned, and survive the way there and back', () => {
    expect(Array.from(u32LE(0x12345678))).toEqual([0x78, 0x56, 0x34, 0x12]);
    expect(readU16LE(Uint8Array.of(0, 0xfe, 0xff), 1)).toBe(0xfffe);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffffffff }), (value) => {
        expect(readU32LE(u32LE(value), 0)).toBe(value);
      }),
    );
  });

  test('a view into a larger buffer is read and written in its own place', () => {
    const buffer = new Uint8Array(12);
    const part = buffer.subarray(4, 9);
    writeU32LE(part, 1, -2);
    expect(readU32LE(part, 1)).toBe(0xfffffffe);
    expect(Array.from(buffer)).toEqual([0, 0, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff, 0, 0, 0]);
  });

  test('reading and writing over the end is refused', () => {
    const bytes = new Uint8Array(5);
    expect(() => readU32LE(bytes, 2)).toThrow(RangeError);
    expect(() => readU16LE(bytes, -1)).toThrow(RangeError);
    expect(() => writeU32LE(bytes, 2, 0)).toThrow(RangeError);
  });

  test('equality needs the same length and the same bytes', () => {
    expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 2))).toBe(true);
    expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 3))).toBe(false);
    expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 2, 3))).toBe(false);
  });

  test('hexadecimal texts keep leading zeros', () => {
    expect(toHex(Uint8Array.of(0, 0x0a, 0xff))).toBe('000aff');
    expect(hex32(-1)).toBe('0xffffffff');
    expect(hex32(0x60)).toBe('0x00000060');
  });

  test('a dump has sixteen bytes a row, aligned, with what can be printed at the side', () => {
    const bytes = Uint8Array.from({ length: 18 }, (_, index) => 0x40 + index);
    expect(hexDump(bytes, { base: 0x10000 })).toEqual([
      '00010000  40 41 42 43 44 45 46 47  48 49 4a 4b 4c 4d 4e 4f |@ABCDEFGHIJKLMNO|',
      '00010010  50 51                                            |PQ|',
    ]);
    expect(hexDump(Uint8Array.of(0x1f, 0x20, 0x7e, 0x7f))[0]).toContain('|. ~.|');
  });

  test('a long dump says how much it leaves out', () => {
    const rows = hexDump(new Uint8Array(100), { limitBytes: 20 });
    expect(rows).toHaveLength(3);
    expect(rows[1]).toContain('|....|');
    expect(rows[2]).toBe('… 80 more bytes');
    expect(hexDump(new Uint8Array(0))).toEqual([]);
  });
});
