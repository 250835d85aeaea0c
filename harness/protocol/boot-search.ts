/**
 * Which app a flash boots: the bootloader's choice by otadata, and its search from there through all that could be started.
 * Source: ESP8266_RTOS_SDK `components/bootloader_support/src/bootloader_utility.c`, ESP8266 half.
 */
import { checkAsBootloader } from './bootloader-check';
import {
  bootTargetsOf,
  chooseBootSlot,
  encodeOtaData,
  FACTORY_INDEX,
  INVALID_INDEX,
  OTADATA_BYTES,
  parseOtaData,
  TEST_INDEX,
  type BootChoice,
  type OtaData,
} from './otadata';
import {
  APP_SUBTYPE,
  DATA_SUBTYPE,
  lastRowOf,
  otaIndexOf,
  PARTITION_TYPE,
  type Partition,
} from './partition-table';

export interface RefusedApp {
  readonly partition: Partition;
  /** What the bootloader prints about it. */
  readonly why: string;
}

export interface BootSearch {
  readonly choice: BootChoice;
  /** What is tried first; undefined when there is nothing to try. */
  readonly first: Partition | undefined;
  /** What is tried and not started, in the order of the search. */
  readonly refused: readonly RefusedApp[];
  /** What is started, wherever it is linked for; undefined when nothing is. */
  readonly started: Partition | undefined;
  /** The lines that the bootloader prints about choice and search, in their order. */
  readonly logged: readonly string[];
}

/** What the bootloader reads of an erased otadata partition. */
export const BLANK_OTADATA = parseOtaData(encodeOtaData(undefined, undefined));
const SPECIAL_SUBTYPES: ReadonlyMap<number, number> = new Map([
  [FACTORY_INDEX, APP_SUBTYPE.FACTORY],
  [TEST_INDEX, APP_SUBTYPE.TEST],
]);

/** What a bootloader does with a whole flash, from offset 0 on, and these partitions. */
export function searchBoot(flash: Uint8Array, partitions: readonly Partition[]): BootSearch {
  const targets = bootTargetsOf(partitions);
  const choice = chooseBootSlot(otaDataIn(flash, partitions) ?? BLANK_OTADATA, targets);
  const logged = choice.logged === undefined ? [] : [choice.logged];
  const refused: RefusedApp[] = [];
  for (const index of choice.order) {
    const partition = bootTargetAt(partitions, index);
    if (partition === undefined) continue;
    const verdict = checkAsBootloader(contentOf(flash, partition), partition, { flashBytes: flash.length });
    if (verdict.ok) {
      if (index === TEST_INDEX) logged.push('Falling back to test app as only bootable partition');
      return { choice, first: refused[0]?.partition ?? partition, refused, started: partition, logged };
    }
    refused.push({ partition, why: verdict.lines.at(-1)! });
  }
  if (choice.index !== INVALID_INDEX) logged.push('No bootable app partitions in the partition table');
  return { choice, first: refused[0]?.partition, refused, started: undefined, logged };
}

/** The row behind an index: a slot by its number, not by its place. A row of size 0 is passed over without a word. */
function bootTargetAt(partitions: readonly Partition[], index: number): Partition | undefined {
  const special = SPECIAL_SUBTYPES.get(index);
  const row =
    special === undefined
      ? partitions.filter((each) => otaIndexOf(each) === index).at(-1)
      : lastRowOf(partitions, PARTITION_TYPE.APP, special);
  return row?.sizeBytes === 0 ? undefined : row;
}

/** Records of the otadata partition, what lies beyond the flash as erased; undefined without one of two sectors. */
export function otaDataIn(flash: Uint8Array, partitions: readonly Partition[]): OtaData | undefined {
  const row = lastRowOf(partitions, PARTITION_TYPE.DATA, DATA_SUBTYPE.OTA);
  if (row === undefined || row.sizeBytes < OTADATA_BYTES) return undefined;
  const content = new Uint8Array(OTADATA_BYTES).fill(0xff);
  content.set(flash.subarray(row.offset, row.offset + OTADATA_BYTES));
  return parseOtaData(content);
}

/** What stands in a partition, as far as the flash goes. */
export function contentOf(flash: Uint8Array, { offset, sizeBytes }: Partition): Uint8Array {
  return flash.subarray(offset, offset + sizeBytes);
}
