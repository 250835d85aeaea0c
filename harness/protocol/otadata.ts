/**
 * otadata: two sectors with one 32-byte record each that tell which OTA slot boots.
 * Record: u32 sequence, 24 bytes label, u32 CRC of the sequence. Sources: ESP8266_RTOS_SDK
 * `components/app_update/esp_ota_ops.c`, `components/bootloader_support/src/bootloader_utility.c`; images.md section 5.
 */
import { readU32LE, writeU32LE } from '../core/bytes';
import { ProtocolError, UsageError } from '../core/errors';
import { crc32, wordBytes } from './bytes';
import {
  APP_SUBTYPE,
  DATA_SUBTYPE,
  lastRowOf,
  otaSlots,
  PARTITION_TYPE,
  type Partition,
} from './partition-table';

export const OTADATA_BYTES = 0x2000;
export const OTADATA_SECTOR_BYTES = 0x1000;
export const OTA_RECORD_BYTES = 32;
const BLANK_SEQUENCE = 0xffffffff;
const CRC_OFFSET = 28;

export interface OtaRecord {
  readonly sequence: number;
  readonly crc: number;
  readonly isBlank: boolean;
  /** Sequence not blank and CRC right. Sequence 0 counts, too: its CRC is that of an erased word. */
  readonly isValid: boolean;
}

export interface OtaData {
  readonly records: readonly [OtaRecord, OtaRecord];
}

/** What a partition table offers to boot. */
export interface BootTargets {
  /** OTA slots, whatever their numbers; numbers from here on are never tried. */
  readonly slotCount: number;
  readonly hasFactory: boolean;
  readonly hasTest: boolean;
  /** Size of the otadata partition; undefined when the table has none. */
  readonly otaDataBytes: number | undefined;
}

/** What the bootloader counts apps by: the number of an OTA slot, or one of these. */
export const FACTORY_INDEX = -1;
export const TEST_INDEX = -2;
/** No app: it stops without a search. */
export const INVALID_INDEX = -99;

export interface BootChoice {
  /** Where the search begins. */
  readonly index: number;
  /** Every index in the order the bootloader tries them; factory and test app only if there is one. */
  readonly order: readonly number[];
  /** The line it prints about it, if any. */
  readonly logged: string | undefined;
}

/** CRC of a record: `crc32_le(0xFFFFFFFF, sequence)`. */
export function otaRecordCrc(sequence: number): number {
  return crc32(wordBytes(sequence), 0xffffffff);
}

/** @throws ProtocolError ESPRIG_OTADATA_BAD when fewer than two sectors are given */
export function parseOtaData(bytes: Uint8Array): OtaData {
  if (bytes.length < OTADATA_BYTES) {
    throw new ProtocolError(
      'ESPRIG_OTADATA_BAD',
      `otadata: ${bytes.length} bytes, two sectors (${OTADATA_BYTES}) wanted`,
    );
  }
  return { records: [parseRecord(bytes, 0), parseRecord(bytes, OTADATA_SECTOR_BYTES)] };
}

function parseRecord(bytes: Uint8Array, at: number): OtaRecord {
  const sequence = readU32LE(bytes, at);
  const crc = readU32LE(bytes, at + CRC_OFFSET);
  const isBlank = sequence === BLANK_SEQUENCE;
  return { sequence, crc, isBlank, isValid: !isBlank && crc === otaRecordCrc(sequence) };
}

/** One record as it stands at the start of its sector; the label stays erased. */
export function encodeOtaRecord(sequence: number, crc = otaRecordCrc(sequence)): Uint8Array {
  const record = new Uint8Array(OTA_RECORD_BYTES).fill(0xff);
  writeU32LE(record, 0, sequence);
  writeU32LE(record, CRC_OFFSET, crc);
  return record;
}

/** Both sectors; `undefined` leaves one erased. */
export function encodeOtaData(first: number | undefined, second: number | undefined): Uint8Array {
  const bytes = new Uint8Array(OTADATA_BYTES).fill(0xff);
  if (first !== undefined) bytes.set(encodeOtaRecord(first), 0);
  if (second !== undefined) bytes.set(encodeOtaRecord(second), OTADATA_SECTOR_BYTES);
  return bytes;
}

/** otadata that makes a slot boot first, as a flashing tool writes it. */
export function otaDataFor(slotIndex: number): Uint8Array {
  return encodeOtaData(slotIndex + 1, undefined);
}

export function bootTargetsOf(partitions: readonly Partition[]): BootTargets {
  return {
    slotCount: otaSlots(partitions).length,
    hasFactory: lastRowOf(partitions, PARTITION_TYPE.APP, APP_SUBTYPE.FACTORY) !== undefined,
    hasTest: lastRowOf(partitions, PARTITION_TYPE.APP, APP_SUBTYPE.TEST) !== undefined,
    otaDataBytes: lastRowOf(partitions, PARTITION_TYPE.DATA, DATA_SUBTYPE.OTA)?.sizeBytes,
  };
}

/** Which app the bootloader starts, or tries first, and in which order it goes on when one is not bootable. */
export function chooseBootSlot(otaData: OtaData, targets: BootTargets): BootChoice {
  const { index, logged } = firstChoice(otaData, targets);
  if (index === INVALID_INDEX) return { index, order: [], logged };
  const order: number[] = [];
  for (let each = index; each > FACTORY_INDEX; each -= 1) order.push(each);
  if (targets.hasFactory) order.push(FACTORY_INDEX);
  for (let each = index + 1; each < targets.slotCount; each += 1) order.push(each);
  if (targets.hasTest) order.push(TEST_INDEX);
  return { index, order: order.filter((each) => each < targets.slotCount), logged };
}

function firstChoice(
  { records }: OtaData,
  { slotCount, hasFactory, otaDataBytes }: BootTargets,
): { index: number; logged: string | undefined } {
  if (otaDataBytes === undefined) return { index: FACTORY_INDEX, logged: undefined };
  if (otaDataBytes < OTADATA_BYTES) {
    // It wants two sectors and names the size of a record.
    const logged = `ota_info partition size ${otaDataBytes} is too small (minimum ${OTA_RECORD_BYTES} bytes)`;
    return { index: INVALID_INDEX, logged };
  }
  if (records.every((record) => record.isBlank)) {
    return hasFactory
      ? { index: FACTORY_INDEX, logged: 'Defaulting to factory image' }
      : { index: 0, logged: 'No factory image, trying OTA 0' };
  }
  const largest = largestSequence(records);
  if (largest !== undefined && slotCount > 0) {
    // The SDK divides an int by a uint32_t, and in C that is without a sign: what precedes sequence 0 is 0xffffffff.
    return { index: ((largest - 1) >>> 0) % slotCount, logged: undefined };
  }
  const logged = hasFactory
    ? 'ota data partition invalid, falling back to factory'
    : 'ota data partition invalid and no factory, will try all partitions';
  return { index: FACTORY_INDEX, logged };
}

function largestSequence(records: readonly OtaRecord[]): number | undefined {
  const valid = records.filter((record) => record.isValid).map((record) => record.sequence);
  return valid.length === 0 ? undefined : Math.max(...valid);
}

export interface OtaWrite {
  /** 0 or 1; the sector is erased first. */
  readonly sector: 0 | 1;
  readonly sequence: number;
}

/**
 * What `esp_ota_set_boot_partition` writes to make a slot the next to boot.
 * @throws UsageError ESPRIG_USAGE when there is no such slot
 */
export function planBootSlot({ records }: OtaData, slotIndex: number, slotCount: number): OtaWrite {
  if (slotIndex < 0 || slotIndex >= slotCount) {
    throw new UsageError('ESPRIG_USAGE', `no OTA slot ${slotIndex}, there are ${slotCount}`);
  }
  const largest = largestSequence(records);
  if (largest === undefined) return { sector: 0, sequence: slotIndex + 1 };
  let sequence = (slotIndex + 1) % slotCount;
  sequence += Math.max(0, Math.ceil((largest - sequence) / slotCount)) * slotCount;
  const [first, second] = records;
  if (first.isValid && second.isValid) return { sector: first.sequence >= second.sequence ? 1 : 0, sequence };
  return { sector: first.isValid ? 1 : 0, sequence };
}

/**
 * Slot that the next update goes to: the one after the running one.
 * @throws UsageError ESPRIG_USAGE when there is no other slot
 */
export function nextUpdateSlot(partitions: readonly Partition[], runningLabel: string): Partition {
  const slots = otaSlots(partitions);
  const running = slots.findIndex((slot) => slot.label === runningLabel);
  const next = slots[(running + 1) % slots.length];
  if (next === undefined || next.label === runningLabel) {
    throw new UsageError('ESPRIG_USAGE', `no slot to update while ${runningLabel} runs`, {
      hint: 'The layout needs two OTA slots.',
    });
  }
  return next;
}
