import { createHash } from 'node:crypto';
import { inspectImage } from '../protocol/image';
import type { Layout } from '../protocol/layouts';
import { bootTargetsOf, chooseBootSlot, parseOtaData, type OtaData } from '../protocol/otadata';
import { DATA_SUBTYPE, otaSlots, PARTITION_TYPE } from '../protocol/partition-table';
import { checkAsBootloader } from '../protocol/bootloader-check';

/** Digest of a region of the flash. */
export interface RegionDigest {
  readonly label: string;
  readonly offset: number;
  readonly sizeBytes: number;
  /** SHA-256 in hex. */
  readonly sha256: string;
}

export interface SlotState extends RegionDigest {
  /** The bootloader would start it. */
  readonly isBootable: boolean;
  /** Bytes of the image, its digest included; undefined when there is none. */
  readonly imageBytes: number | undefined;
  /** SHA-256 of those bytes: equal to that of the file it came from. */
  readonly imageSha256: string | undefined;
  /** Of the app descriptor. */
  readonly version: string | undefined;
}

/** The flash as it stands, looked at from outside. */
export interface FlashState {
  /** Label of the slot that the bootloader starts next; undefined when it would start none. */
  readonly bootSlot: string | undefined;
  readonly otaData: OtaData | undefined;
  readonly slots: readonly SlotState[];
  /** Every partition, and `bootloader` and `partition-table` before them. */
  readonly partitions: readonly RegionDigest[];
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** What these bytes, the whole flash from offset 0 on, hold in that layout. */
export function flashStateOf(flash: Uint8Array, layout: Layout): FlashState {
  const digest = (label: string, offset: number, sizeBytes: number): RegionDigest => ({
    ...{ label, offset, sizeBytes },
    sha256: sha256(flash.subarray(offset, offset + sizeBytes)),
  });
  const { partitions } = layout;
  const slots = otaSlots(partitions).map((slot): SlotState => {
    const bytes = flash.subarray(slot.offset, slot.offset + slot.sizeBytes);
    const info = inspectImage(bytes);
    const { imageBytes } = info;
    const image = imageBytes === undefined ? undefined : bytes.subarray(0, imageBytes);
    return {
      ...digest(slot.label, slot.offset, slot.sizeBytes),
      isBootable: checkAsBootloader(bytes, slot).ok,
      imageBytes,
      imageSha256: image && sha256(image),
      version: info.descriptor?.version,
    };
  });
  const row = partitions.find(
    (each) => each.type === PARTITION_TYPE.DATA && each.subtype === DATA_SUBTYPE.OTA,
  );
  const otaData = row && parseOtaData(flash.subarray(row.offset, row.offset + row.sizeBytes));
  return {
    bootSlot: otaData && bootSlotOf(otaData, layout, slots),
    otaData,
    slots,
    partitions: [
      digest('bootloader', 0, 0x8000),
      digest('partition-table', 0x8000, 0x1000),
      ...partitions.map((each) => digest(each.label, each.offset, each.sizeBytes)),
    ],
  };
}

function bootSlotOf(otaData: OtaData, layout: Layout, slots: readonly SlotState[]): string | undefined {
  const { order } = chooseBootSlot(otaData, bootTargetsOf(layout.partitions));
  return order.map((index) => slots[index]).find((slot) => slot?.isBootable === true)?.label;
}
