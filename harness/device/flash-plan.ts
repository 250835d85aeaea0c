/** What is to be written where, and whether that makes sense. Pure: nothing here touches a board. */
import { isUtf8 } from 'node:buffer';
import { FLASH_BLOCK_BYTES, FLASH_SECTOR_BYTES } from '../chip/flash-chips';
import { ProtocolError, UsageError } from '../core/errors';
import { inspectImage } from '../protocol/image';
import { IMAGE_MAGIC } from '../protocol/image-format';
import { recognise } from '../protocol/looks-like';
import type { LooksLikeName } from '../protocol/looks-like';

/** One file and its place in the flash. */
export interface FlashPart {
  /** For messages: a file name. */
  readonly name: string;
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** A stretch of a part that is to be written. Starts at a sector. */
export interface FlashRegion {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

export interface PlanOptions {
  readonly flashSizeBytes: number;
  /** Write files that are no sound images, as tests of bad images do. Overlap and size are checked all the same. */
  readonly force?: boolean;
}

/** Files that nobody means to write into a flash. */
const MISTAKEN: ReadonlySet<LooksLikeName> = new Set([
  'elf',
  'gzip',
  'zip',
  'uf2',
  'intel-hex',
  'html',
  'json',
  'image-esp32',
]);

/** `0x10000`. */
export function flashOffsetText(offset: number): string {
  return `0x${offset.toString(16)}`;
}

/**
 * Checks all parts before anything is written: place, size, overlap, and that images are sound.
 * @throws UsageError ESPRIG_USAGE, ESPRIG_USAGE_OFFSET, ESPRIG_USAGE_TOO_LARGE, ESPRIG_USAGE_OVERLAP; ProtocolError
 * ESPRIG_IMAGE_BAD, which blames the caller who named the file
 */
export function checkParts(parts: readonly FlashPart[], options: PlanOptions): void {
  if (parts.length === 0) throw new UsageError('ESPRIG_USAGE', 'nothing to write: no file was named');
  for (const part of parts) {
    checkPlace(part, options.flashSizeBytes);
    if (options.force !== true) checkContent(part);
  }
  const inOrder = [...parts].sort((a, b) => a.offset - b.offset);
  for (const [index, part] of inOrder.entries()) {
    const next = inOrder[index + 1];
    // By sectors, because writing erases whole ones.
    if (next !== undefined && sectorEnd(part) > next.offset) {
      throw new UsageError(
        'ESPRIG_USAGE_OVERLAP',
        `${part.name} (${flashOffsetText(part.offset)} to ${flashOffsetText(part.offset + part.bytes.length)}) reaches into the sectors of ${next.name} at ${flashOffsetText(next.offset)}`,
        { hint: 'Flash is erased in sectors of 4 KiB: parts may not share one.' },
      );
    }
  }
}

function checkPlace(part: FlashPart, flashSizeBytes: number): void {
  const at = flashOffsetText(part.offset);
  if (part.bytes.length === 0) {
    throw new UsageError('ESPRIG_USAGE', `${part.name} is empty`, { hint: 'Was the build finished?' });
  }
  if (!Number.isInteger(part.offset) || part.offset < 0 || part.offset % FLASH_SECTOR_BYTES !== 0) {
    throw new UsageError(
      'ESPRIG_USAGE_OFFSET',
      `${part.name}: offset ${at} is not at the start of a sector`,
      {
        hint: 'Offsets are multiples of 0x1000: flash is erased in sectors of 4 KiB.',
      },
    );
  }
  if (part.offset + part.bytes.length > flashSizeBytes) {
    throw new UsageError(
      'ESPRIG_USAGE_TOO_LARGE',
      `${part.name}: ${part.bytes.length} bytes at ${at} end behind the flash of ${flashSizeBytes} bytes`,
      { hint: 'Choose a layout for this flash size, or another board.' },
    );
  }
}

function checkContent(part: FlashPart): void {
  const at = flashOffsetText(part.offset);
  const looks = recognise(part.bytes);
  const refuse = (what: string): ProtocolError =>
    new ProtocolError('ESPRIG_IMAGE_BAD', `${part.name} for ${at}: ${what}`, {
      blame: 'case',
      hint: 'To write it all the same, use --force; the board may not start.',
    });
  // A few bytes of anything may look like text of some kind; a README is text of one kind to its end.
  const isText = looks.name === 'text' && isUtf8(part.bytes);
  if (isText || MISTAKEN.has(looks.name)) throw refuse(`this is ${looks.text}`);
  if (part.bytes[0] === IMAGE_MAGIC && looks.name !== 'flash-dump') {
    const info = inspectImage(part.bytes);
    const problem = info.problems.find((candidate) => candidate.code !== 'trailing-bytes');
    if (problem !== undefined) throw refuse(`the image is damaged: ${problem.text}`);
    if (part.offset === 0 && info.kind === 'app') {
      throw refuse('an app image cannot stand at 0, the boot ROM loads a bootloader from there');
    }
  } else if (part.offset === 0 && part.bytes[0] !== IMAGE_MAGIC) {
    throw refuse(`the boot ROM starts an image from 0, and this is ${looks.text}`);
  }
}

function sectorEnd(part: FlashPart): number {
  return Math.ceil((part.offset + part.bytes.length) / FLASH_SECTOR_BYTES) * FLASH_SECTOR_BYTES;
}

/** The part cut at multiples of `unitBytes` of the flash, not of the part. */
export function cutAt(region: FlashRegion, unitBytes: number): FlashRegion[] {
  const pieces: FlashRegion[] = [];
  let offset = region.offset;
  const end = region.offset + region.bytes.length;
  while (offset < end) {
    const next = Math.min(end, (Math.floor(offset / unitBytes) + 1) * unitBytes);
    pieces.push({ offset, bytes: region.bytes.subarray(offset - region.offset, next - region.offset) });
    offset = next;
  }
  return pieces;
}

export function sectorsOf(region: FlashRegion): FlashRegion[] {
  return cutAt(region, FLASH_SECTOR_BYTES);
}

export function blocksOf(region: FlashRegion): FlashRegion[] {
  return cutAt(region, FLASH_BLOCK_BYTES);
}

/** Neighbours made one, in order of their offsets. The pieces must be cut from `part`. */
export function joinNeighbours(part: FlashRegion, pieces: readonly FlashRegion[]): FlashRegion[] {
  const joined: { offset: number; end: number }[] = [];
  for (const piece of [...pieces].sort((a, b) => a.offset - b.offset)) {
    const last = joined.at(-1);
    const end = piece.offset + piece.bytes.length;
    if (last?.end === piece.offset) last.end = end;
    else joined.push({ offset: piece.offset, end });
  }
  return joined.map(({ offset, end }) => ({
    offset,
    bytes: part.bytes.subarray(offset - part.offset, end - part.offset),
  }));
}

/** Bytes filled up with 0xFF, which leaves erased flash as it is, to a multiple of `unitBytes`. */
export function padded(bytes: Uint8Array, unitBytes: number): Uint8Array {
  const rest = bytes.length % unitBytes;
  if (rest === 0) return bytes;
  const out = new Uint8Array(bytes.length + unitBytes - rest).fill(0xff);
  out.set(bytes);
  return out;
}
