import { describe, expect, test } from '@jest/globals';
import { recognise, type LooksLikeName } from './looks-like';

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0));
const look = (bytes: Uint8Array): LooksLikeName => recognise(bytes).name;

/** The head of an ESP32 image as esptool writes it: 8 bytes, 16 more, then load address and size of the first segment. */
function esp32Head(loadAddr: number): Uint8Array {
  const bytes = new Uint8Array(64).fill(0x5a);
  bytes.set([0xe9, 2, 2, 0x20, 0x40, 0x10, 0x08, 0x40]);
  bytes.set([0xee, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], 8);
  new DataView(bytes.buffer).setUint32(24, loadAddr, true);
  return bytes;
}

describe('an image for an ESP32', () => {
  // ESP32 Technical Reference Manual, "System and Memory": where flash data, data RAM, instruction RAM with RTC fast
  // memory, and flash code lie; an ESP8266's instruction RAM begins at 0x40100000.
  test.each([
    ['flash data', 0x3f400000, 0x3f7fffff],
    ['data RAM', 0x3ffae000, 0x3fffffff],
    ['instruction RAM', 0x40070000, 0x400c1fff],
    ['flash code', 0x400d0000, 0x400fffff],
  ])('has its first segment in %s', (_, first, last) => {
    expect([first, last].map((addr) => look(esp32Head(addr)))).toEqual(['image-esp32', 'image-esp32']);
    expect([first - 1, last + 1].map((addr) => look(esp32Head(addr)))).toEqual(['image', 'image']);
  });

  test.each([
    ['a reserved byte', 19, 1],
    ['the last reserved byte', 22, 1],
    ['a byte of "hash appended"', 23, 2],
  ])('is not seen in what has %s that means nothing', (_, at, value) => {
    const bytes = esp32Head(0x3f400020);
    bytes[at] = value;
    expect(look(bytes)).toBe('image');
  });

  test('need not have a hash, and is known from 32 bytes on', () => {
    const bytes = esp32Head(0x3f400020);
    bytes[23] = 0;
    expect([64, 32, 31, 1].map((length) => look(bytes.subarray(0, length)))).toEqual([
      'image-esp32',
      'image-esp32',
      'image',
      'image-start',
    ]);
  });
});

test('an image is one from a whole header on; fewer bytes are the beginning of one', () => {
  const head = Uint8Array.of(0xe9, 1, 2, 0, 0x50, 0x01, 0x28, 0x40);
  expect([8, 7, 1].map((length) => look(head.subarray(0, length)))).toEqual([
    'image',
    'image-start',
    'image-start',
  ]);
});

describe('a partition table', () => {
  const TABLE = [0xaa, 0x50, 1, 2];

  test('at 0x8000 behind an image makes a dump of a whole flash', () => {
    const dump = new Uint8Array(0x8004).fill(0x11);
    dump[0] = 0xe9;
    dump.set(TABLE, 0x8000);
    expect(look(dump)).toBe('flash-dump');
    for (const at of [0x8000, 0x8001]) {
      const other = dump.slice();
      other[at] = 0;
      expect(look(other)).toBe('image');
    }
  });

  test('is known by both bytes of its magic', () => {
    expect(look(Uint8Array.from(TABLE))).toBe('partition-table');
    expect(look(Uint8Array.of(0xaa, 0x51, 1, 2))).toBe('unknown');
    expect(look(Uint8Array.of(0xab, 0x50, 1, 2))).toBe('unknown');
  });
});

describe('other files', () => {
  test.each([
    ['empty', new Uint8Array(0)],
    ['image-v2', Uint8Array.of(0xea, 4, 0, 0)],
    ['unknown', Uint8Array.of(0xea, 5, 0, 0)],
    ['erased', new Uint8Array(9).fill(0xff)],
    ['unknown', Uint8Array.of(0xff, 0xff, 0x01)],
    ['zeros', new Uint8Array(9)],
    ['gzip', Uint8Array.of(0x1f, 0x8b, 8, 0)],
    ['unknown', Uint8Array.of(0x1f, 0x8a, 8, 0)],
    ['zip', ascii('PK\x03\x04')],
    ['elf', ascii('\x7fELF\x01')],
    ['uf2', ascii('UF2\nWQ]\x9e')],
    ['intel-hex', ascii(':10000000E9010200\r\n')],
    ['text', ascii(':1000: not so many digits')],
    ['text', ascii('a line\n:10000000E9010200')],
    ['html', ascii('\n  <!DOCTYPE HTML><title>404</title>')],
    ['html', ascii('<html lang="en">')],
    ['text', ascii('see <html>')],
    ['json', ascii('  {"error":"not found"}')],
    ['json', ascii('[1, 2]')],
    ['text', ascii('list [')],
    ['text', ascii('tabs\tand\r\nline ends; ä is no surprise')],
    ['unknown', ascii('text\x7f')],
    ['unknown', ascii('text\x1f')],
    ['unknown', ascii('\x00text')],
  ] as const)('%s: row %#', (name, bytes) => {
    expect(look(bytes)).toBe(name);
  });

  test('are judged by their beginning', () => {
    const long = new Uint8Array(600).fill(0x61);
    long[512] = 0;
    expect(look(long)).toBe('text');
    long[511] = 0;
    expect(look(long)).toBe('unknown');
  });

  test('are told in words', () => {
    expect(recognise(ascii('PK\x03\x04')).text).toBe('a zip archive');
    expect(recognise(Uint8Array.of(0xe9, 1, 2, 3, 4, 5, 6, 7)).text).toBe('an ESP8266 image');
    expect(recognise(Uint8Array.of(0xe9, 1, 2, 3)).text).toBe('the beginning of an ESP8266 image');
  });
});
