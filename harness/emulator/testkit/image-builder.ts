/*
 * Images of the format that the boot ROM loads (V1: magic E9, RAM segments, one checksum byte at the end of the last
 * 16-byte line), built here from chip.md 5.2 and 8 alone: the host's image codec may not be used in this room.
 */
const MAGIC = 0xe9;
const CHECKSUM_SEED = 0xef;

export interface ImageSegment {
  readonly loadAddr: number;
  readonly data: Uint8Array;
}

export interface ImageOptions {
  readonly entryAddr: number;
  readonly magic?: number;
  /** SPI mode byte; 2 is DIO. */
  readonly mode?: number;
  /** Size and speed nibbles; 0x20 is 1 MB, 40 MHz. */
  readonly sizeAndSpeed?: number;
  /** Number in the header, when it is to lie. */
  readonly segmentCount?: number;
}

export function checksumOf(data: Uint8Array, seed = CHECKSUM_SEED): number {
  return data.reduce((sum, byte) => sum ^ byte, seed);
}

/** A whole image, padded to 16 bytes. */
export function buildImage(segments: readonly ImageSegment[], options: ImageOptions): Uint8Array {
  const dataEnd = segments.reduce((at, { data }) => at + 8 + data.length, 8);
  const image = new Uint8Array((dataEnd & ~15) + 16);
  const view = new DataView(image.buffer);
  image[0] = options.magic ?? MAGIC;
  image[1] = options.segmentCount ?? segments.length;
  image[2] = options.mode ?? 2;
  image[3] = options.sizeAndSpeed ?? 0x20;
  view.setUint32(4, options.entryAddr, true);
  let at = 8;
  let checksum = CHECKSUM_SEED;
  for (const { loadAddr, data } of segments) {
    view.setUint32(at, loadAddr, true);
    view.setUint32(at + 4, data.length, true);
    image.set(data, at + 8);
    checksum = checksumOf(data, checksum);
    at += 8 + data.length;
  }
  image[image.length - 1] = checksum;
  return image;
}

/** Changes the last byte of `data` so that the running checksum behind it is `wanted`. */
export function steerChecksum(data: Uint8Array, seed: number, wanted: number): Uint8Array {
  const steered = data.slice();
  steered[steered.length - 1]! ^= checksumOf(steered, seed) ^ wanted;
  return steered;
}
