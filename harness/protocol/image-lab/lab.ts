/** What the makers of bad images work with: a good image taken apart, its slot, and small edits that keep the rest right. */
import { concatBytes, readU32LE, writeU32LE } from '../../core/bytes';
import { UsageError } from '../../core/errors';
import { wordBytes, xorChecksum } from '../bytes';
import { inspectImage, sha256Of, type ImageHeader, type ImageSegment } from '../image';
import { CHECKSUM_SEED, SEGMENT_HEADER_BYTES, SHA256_BYTES } from '../image-format';
import { checkForSlot, slotBaseAddr, type Slot } from '../slots';
import { encodeImage, type SegmentInput } from './encode';
import { SeededRandom } from './random';

export interface LabInput {
  /** A good image for the slot. */
  readonly good: Uint8Array;
  readonly slot: Slot;
  /** The layout's other OTA slot, for kinds that need one. */
  readonly otherSlot?: Slot | undefined;
  /** The chosen place of kinds that have one. */
  readonly at?: number | undefined;
  readonly seed?: number | undefined;
}

export class Lab {
  readonly good: Uint8Array;
  readonly slot: Slot;
  readonly at: number | undefined;
  readonly random: SeededRandom;
  readonly header: ImageHeader;
  readonly segments: readonly ImageSegment[];
  readonly endOffset: number;
  readonly checksumOffset: number;
  /** What was chosen by chance or by `at`, for the person who reads the output. */
  note = '';
  private readonly otherSlot: Slot | undefined;

  /** @throws UsageError ESPRIG_USAGE when the image is not good for the slot to begin with */
  constructor(input: LabInput) {
    const verdict = checkForSlot(input.good, input.slot);
    if (!verdict.ok) {
      throw new UsageError(
        'ESPRIG_USAGE',
        `the image is not good for ${input.slot.label} itself: ${verdict.error}, ${verdict.detail}`,
        { hint: 'Start from an image that `esprig image info` has no complaints about.' },
      );
    }
    const info = inspectImage(input.good);
    this.good = input.good;
    this.slot = input.slot;
    this.otherSlot = input.otherSlot;
    this.at = input.at;
    this.random = new SeededRandom(input.seed ?? 1);
    this.header = info.header!;
    this.segments = info.segments;
    this.endOffset = info.segmentsEndOffset!;
    this.checksumOffset = info.checksum!.offset;
  }

  /** The layout's other slot, if it is linked to another place. */
  get otherWindow(): Slot {
    const other = this.otherSlot;
    if (other === undefined) throw this.cannot('the layout has no other slot');
    if (slotBaseAddr(other) === slotBaseAddr(this.slot)) {
      throw this.cannot(`${other.label} and ${this.slot.label} share one window, one image serves both`);
    }
    return other;
  }

  get base(): number {
    return slotBaseAddr(this.slot);
  }

  /** First segment that lies in RAM. */
  get ramSegment(): ImageSegment {
    const segment = this.segments.find((each) => each.region === 'dram' && each.sizeBytes > 0);
    if (segment === undefined) throw this.cannot('the image has no segment in data RAM');
    return segment;
  }

  get firstSegment(): ImageSegment {
    return this.segments[0]!;
  }

  get lastSegment(): ImageSegment {
    return this.segments.at(-1)!;
  }

  copy(): Uint8Array {
    return this.good.slice();
  }

  /** A copy with one byte of the file set, the checksum and the digest right again. */
  withByte(offset: number, value: number): Uint8Array {
    const bytes = this.copy();
    bytes[offset] = value;
    return this.seal(bytes);
  }

  withEntry(entryAddr: number): Uint8Array {
    const bytes = this.copy();
    writeU32LE(bytes, 4, entryAddr);
    return this.seal(bytes);
  }

  withLoadAddr(segment: ImageSegment, loadAddr: number): Uint8Array {
    const bytes = this.copy();
    writeU32LE(bytes, segment.headerOffset, loadAddr);
    return this.seal(bytes);
  }

  withLength(segment: ImageSegment, sizeBytes: number): Uint8Array {
    const bytes = this.copy();
    writeU32LE(bytes, segment.headerOffset + 4, sizeBytes);
    return this.seal(bytes);
  }

  /** Makes checksum byte and SHA-256 fit, both at the places of the good image. */
  seal(bytes: Uint8Array): Uint8Array {
    let sum = CHECKSUM_SEED;
    for (const { dataOffset, sizeBytes } of this.segments) {
      sum = xorChecksum(bytes.subarray(dataOffset, dataOffset + sizeBytes), sum);
    }
    bytes[this.checksumOffset] = sum;
    return this.sealDigest(bytes);
  }

  /** Makes only the SHA-256 fit. */
  sealDigest(bytes: Uint8Array): Uint8Array {
    const end = bytes.length - SHA256_BYTES;
    bytes.set(sha256Of(bytes.subarray(0, end)), end);
    return bytes;
  }

  segmentInputs(): SegmentInput[] {
    return this.segments.map(({ loadAddr, dataOffset, sizeBytes }) => ({
      loadAddr,
      data: this.good.slice(dataOffset, dataOffset + sizeBytes),
    }));
  }

  /** The image again, with segments added behind its own; those lie in flash, so that nobody copies them to RAM. */
  withFlashSegments(sizes: readonly number[]): Uint8Array {
    const segments = this.segmentInputs();
    let offset = this.endOffset;
    for (const sizeBytes of sizes) {
      const dataOffset = offset + SEGMENT_HEADER_BYTES;
      segments.push({ loadAddr: this.base + dataOffset, data: this.random.bytes(sizeBytes) });
      offset = dataOffset + sizeBytes;
    }
    return this.withSegments(segments);
  }

  /** An image of these segments; entry and the rest of the header stay. */
  withSegments(segments: readonly SegmentInput[]): Uint8Array {
    const { entryAddr, spiMode, spiSpeed, sizeNibble } = this.header;
    return encodeImage({ entryAddr, segments, spiMode, spiSpeed, sizeNibble });
  }

  /** The image grown to exactly this many bytes (a multiple of 16) by one more flash segment. */
  grownTo(sizeBytes: number): Uint8Array {
    // The end of the segments lies at the start of the checksum's block, so the block ends 16 bytes on.
    const dataBytes = sizeBytes - SHA256_BYTES - 16 - this.endOffset - SEGMENT_HEADER_BYTES;
    if (dataBytes < 0 || sizeBytes % 16 !== 0 || this.segments.length >= 16) {
      throw this.cannot(`the image cannot be grown to ${sizeBytes} bytes by one segment`);
    }
    return this.withFlashSegments([dataBytes]);
  }

  /** The image as it would be linked for another slot, as far as headers tell: entry and flash addresses moved. */
  relinked(slot: Slot, what: { readonly entry: boolean }): Uint8Array {
    const delta = slotBaseAddr(slot) - this.base;
    const bytes = this.copy();
    if (what.entry) writeU32LE(bytes, 4, this.header.entryAddr + delta);
    for (const { region, headerOffset } of this.segments) {
      if (region === 'flash') writeU32LE(bytes, headerOffset, readU32LE(bytes, headerOffset) + delta);
    }
    return this.seal(bytes);
  }

  flippedBit(bit: number): Uint8Array {
    const bytes = this.copy();
    const byte = Math.floor(bit / 8);
    if (!Number.isInteger(bit) || byte >= bytes.length || bit < 0) {
      throw this.cannot(`there is no bit ${bit} in ${bytes.length} bytes`);
    }
    bytes[byte] = bytes[byte]! ^ (1 << (bit % 8));
    this.note = `bit ${bit % 8} of byte 0x${byte.toString(16)}`;
    return bytes;
  }

  /** The chosen number, or one below the limit by chance. @throws UsageError ESPRIG_USAGE when it is out of range */
  choose(limit: number, what: string): number {
    const value = this.at ?? this.random.below(limit);
    if (!Number.isInteger(value) || value < 0 || value >= limit) {
      throw this.cannot(`${what} ${value} does not exist, 0 to ${limit - 1} do`);
    }
    return value;
  }

  cannot(why: string): UsageError {
    return new UsageError('ESPRIG_USAGE', `this kind cannot be made here: ${why}`);
  }
}

/** Words and bytes, one after the other. */
export function join(...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  return concatBytes(parts.map((part) => (part instanceof Uint8Array ? part : wordBytes(...part))));
}
