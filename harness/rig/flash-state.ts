import { createHash } from 'node:crypto';
import { BLANK_OTADATA, contentOf, otaDataIn, searchBoot } from '../protocol/boot-search';
import { checkAsBootloader } from '../protocol/bootloader-check';
import { inspectImage } from '../protocol/image';
import { partitionOf, type Layout } from '../protocol/layouts';
import type { OtaData } from '../protocol/otadata';
import { otaSlots, type Partition } from '../protocol/partition-table';

/** What stands in a slot. */
export interface SlotState {
  /** SHA-256 in hex: of the image, so that it equals that of the file it came from, or of the whole slot if it is none. */
  readonly sha256: string;
  /** The bootloader would start it. */
  readonly isBootable: boolean;
  /** Its length, its digest included; undefined when there is no image. */
  readonly imageBytes: number | undefined;
  /** Of the app descriptor. */
  readonly version: string | undefined;
}

/** The flash as it stands, looked at from outside. */
export interface FlashState {
  /** Label of the slot, factory or test app that the bootloader starts next; `none` when it would start none. */
  readonly bootSlot: string;
  /** Both records are blank where the layout has no otadata of two sectors. */
  readonly otadata: OtaData;
  readonly slots: Readonly<Record<string, SlotState>>;
  /** SHA-256 in hex of every partition, and of `bootloader` and `partition-table` before them. */
  readonly partitions: Readonly<Record<string, string>>;
}

/** Where the regions before the first partition lie. */
const BEFORE_PARTITIONS = { bootloader: [0, 0x8000], 'partition-table': [0x8000, 0x1000] } as const;

/** Where a region of `partitions` lies. */
export function regionOf(layout: Layout, label: string): Pick<Partition, 'offset' | 'sizeBytes'> {
  if (!isBeforePartitions(label)) return partitionOf(layout, label);
  const [offset, sizeBytes] = BEFORE_PARTITIONS[label];
  return { offset, sizeBytes };
}

function isBeforePartitions(label: string): label is keyof typeof BEFORE_PARTITIONS {
  return Object.hasOwn(BEFORE_PARTITIONS, label);
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** What these bytes, the whole flash from offset 0 on, hold in that layout. */
export function flashStateOf(flash: Uint8Array, layout: Layout): FlashState {
  const { partitions } = layout;
  const slots = otaSlots(partitions).map((slot) => [slot.label, slotState(flash, slot)]);
  return {
    bootSlot: searchBoot(flash, partitions).started?.label ?? 'none',
    otadata: otaDataIn(flash, partitions) ?? BLANK_OTADATA,
    slots: Object.fromEntries(slots) as Readonly<Record<string, SlotState>>,
    partitions: Object.fromEntries([
      ...Object.entries(BEFORE_PARTITIONS).map(([label, [offset, size]]) => [
        label,
        sha256(flash.subarray(offset, offset + size)),
      ]),
      ...partitions.map((partition) => [partition.label, sha256(contentOf(flash, partition))]),
    ]) as Readonly<Record<string, string>>,
  };
}

function slotState(flash: Uint8Array, slot: Partition): SlotState {
  const bytes = contentOf(flash, slot);
  const { imageBytes, descriptor } = inspectImage(bytes);
  return {
    sha256: sha256(imageBytes === undefined ? bytes : bytes.subarray(0, imageBytes)),
    isBootable: checkAsBootloader(bytes, slot, { flashBytes: flash.length }).ok,
    imageBytes,
    version: descriptor?.version,
  };
}
