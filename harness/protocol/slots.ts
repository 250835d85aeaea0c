/**
 * Which image may go into which slot: the rules of the device contract (design.md section 4), written here a second
 * time and independently of the firmware's C, and the weaker check that the SDK itself makes.
 *
 * Order of the checks, each of which a device can make while the bytes stream in:
 *   before anything is erased, from the announced length and the first eight bytes:
 *     too_large     more bytes announced than the slot holds
 *     truncated     fewer than eight bytes
 *     bad_magic     byte 0 is not 0xE9
 *     bad_header    no segments, or more than 16
 *     wrong_slot    entry outside [0x40200000 + (offset & 0xFFFFF) + 0x10, 0x40200000 + (offset & 0xFFFFF) + size)
 *   at verification, before the boot slot moves, segment by segment and then the tail:
 *     bad_header    a segment that is not made of whole words, reaches beyond the slot, lies in no memory an app is
 *                   loaded to, or is linked for flash addresses that are not where the slot maps it; a first segment
 *                   for RAM; an entry in no flash segment; bytes after the end
 *     truncated     the bytes end before the image does (checksum block and SHA-256 included)
 *     bad_checksum  checksum byte or SHA-256 wrong
 */
import { FLASH_WINDOW_BASE, FLASH_WINDOW_SIZE } from '../chip/esp8266';
import { equalBytes, readU32LE } from '../core/bytes';
import { hex, xorChecksum } from './bytes';
import {
  checksumBlockEnd,
  CHECKSUM_SEED,
  FIRST_DATA_OFFSET,
  IMAGE_HEADER_BYTES,
  IMAGE_MAGIC,
  loadRegionOf,
  MAX_SEGMENTS,
  SEGMENT_HEADER_BYTES,
  SHA256_BYTES,
} from './image-format';
import { sha256Of } from './image';

/** A place for an app in flash. A partition row of type app has this shape. */
export interface Slot {
  readonly label: string;
  readonly offset: number;
  readonly sizeBytes: number;
}

/** Addresses an app in a slot is linked for: first possible entry, and the end. */
export interface LinkWindow {
  readonly firstAddr: number;
  readonly endAddr: number;
}

/** Refusals that speak about the image; the contract has others about the request. */
export type ImageRefusal =
  'bad_magic' | 'wrong_slot' | 'bad_header' | 'bad_checksum' | 'truncated' | 'too_large';

/** HTTP status of each refusal. */
export const REFUSAL_STATUS: Readonly<Record<ImageRefusal, number>> = {
  bad_magic: 400,
  wrong_slot: 400,
  bad_header: 400,
  bad_checksum: 400,
  truncated: 400,
  too_large: 413,
};

export type RefusalMoment = 'before-erase' | 'verification';

export type SlotVerdict =
  | { readonly ok: true }
  | {
      readonly ok: false;
      readonly error: ImageRefusal;
      readonly moment: RefusalMoment;
      /** Where in the file. */
      readonly offset: number;
      readonly detail: string;
    };

/** How much too low the image writer may leave a flash segment's load address. */
const RODATA_QUIRK_BYTES = 8;

/** Start of the mapped view of a slot; a slot's bytes appear at this address once it runs. */
export function slotBaseAddr(slot: Pick<Slot, 'offset'>): number {
  return FLASH_WINDOW_BASE + (slot.offset & (FLASH_WINDOW_SIZE - 1));
}

export function linkWindow(slot: Pick<Slot, 'offset' | 'sizeBytes'>): LinkWindow {
  const base = slotBaseAddr(slot);
  return { firstAddr: base + FIRST_DATA_OFFSET, endAddr: base + slot.sizeBytes };
}

/** What the announced length and the first eight bytes decide; `ok` means: go on and erase. */
export function checkFirstEight(first: Uint8Array, announcedBytes: number, slot: Slot): SlotVerdict {
  const refuse = (error: ImageRefusal, offset: number, detail: string): SlotVerdict => ({
    ok: false,
    error,
    moment: 'before-erase',
    offset,
    detail,
  });
  if (announcedBytes > slot.sizeBytes) {
    const detail = `${announcedBytes} bytes announced, ${slot.label} holds ${slot.sizeBytes}`;
    return refuse('too_large', slot.sizeBytes, detail);
  }
  if (announcedBytes < IMAGE_HEADER_BYTES || first.length < IMAGE_HEADER_BYTES) {
    const bytes = Math.min(announcedBytes, first.length);
    return refuse('truncated', bytes, `${bytes} bytes, an image header has ${IMAGE_HEADER_BYTES}`);
  }
  if (first[0] !== IMAGE_MAGIC) return refuse('bad_magic', 0, `first byte ${hex(first[0]!, 2)}, not 0xe9`);
  const count = first[1]!;
  if (count === 0 || count > MAX_SEGMENTS) {
    return refuse('bad_header', 1, `${count} segments, 1 to ${MAX_SEGMENTS} allowed`);
  }
  const entry = readU32LE(first, 4);
  const { firstAddr, endAddr } = linkWindow(slot);
  if (entry < firstAddr || entry >= endAddr) {
    const window = `${hex(firstAddr, 8)} to ${hex(endAddr - 1, 8)}`;
    return refuse('wrong_slot', 4, `entry ${hex(entry, 8)} outside ${slot.label}: ${window}`);
  }
  return { ok: true };
}

/** The whole check, as the contract has it, of an upload that carries exactly these bytes. */
export function checkForSlot(image: Uint8Array, slot: Slot): SlotVerdict {
  const first = checkFirstEight(image.subarray(0, IMAGE_HEADER_BYTES), image.length, slot);
  return first.ok ? verifyForSlot(image, slot) : first;
}

/** The second part alone: what a device checks once all bytes are in the slot. */
export function verifyForSlot(image: Uint8Array, slot: Slot): SlotVerdict {
  const refuse = (error: ImageRefusal, offset: number, detail: string): SlotVerdict => ({
    ok: false,
    error,
    moment: 'verification',
    offset,
    detail,
  });
  const count = image[1]!;
  const entry = readU32LE(image, 4);
  const base = slotBaseAddr(slot);
  let offset = IMAGE_HEADER_BYTES;
  let sum = CHECKSUM_SEED;
  let isEntryInside = false;
  for (let index = 0; index < count; index += 1) {
    const dataOffset = offset + SEGMENT_HEADER_BYTES;
    if (dataOffset > image.length) return refuse('truncated', offset, `no header of segment ${index}`);
    const loadAddr = readU32LE(image, offset);
    const sizeBytes = readU32LE(image, offset + 4);
    const range = `segment ${index}, ${hex(loadAddr, 8)} + ${hex(sizeBytes)}`;
    if (sizeBytes % 4 !== 0 || loadAddr % 4 !== 0) {
      return refuse('bad_header', offset, `${range}: not made of whole words`);
    }
    if (dataOffset + sizeBytes > slot.sizeBytes) {
      return refuse('bad_header', offset, `${range}: reaches beyond ${slot.label}`);
    }
    const region = loadRegionOf(loadAddr, sizeBytes);
    if (region === undefined) return refuse('bad_header', offset, `${range}: no memory to load it to`);
    if (region.name === 'flash') {
      // Code runs where its file offset is mapped; rodata's load address may be 8 too low (images.md 2.2).
      const start = base + dataOffset;
      if (loadAddr !== start && loadAddr + RODATA_QUIRK_BYTES !== start) {
        return refuse('bad_header', offset, `${range}: ${slot.label} maps it at ${hex(start, 8)}`);
      }
      isEntryInside ||= entry >= start && entry < start + sizeBytes;
    } else if (index === 0) {
      // `call_start_cpu` of the SDK steps over a segment before it copies the first time.
      return refuse('bad_header', offset, `${range}: nothing copies a first one to RAM`);
    }
    if (dataOffset + sizeBytes > image.length) {
      const missing = dataOffset + sizeBytes - image.length;
      return refuse('truncated', image.length, `${range}: ${missing} bytes missing`);
    }
    sum = xorChecksum(image.subarray(dataOffset, dataOffset + sizeBytes), sum);
    offset = dataOffset + sizeBytes;
  }
  if (!isEntryInside) return refuse('bad_header', 4, `entry ${hex(entry, 8)} is in no flash segment`);
  const blockEnd = checksumBlockEnd(offset);
  const endOffset = blockEnd + SHA256_BYTES;
  if (image.length < endOffset) {
    return refuse('truncated', image.length, `the image ends at ${endOffset}, ${image.length} bytes came`);
  }
  if (image.length > endOffset) {
    const extra = image.length - endOffset;
    return refuse('bad_header', endOffset, `${extra} bytes after the end of the image`);
  }
  if (image[blockEnd - 1] !== sum) {
    const detail = `checksum ${hex(image[blockEnd - 1]!, 2)}, the data give ${hex(sum, 2)}`;
    return refuse('bad_checksum', blockEnd - 1, detail);
  }
  if (!equalBytes(image.subarray(blockEnd), sha256Of(image.subarray(0, blockEnd)))) {
    return refuse('bad_checksum', blockEnd, 'the SHA-256 at the end does not fit');
  }
  return { ok: true };
}

/** The slots among these that the image may serve in. */
export function slotsServedBy(image: Uint8Array, slots: readonly Slot[]): readonly Slot[] {
  return slots.filter((slot) => checkForSlot(image, slot).ok);
}

/**
 * What `esp_ota_end` of the SDK checks of the entry: nothing for slots that end above 1 MiB, else both limits strict and
 * counted from 0x40200010: the first code of a slot is refused, 16 bytes behind its end pass. Source: ESP8266_RTOS_SDK
 * `components/app_update/esp_ota_ops.c`, `esp_ota_verify_binary`.
 */
export function sdkAcceptsEntry(entryAddr: number, slot: Slot): boolean {
  if (slot.offset + slot.sizeBytes > FLASH_WINDOW_SIZE) return true;
  const entry = entryAddr - (FLASH_WINDOW_BASE + FIRST_DATA_OFFSET);
  return entry > slot.offset && entry < slot.offset + slot.sizeBytes;
}
