/**
 * Would the boot chain start this? The second-stage bootloader's check of an app (`esp_image_load` of the SDK with its
 * default configuration: checksum byte, no SHA) and the boot ROM's load of a RAM image, with the lines each would print.
 * Sources: ESP8266_RTOS_SDK `components/bootloader_support/src/esp_image_format.c`; images.md 2.3, 6.1, 6.2; chip.md 5.2.
 */
import { readU32LE } from '../core/bytes';
import { hex, xorChecksum } from './bytes';
import {
  checksumBlockEnd,
  CHECKSUM_SEED,
  FILL_ERASED,
  IMAGE_HEADER_BYTES,
  IMAGE_MAGIC,
  MAX_SEGMENTS,
  SEGMENT_HEADER_BYTES,
} from './image-format';
import type { Slot } from './slots';

export interface BootloaderVerdict {
  readonly ok: boolean;
  /** The `esp_image` lines it prints, errors included, without time, colour and tag. */
  readonly lines: readonly string[];
}

export interface BootloaderOptions {
  /** Size of the flash chip: reads beyond it fail. */
  readonly flashBytes?: number;
}

/**
 * What the bootloader says about a slot that holds these bytes and is erased behind them. It knows nothing of link
 * windows: an image for another slot passes, and crashes when it runs.
 */
export function checkAsBootloader(
  image: Uint8Array,
  slot: Slot,
  options: BootloaderOptions = {},
): BootloaderVerdict {
  const flashBytes = options.flashBytes ?? 0x400000;
  const lines: string[] = [];
  const fail = (line: string): BootloaderVerdict => ({ ok: false, lines: [...lines, line] });
  const flash = new SlotView(image);
  const at = hex(slot.offset);
  if (flash.byte(0) !== IMAGE_MAGIC) return fail(`image at ${at} has invalid magic byte`);
  const count = flash.byte(1);
  if (count > MAX_SEGMENTS) {
    return fail(`image at ${at} segment count ${count} exceeds max ${MAX_SEGMENTS}`);
  }
  let offset = IMAGE_HEADER_BYTES;
  let sum = CHECKSUM_SEED;
  for (let index = 0; index < count; index += 1) {
    const loadAddr = flash.word(offset);
    const sizeBytes = flash.word(offset + 4);
    const dataOffset = offset + SEGMENT_HEADER_BYTES;
    if (sizeBytes % 4 !== 0) return fail(`unaligned segment length ${hex(sizeBytes)}`);
    const isMapped = loadAddr >= 0x40200000 && loadAddr < 0x40300000;
    lines.push(
      `segment ${index}: paddr=${hex(slot.offset + dataOffset, 8)} vaddr=${hex(loadAddr, 8)} ` +
        `size=${hex(sizeBytes, 5)} (${sizeBytes.toString().padStart(6)}) ${isMapped ? 'map' : 'load'}`,
    );
    if (slot.offset + dataOffset + sizeBytes > flashBytes) return fail('bootloader read flash error');
    sum ^= flash.xor(dataOffset, sizeBytes);
    offset = dataOffset + sizeBytes;
  }
  const imageBytes = checksumBlockEnd(offset);
  const stored = flash.byte(imageBytes - 1);
  if (stored !== sum) return fail(`Checksum failed. Calculated ${hex(sum)} read ${hex(stored)}`);
  if (imageBytes > slot.sizeBytes) {
    return fail(`Image length ${imageBytes} doesn't fit in partition length ${slot.sizeBytes}`);
  }
  return { ok: true, lines };
}

/** Image bytes with erased flash behind them, without end. */
class SlotView {
  private readonly image: Uint8Array;

  constructor(image: Uint8Array) {
    this.image = image;
  }

  byte(offset: number): number {
    return this.image[offset] ?? FILL_ERASED;
  }

  word(offset: number): number {
    return (
      (this.byte(offset) |
        (this.byte(offset + 1) << 8) |
        (this.byte(offset + 2) << 16) |
        (this.byte(offset + 3) << 24)) >>>
      0
    );
  }

  xor(offset: number, sizeBytes: number): number {
    const present = this.image.subarray(offset, offset + sizeBytes);
    const missing = sizeBytes - present.length;
    return xorChecksum(present, 0) ^ (missing % 2 === 0 ? 0 : FILL_ERASED);
  }
}

export interface RomLoad {
  readonly ok: boolean;
  /** What it prints after the banner: load, tail, chksum per segment, then csum; `csum err` when it fails. */
  readonly lines: readonly string[];
  readonly entryAddr: number | undefined;
}

/**
 * The boot ROM's load of the image at flash 0 into RAM. "room" and "tail" count the bytes of the first and the last
 * 16-byte read of each segment.
 */
export function loadAsRom(image: Uint8Array): RomLoad {
  const lines: string[] = [];
  if (image.length < 16 || image[0] !== IMAGE_MAGIC) return { ok: false, lines, entryAddr: undefined };
  let offset = IMAGE_HEADER_BYTES;
  let sum = CHECKSUM_SEED;
  for (let index = 0; index < image[1]!; index += 1) {
    const dataOffset = offset + SEGMENT_HEADER_BYTES;
    if (dataOffset > image.length) return { ok: false, lines, entryAddr: undefined };
    const loadAddr = readU32LE(image, offset);
    const sizeBytes = readU32LE(image, offset + 4);
    if (dataOffset + sizeBytes > image.length) return { ok: false, lines, entryAddr: undefined };
    const room = 16 - (dataOffset & 15);
    const tail = (sizeBytes - room) & 15;
    sum = xorChecksum(image.subarray(dataOffset, dataOffset + sizeBytes), sum);
    lines.push(`load ${hex(loadAddr, 8)}, len ${sizeBytes}, room ${room} `, `tail ${tail}`);
    lines.push(`chksum ${hex(sum, 2)}`);
    offset = dataOffset + sizeBytes;
  }
  lines.push(`csum ${hex(sum, 2)}`);
  const ok = image[checksumBlockEnd(offset) - 1] === sum;
  if (!ok) lines.push('csum err');
  return { ok, lines, entryAddr: readU32LE(image, 4) };
}
