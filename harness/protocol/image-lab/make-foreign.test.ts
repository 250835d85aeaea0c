/** What each kind that is no app image is, read by other means than those that made it. */
import { describe, expect, test } from '@jest/globals';
import { gunzipSync } from 'node:zlib';
import { loadAsRom } from '../bootloader-check';
import { parseOtaData } from '../otadata';
import { parsePartitionTable } from '../partition-table';
import { SeededRandom } from './random';
import {
  APP,
  APP_BYTES,
  SEGMENTS,
  chainOf,
  checksumOf,
  hasRightDigest,
  made,
  same,
  text,
  word,
} from './testkit/sample';

describe('that are no app image', () => {
  test('filled, random, and rewritten by other programs', () => {
    expect(same(made('erased'), Buffer.alloc(APP_BYTES, 0xff))).toBe(true);
    expect(same(made('zeros'), Buffer.alloc(APP_BYTES))).toBe(true);
    expect(same(gunzipSync(made('gzip')), APP)).toBe(true);
    expect(same(Buffer.from(text(made('base64')), 'base64'), APP)).toBe(true);
    expect(same(Buffer.from(new TextDecoder().decode(made('utf8-mangled')), 'latin1'), APP)).toBe(true);
    expect(same(made('shifted-by-one'), Buffer.concat([Buffer.of(0), APP]))).toBe(true);
    expect(same(Buffer.from(made('byte-swapped')).swap16(), APP)).toBe(true);
    expect(same(made('zip').subarray(4), APP.subarray(4))).toBe(true);
    expect(text(made('zip').subarray(0, 4))).toBe('PK\x03\x04');
  });

  test('random bytes never begin with the magic, and are random', () => {
    const isMagic = (seed: number): boolean => new SeededRandom(seed).bytes(1)[0] === 0xe9;
    const unlucky = Array.from({ length: 2000 }, (_, seed) => seed).filter(isMagic);
    expect(unlucky.length).toBeGreaterThan(0);
    for (const seed of unlucky.slice(0, 3)) {
      const rest = new SeededRandom(seed).bytes(APP_BYTES).subarray(1);
      expect(same(made('random', { seed }), Buffer.concat([Buffer.of(0x16), rest]))).toBe(true);
    }
    expect(same(made('random', { seed: 3 }), new SeededRandom(3).bytes(APP_BYTES))).toBe(true);
  });

  test('pages', () => {
    expect(text(made('text'))).toMatch(/^(This is not a firmware image\. .*\r\n){40}$/);
    expect(text(made('html'))).toMatch(/^<!DOCTYPE html>\n<html>[^]*404 Not Found[^]*<\/html>\n$/);
    expect(JSON.parse(text(made('json')))).toEqual({ error: 'not found', path: '/firmware.bin' });
  });

  test('multipart: one part, headers, an empty line, the image', () => {
    const bytes = text(made('multipart'));
    const [, boundary = '', head = ''] = /^--(\S+)\r\n([^]*?)\r\n\r\n/.exec(bytes) ?? [];
    expect(head.split('\r\n')).toEqual([
      'Content-Disposition: form-data; name="file"; filename="app.bin"',
      'Content-Type: application/octet-stream',
    ]);
    expect(bytes.slice(`--${boundary}\r\n${head}\r\n\r\n`.length)).toBe(
      `${text(APP)}\r\n--${boundary}--\r\n`,
    );
  });

  test('elf: the header of a 32-bit Xtensa program with the same entry', () => {
    const bytes = made('elf');
    const head = Buffer.from(bytes.subarray(0, 52));
    expect(text(head.subarray(0, 7))).toBe('\x7fELF\x01\x01\x01');
    expect([16, 18].map((at) => head.readUInt16LE(at))).toEqual([2, 94]);
    expect([20, 24].map((at) => head.readUInt32LE(at))).toEqual([1, 0x40210150]);
    expect(same(bytes.subarray(52), APP.subarray(52))).toBe(true);
  });

  test('intel-hex: records that sum to zero, the first kilobyte in order, an end', () => {
    const lines = text(made('intel-hex')).split('\r\n');
    expect(lines.splice(-2)).toEqual([':00000001FF', '']);
    const records = lines.map((line) => {
      expect(line).toMatch(/^:[0-9A-F]{42}$/);
      return Buffer.from(line.slice(1), 'hex');
    });
    for (const record of records) expect(record.reduce((sum, byte) => sum + byte, 0) & 0xff).toBe(0);
    expect(records.map((record) => record.readUInt32BE(0))).toEqual(
      Array.from({ length: 64 }, (_, index) => ((0x10 << 24) | (index << 12)) >>> 0),
    );
    expect(same(Buffer.concat(records.map((record) => record.subarray(4, 20))), APP.subarray(0, 1024))).toBe(
      true,
    );
  });

  test('uf2: blocks with both magics, numbered, of the ESP8266’s family', () => {
    const bytes = made('uf2');
    expect(bytes).toHaveLength(16 * 512);
    for (let index = 0; index < 16; index += 1) {
      const block = Buffer.from(bytes.subarray(index * 512, (index + 1) * 512));
      const words = Array.from({ length: 8 }, (_, each) => block.readUInt32LE(each * 4));
      expect(words).toEqual([0x0a324655, 0x9e5d5157, 0x2000, index * 256, 256, index, 16, 0x7eab61ed]);
      expect(same(block.subarray(32, 288), APP.subarray(index * 256, (index + 1) * 256))).toBe(true);
      expect([block.subarray(288, 508).every((byte) => byte === 0), block.readUInt32LE(508)]).toEqual([
        true,
        0x0ab16f30,
      ]);
    }
  });

  test('v2-image: the code first, at address 0, then an ordinary image of what goes to RAM', () => {
    const bytes = made('v2-image');
    expect([...bytes.subarray(0, 4)]).toEqual([0xea, 4, APP[2], APP[3]]);
    expect([4, 8, 12].map((at) => word(bytes, at))).toEqual([0x40210150, 0, 0x3400]);
    expect(same(bytes.subarray(16, 0x3410), APP.subarray(16, 0x3410))).toBe(true);
    const inner = bytes.subarray(0x3410);
    const chain = chainOf(inner);
    expect([inner[0], word(inner, 4)]).toEqual([0xe9, 0x40100004]);
    expect(chain.map(([, addr, size]) => [addr, size])).toEqual(
      SEGMENTS.slice(2).map(([, addr, size]) => [addr, size]),
    );
    chain.forEach(([at, , size], index) => {
      const from = SEGMENTS[index + 2]![0] + 8;
      expect(same(inner.subarray(at + 8, at + 8 + size), APP.subarray(from, from + size))).toBe(true);
    });
    const end = chain.at(-1)![0] + 8 + chain.at(-1)![2];
    // Checksum at the end of its block, and nothing behind it: a V2 image has no digest.
    expect(inner).toHaveLength(Math.floor(end / 16) * 16 + 16);
    expect(inner.at(-1)).toBe(checksumOf(inner, chain));
  });

  test('bootloader: a RAM image that the ROM would start', () => {
    const bytes = made('bootloader');
    expect(loadAsRom(bytes)).toMatchObject({ ok: true, entryAddr: 0x4010024c });
    const chain = chainOf(bytes);
    expect([chain.map(([, addr, size]) => [addr, size]), bytes[3]]).toEqual([
      [
        [0x40100000, 0x1000],
        [0x3ffe8008, 24],
        [0x3ffe8020, 0x600],
      ],
      0x20,
    ]);
    expect(bytes).toHaveLength(Math.floor((chain[2]![0] + 8 + 0x600) / 16) * 16 + 16);
    expect(same(bytes, made('bootloader', { seed: 4 }))).toBe(false);
  });

  test('flash-dump, partition-table, otadata', () => {
    const dump = made('flash-dump');
    const table = made('partition-table');
    expect(dump).toHaveLength(0x10000 + APP_BYTES);
    expect(loadAsRom(dump).ok).toBe(true);
    expect(same(dump.subarray(0x8000, 0x8c00), table)).toBe(true);
    expect(same(dump.subarray(0x10000), APP)).toBe(true);
    expect(dump.subarray(0x8c00, 0x10000).every((byte) => byte === 0xff)).toBe(true);
    expect(parsePartitionTable(table).partitions.map(({ label }) => label)).toEqual([
      ...['nvs', 'otadata', 'phy_init', 'ota_0', 'ota_1'],
    ]);
    expect(parseOtaData(made('otadata')).records).toMatchObject([
      { isValid: true, sequence: 1 },
      { isValid: false, isBlank: true },
    ]);
  });

  test.each([
    ['esp32', 0x40081040],
    ['esp32-entry-inside', 0x40210150],
  ])('%s: a 24-byte header, two segments, checksum and digest right', (name, entryAddr) => {
    const bytes = made(name);
    expect([...bytes.subarray(0, 4), word(bytes, 4)]).toEqual([0xe9, 2, 2, 0x20, entryAddr]);
    expect([...bytes.subarray(8, 24)]).toEqual([0xee, ...new Array<number>(14).fill(0), 1]);
    const chain = chainOf(bytes, 24);
    expect(chain).toEqual([
      [24, 0x3f400020, 0x1000],
      [0x1020, 0x40080000, 0x800],
    ]);
    expect(bytes).toHaveLength(Math.floor(0x1828 / 16) * 16 + 16 + 32);
    expect(bytes.at(-33)).toBe(checksumOf(bytes, chain));
    expect(hasRightDigest(bytes)).toBe(true);
  });
});
