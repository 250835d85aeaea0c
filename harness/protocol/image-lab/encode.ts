/**
 * Writes ESP8266 images: from segments, or a whole synthetic app for a slot, so that tests need nobody's firmware.
 * The synthetic app is good in form only: its code is random and it does not run.
 */
import { writeU32LE, concatBytes } from '../../core/bytes';
import { DRAM_BASE, IRAM_BASE } from '../../chip/esp8266';
import { fromLatin1, wordBytes, xorChecksum } from '../bytes';
import { sha256Of } from '../image';
import {
  checksumBlockEnd,
  CHECKSUM_SEED,
  DESCRIPTOR_BYTES,
  DESCRIPTOR_FIELDS,
  DESCRIPTOR_MAGIC,
  IMAGE_HEADER_BYTES,
  IMAGE_MAGIC,
  SEGMENT_HEADER_BYTES,
} from '../image-format';
import { slotBaseAddr, type Slot } from '../slots';
import { SeededRandom } from './random';

export interface SegmentInput {
  readonly loadAddr: number;
  readonly data: Uint8Array;
}

export interface ImageInput {
  readonly entryAddr: number;
  readonly segments: readonly SegmentInput[];
  /** 2 = DIO, as every build writes. */
  readonly spiMode?: number;
  /** 0 = 40 MHz. */
  readonly spiSpeed?: number;
  /** High nibble of byte 3, in the coding of the kind of image. */
  readonly sizeNibble?: number;
  /** Apps end in a SHA-256, RAM images do not. */
  readonly hasSha256?: boolean;
}

/** Header, segments, padding, checksum byte, and for apps the SHA-256. */
export function encodeImage(input: ImageInput): Uint8Array {
  const { entryAddr, segments, spiMode = 2, spiSpeed = 0, sizeNibble = 0, hasSha256 = true } = input;
  const header = new Uint8Array(IMAGE_HEADER_BYTES);
  header.set([IMAGE_MAGIC, segments.length, spiMode, (sizeNibble << 4) | spiSpeed]);
  writeU32LE(header, 4, entryAddr);
  const body = concatBytes([
    header,
    ...segments.flatMap(({ loadAddr, data }) => [wordBytes(loadAddr, data.length), data]),
  ]);
  const sealed = new Uint8Array(checksumBlockEnd(body.length));
  sealed.set(body);
  sealed[sealed.length - 1] = segments.reduce((sum, { data }) => xorChecksum(data, sum), CHECKSUM_SEED);
  return hasSha256 ? concatBytes([sealed, sha256Of(sealed)]) : sealed;
}

export interface DescriptorInput {
  readonly version?: string;
  readonly project?: string;
  readonly time?: string;
  readonly date?: string;
  readonly idfVersion?: string;
}

/** esp_app_desc_t; the SDK's tools leave the ELF's digest zero. */
export function encodeDescriptor(input: DescriptorInput = {}): Uint8Array {
  const out = new Uint8Array(DESCRIPTOR_BYTES);
  const text = (offset: number, value: string) => out.set(fromLatin1(value), offset);
  writeU32LE(out, 0, DESCRIPTOR_MAGIC);
  text(DESCRIPTOR_FIELDS.VERSION, input.version ?? '1.2.3');
  text(DESCRIPTOR_FIELDS.PROJECT, input.project ?? 'synthetic');
  text(DESCRIPTOR_FIELDS.TIME, input.time ?? '12:34:56');
  text(DESCRIPTOR_FIELDS.DATE, input.date ?? 'Jan  1 2026');
  text(DESCRIPTOR_FIELDS.IDF_VERSION, input.idfVersion ?? 'v3.4-synthetic');
  return out;
}

export interface SyntheticApp {
  readonly slot: Slot;
  readonly seed?: number;
  readonly textBytes?: number;
  readonly rodataBytes?: number;
  readonly dramBytes?: number;
  readonly iramBytes?: number;
  /** Where the descriptor goes; `none` leaves it out. */
  readonly descriptor?: 'text' | 'rodata' | 'none';
  readonly descriptorFields?: DescriptorInput;
  /** Rodata's load address 8 too low, as the SDK's writer leaves it. */
  readonly hasRodataQuirk?: boolean;
}

const IRAM_VECTORS_BYTES = 0x80;

/** A good app for a slot: five segments as the SDK's build makes them, all of them random bytes. */
export function buildSyntheticApp(app: SyntheticApp): Uint8Array {
  const {
    slot,
    seed = 1,
    textBytes = 0x3400,
    rodataBytes = 0x900,
    dramBytes = 0x204,
    iramBytes = 0x510,
  } = app;
  const { descriptor = 'text', hasRodataQuirk = true } = app;
  const random = new SeededRandom(seed);
  const base = slotBaseAddr(slot);
  const filled = (sizeBytes: number, withDescriptor: boolean) => {
    const data = random.bytes(sizeBytes);
    if (withDescriptor) data.set(encodeDescriptor(app.descriptorFields));
    return data;
  };
  const text = filled(textBytes, descriptor === 'text');
  const rodata = filled(rodataBytes, descriptor === 'rodata');
  const textOffset = IMAGE_HEADER_BYTES + SEGMENT_HEADER_BYTES;
  const rodataOffset = textOffset + textBytes + SEGMENT_HEADER_BYTES;
  return encodeImage({
    // Behind the descriptor, word-aligned, as call_start_cpu is.
    entryAddr: base + textOffset + DESCRIPTOR_BYTES + 0x40,
    segments: [
      { loadAddr: base + textOffset, data: text },
      { loadAddr: base + rodataOffset - (hasRodataQuirk ? 8 : 0), data: rodata },
      { loadAddr: DRAM_BASE, data: random.bytes(dramBytes) },
      { loadAddr: IRAM_BASE, data: random.bytes(IRAM_VECTORS_BYTES) },
      { loadAddr: IRAM_BASE + IRAM_VECTORS_BYTES, data: random.bytes(iramBytes) },
    ],
  });
}

/** A good RAM image (V1), as a bootloader is; `sizeNibble` 2 = 1 MB in its coding. */
export function buildSyntheticBootloader(seed = 1): Uint8Array {
  const random = new SeededRandom(seed);
  return encodeImage({
    entryAddr: IRAM_BASE + 0x24c,
    sizeNibble: 2,
    hasSha256: false,
    segments: [
      { loadAddr: IRAM_BASE, data: random.bytes(0x1000) },
      { loadAddr: DRAM_BASE + 8, data: random.bytes(24) },
      { loadAddr: DRAM_BASE + 0x20, data: random.bytes(0x600) },
    ],
  });
}
