import { crc32 as zlibCrc32 } from 'node:zlib';
import {
  crc32,
  cString,
  fromLatin1,
  hex,
  isFilledWith,
  latin1,
  putU16,
  toHexUpper,
  u32BigEndianAt,
  wordBytes,
  xorChecksum,
} from './bytes';

describe('words', () => {
  test('of 16 bits are written low byte first, and nothing around them', () => {
    const bytes = new Uint8Array(5).fill(0xaa);
    putU16(bytes, 1, 0x81234);
    expect([...bytes]).toEqual([0xaa, 0x34, 0x12, 0xaa, 0xaa]);
  });

  test('of 32 bits are read high byte first, without a sign', () => {
    const bytes = Uint8Array.of(0, 0xfe, 0xdc, 0xba, 0x98, 0);
    expect(u32BigEndianAt(bytes, 1)).toBe(0xfedcba98);
  });

  test('of 32 bits are strung together low byte first', () => {
    expect([...wordBytes(0x04030201, 0xffeeddcc)]).toEqual([1, 2, 3, 4, 0xcc, 0xdd, 0xee, 0xff]);
    expect(wordBytes()).toHaveLength(0);
  });
});

describe('text', () => {
  test('ends at the first NUL, at the very first byte too, or with its bytes', () => {
    expect(cString(Uint8Array.of(0x61, 0x62, 0, 0x63))).toBe('ab');
    expect(cString(Uint8Array.of(0, 0x63))).toBe('');
    expect(cString(Uint8Array.of(0x61, 0xe4))).toBe('aä');
  });

  test('is one character a byte in both directions; what does not fit becomes a question mark', () => {
    const all = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    expect(fromLatin1(latin1(all))).toEqual(all);
    expect([...fromLatin1('ÿĀ€')]).toEqual([0xff, 0x3f, 0x3f]);
  });

  test('in hex is padded, and has no sign', () => {
    expect([hex(0xab), hex(0xab, 4), hex(-1), hex(0)]).toEqual(['0xab', '0x00ab', '0xffffffff', '0x0']);
    expect(toHexUpper(Uint8Array.of(0x0a, 0xbc, 0))).toBe('0ABC00');
  });
});

describe('sums', () => {
  const bytes = Uint8Array.from({ length: 1000 }, (_, at) => (at * at) >>> 3);

  test("are zlib's CRC-32, in one go and in pieces", () => {
    expect(crc32(bytes)).toBe(zlibCrc32(bytes));
    expect(crc32(bytes.subarray(300), crc32(bytes.subarray(0, 300)))).toBe(zlibCrc32(bytes));
    expect(crc32(new Uint8Array(0))).toBe(0);
  });

  // As the SDK counts the sequence in otadata: seed 0xFFFFFFFF.
  test("are zlib's from another seed, too", () => {
    expect(crc32(Uint8Array.of(1, 0, 0, 0), 0xffffffff)).toBe(
      zlibCrc32(Uint8Array.of(1, 0, 0, 0), 0xffffffff),
    );
  });

  test('by XOR begin at 0xEF or where they are told to', () => {
    expect(xorChecksum(new Uint8Array(0))).toBe(0xef);
    expect(xorChecksum(Uint8Array.of(0x12, 0x34, 0xff))).toBe(0xef ^ 0x12 ^ 0x34 ^ 0xff);
    expect(xorChecksum(Uint8Array.of(0x12), 0)).toBe(0x12);
  });
});

describe('a filled stretch', () => {
  test('has one value throughout; an empty one has any', () => {
    expect(isFilledWith(Uint8Array.of(0xff, 0xff), 0xff)).toBe(true);
    expect(isFilledWith(Uint8Array.of(0xff, 0xfe), 0xff)).toBe(false);
    expect(isFilledWith(new Uint8Array(0), 0xff)).toBe(true);
  });
});
