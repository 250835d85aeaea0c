/** What a file is that somebody took for an image: enough to tell them which file they picked up by mistake. */
import { latin1, isFilledWith } from './bytes';
import { readU32LE } from '../core/bytes';
import { IMAGE_HEADER_BYTES, IMAGE_MAGIC, IMAGE_MAGIC_V2 } from './image-format';

export type LooksLikeName =
  | 'empty'
  | 'image'
  | 'image-start'
  | 'image-v2'
  | 'image-esp32'
  | 'flash-dump'
  | 'erased'
  | 'zeros'
  | 'partition-table'
  | 'gzip'
  | 'zip'
  | 'elf'
  | 'uf2'
  | 'intel-hex'
  | 'html'
  | 'json'
  | 'text'
  | 'unknown';

export interface LooksLike {
  readonly name: LooksLikeName;
  /** For a person: `gzip, compressed data`. */
  readonly text: string;
}

const TEXTS: Readonly<Record<LooksLikeName, string>> = {
  empty: 'an empty file',
  image: 'an ESP8266 image',
  'image-start': 'the beginning of an ESP8266 image',
  'image-v2': 'a V2 image (NonOS SDK, rboot), which the RTOS bootloader cannot start',
  'image-esp32': 'an image for an ESP32, with its 24-byte header',
  'flash-dump': 'a dump of a whole flash: bootloader at 0, partition table at 0x8000',
  erased: 'erased flash, nothing but 0xff',
  zeros: 'nothing but zeros',
  'partition-table': 'a partition table',
  gzip: 'gzip, compressed data; unpack it first',
  zip: 'a zip archive',
  elf: 'an ELF file; the image made of it ends in .bin',
  uf2: 'a UF2 file',
  'intel-hex': 'Intel HEX text',
  html: 'an HTML page; perhaps an error page saved under the name of the image',
  json: 'JSON text',
  text: 'text',
  unknown: 'nothing known here',
};

/** Flash offset of the partition table, CONFIG_PARTITION_TABLE_OFFSET. */
const TABLE_OFFSET = 0x8000;
/** Where an ESP32 image's first segment header lies. */
const ESP32_FIRST_SEGMENT = 24;
const SNIFF_BYTES = 512;

/** Names what the bytes look like; a correct image is one of the answers. */
export function recognise(bytes: Uint8Array): LooksLike {
  const name = nameOf(bytes);
  return { name, text: TEXTS[name] };
}

function nameOf(bytes: Uint8Array): LooksLikeName {
  if (bytes.length === 0) return 'empty';
  if (bytes[0] === IMAGE_MAGIC) {
    if (bytes.length < IMAGE_HEADER_BYTES) return 'image-start';
    if (hasTableAt(bytes, TABLE_OFFSET)) return 'flash-dump';
    return isEsp32(bytes) ? 'image-esp32' : 'image';
  }
  if (bytes[0] === IMAGE_MAGIC_V2 && bytes[1] === 0x04) return 'image-v2';
  if (isFilledWith(bytes, 0xff)) return 'erased';
  if (isFilledWith(bytes, 0x00)) return 'zeros';
  if (hasTableAt(bytes, 0)) return 'partition-table';
  return nameByMagic(bytes) ?? nameByText(bytes) ?? 'unknown';
}

function hasTableAt(bytes: Uint8Array, offset: number): boolean {
  return bytes[offset] === 0xaa && bytes[offset + 1] === 0x50;
}

/** Entry in an ESP32's RAM or flash window and a plausible first segment behind the extended header. */
function isEsp32(bytes: Uint8Array): boolean {
  if (bytes.length < ESP32_FIRST_SEGMENT + 8) return false;
  const loadAddr = readU32LE(bytes, ESP32_FIRST_SEGMENT);
  const isThere =
    (loadAddr >= 0x3f400000 && loadAddr < 0x3f800000) ||
    (loadAddr >= 0x3ffae000 && loadAddr < 0x40000000) ||
    (loadAddr >= 0x40070000 && loadAddr < 0x400c2000) ||
    (loadAddr >= 0x400d0000 && loadAddr < 0x40100000);
  // The byte at 23 tells whether a hash follows; the reserved bytes before it are zero.
  return isThere && bytes[23]! <= 1 && isFilledWith(bytes.subarray(19, 23), 0);
}

function nameByMagic(bytes: Uint8Array): LooksLikeName | undefined {
  const magic = latin1(bytes.subarray(0, 4));
  if (magic.startsWith('\x1f\x8b')) return 'gzip';
  if (magic.startsWith('PK')) return 'zip';
  if (magic === '\x7fELF') return 'elf';
  if (magic === 'UF2\n') return 'uf2';
  return undefined;
}

function nameByText(bytes: Uint8Array): LooksLikeName | undefined {
  const start = bytes.subarray(0, SNIFF_BYTES);
  const isText = start.every(
    (byte) => byte === 0x09 || byte === 0x0a || byte === 0x0d || (byte >= 0x20 && byte !== 0x7f),
  );
  if (!isText) return undefined;
  const text = latin1(start).trimStart().toLowerCase();
  if (text.startsWith('<!doctype html') || text.startsWith('<html')) return 'html';
  if (/^:[0-9a-f]{10,}/.test(text)) return 'intel-hex';
  if (text.startsWith('{') || text.startsWith('[')) return 'json';
  return 'text';
}
