/** A dump of a whole flash taken apart: bootloader, partition table, otadata, the app in each slot; and what boots of it. */
import { FLASH_WINDOW_SIZE } from '../chip/esp8266';
import { ProtocolError } from '../core/errors';
import { contentOf, otaDataIn, searchBoot, type BootSearch } from './boot-search';
import { loadAsRom } from './bootloader-check';
import { hex, isFilledWith } from './bytes';
import { inspectImage, type ImageInfo } from './image';
import type { OtaData } from './otadata';
import {
  beyondChip,
  parsePartitionTable,
  PARTITION_TABLE_BYTES,
  PARTITION_TABLE_OFFSET,
  PARTITION_TYPE,
  verifyPartitions,
  type Partition,
} from './partition-table';

export interface DumpedApp {
  readonly partition: Partition;
  /** Undefined for an erased or absent slot. */
  readonly image: ImageInfo | undefined;
  /** Why the image cannot run in this slot, however whole it is; the bootloader does not look at that. */
  readonly complaint: string | undefined;
}

export interface FlashDump {
  readonly bootloader: ImageInfo;
  /** Undefined when the table cannot be read. */
  readonly partitions: readonly Partition[] | undefined;
  /** Why the bootloader refuses the table. */
  readonly tableProblem: string | undefined;
  /** All there is to say against a table that can be read. */
  readonly tableComplaints: readonly string[];
  readonly apps: readonly DumpedApp[];
  readonly otaData: OtaData | undefined;
  /** Undefined when the bootloader refuses the table and searches for nothing. */
  readonly boot: BootSearch | undefined;
  /** What boots; undefined when nothing does, and `bootProblem` tells why. */
  readonly bootPartition: Partition | undefined;
  readonly bootProblem: string | undefined;
}

/** Takes a dump from offset 0 apart; its length counts as the size of the chip. Never throws. */
export function inspectFlashDump(bytes: Uint8Array): FlashDump {
  const bootloader = inspectImage(bytes.subarray(0, PARTITION_TABLE_OFFSET));
  const unbooted = { otaData: undefined, boot: undefined, bootPartition: undefined };
  let partitions: readonly Partition[];
  try {
    const end = PARTITION_TABLE_OFFSET + PARTITION_TABLE_BYTES;
    ({ partitions } = parsePartitionTable(bytes.subarray(PARTITION_TABLE_OFFSET, end)));
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    const { message } = error;
    const problems = { tableProblem: message, tableComplaints: [], bootProblem: message };
    return { bootloader, partitions: undefined, apps: [], ...unbooted, ...problems };
  }
  const apps = partitions
    .filter((partition) => partition.type === PARTITION_TYPE.APP)
    .map((partition) => appIn(bytes, partition));
  const tableComplaints = verifyPartitions(partitions, bytes.length);
  const [tableProblem] = beyondChip(partitions, bytes.length);
  const table = { partitions, tableProblem, tableComplaints };
  if (tableProblem !== undefined) {
    return { bootloader, apps, ...unbooted, ...table, bootProblem: tableProblem };
  }
  const boot = searchBoot(bytes, partitions);
  const bootProblem = hasBootloader(bytes, bootloader)
    ? boot.started === undefined
      ? boot.logged.at(-1)
      : undefined
    : 'the boot ROM starts no bootloader from 0x0';
  return {
    bootloader,
    ...table,
    apps,
    otaData: otaDataIn(bytes, partitions),
    boot,
    bootPartition: bootProblem === undefined ? boot.started : undefined,
    bootProblem,
  };
}

function appIn(flash: Uint8Array, partition: Partition): DumpedApp {
  const content = contentOf(flash, partition);
  if (isFilledWith(content, 0xff)) return { partition, image: undefined, complaint: undefined };
  const image = inspectImage(content);
  return { partition, image, complaint: linkComplaint(image, partition) };
}

function linkComplaint({ kind, linkedOffset }: ImageInfo, { offset }: Partition): string | undefined {
  if (kind === 'not-an-image') return undefined;
  if (linkedOffset === undefined) return 'nothing of it is linked for flash: it is no app';
  const place = offset % FLASH_WINDOW_SIZE;
  if (linkedOffset === place) return undefined;
  return `linked for a slot at ${hex(linkedOffset)}, not for ${hex(place)}: it crashes when it is started`;
}

function hasBootloader(flash: Uint8Array, { kind }: ImageInfo): boolean {
  return kind === 'ram' && loadAsRom(flash.subarray(0, PARTITION_TABLE_OFFSET)).ok;
}
