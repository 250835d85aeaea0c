import { createHash } from 'node:crypto';
import { inspectImage } from '../protocol/image';
import { partitionOf, type Layout } from '../protocol/layouts';
import {
  bootTargetsOf,
  chooseBootSlot,
  OTADATA_BYTES,
  parseOtaData,
  type OtaData,
} from '../protocol/otadata';
import { DATA_SUBTYPE, otaSlots, PARTITION_TYPE, type Partition } from '../protocol/partition-table';
import { checkAsBootloader } from '../protocol/bootloader-check';

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
  /** Label of the slot that the bootloader starts next; `none` when it would start none. */
  readonly bootSlot: string;
  /** Both records are blank where the layout has no otadata. */
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
  const part = (offset: number, sizeBytes: number): Uint8Array => flash.subarray(offset, offset + sizeBytes);
  const slots = otaSlots(partitions).map((slot) => ({
    label: slot.label,
    state: slotState(part(slot.offset, slot.sizeBytes), slot),
  }));
  const row = partitions.find(
    ({ type, subtype }) => type === PARTITION_TYPE.DATA && subtype === DATA_SUBTYPE.OTA,
  );
  const otadata = parseOtaData(
    row === undefined ? new Uint8Array(OTADATA_BYTES).fill(0xff) : part(row.offset, row.sizeBytes),
  );
  const { order } = chooseBootSlot(otadata, bootTargetsOf(partitions));
  const boots = order.map((index) => slots[index]).find((slot) => slot?.state.isBootable === true);
  return {
    bootSlot: boots?.label ?? 'none',
    otadata,
    slots: Object.fromEntries(slots.map(({ label, state }) => [label, state])),
    partitions: Object.fromEntries([
      ...Object.entries(BEFORE_PARTITIONS).map(([label, [offset, size]]) => [
        label,
        sha256(part(offset, size)),
      ]),
      ...partitions.map(({ label, offset, sizeBytes }) => [label, sha256(part(offset, sizeBytes))]),
    ]) as Readonly<Record<string, string>>,
  };
}

function slotState(bytes: Uint8Array, slot: Partition): SlotState {
  const { imageBytes, descriptor } = inspectImage(bytes);
  return {
    sha256: sha256(imageBytes === undefined ? bytes : bytes.subarray(0, imageBytes)),
    isBootable: checkAsBootloader(bytes, slot).ok,
    imageBytes,
    version: descriptor?.version,
  };
}
