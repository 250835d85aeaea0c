import { describe, expect, test } from '@jest/globals';
import { readU32LE, toHex } from '../core/bytes';
import type { NvsEntry } from './nvs-format';
import { parseNvs } from './nvs-reader';
import { encodeNvs } from './nvs-writer';

const ENTRIES: readonly NvsEntry[] = [
  { namespace: 'wifi', key: 'ssid', type: 'string', value: 'lab net' },
  { namespace: 'wifi', key: 'psk', type: 'string', value: 'pässword with more than thirty-two bytes in it' },
  { namespace: 'wifi', key: 'empty', type: 'string', value: '' },
  { namespace: 'main', key: 'status_led', type: 'u8', value: 2n },
  { namespace: 'main', key: 'offset', type: 'i16', value: -2n },
  { namespace: 'main', key: 'count', type: 'u32', value: 0xfffffffen },
  { namespace: 'main', key: 'big', type: 'i64', value: -(2n ** 63n) },
  { namespace: 'main', key: 'bytes', type: 'blob', value: Uint8Array.from({ length: 70 }, (_, at) => at) },
];

describe('a partition', () => {
  test.each([1, 2] as const)('of version %i comes back as it was written', (version) => {
    const bytes = encodeNvs(ENTRIES, { sizeBytes: 0x4000, version });
    const contents = parseNvs(bytes);
    expect(contents.problems).toEqual([]);
    expect(contents.entries).toEqual(ENTRIES);
    expect(contents.pages.map((page) => [page.state, page.version])[0]).toEqual(['active', version]);
    expect(contents.pages.slice(1).every((page) => page.state === 'empty')).toBe(true);
  });

  test('has the page header, entry table and entry of the SDK', () => {
    const bytes = encodeNvs([{ namespace: 'n', key: 'k', type: 'u8', value: 7n }], { sizeBytes: 0x2000 });
    expect(toHex(bytes.subarray(0, 9))).toBe('feffffff00000000fe');
    // Computed apart: zlib.crc32(header[4:28], 0xFFFFFFFF) in Python.
    expect(readU32LE(bytes, 28)).toBe(0xb9ba2d84);
    expect(toHex(bytes.subarray(32, 36))).toBe('faffffff');
    expect(toHex(bytes.subarray(64, 68))).toBe('000101ff');
    expect(toHex(bytes.subarray(72, 96))).toBe(`6e${'00'.repeat(15)}01ffffffffffffff`);
    expect(toHex(bytes.subarray(96, 100))).toBe('010101ff');
    expect(toHex(bytes.subarray(104, 128))).toBe(`6b${'00'.repeat(15)}07ffffffffffffff`);
  });

  test('goes on to a second page when the first is full', () => {
    const many = Array.from({ length: 130 }, (_, index): NvsEntry => {
      return { namespace: 'n', key: `k${index}`, type: 'u16', value: BigInt(index) };
    });
    const contents = parseNvs(encodeNvs(many, { sizeBytes: 0x4000 }));
    expect(contents.entries).toEqual(many);
    expect(contents.pages.map((page) => [page.state, page.usedEntries])).toEqual([
      ['full', 126],
      ['active', 5],
      ['empty', 0],
      ['empty', 0],
    ]);
  });

  test('keeps one page free, as the storage needs it', () => {
    const many = Array.from({ length: 130 }, (_, index): NvsEntry => {
      return { namespace: 'n', key: `k${index}`, type: 'u8', value: 1n };
    });
    expect(() => encodeNvs(many, { sizeBytes: 0x2000 })).toThrow(/too small/);
    expect(encodeNvs(many, { sizeBytes: 0x3000 })).toHaveLength(0x3000);
  });

  test.each([
    [
      'a key too long',
      { namespace: 'n', key: 'sixteen_letters_', type: 'u8', value: 1n },
      /1 to 15 characters/,
    ],
    ['no key', { namespace: 'n', key: '', type: 'u8', value: 1n }, /1 to 15/],
    ['a number too large', { namespace: 'n', key: 'k', type: 'u8', value: 256n }, /does not fit u8/],
    ['a negative unsigned', { namespace: 'n', key: 'k', type: 'u32', value: -1n }, /does not fit u32/],
    ['a NUL inside', { namespace: 'n', key: 'k', type: 'string', value: 'a\0b' }, /NUL/],
    [
      'a string too long',
      { namespace: 'n', key: 'k', type: 'string', value: 'x'.repeat(4000) },
      /at most 4000/,
    ],
  ] as const)('refuses %s', (_what, entry, message) => {
    expect(() => encodeNvs([entry], { sizeBytes: 0x4000 })).toThrow(message);
  });

  test('of no whole pages is refused', () => {
    expect(() => encodeNvs([], { sizeBytes: 0x1800 })).toThrow(
      expect.objectContaining({ code: 'ESPRIG_NVS_BAD' }),
    );
  });
});

describe('reading what is damaged', () => {
  const good = encodeNvs(ENTRIES, { sizeBytes: 0x4000 });
  const damaged = (at: number) => {
    const bytes = good.slice();
    bytes[at] = bytes[at]! ^ 0x01;
    return parseNvs(bytes);
  };

  test('a page with a damaged header is corrupt and gives nothing', () => {
    const contents = damaged(5);
    expect(contents.pages[0]!.state).toBe('corrupt');
    expect(contents.entries).toEqual([]);
  });

  test('a damaged entry is left out, the others stay', () => {
    const contents = damaged(64 + 32 + 10); // key of "ssid"
    expect(contents.problems).toContainEqual('page 0, entry 1: damaged');
    expect(contents.entries.map((entry) => entry.key)).not.toContain('ssid');
    expect(contents.entries.map((entry) => entry.key)).toContain('status_led');
  });

  test('a damaged value is told by its key', () => {
    expect(damaged(64 + 2 * 32).problems).toEqual(['page 0, entry 1: "ssid" has a damaged value']);
  });

  test('flash that is zero or not erased shows as corrupt pages, erased flash as empty ones', () => {
    expect(parseNvs(new Uint8Array(0x2000)).pages.map((page) => page.state)).toEqual(['corrupt', 'corrupt']);
    const dirty = new Uint8Array(0x1000).fill(0xff);
    dirty[0x800] = 0;
    expect(parseNvs(dirty).pages[0]!.state).toBe('corrupt');
    expect(parseNvs(new Uint8Array(0x2000).fill(0xff)).pages.map((page) => page.state)).toEqual([
      'empty',
      'empty',
    ]);
  });

  test('any bytes are read without an exception', () => {
    let state = 7;
    for (let round = 0; round < 300; round += 1) {
      const bytes = good.slice();
      for (let hit = 0; hit < 8; hit += 1) {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        bytes[state % 0x400] = state >>> 24;
      }
      expect(parseNvs(bytes).pages).toHaveLength(4);
    }
  });
});
