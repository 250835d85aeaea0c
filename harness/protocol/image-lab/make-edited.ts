/** Makers of the kinds that are a good image with something changed in it. */
import {
  DRAM_BASE,
  DRAM_SIZE,
  FLASH_WINDOW_BASE,
  FLASH_WINDOW_SIZE,
  IRAM_BANK2_BASE,
  IRAM_BASE,
  ROM_BASE,
  UART0_BASE,
} from '../../chip/esp8266';
import { FLASH_SECTOR_BYTES } from '../../chip/flash-chips';
import { readU32LE, writeU32LE } from '../../core/bytes';
import { equalBytes } from '../../core/bytes';
import {
  DESCRIPTOR_BYTES,
  DESCRIPTOR_MAGIC,
  MAX_SEGMENTS,
  SEGMENT_HEADER_BYTES,
  SHA256_BYTES,
} from '../image-format';
import { linkWindow } from '../slots';
import type { Lab } from './lab';

/** Of the kind whose digest stands alone: devices write a few hundred bytes at once, in powers of two. */
const BLOCK_BYTES = 512;

export type Maker = (lab: Lab) => Uint8Array;

/** Enough small flash segments for the count wanted. */
function segmentsUpTo(lab: Lab, count: number): Uint8Array {
  return lab.withFlashSegments(Array.from({ length: count - lab.segments.length }, () => 4));
}

export const CONTROL_MAKERS = {
  good: (lab) => lab.copy(),
  'descriptor-missing': (lab) => {
    const holder = lab.segments.find((each) => readU32LE(lab.good, each.dataOffset) === DESCRIPTOR_MAGIC);
    if (holder === undefined) throw lab.cannot('the image has no descriptor');
    return lab.withByte(holder.dataOffset, 0);
  },
  'flash-size-other': (lab) => lab.withByte(3, lab.good[3]! ^ 0x10),
  'sixteen-segments': (lab) => segmentsUpTo(lab, MAX_SEGMENTS),
  'fills-slot': (lab) => lab.grownTo(lab.slot.sizeBytes),
  'digest-alone': (lab) =>
    lab.grownTo((Math.floor(lab.good.length / BLOCK_BYTES) + 1) * BLOCK_BYTES + SHA256_BYTES),
  'entry-lowest': (lab) => lab.withEntry(linkWindow(lab.slot).firstAddr),
  'segment-at-dram-end': (lab) =>
    lab.withLoadAddr(lab.ramSegment, DRAM_BASE + DRAM_SIZE - lab.ramSegment.sizeBytes),
} satisfies Record<string, Maker>;

export const HEADER_MAKERS = {
  'magic-zero': (lab) => lab.withByte(0, 0x00),
  'magic-one-bit': (lab) => lab.withByte(0, 0xe8),
  'magic-v2': (lab) => lab.withByte(0, 0xea),
  'segments-none': (lab) => lab.withByte(1, 0),
  'segments-17': (lab) => lab.withByte(1, MAX_SEGMENTS + 1),
  'segments-255': (lab) => lab.withByte(1, 255),
  'seventeen-segments': (lab) => segmentsUpTo(lab, MAX_SEGMENTS + 1),
  'entry-below-window': (lab) => lab.withEntry(linkWindow(lab.slot).firstAddr - 1),
  'entry-at-window-end': (lab) => lab.withEntry(linkWindow(lab.slot).endAddr),
  'entry-above-flash': (lab) => lab.withEntry(FLASH_WINDOW_BASE + FLASH_WINDOW_SIZE),
  'entry-in-iram': (lab) => lab.withEntry(IRAM_BASE + 0x24c),
  'entry-zero': (lab) => lab.withEntry(0),
  'entry-window-last': (lab) => {
    if (lab.good.length > lab.slot.sizeBytes - SHA256_BYTES)
      throw lab.cannot('the image reaches the end of the slot');
    return lab.withEntry(linkWindow(lab.slot).endAddr - 1);
  },
  'entry-behind-code': (lab) => {
    const last = lab.segments.filter((each) => each.region === 'flash').at(-1)!;
    return lab.withEntry(lab.base + last.dataOffset + last.sizeBytes);
  },
  'other-slot': (lab) => lab.relinked(lab.otherWindow, { entry: true }),
} satisfies Record<string, Maker>;

export const SEGMENT_MAKERS = {
  'other-slot-segments': (lab) => lab.relinked(lab.otherWindow, { entry: false }),
  'linked-elsewhere': (lab) => {
    const elsewhere = { ...lab.slot, offset: lab.slot.offset + 0x10000 };
    if (lab.header.entryAddr + 0x10000 >= linkWindow(lab.slot).endAddr)
      throw lab.cannot('the slot is too small');
    return lab.relinked(elsewhere, { entry: true });
  },
  'segments-one-more': (lab) => {
    if (lab.segments.length === MAX_SEGMENTS) throw lab.cannot('sixteen segments already');
    return lab.withByte(1, lab.segments.length + 1);
  },
  'segments-one-less': (lab) => {
    if (lab.segments.length < 2) throw lab.cannot('there is only one segment');
    return lab.withByte(1, lab.segments.length - 1);
  },
  'segment-addr-zero': (lab) => lab.withLoadAddr(lab.ramSegment, 0),
  'segment-addr-rom': (lab) => lab.withLoadAddr(lab.ramSegment, ROM_BASE),
  'segment-addr-peripheral': (lab) => lab.withLoadAddr(lab.ramSegment, UART0_BASE),
  'segment-addr-cache': (lab) => lab.withLoadAddr(lab.ramSegment, IRAM_BANK2_BASE),
  'segment-addr-odd': (lab) => lab.withLoadAddr(lab.ramSegment, lab.ramSegment.loadAddr + 2),
  'segment-past-dram-end': (lab) =>
    lab.withLoadAddr(lab.ramSegment, DRAM_BASE + DRAM_SIZE - lab.ramSegment.sizeBytes + 4),
  'segment-ram-first': (lab) => {
    const [first, ...others] = lab.segmentInputs();
    if (readU32LE(first!.data, 0) !== DESCRIPTOR_MAGIC)
      throw lab.cannot('the image does not begin with its descriptor');
    if (others.length + 2 > MAX_SEGMENTS) throw lab.cannot('sixteen segments already');
    // The header of the code comes where the descriptor is blank; all behind it stays where it is, and would run.
    return lab.withSegments([
      { loadAddr: DRAM_BASE, data: first!.data.slice(0, DESCRIPTOR_BYTES - SEGMENT_HEADER_BYTES) },
      { loadAddr: first!.loadAddr + DESCRIPTOR_BYTES, data: first!.data.slice(DESCRIPTOR_BYTES) },
      ...others,
    ]);
  },
  'segment-length-odd': (lab) => lab.withLength(lab.firstSegment, lab.firstSegment.sizeBytes + 2),
  'segment-length-huge': (lab) => lab.withLength(lab.lastSegment, 0x7ffffffc),
  'segment-length-ones': (lab) => lab.withLength(lab.lastSegment, 0xffffffff),
  'segment-past-slot': (lab) =>
    lab.withLength(lab.lastSegment, lab.slot.sizeBytes - lab.lastSegment.dataOffset + 4),
  'segment-16-longer': (lab) => lab.withLength(lab.lastSegment, lab.lastSegment.sizeBytes + 16),
  'segment-16-shorter': (lab) => {
    if (lab.lastSegment.sizeBytes < 16) throw lab.cannot('the last segment has less than 16 bytes');
    return lab.withLength(lab.lastSegment, lab.lastSegment.sizeBytes - 16);
  },
} satisfies Record<string, Maker>;

export const TAIL_MAKERS = {
  'checksum-wrong': (lab) => {
    const bytes = lab.copy();
    bytes[lab.checksumOffset] = bytes[lab.checksumOffset]! ^ 0x01;
    return lab.sealDigest(bytes);
  },
  'sha-one-bit': (lab) =>
    lab.flippedBit((lab.good.length - SHA256_BYTES) * 8 + lab.choose(SHA256_BYTES * 8, 'bit')),
  'sha-zero': (lab) => lab.copy().fill(0, lab.good.length - SHA256_BYTES),
  'sha-missing': (lab) => lab.good.slice(0, lab.good.length - SHA256_BYTES),
  'padding-changed': (lab) => {
    if (lab.endOffset === lab.checksumOffset)
      throw lab.cannot('the image has no padding before its checksum');
    const bytes = lab.copy();
    bytes[lab.endOffset] = bytes[lab.endOffset]! ^ 0x80;
    return bytes;
  },
} satisfies Record<string, Maker>;

export const CONTENT_MAKERS = {
  'bit-in-code': (lab) => {
    const { dataOffset, sizeBytes } = lab.firstSegment;
    return lab.flippedBit(dataOffset * 8 + lab.choose(sizeBytes * 8, 'bit'));
  },
  'bit-in-data': (lab) => {
    const { dataOffset, sizeBytes } = lab.lastSegment;
    return lab.flippedBit(dataOffset * 8 + lab.choose(sizeBytes * 8, 'bit'));
  },
  'bit-at': (lab) => lab.flippedBit(lab.choose(lab.good.length * 8, 'bit')),
  'two-bits-one-column': (lab) => {
    const { dataOffset, sizeBytes } = lab.firstSegment;
    const bit = lab.random.below(8);
    const first = lab.random.below(sizeBytes);
    const second = (first + 1 + lab.random.below(sizeBytes - 1)) % sizeBytes;
    const bytes = lab.copy();
    for (const at of [first, second]) bytes[dataOffset + at] = bytes[dataOffset + at]! ^ (1 << bit);
    lab.note = `bit ${bit} of the bytes 0x${(dataOffset + first).toString(16)} and 0x${(dataOffset + second).toString(16)}`;
    return bytes;
  },
  'words-swapped': (lab) => {
    const { dataOffset, sizeBytes } = lab.firstSegment;
    const words = sizeBytes / 4;
    const start = lab.random.below(words);
    for (let step = 0; step < words; step += 1) {
      const here = dataOffset + ((start + step) % words) * 4;
      const there = dataOffset + ((start + step + 1) % words) * 4;
      const [a, b] = [readU32LE(lab.good, here), readU32LE(lab.good, there)];
      if (a === b) continue;
      const bytes = lab.copy();
      writeU32LE(bytes, here, b);
      writeU32LE(bytes, there, a);
      lab.note = `words at 0x${here.toString(16)} and 0x${there.toString(16)}`;
      return bytes;
    }
    throw lab.cannot('all words of the first segment are equal');
  },
  'sectors-swapped': (lab) => {
    const [first, second] = codeSectors(lab);
    if (first === undefined || second === undefined)
      throw lab.cannot('the code has less than two whole sectors');
    const sector = (offset: number) => lab.good.slice(offset, offset + FLASH_SECTOR_BYTES);
    if (equalBytes(sector(first), sector(second))) throw lab.cannot('the two sectors are equal');
    const bytes = lab.copy();
    bytes.set(sector(second), first);
    bytes.set(sector(first), second);
    lab.note = `sectors at 0x${first.toString(16)} and 0x${second.toString(16)}`;
    return bytes;
  },
  'sector-erased': (lab) => {
    const [offset] = codeSectors(lab);
    if (offset === undefined) throw lab.cannot('the code has no whole sector');
    lab.note = `sector at 0x${offset.toString(16)}`;
    return lab.copy().fill(0xff, offset, offset + FLASH_SECTOR_BYTES);
  },
  'erased-behind-header': (lab) => lab.copy().fill(0xff, 8),
  'zeros-behind-header': (lab) => lab.copy().fill(0x00, 8),
} satisfies Record<string, Maker>;

/** Offsets of the flash sectors that lie wholly inside the first segment; slots begin at sectors. */
function codeSectors(lab: Lab): number[] {
  const { dataOffset, sizeBytes } = lab.firstSegment;
  const sectors: number[] = [];
  let offset = Math.ceil(dataOffset / FLASH_SECTOR_BYTES) * FLASH_SECTOR_BYTES;
  for (; offset + FLASH_SECTOR_BYTES <= dataOffset + sizeBytes; offset += FLASH_SECTOR_BYTES)
    sectors.push(offset);
  return sectors;
}
