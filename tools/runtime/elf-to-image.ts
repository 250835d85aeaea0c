/**
 * Images from linked programs, as the SDK's image writer makes them: V1 for the bootloader (RAM segments and a checksum),
 * V3 for apps (flash segments first, checksum, SHA-256 behind it). Written from the formats' description alone;
 * harness/protocol/image.ts is the reader that checks it. Source: ESP8266_RTOS_SDK
 * components/esptool_py/esptool/esptool.py, class ESP8266V3FirmwareImage.
 */
import { createHash } from 'node:crypto';
import type { ElfFile, ElfSection } from './elf-file';

/** SPI mode byte: DIO, whatever the configuration is. */
const MODE_DIO = 2;
const SPEED_40_MHZ = 0;
const MAGIC = 0xe9;
const HEADER_BYTES = 8;
const CHECKSUM_SEED = 0xef;
const BLOCK_BYTES = 16;
const FLASH_BASE = 0x40200000;
/** `.flash.rodata` begins with a hole of this size, in which the segment's header comes to lie. */
const RODATA_HOLE_BYTES = 8;

const MIB = 0x100000;
/** The high nibble of byte 3: two codings of the same sizes, one for each kind of image. */
const V1_SIZE_CODES: ReadonlyMap<number, number> = new Map([
  [MIB / 2, 0],
  [MIB / 4, 1],
  [MIB, 2],
  [2 * MIB, 3],
  [4 * MIB, 4],
  [8 * MIB, 8],
  [16 * MIB, 9],
]);
const V3_SIZE_CODES: ReadonlyMap<number, number> = new Map([
  [MIB, 0],
  [2 * MIB, 1],
  [4 * MIB, 2],
  [8 * MIB, 3],
  [16 * MIB, 4],
]);

interface Segment {
  readonly loadAddr: number;
  readonly bytes: Uint8Array;
}

/** The bootloader's image. @throws Error when it does not fit the format */
export function ramImage(elf: ElfFile, flashSizeBytes: number): Uint8Array {
  // Code first, as the SDK's writer has it.
  const sections = [...loaded(elf)].sort((a, b) => b.addr - a.addr);
  const segments = sections.map(segmentOf);
  return assemble(elf, segments, sizeCode(V1_SIZE_CODES, flashSizeBytes));
}

/**
 * An app's image.
 * @throws Error when flash sections do not lie in the file as they are mapped
 */
export function appImage(elf: ElfFile, flashSizeBytes: number): Uint8Array {
  const sections = loaded(elf);
  const [text, rodata, ...others] = sections.filter((section) => section.addr >= FLASH_BASE);
  if (text === undefined || rodata === undefined || others.length > 0) {
    throw new Error('an app has two sections in flash: .flash.text and .flash.rodata');
  }
  const segments = [
    segmentOf(text),
    { loadAddr: rodata.addr, bytes: padded(rodata.bytes!.subarray(RODATA_HOLE_BYTES)) },
    ...sections.filter((section) => section.addr < FLASH_BASE).map(segmentOf),
  ];
  // Code runs where its place in the file is mapped, so the second header must fall into the hole.
  if (text.addr + padded(text.bytes!).length !== rodata.addr) {
    throw new Error('.flash.rodata does not follow .flash.text at once');
  }
  const image = assemble(elf, segments, sizeCode(V3_SIZE_CODES, flashSizeBytes));
  const digest = createHash('sha256').update(image).digest();
  const whole = new Uint8Array(image.length + digest.length);
  whole.set(image);
  whole.set(digest, image.length);
  return whole;
}

function loaded(elf: ElfFile): readonly ElfSection[] {
  return elf.sections.filter((section) => section.bytes !== undefined);
}

function segmentOf(section: ElfSection): Segment {
  return { loadAddr: section.addr, bytes: padded(section.bytes!) };
}

/** Made of whole words. */
function padded(bytes: Uint8Array): Uint8Array {
  const whole = new Uint8Array((bytes.length + 3) & ~3);
  whole.set(bytes);
  return whole;
}

function sizeCode(codes: ReadonlyMap<number, number>, flashSizeBytes: number): number {
  const code = codes.get(flashSizeBytes);
  if (code === undefined) throw new Error(`no image for a flash of ${flashSizeBytes} bytes`);
  return code;
}

function assemble(elf: ElfFile, segments: readonly Segment[], size: number): Uint8Array {
  const endOffset = segments.reduce((at, { bytes }) => at + HEADER_BYTES + bytes.length, HEADER_BYTES);
  const image = new Uint8Array((Math.floor(endOffset / BLOCK_BYTES) + 1) * BLOCK_BYTES);
  const view = new DataView(image.buffer);
  image.set([MAGIC, segments.length, MODE_DIO, (size << 4) | SPEED_40_MHZ]);
  view.setUint32(4, elf.entryAddr, true);
  let at = HEADER_BYTES;
  let checksum = CHECKSUM_SEED;
  for (const { loadAddr, bytes } of segments) {
    view.setUint32(at, loadAddr, true);
    view.setUint32(at + 4, bytes.length, true);
    image.set(bytes, at + HEADER_BYTES);
    for (const byte of bytes) checksum ^= byte;
    at += HEADER_BYTES + bytes.length;
  }
  image[image.length - 1] = checksum;
  return image;
}
