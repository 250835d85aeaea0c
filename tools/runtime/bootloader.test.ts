import { beforeAll, describe, expect, test } from '@jest/globals';
import { DRAM_BASE } from '../../harness/chip/esp8266';
import { parseLogLine } from '../../harness/protocol/boot-log';
import { checkAsBootloader, loadAsRom } from '../../harness/protocol/bootloader-check';
import { inspectImage } from '../../harness/protocol/image';
import { makeImage } from '../../harness/protocol/image-lab/make';
import {
  bootTargetsOf,
  chooseBootSlot,
  encodeOtaData,
  encodeOtaRecord,
  OTADATA_SECTOR_BYTES,
  parseOtaData,
} from '../../harness/protocol/otadata';
import { otaSlots, parsePartitionTable, partitionUsage } from '../../harness/protocol/partition-table';
import { BootBoard, buildBootFiles, type BootFiles } from './boot-board';
import { toolsMissing } from './tool';

/*
 * The bootloader on the emulated board, started by its boot ROM. What it must print comes from the harness's codecs, which
 * describe the SDK's bootloader and know nothing of ours.
 */
const missing = toolsMissing();
const suite = missing === undefined ? describe : describe.skip;
const reason = missing === undefined ? '' : ` (skipped: ${missing})`;
const LAYOUT_NAMES = ['one-mb', 'two-ota-2mb'] as const;
const NOTHING_LEFT = 'user code done';

const blank = encodeOtaData(undefined, undefined);

function broken(image: Uint8Array, at: number): Uint8Array {
  const copy = image.slice();
  copy[at]! ^= 0x10;
  return copy;
}

/** Sectors with an invalid first record: its CRC is off by one bit. */
function badCrc(sequence: number): Uint8Array {
  const bytes = encodeOtaData(undefined, undefined);
  bytes.set(broken(encodeOtaRecord(sequence), 28));
  return bytes;
}

suite.each(LAYOUT_NAMES)(`the bootloader, layout %s${reason}`, (name) => {
  let files: BootFiles;
  beforeAll(async () => {
    files = await buildBootFiles(name);
  });

  /** Lines that the board's bootloader prints from the table on, without time and colour. */
  function spoken(otadata: Uint8Array, images: readonly Uint8Array[], until: string): readonly string[] {
    const board = new BootBoard({ ...files, images });
    board.program('otadata', otadata);
    const lines = board.bootUntil(until).split('\n').map(parseLogLine);
    const texts = lines.flatMap((line) =>
      line.kind === 'log' ? [`${line.level} ${line.tag}: ${line.text}`] : [],
    );
    return texts.slice(texts.indexOf('I boot: End of partition table') + 1);
  }

  /** What the SDK's bootloader would print, by the harness. */
  function expected(otadata: Uint8Array, images: readonly Uint8Array[]): readonly string[] {
    const { partitions } = parsePartitionTable(files.partitions);
    const slots = otaSlots(partitions);
    const choice = chooseBootSlot(parseOtaData(otadata), bootTargetsOf(partitions));
    const lines: string[] = [];
    if (choice.logged !== undefined)
      lines.push(`${choice.logged.startsWith('ota data') ? 'E' : 'I'} boot: ${choice.logged}`);
    for (const index of choice.order) {
      const slot = slots[index]!;
      const flashBytes = files.layout.flashSizeBytes;
      const verdict = checkAsBootloader(images[index]!, slot, { flashBytes });
      const failed = verdict.ok ? [] : verdict.lines.slice(-1);
      const fine = verdict.lines.slice(0, verdict.lines.length - failed.length);
      lines.push(
        ...fine.map((line) => `I esp_image: ${line}`),
        ...failed.map((line) => `E esp_image: ${line}`),
      );
      if (verdict.ok) {
        lines.push(`I boot: Loaded app from partition at offset 0x${slot.offset.toString(16)}`);
        return lines;
      }
      lines.push(`E boot: OTA app partition slot ${index} is not bootable`);
    }
    return [...lines, 'E boot: No bootable app partitions in the partition table'];
  }

  test('is loaded by the boot ROM, whose lines are those of its image', () => {
    const rom = loadAsRom(files.bootloader);
    const text = new BootBoard(files).bootUntil('2nd stage bootloader');
    expect(rom.ok).toBe(true);
    expect(text).toContain(rom.lines.join('\n'));
  });

  test('prints the flash and the partition table as the SDK does', () => {
    const text = new BootBoard(files).bootUntil('Loaded app');
    const lines = text.split('\n').map(parseLogLine);
    const boot = lines.flatMap((line) => (line.kind === 'log' && line.tag === 'boot' ? [line.text] : []));
    const rows = parsePartitionTable(files.partitions).partitions.map((partition, index) => {
      const { label, type, subtype, offset, sizeBytes } = partition;
      const [t, s] = [type, subtype].map((value) => value.toString(16).padStart(2, '0'));
      const [o, z] = [offset, sizeBytes].map((value) => value.toString(16).padStart(8, '0'));
      const names = `${label.padEnd(16)} ${partitionUsage(partition).padEnd(16)}`;
      return `${String(index).padStart(2)} ${names} ${t} ${s} ${o} ${z}`;
    });
    expect(boot.slice(0, 8 + rows.length)).toEqual([
      'ESP-IDF v3.4-esprig-open 2nd stage bootloader',
      'compile time 00:00:00',
      'SPI Speed      : 40MHz',
      'SPI Mode       : DIO',
      `SPI Flash Size : ${files.layout.flashSizeBytes / 0x100000}MB`,
      'Partition Table:',
      '## Label            Usage          Type ST Offset   Length',
      ...rows,
      'End of partition table',
    ]);
    // Colours, and milliseconds that grow.
    expect(text).toMatch(/\x1b\[0;32mI \(\d+\) boot: ESP-IDF/); // eslint-disable-line no-control-regex
    const times = lines.flatMap((line) => (line.kind === 'log' ? [line.atMs] : []));
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(times.at(-1)).toBeGreaterThan(times[0]!);
  });

  test.each([
    ['blank otadata', blank, 0],
    ['sequence 1', encodeOtaData(1, undefined), 0],
    ['sequence 2', encodeOtaData(2, undefined), 1],
    ['the larger sequence in the second sector', encodeOtaData(3, 4), 1],
    ['the larger sequence in the first sector', encodeOtaData(5, 4), 0],
    [
      'a damaged record and a good one',
      (() => {
        const bytes = encodeOtaData(7, 2);
        bytes.set(broken(encodeOtaRecord(7), 0));
        return bytes;
      })(),
      1,
    ],
    [
      'a record cut off in the second sector',
      (() => {
        const bytes = encodeOtaData(1, 2);
        bytes.fill(0xff, OTADATA_SECTOR_BYTES + 16);
        return bytes;
      })(),
      0,
    ],
    ['records that are both invalid', badCrc(2), 0],
    ['a sequence beyond 2^31', encodeOtaData(0xfffffffe, undefined), 1],
  ])('%s: the slot that runs, and every line before it', (_what, otadata, index) => {
    const slot = files.layout.slots[index]!;
    const board = new BootBoard(files);
    board.program('otadata', otadata);
    const text = board.bootUntil('runs at');
    // The program tells where it was told to be, and where it is linked; its RAM segments and .bss are in place.
    const linked = 0x40200000 + (slot.flashOffset & 0xfffff);
    expect(text).toContain(
      `runs at 0x${slot.flashOffset.toString(16)}, linked at 0x${linked.toString(16)}, data 12345678 cafe, zeros 0 0\n`,
    );
    expect(spoken(otadata, files.images, 'runs at')).toEqual(expected(otadata, files.images));
  });

  // By hand, from the SDK: its `ota_seq % app_count` has a `uint32_t` on the right, so that the left is taken for one too.
  test.each([
    [0, 1],
    [0x7fffffff, 0],
    [0x80000000, 1],
    [0x80000001, 0],
    [0x80000002, 1],
    [0xfffffffe, 1],
  ])('sequence %i selects slot %i of two: no number is negative, and 0 is one', (sequence, index) => {
    const board = new BootBoard(files);
    board.program('otadata', encodeOtaData(sequence, undefined));
    const text = board.bootUntil('runs at');
    const { flashOffset } = files.layout.slots[index]!;
    expect(text).toContain(`boot: Loaded app from partition at offset 0x${flashOffset.toString(16)}`);
    expect(text).not.toContain('is not bootable');
  });

  test('a sequence of 0 is less than one of 1', () => {
    const board = new BootBoard(files);
    board.program('otadata', encodeOtaData(0, 1));
    expect(board.bootUntil('runs at')).toContain('Loaded app from partition at offset 0x10000');
  });

  const damages: readonly (readonly [string, (image: Uint8Array) => Uint8Array])[] = [
    ['without its magic byte', (image) => broken(image, 0)],
    ['with too many segments', (image) => Uint8Array.from(image, (byte, at) => (at === 1 ? 17 : byte))],
    ['with a flipped bit in its code', (image) => broken(image, 0x120)],
    [
      'with an odd segment length',
      (image) => Uint8Array.from(image, (byte, at) => (at === 12 ? byte | 1 : byte)),
    ],
    [
      'with a segment larger than the flash',
      (image) => Uint8Array.from(image, (byte, at) => (at === 15 ? 0x7f : byte)),
    ],
    ['that is erased', (image) => new Uint8Array(image.length).fill(0xff)],
  ];

  test.each(damages)('a slot %s is left for the other', (_what, damage) => {
    const [first, second] = files.images;
    for (const otadata of [encodeOtaData(1, undefined), encodeOtaData(2, undefined)]) {
      const chosen = otadata[0] === 1 ? 0 : 1;
      const images = chosen === 0 ? [damage(first!), second!] : [first!, damage(second!)];
      const lines = spoken(otadata, images, 'runs at');
      expect(lines).toEqual(expected(otadata, images));
      expect(lines).toContain(`E boot: OTA app partition slot ${chosen} is not bootable`);
    }
  });

  test("an app's start-up copies segments from the second one on, as that of the SDK does", () => {
    const { bytes } = makeImage('segment-ram-first', {
      good: files.images[0]!,
      slot: otaSlots(parsePartitionTable(files.partitions).partitions)[0]!,
    });
    // To where nothing else lies; the bootloader does not look at the SHA-256.
    new DataView(bytes.buffer).setUint32(8, DRAM_BASE + 0x8000, true);
    const board = new BootBoard({ ...files, images: [bytes, files.images[1]!] });
    expect(board.bootUntil('runs at')).toContain('data 12345678 cafe, zeros 0 0\n');
    const there = board.board.memory.region('dram').subarray(0x8000, 0x80f8);
    expect(Buffer.compare(there, bytes.subarray(0x10, 0x108))).not.toBe(0);
  });

  test('an image that ends beyond its slot is not started', () => {
    // Its last segment claims the bytes that follow, up to the next slot and 16 bytes into it.
    const slot = files.layout.slots[0]!;
    const image = files.images[0]!;
    const grown = new Uint8Array(slot.sizeBytes + 16).fill(0);
    const at = inspectImage(image).segments.at(-1)!.headerOffset;
    grown.set(image.subarray(0, at + 8));
    new DataView(grown.buffer).setUint32(at + 4, slot.sizeBytes - at - 8, true);
    grown[grown.length - 1] = checksumOfSegments(grown);
    const small = { ...files, images: [grown] };
    const board = new BootBoard({ ...small, layout: { ...files.layout, slots: [slot] } });
    board.program('ota_1', new Uint8Array(16).fill(0xff), grown.length - slot.sizeBytes);
    const text = board.bootUntil(NOTHING_LEFT);
    expect(text).toContain(
      `esp_image: Image length ${slot.sizeBytes + 16} doesn't fit in partition length ${slot.sizeBytes}`,
    );
  });

  test('with both slots damaged it says so and returns to the boot ROM', () => {
    const images = files.images.map((image) => broken(image, 0x120));
    const board = new BootBoard({ ...files, images });
    expect(board.bootUntil(NOTHING_LEFT)).toContain('No bootable app partitions in the partition table');
    expect(spoken(blank, images, NOTHING_LEFT)).toEqual(expected(blank, images));
  });

  test.each([
    ['no table', new Uint8Array(0xc00).fill(0), 'partition 0 invalid magic number 0x0'],
    ['a table without an end', undefined, 'partition table has no terminating entry, not valid'],
  ])('%s: nothing is started', (_what, table, complaint) => {
    const row = files.partitions.subarray(0, 32);
    const endless = Buffer.concat(Array.from({ length: 96 }, () => row));
    const board = new BootBoard({ ...files, partitions: table ?? endless });
    const text = board.bootUntil(NOTHING_LEFT);
    expect(text).toContain(`flash_parts: ${complaint}`);
    expect(text).toContain('boot: Failed to verify partition table');
    expect(text).not.toContain('Loaded app');
  });

  test('a partition beyond the chip spoils the table', () => {
    const table = files.partitions.slice();
    new DataView(table.buffer).setUint32(4 * 32 + 8, 0x400000, true);
    const { flashSizeBytes } = files.layout;
    const offset = files.layout.slots[1]!.flashOffset.toString(16);
    expect(new BootBoard({ ...files, partitions: table }).bootUntil(NOTHING_LEFT)).toContain(
      `partition 4 invalid - offset 0x${offset} size 0x400000 exceeds flash chip size 0x${flashSizeBytes.toString(16)}`,
    );
  });
});

/** The checksum byte that the headers in an image lead to. */
function checksumOfSegments(image: Uint8Array): number {
  const view = new DataView(image.buffer);
  let sum = 0xef;
  for (let at = 8, index = 0; index < image[1]!; index++) {
    const end = at + 8 + view.getUint32(at + 4, true);
    for (let byte = at + 8; byte < end; byte++) sum ^= image[byte]!;
    at = end;
  }
  return sum;
}
