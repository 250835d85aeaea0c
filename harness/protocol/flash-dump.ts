/** A dump of a whole flash taken apart: bootloader, partition table, otadata, the app in each slot. */
import { ProtocolError } from '../core/errors';
import { isFilledWith } from './bytes';
import { inspectImage, type ImageInfo } from './image';
import {
  bootTargetsOf,
  chooseBootSlot,
  FACTORY_INDEX,
  OTADATA_BYTES,
  parseOtaData,
  type BootChoice,
  type OtaData,
} from './otadata';
import {
  APP_SUBTYPE,
  DATA_SUBTYPE,
  otaSlots,
  parsePartitionTable,
  PARTITION_TABLE_BYTES,
  PARTITION_TABLE_OFFSET,
  PARTITION_TYPE,
  type Partition,
} from './partition-table';

export interface DumpedApp {
  readonly partition: Partition;
  /** Undefined for an erased or absent slot. */
  readonly image: ImageInfo | undefined;
}

export interface FlashDump {
  readonly bootloader: ImageInfo;
  /** Undefined when the table is unusable; `tableProblem` tells why. */
  readonly partitions: readonly Partition[] | undefined;
  readonly tableProblem: string | undefined;
  readonly apps: readonly DumpedApp[];
  readonly otaData: OtaData | undefined;
  readonly boot: BootChoice | undefined;
  /** The partition that the bootloader tries first. */
  readonly bootPartition: Partition | undefined;
}

/** Takes a dump from offset 0 apart; bytes beyond its end count as erased. Never throws. */
export function inspectFlashDump(bytes: Uint8Array): FlashDump {
  const bootloader = inspectImage(bytes.subarray(0, PARTITION_TABLE_OFFSET));
  const empty = { apps: [], otaData: undefined, boot: undefined, bootPartition: undefined };
  let partitions: readonly Partition[];
  try {
    const end = PARTITION_TABLE_OFFSET + PARTITION_TABLE_BYTES;
    ({ partitions } = parsePartitionTable(bytes.subarray(PARTITION_TABLE_OFFSET, end)));
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return { bootloader, partitions: undefined, tableProblem: error.message, ...empty };
  }
  const apps = partitions
    .filter((partition) => partition.type === PARTITION_TYPE.APP)
    .map((partition): DumpedApp => {
      const content = bytes.subarray(partition.offset, partition.offset + partition.sizeBytes);
      return { partition, image: isFilledWith(content, 0xff) ? undefined : inspectImage(content) };
    });
  const otaData = readOtaData(bytes, partitions);
  const boot = chooseBootSlot(
    otaData ?? parseOtaData(new Uint8Array(OTADATA_BYTES).fill(0xff)),
    bootTargetsOf(partitions),
  );
  return {
    bootloader,
    partitions,
    tableProblem: undefined,
    apps,
    otaData,
    boot,
    bootPartition: partitionAt(partitions, boot.order[0]),
  };
}

function readOtaData(bytes: Uint8Array, partitions: readonly Partition[]): OtaData | undefined {
  const row = partitions.find(
    ({ type, subtype }) => type === PARTITION_TYPE.DATA && subtype === DATA_SUBTYPE.OTA,
  );
  if (row === undefined || row.sizeBytes < OTADATA_BYTES) return undefined;
  const content = new Uint8Array(OTADATA_BYTES).fill(0xff);
  content.set(bytes.subarray(row.offset, row.offset + OTADATA_BYTES));
  return parseOtaData(content);
}

function partitionAt(partitions: readonly Partition[], index: number | undefined): Partition | undefined {
  if (index === undefined) return undefined;
  if (index !== FACTORY_INDEX) return otaSlots(partitions)[index];
  return partitions.find(
    ({ type, subtype }) => type === PARTITION_TYPE.APP && subtype === APP_SUBTYPE.FACTORY,
  );
}
