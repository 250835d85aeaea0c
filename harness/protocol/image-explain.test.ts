/** What a person is shown of an image, whole. */
import { describe, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { writeU32LE } from '../core/bytes';
import { explainDump, explainImage } from './image-explain';
import { inspectFlashDump } from './flash-dump';
import { buildSyntheticApp, buildSyntheticBootloader, encodeImage } from './image-lab/encode';
import { labSlots, makeImage } from './image-lab/make';
import { layoutByName, partitionOf } from './layouts';

const layout = layoutByName('one-mb');
const ota1 = partitionOf(layout, 'ota_1');
const app = buildSyntheticApp({ slot: ota1, seed: 9 });
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const makeOf = (kind: string, at?: number): Uint8Array =>
  makeImage(kind, { good: app, ...labSlots('one-mb', 'ota_1'), at }).bytes;
/** The line that begins with this word, without what all have. */
const lineOf = (text: string, word: string): string | undefined =>
  text
    .split('\n')
    .find((line) => line.trim().startsWith(word))
    ?.trim()
    .slice(word.length)
    .trim();

const HEAD = `App image (V3): runs from flash, started by the second-stage bootloader
  size          17648 bytes
  entry         0x40280150
  flash mode    DIO (QIO and QOUT builds write this too; the bootloader switches)
  flash speed   40 MHz
  flash size    1MB (code 0 in the app's coding; a bootloader's would say 512KB)
  linked for    a slot at 0x80000, or that plus a multiple of 1 MiB (base 0x40280010)
  descriptor    at 0x10, where the SDK looks for it
  project       synthetic 1.2.3
  built         Jan  1 2026 12:34:56, v3.4-synthetic

Segments (5)
  #  load address  length            file offset  where
  0  0x40280010    0x3400      13312        0x10  flash, mapped
  1  0x40283410    0x900        2304      0x3418  flash, mapped; its bytes appear at 0x40283418, 8 further
  2  0x3ffe8000    0x204         516      0x3d20  data RAM
  3  0x40100000    0x80          128      0x3f2c  instruction RAM
  4  0x40100080    0x510        1296      0x3fb4  instruction RAM
`;

describe('the whole of it', () => {
  test('for an app and a layout', () => {
    const sum = app[0x44cf]!.toString(16);
    expect(explainImage(app, layout)).toBe(`${HEAD}
  checksum      0x${sum} at 0x44cf, right
  SHA-256       ${sha256(app.subarray(0, -32))}, right
No complaints.

Slots of layout one-mb
  no  ota_0 at 0x10000, 458752 bytes, seen at 0x40210000: wrong_slot, entry 0x40280150 outside ota_0: 0x40210010 to 0x4027ffff
  yes ota_1 at 0x80000, 458752 bytes, seen at 0x40280000
`);
  });

  test('for an app that is damaged and a layout that nobody named', () => {
    const bytes = app.slice();
    bytes[0x44cf] = bytes[0x44cf]! ^ 1;
    const [is, was] = [bytes[0x44cf], app[0x44cf]].map((byte) => byte!.toString(16));
    expect(explainImage(bytes)).toBe(`${HEAD}
  checksum      0x${is!} at 0x44cf, wrong, the data give 0x${was!}
  SHA-256       ${sha256(app.subarray(0, -32))}, wrong
Complaints
  at 0x44cf: checksum byte is 0x${is!}, the data give 0x${was!}
  at 0x44d0: the SHA-256 does not fit the bytes before it

May serve in: no slot of any known layout.
`);
  });

  test('for a RAM image', () => {
    const bytes = buildSyntheticBootloader();
    expect(explainImage(bytes, layout))
      .toBe(`RAM image (V1): loaded by the boot ROM from flash 0, as a bootloader is
  size          5696 bytes
  entry         0x4010024c
  flash mode    DIO (QIO and QOUT builds write this too; the bootloader switches)
  flash speed   40 MHz
  flash size    1MB (code 2 in the bootloader's coding; an app's would say 4MB)

Segments (3)
  #  load address  length            file offset  where
  0  0x40100000    0x1000       4096        0x10  instruction RAM
  1  0x3ffe8008    0x18           24      0x1018  data RAM
  2  0x3ffe8020    0x600        1536      0x1038  data RAM

  checksum      0x${bytes.at(-1)!.toString(16)} at 0x163f, right
No complaints.
`);
  });

  test('for what is no image', () => {
    expect(explainImage(new Uint8Array(0))).toBe(
      'Not an ESP8266 image: 0 bytes, a header has 8.\nIt looks like an empty file.\n',
    );
    expect(explainImage(app.subarray(0, 6))).toBe(
      'Not an ESP8266 image: 6 bytes, a header has 8.\nIt looks like the beginning of an ESP8266 image.\n',
    );
    expect(explainImage(makeOf('v2-image'), layout)).toBe(
      'Not an ESP8266 image: first byte is 0xea, not 0xe9.\n' +
        'It looks like a V2 image (NonOS SDK, rboot), which the RTOS bootloader cannot start.\n',
    );
  });
});

describe('a line of it', () => {
  const withByte = (at: number, value: number): Uint8Array =>
    app.map((byte, each) => (each === at ? value : byte));

  test.each<[string, Uint8Array, string, string]>([
    ['a tail cut off', makeOf('sha-missing'), 'size', '17616 bytes, should be 17648'],
    ['a tail cut off', makeOf('sha-missing'), 'at 0x44d0:', 'the SHA-256 at the end is missing or cut'],
    ['a byte too much', makeOf('trailing-byte'), 'size', '17649 bytes, the image ends at 17648'],
    ['a byte too much', makeOf('trailing-byte'), 'behind it', '1 bytes, all 0x00'],
    ['a byte too much', makeOf('trailing-byte'), 'No complaints', '.'],
    ['two images', makeOf('twice'), 'behind it', '17648 bytes, mixed bytes'],
    ['a segment that is cut', makeOf('cut-at', 0x3420), 'size', '13344 bytes; its own length cannot be told'],
    [
      'a segment that is cut',
      makeOf('cut-at', 0x3420),
      'at 0x3410:',
      'segment 1 (0x40283410 + 0x900): 2296 bytes are missing',
    ],
    ['no segments', makeOf('segments-none'), 'linked for', 'nothing: no segment in flash'],
    ['no segments', makeOf('segments-none'), 'Segments', '(0)'],
    ['no descriptor', makeOf('descriptor-missing'), 'descriptor', 'none'],
    [
      'an address nowhere',
      makeOf('segment-addr-zero'),
      '2  0x00000000',
      '0x204         516      0x3d20  no memory of the chip',
    ],
    ['an ESP32 image', makeOf('esp32'), 'This looks like', 'an image for an ESP32, with its 24-byte header.'],
    ['QIO', withByte(2, 0), 'flash mode', 'QIO'],
    ['an unknown mode', withByte(2, 9), 'flash mode', 'unknown (9)'],
    ['80 MHz', withByte(3, 0x0f), 'flash speed', '80 MHz'],
    ['an unknown speed', withByte(3, 0x07), 'flash speed', 'unknown (0x7)'],
    [
      '4 MB',
      withByte(3, 0x20),
      'flash size',
      "4MB (code 2 in the app's coding; a bootloader's would say 1MB)",
    ],
    [
      'an unknown size',
      withByte(3, 0xe0),
      'flash size',
      "unknown (code 14 in the app's coding; a bootloader's would say nothing)",
    ],
  ])('%s (%#)', (_what, bytes, word, rest) => {
    expect(lineOf(explainImage(bytes), word)).toBe(rest);
  });

  test('tells of an app for a place where no slot begins', () => {
    const linkedFor = (offset: number) =>
      lineOf(explainImage(buildSyntheticApp({ slot: { ...ota1, offset } })), 'linked for');
    expect(linkedFor(0x81800)).toBe(
      'a slot at 0x81800, or that plus a multiple of 1 MiB (base 0x40281810); no slot begins there',
    );
    expect(linkedFor(0x85000)).toBe('a slot at 0x85000, or that plus a multiple of 1 MiB (base 0x40285010)');
  });

  test('tells where a descriptor is of no use, and a digest that somebody filled in', () => {
    const moved = buildSyntheticApp({ slot: ota1, descriptor: 'rodata' });
    expect(lineOf(explainImage(moved), 'descriptor')).toBe(
      'at 0x3418, start of rodata; esp_ota_get_partition_description does not find it there',
    );
    expect(lineOf(explainImage(moved), 'ELF SHA-256')).toBeUndefined();
    const filled = app.slice();
    // esp_app_desc_t: magic, secure version, 8 reserved, texts of 32, 32, 16, 16, 32, then app_elf_sha256.
    filled.fill(0xab, 0x10 + 16 + 128, 0x10 + 16 + 128 + 32);
    expect(lineOf(explainImage(filled), 'ELF SHA-256')).toBe('ab'.repeat(32));
    expect(explainImage(filled)).toMatch(/^ {2}built .*\n {2}ELF SHA-256 {3}ab/m);
  });

  test('tells every layout that has a slot for it', () => {
    const shared = buildSyntheticApp({ slot: partitionOf(layoutByName('two-ota-2mb'), 'ota_0') });
    expect(lineOf(explainImage(shared), 'May serve in:')).toMatch(
      /ota_0 of one-mb; ota_0 and ota_1 of two-ota-2mb; ota_0 and ota_1 of two-ota-4mb; factory of sdk-singleapp/,
    );
    expect(explainImage(buildSyntheticBootloader())).not.toContain('May serve');
  });
});

describe('a dump of a flash', () => {
  const dumpOf = (parts: readonly (readonly [number, Uint8Array])[]): Uint8Array => {
    const dump = new Uint8Array(0x100000).fill(0xff);
    for (const [offset, bytes] of parts) dump.set(bytes, offset);
    return dump;
  };
  const bootloader = buildSyntheticBootloader();
  const table = makeOf('partition-table');

  test('is told part by part, with what would boot', () => {
    const text = explainDump(
      inspectFlashDump(
        dumpOf([
          [0, bootloader],
          [0x8000, table],
          [0xd000, makeOf('otadata')],
          [0x80000, app],
        ]),
      ),
    );
    expect(text).toMatch(/^Dump of a whole flash\n\nBootloader at 0x0\nRAM image \(V1\)/);
    expect(text).toContain(`
Partition table at 0x8000
  nvs              WiFi data    0x00009000 0x00004000
  otadata          OTA data     0x0000d000 0x00002000
  phy_init         RF data      0x0000f000 0x00001000
  ota_0            OTA app      0x00010000 0x00070000
  ota_1            OTA app      0x00080000 0x00070000

otadata: sequence 1, blank
`);
    expect(text).toContain('\nota_0 at 0x10000\n  erased\n\nota_1 at 0x80000\nApp image (V3)');
    expect(text.endsWith('No complaints.\n')).toBe(true);
  });

  test('with a record that is damaged, and one with a table that is', () => {
    const spoilt = makeOf('otadata').slice();
    spoilt.set(spoilt.subarray(0, 32), 0x1000);
    writeU32LE(spoilt, 0x1000, 2);
    const text = explainDump(
      inspectFlashDump(
        dumpOf([
          [0, bootloader],
          [0x8000, table],
          [0xd000, spoilt],
        ]),
      ),
    );
    expect(text).toContain('\notadata: sequence 1, sequence 2 with a wrong CRC\n');
    const bad = table.slice();
    bad[32] = 0;
    expect(
      explainDump(
        inspectFlashDump(
          dumpOf([
            [0, bootloader],
            [0x8000, bad],
          ]),
        ),
      ),
    ).toMatch(/\n\nPartition table at 0x8000: partition 1 invalid magic number 0x5000\nboots: nothing\n$/);
  });

  test('says which app boots, and what the bootloader says to a choice that it made itself', () => {
    const boots = (otaData: Uint8Array | undefined): string | undefined =>
      lineOf(
        explainDump(
          inspectFlashDump(
            dumpOf([
              [0, bootloader],
              [0x8000, table],
              ...(otaData === undefined ? [] : [[0xd000, otaData] as const]),
              [0x10000, buildSyntheticApp({ slot: partitionOf(layout, 'ota_0') })],
            ]),
          ),
        ),
        'boots:',
      );
    expect(boots(makeOf('otadata'))).toBe('ota_0');
    expect(boots(undefined)).toBe('ota_0 ("No factory image, trying OTA 0")');
  });
});

test('an image of one RAM segment alone is none for a slot', () => {
  const ram = encodeImage({
    entryAddr: 0x40100000,
    segments: [{ loadAddr: 0x40100000, data: new Uint8Array(16) }],
  });
  expect(explainImage(ram)).toMatch(/^RAM image \(V1\)/);
});
