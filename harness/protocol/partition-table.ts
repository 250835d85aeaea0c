/**
 * The partition table at flash 0x8000: 32-byte rows, at most 96 of them, ended by an erased one.
 * Sources: ESP8266_RTOS_SDK `components/bootloader_support/include/esp_flash_data_types.h`,
 * `src/flash_partitions.c` (ESP8266 half), `components/partition_table/gen_esp32part.py`; images.md section 4.
 */
import { FLASH_WINDOW_SIZE } from '../chip/esp8266';
import { FLASH_SECTOR_BYTES } from '../chip/flash-chips';
import { readU16LE, readU32LE, writeU32LE } from '../core/bytes';
import { ProtocolError } from '../core/errors';
import { cString, fromLatin1, hex, putU16 } from './bytes';
import type { Slot } from './slots';

export const PARTITION_TABLE_OFFSET = 0x8000;
/** What image tools write and the bootloader reads. */
export const PARTITION_TABLE_BYTES = 0xc00;
export const PARTITION_ROW_BYTES = 32;
export const MAX_PARTITION_ROWS = PARTITION_TABLE_BYTES / PARTITION_ROW_BYTES;
const ROW_MAGIC = 0x50aa;
const MD5_MAGIC = 0xebeb;
const LABEL_BYTES = 16;

export const PARTITION_TYPE = { APP: 0, DATA: 1 } as const;
export const APP_SUBTYPE = { FACTORY: 0x00, OTA_0: 0x10, TEST: 0x20 } as const;
export const DATA_SUBTYPE = { OTA: 0, PHY: 1, NVS: 2 } as const;

export interface Partition {
  readonly label: string;
  readonly type: number;
  readonly subtype: number;
  readonly offset: number;
  readonly sizeBytes: number;
  readonly isEncrypted: boolean;
}

export interface PartitionTable {
  readonly partitions: readonly Partition[];
  /** The generator can add a digest row; this SDK never does, and its bootloader lists one as "unknown". */
  readonly md5: Uint8Array | undefined;
}

/**
 * Reads a table as the bootloader does.
 * @throws ProtocolError ESPRIG_PARTITIONS_BAD with the bootloader's own complaint
 */
export function parsePartitionTable(bytes: Uint8Array): PartitionTable {
  const partitions: Partition[] = [];
  let md5: Uint8Array | undefined;
  for (let row = 0; row < MAX_PARTITION_ROWS; row += 1) {
    const at = row * PARTITION_ROW_BYTES;
    if (at + PARTITION_ROW_BYTES > bytes.length) break;
    const magic = readU16LE(bytes, at);
    if (magic === 0xffff && bytes[at + 2] === 0xff && bytes[at + 3] === 0xff) return { partitions, md5 };
    if (magic === MD5_MAGIC) {
      md5 = bytes.slice(at + 16, at + 32);
      continue;
    }
    if (magic !== ROW_MAGIC) throw bad(`partition ${row} invalid magic number ${hex(magic)}`, at);
    partitions.push({
      type: bytes[at + 2]!,
      subtype: bytes[at + 3]!,
      offset: readU32LE(bytes, at + 4),
      sizeBytes: readU32LE(bytes, at + 8),
      label: cString(bytes.subarray(at + 12, at + 12 + LABEL_BYTES)),
      isEncrypted: (readU32LE(bytes, at + 28) & 1) !== 0,
    });
  }
  throw bad('partition table has no terminating entry, not valid', bytes.length);
}

/**
 * A table of 0xC00 bytes as the SDK's build makes it: no digest row, 0xFF behind the rows.
 * @throws ProtocolError ESPRIG_PARTITIONS_BAD for too many rows or a label that does not fit
 */
export function encodePartitionTable(partitions: readonly Partition[]): Uint8Array {
  if (partitions.length >= MAX_PARTITION_ROWS) {
    throw bad(`${partitions.length} partitions, at most ${MAX_PARTITION_ROWS - 1} fit`, 0);
  }
  const out = new Uint8Array(PARTITION_TABLE_BYTES).fill(0xff);
  partitions.forEach((partition, row) => {
    const at = row * PARTITION_ROW_BYTES;
    const label = fromLatin1(partition.label);
    if (label.length > LABEL_BYTES) throw bad(`label "${partition.label}" is longer than ${LABEL_BYTES}`, at);
    out.fill(0, at, at + PARTITION_ROW_BYTES);
    putU16(out, at, ROW_MAGIC);
    out[at + 2] = partition.type;
    out[at + 3] = partition.subtype;
    writeU32LE(out, at + 4, partition.offset);
    writeU32LE(out, at + 8, partition.sizeBytes);
    out.set(label, at + 12);
    writeU32LE(out, at + 28, partition.isEncrypted ? 1 : 0);
  });
  return out;
}

/**
 * Complaints about a table, worst first: what the bootloader refuses, then what a build should refuse. Empty = good.
 */
export function verifyPartitions(partitions: readonly Partition[], flashBytes: number): readonly string[] {
  return [
    ...beyondChip(partitions, flashBytes),
    ...overlaps(partitions),
    ...sameLabels(partitions),
    ...misaligned(partitions),
    ...neverTried(partitions),
  ];
}

/** Rows for which the bootloader refuses the whole table, in its words. */
export function beyondChip(partitions: readonly Partition[], flashBytes: number): readonly string[] {
  return partitions.flatMap(({ offset, sizeBytes }, row) =>
    offset > flashBytes || offset + sizeBytes > flashBytes
      ? [
          `partition ${row} invalid - offset ${hex(offset)} size ${hex(sizeBytes)} ` +
            `exceeds flash chip size ${hex(flashBytes)}`,
        ]
      : [],
  );
}

/** OTA slots behind a gap: the bootloader counts the rows and takes the count for the end of the numbers. */
function neverTried(partitions: readonly Partition[]): string[] {
  const slots = otaSlots(partitions);
  return slots.flatMap((slot) => {
    const index = otaIndexOf(slot)!;
    if (index < slots.length) return [];
    return [
      `${slot.label}: OTA slot ${index} of ${slots.length}, counted from 0: the bootloader never tries it`,
    ];
  });
}

/** The SDK's build refuses them: by its label `esp_partition_find_first` finds one of them only. */
function sameLabels(partitions: readonly Partition[]): string[] {
  const labels = partitions.map(({ label }) => label);
  return [...new Set(labels)].flatMap((label) => {
    const count = labels.filter((each) => each === label).length;
    return count === 1 ? [] : [`${label}: the label of ${count} partitions, each needs its own`];
  });
}

function overlaps(partitions: readonly Partition[]): string[] {
  const table: Partition = {
    label: 'partition table',
    type: 0xff,
    subtype: 0xff,
    offset: 0,
    sizeBytes: PARTITION_TABLE_OFFSET + 0x1000,
    isEncrypted: false,
  };
  const sorted = [table, ...partitions].sort((a, b) => a.offset - b.offset);
  return sorted.flatMap(({ label, offset, sizeBytes }, index) => {
    const end = offset + sizeBytes;
    return sorted
      .slice(index + 1)
      .filter((later) => later.offset < end)
      .map((later) => `${later.label} at ${hex(later.offset)} lies over ${label}, which ends at ${hex(end)}`);
  });
}

function misaligned(partitions: readonly Partition[]): string[] {
  return partitions.flatMap(({ label, type, offset, sizeBytes }) => {
    const complaints: string[] = [];
    // The cache maps a whole MiB, so an app may begin with any sector. Data may begin with any word, says the SDK's build,
    // but what shares a sector with its neighbour is erased with it.
    if (offset % FLASH_SECTOR_BYTES !== 0) {
      complaints.push(`${label}: offset ${hex(offset)} is no multiple of ${hex(FLASH_SECTOR_BYTES)}`);
    }
    if (sizeBytes % FLASH_SECTOR_BYTES !== 0) {
      complaints.push(`${label}: size ${hex(sizeBytes)} is not made of sectors`);
    }
    if (type === PARTITION_TYPE.APP && (offset % FLASH_WINDOW_SIZE) + sizeBytes > FLASH_WINDOW_SIZE) {
      complaints.push(`${label}: crosses a 1 MiB boundary, code behind it cannot be mapped`);
    }
    return complaints;
  });
}

/** Whether a row is an OTA slot, and which. */
export function otaIndexOf(partition: Partition): number | undefined {
  const index = partition.subtype - APP_SUBTYPE.OTA_0;
  return partition.type === PARTITION_TYPE.APP && index >= 0 && index < 16 ? index : undefined;
}

/** The row of this type; of several the last, as the bootloader keeps them. */
export function lastRowOf(
  partitions: readonly Partition[],
  type: number,
  subtype: number,
): Partition | undefined {
  return partitions.filter((each) => each.type === type && each.subtype === subtype).at(-1);
}

/** OTA slots by their number. */
export function otaSlots(partitions: readonly Partition[]): readonly Partition[] {
  return partitions
    .filter((partition) => otaIndexOf(partition) !== undefined)
    .sort((a, b) => a.subtype - b.subtype);
}

/** Every row that can hold an app, as slots. */
export function appSlots(partitions: readonly Partition[]): readonly Slot[] {
  return partitions.filter((partition) => partition.type === PARTITION_TYPE.APP);
}

/** The word the bootloader prints for a row. */
export function partitionUsage(partition: Partition): string {
  if (partition.type === PARTITION_TYPE.APP) {
    if (partition.subtype === APP_SUBTYPE.FACTORY) return 'factory app';
    if (partition.subtype === APP_SUBTYPE.TEST) return 'test app';
    return otaIndexOf(partition) === undefined ? 'Unknown app' : 'OTA app';
  }
  if (partition.type !== PARTITION_TYPE.DATA) return 'unknown';
  return ['OTA data', 'RF data', 'WiFi data'][partition.subtype] ?? 'Unknown data';
}

function bad(message: string, offset: number): ProtocolError {
  return new ProtocolError('ESPRIG_PARTITIONS_BAD', message, { details: { offset } });
}
