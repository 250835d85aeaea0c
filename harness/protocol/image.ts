/**
 * Reads an ESP8266 image without believing it: every field that is there, every complaint, never an exception for
 * what the bytes say. Formats: `image-format.ts`. Whether an image may go into a slot is asked in `slots.ts`.
 */
import { createHash } from 'node:crypto';
import { FLASH_WINDOW_BASE, FLASH_WINDOW_SIZE, IRAM_BASE, IRAM_SIZE } from '../chip/esp8266';
import { equalBytes, readU32LE, toHex } from '../core/bytes';
import { cString, hex, xorChecksum } from './bytes';
import {
  checksumBlockEnd,
  CHECKSUM_SEED,
  DESCRIPTOR_BYTES,
  DESCRIPTOR_FIELDS,
  DESCRIPTOR_MAGIC,
  IMAGE_HEADER_BYTES,
  IMAGE_MAGIC,
  loadRegionOf,
  MAX_SEGMENTS,
  SEGMENT_HEADER_BYTES,
  SHA256_BYTES,
  type RegionName,
} from './image-format';
import { recognise, type LooksLike } from './looks-like';

export interface ImageHeader {
  readonly magic: number;
  readonly segmentCount: number;
  readonly spiMode: number;
  readonly spiSpeed: number;
  readonly sizeNibble: number;
  readonly entryAddr: number;
}

export interface ImageSegment {
  readonly index: number;
  readonly loadAddr: number;
  readonly sizeBytes: number;
  readonly headerOffset: number;
  readonly dataOffset: number;
  /** The region that holds the whole segment; undefined when none does. */
  readonly region: RegionName | undefined;
  /**
   * Where the CPU sees the first data byte. In flash that follows from the file offset, not from the load address:
   * the writer leaves rodata's load address 8 too low (images.md 2.2).
   */
  readonly virtualAddr: number;
}

export interface ImageChecksum {
  readonly offset: number;
  readonly stored: number;
  readonly calculated: number;
}

export interface ImageDigest {
  readonly offset: number;
  readonly stored: string;
  readonly calculated: string;
  readonly ok: boolean;
}

export interface AppDescriptor {
  readonly offset: number;
  /** `text` = file offset 0x10, where `esp_ota_get_partition_description` looks; `rodata` = the stock link script's place. */
  readonly placement: 'text' | 'rodata';
  readonly version: string;
  readonly project: string;
  readonly time: string;
  readonly date: string;
  readonly idfVersion: string;
  readonly secureVersion: number;
  readonly elfSha256: string;
}

export type ImageProblemCode =
  | 'bad-magic'
  | 'short-header'
  | 'segment-count'
  | 'segment-truncated'
  | 'segment-outside'
  | 'segment-unaligned'
  | 'segment-first'
  | 'checksum-missing'
  | 'checksum'
  | 'sha-missing'
  | 'sha'
  | 'entry-outside'
  | 'trailing-bytes';

export interface ImageProblem {
  readonly code: ImageProblemCode;
  readonly offset: number;
  readonly text: string;
}

export interface ImageInfo {
  /** `app`: V3, linked into flash. `ram`: V1, RAM segments only, as the ROM loads it (a bootloader, a stub). */
  readonly kind: 'app' | 'ram' | 'not-an-image';
  readonly looksLike: LooksLike;
  readonly fileBytes: number;
  readonly header: ImageHeader | undefined;
  readonly segments: readonly ImageSegment[];
  /** End of the last segment's data, if the walk got there. */
  readonly segmentsEndOffset: number | undefined;
  /** Size by its own header, SHA-256 included for an app; undefined when the walk did not get to the end. */
  readonly imageBytes: number | undefined;
  readonly checksum: ImageChecksum | undefined;
  readonly sha256: ImageDigest | undefined;
  readonly descriptor: AppDescriptor | undefined;
  /** Bytes after the image's own end, and what they are filled with if it is one value. */
  readonly trailing: { readonly sizeBytes: number; readonly fill: number | undefined };
  /** Slot offset modulo 1 MiB that the flash segments are linked for; undefined without one. */
  readonly linkedOffset: number | undefined;
  readonly problems: readonly ImageProblem[];
}

/** Header of the first eight bytes, or undefined if there are fewer. */
export function parseHeader(bytes: Uint8Array): ImageHeader | undefined {
  if (bytes.length < IMAGE_HEADER_BYTES) return undefined;
  return {
    magic: bytes[0]!,
    segmentCount: bytes[1]!,
    spiMode: bytes[2]!,
    spiSpeed: bytes[3]! & 0x0f,
    sizeNibble: bytes[3]! >>> 4,
    entryAddr: readU32LE(bytes, 4),
  };
}

/** Everything that can be told about the bytes as an image. Never throws. */
export function inspectImage(bytes: Uint8Array): ImageInfo {
  const looksLike = recognise(bytes);
  const header = parseHeader(bytes);
  if (header?.magic !== IMAGE_MAGIC) return notAnImage(bytes, header, looksLike);

  const problems: ImageProblem[] = [];
  const complain = (code: ImageProblemCode, offset: number, text: string) =>
    void problems.push({ code, offset, text });
  if (header.segmentCount === 0 || header.segmentCount > MAX_SEGMENTS) {
    complain('segment-count', 1, `segment count ${header.segmentCount}, must be 1 to ${MAX_SEGMENTS}`);
  }
  const { segments, endOffset } = walkSegments(bytes, header.segmentCount, complain);
  const linkBase = linkBaseOf(segments);
  const kind = isFlashAddr(header.entryAddr) || segments.some((s) => s.region === 'flash') ? 'app' : 'ram';
  checkEntry(header.entryAddr, kind, complain);
  if (kind === 'app') checkFirstSegment(segments, complain);

  let checksum: ImageChecksum | undefined;
  let sha256: ImageDigest | undefined;
  let imageBytes: number | undefined;
  if (endOffset !== undefined) {
    const blockEnd = checksumBlockEnd(endOffset);
    imageBytes = kind === 'app' ? blockEnd + SHA256_BYTES : blockEnd;
    checksum = readChecksum(bytes, segments, blockEnd - 1, complain);
    if (kind === 'app') sha256 = readDigest(bytes, blockEnd, complain);
  }
  const rest = imageBytes === undefined ? bytes.subarray(0, 0) : bytes.subarray(imageBytes);
  if (rest.length > 0) {
    complain('trailing-bytes', imageBytes!, `${rest.length} bytes follow the end of the image`);
  }
  return {
    kind,
    looksLike,
    fileBytes: bytes.length,
    header,
    segments,
    segmentsEndOffset: endOffset,
    imageBytes,
    checksum,
    sha256,
    descriptor: findDescriptor(bytes, segments),
    trailing: { sizeBytes: rest.length, fill: singleFill(rest) },
    linkedOffset: linkBase === undefined ? undefined : (linkBase - FLASH_WINDOW_BASE) >>> 0,
    problems,
  };
}

type Complain = (code: ImageProblemCode, offset: number, text: string) => void;

function notAnImage(bytes: Uint8Array, header: ImageHeader | undefined, looksLike: LooksLike): ImageInfo {
  const problem: ImageProblem =
    header === undefined
      ? { code: 'short-header', offset: bytes.length, text: `${bytes.length} bytes, a header has 8` }
      : { code: 'bad-magic', offset: 0, text: `first byte is ${hex(header.magic, 2)}, not 0xe9` };
  return {
    kind: 'not-an-image',
    looksLike,
    fileBytes: bytes.length,
    header,
    segments: [],
    segmentsEndOffset: undefined,
    imageBytes: undefined,
    checksum: undefined,
    sha256: undefined,
    descriptor: undefined,
    trailing: { sizeBytes: 0, fill: undefined },
    linkedOffset: undefined,
    problems: [problem],
  };
}

function walkSegments(
  bytes: Uint8Array,
  count: number,
  complain: Complain,
): { segments: ImageSegment[]; endOffset: number | undefined } {
  const segments: ImageSegment[] = [];
  let offset = IMAGE_HEADER_BYTES;
  let linkBase: number | undefined;
  for (let index = 0; index < count; index += 1) {
    if (offset + SEGMENT_HEADER_BYTES > bytes.length) {
      complain('segment-truncated', offset, `segment ${index} of ${count}: the file ends before its header`);
      return { segments, endOffset: undefined };
    }
    const loadAddr = readU32LE(bytes, offset);
    const sizeBytes = readU32LE(bytes, offset + 4);
    const dataOffset = offset + SEGMENT_HEADER_BYTES;
    const region = loadRegionOf(loadAddr, sizeBytes)?.name;
    if (region === 'flash') linkBase ??= loadAddr - dataOffset;
    const virtualAddr = region === 'flash' && linkBase !== undefined ? linkBase + dataOffset : loadAddr;
    segments.push({ index, loadAddr, sizeBytes, headerOffset: offset, dataOffset, region, virtualAddr });
    const range = `${hex(loadAddr, 8)} + ${hex(sizeBytes)}`;
    if (region === undefined) {
      complain(
        'segment-outside',
        offset,
        `segment ${index} (${range}) lies in no memory an app is loaded to`,
      );
    }
    if (sizeBytes % 4 !== 0 || loadAddr % 4 !== 0) {
      complain('segment-unaligned', offset, `segment ${index} (${range}) is not made of whole words`);
    }
    if (dataOffset + sizeBytes > bytes.length) {
      const missing = dataOffset + sizeBytes - bytes.length;
      complain('segment-truncated', offset, `segment ${index} (${range}): ${missing} bytes are missing`);
      return { segments, endOffset: undefined };
    }
    offset = dataOffset + sizeBytes;
  }
  return { segments, endOffset: offset };
}

function linkBaseOf(segments: readonly ImageSegment[]): number | undefined {
  const first = segments.find((segment) => segment.region === 'flash');
  return first === undefined ? undefined : first.virtualAddr - first.dataOffset;
}

function isFlashAddr(addr: number): boolean {
  return addr >= FLASH_WINDOW_BASE && addr < FLASH_WINDOW_BASE + FLASH_WINDOW_SIZE;
}

function checkEntry(entryAddr: number, kind: 'app' | 'ram', complain: Complain): void {
  const inIram = entryAddr >= IRAM_BASE && entryAddr < IRAM_BASE + IRAM_SIZE;
  if (kind === 'app' ? !isFlashAddr(entryAddr) : !inIram) {
    const wanted = kind === 'app' ? 'mapped flash' : 'instruction RAM';
    complain('entry-outside', 4, `entry ${hex(entryAddr, 8)} is not in ${wanted}`);
  }
}

/** An app's start-up code copies segments from the second one on: `call_start_cpu` of the SDK, components/esp8266. */
function checkFirstSegment([first]: readonly ImageSegment[], complain: Complain): void {
  if (first?.region === undefined || first.region === 'flash') return;
  const range = `${hex(first.loadAddr, 8)} + ${hex(first.sizeBytes)}`;
  const problem = `segment 0 (${range}) comes first and is for RAM: an app copies only those behind it`;
  complain('segment-first', first.headerOffset, problem);
}

function readChecksum(
  bytes: Uint8Array,
  segments: readonly ImageSegment[],
  offset: number,
  complain: Complain,
): ImageChecksum | undefined {
  if (offset >= bytes.length) {
    complain('checksum-missing', bytes.length, `the file ends before the checksum at ${hex(offset)}`);
    return undefined;
  }
  const calculated = segments.reduce(
    (sum, { dataOffset, sizeBytes }) => xorChecksum(bytes.subarray(dataOffset, dataOffset + sizeBytes), sum),
    CHECKSUM_SEED,
  );
  const stored = bytes[offset]!;
  if (stored !== calculated) {
    complain('checksum', offset, `checksum byte is ${hex(stored, 2)}, the data give ${hex(calculated, 2)}`);
  }
  return { offset, stored, calculated };
}

function readDigest(bytes: Uint8Array, offset: number, complain: Complain): ImageDigest | undefined {
  if (offset + SHA256_BYTES > bytes.length) {
    if (offset <= bytes.length) complain('sha-missing', offset, 'the SHA-256 at the end is missing or cut');
    return undefined;
  }
  const stored = bytes.subarray(offset, offset + SHA256_BYTES);
  const calculated = sha256Of(bytes.subarray(0, offset));
  const ok = equalBytes(stored, calculated);
  if (!ok) complain('sha', offset, 'the SHA-256 does not fit the bytes before it');
  return { offset, stored: toHex(stored), calculated: toHex(calculated), ok };
}

/** SHA-256 of bytes. */
export function sha256Of(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(bytes).digest());
}

function findDescriptor(bytes: Uint8Array, segments: readonly ImageSegment[]): AppDescriptor | undefined {
  for (const segment of segments) {
    const offset = segment.dataOffset;
    if (segment.region !== 'flash' || segment.sizeBytes < DESCRIPTOR_BYTES) continue;
    if (offset + DESCRIPTOR_BYTES > bytes.length || readU32LE(bytes, offset) !== DESCRIPTOR_MAGIC) continue;
    const text = (at: number, sizeBytes: number) =>
      cString(bytes.subarray(offset + at, offset + at + sizeBytes));
    const shaAt = offset + DESCRIPTOR_FIELDS.ELF_SHA256;
    return {
      offset,
      placement: segment.index === 0 ? 'text' : 'rodata',
      version: text(DESCRIPTOR_FIELDS.VERSION, 32),
      project: text(DESCRIPTOR_FIELDS.PROJECT, 32),
      time: text(DESCRIPTOR_FIELDS.TIME, 16),
      date: text(DESCRIPTOR_FIELDS.DATE, 16),
      idfVersion: text(DESCRIPTOR_FIELDS.IDF_VERSION, 32),
      secureVersion: readU32LE(bytes, offset + DESCRIPTOR_FIELDS.SECURE_VERSION),
      elfSha256: toHex(bytes.subarray(shaAt, shaAt + SHA256_BYTES)),
    };
  }
  return undefined;
}

function singleFill(bytes: Uint8Array): number | undefined {
  const first = bytes[0];
  return first !== undefined && bytes.every((byte) => byte === first) ? first : undefined;
}
