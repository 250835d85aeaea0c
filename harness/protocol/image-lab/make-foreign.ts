/** Makers of the kinds that are no app image at all: what people upload by mistake. */
import { gzipSync } from 'node:zlib';
import { writeU32LE } from '../../core/bytes';
import { fromLatin1, latin1, toHexUpper, wordBytes, xorChecksum } from '../bytes';
import { layoutByName } from '../layouts';
import { CHECKSUM_SEED, IMAGE_MAGIC, IMAGE_MAGIC_V2 } from '../image-format';
import { encodeOtaData } from '../otadata';
import { encodePartitionTable, PARTITION_TABLE_OFFSET } from '../partition-table';
import { buildSyntheticBootloader, encodeImage } from './encode';
import { join, type Lab } from './lab';
import type { Maker } from './make-edited';

const TEXT = 'This is not a firmware image. It is a text that somebody uploaded by mistake.\r\n';
const HTML =
  '<!DOCTYPE html>\n<html><head><title>404 Not Found</title></head>\n' +
  '<body><h1>Not Found</h1><p>The requested file was not found on this server.</p></body></html>\n';
/** Where the app begins in a dump of a whole flash. */
const DUMP_APP_OFFSET = 0x10000;
const BOUNDARY = '----WebKitFormBoundaryesprigesprig16';
/** Entry of an ESP32 app, in its instruction RAM. */
const ESP32_ENTRY = 0x40081040;

export const FOREIGN_MAKERS = {
  erased: (lab) => lab.copy().fill(0xff),
  zeros: (lab) => lab.copy().fill(0x00),
  random: (lab) => {
    const bytes = lab.random.bytes(lab.good.length);
    if (bytes[0] === IMAGE_MAGIC) bytes[0] = 0x16;
    return bytes;
  },
  text: () => fromLatin1(TEXT.repeat(40)),
  html: () => fromLatin1(HTML),
  json: () => fromLatin1(`${JSON.stringify({ error: 'not found', path: '/firmware.bin' }, undefined, 2)}\n`),
  gzip: (lab) => new Uint8Array(gzipSync(lab.good)),
  zip: (lab) => join(fromLatin1('PK\x03\x04'), lab.good.slice(4)),
  elf: (lab) => join(elfHeader(lab), lab.good.slice(52)),
  'intel-hex': (lab) => intelHex(lab.good.subarray(0, 1024)),
  uf2: (lab) => uf2(lab.good.subarray(0, 4096)),
  base64: (lab) => fromLatin1(btoa(latin1(lab.good))),
  multipart: (lab) =>
    join(
      fromLatin1(
        `--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="app.bin"\r\n` +
          'Content-Type: application/octet-stream\r\n\r\n',
      ),
      lab.good,
      fromLatin1(`\r\n--${BOUNDARY}--\r\n`),
    ),
  'utf8-mangled': (lab) => new TextEncoder().encode(latin1(lab.good)),
  'shifted-by-one': (lab) => join(Uint8Array.of(0), lab.good),
  'byte-swapped': (lab) => lab.copy().map((_, at) => lab.good[at ^ 1]!),
  'partition-table': () => encodePartitionTable(layoutByName('one-mb').partitions),
  otadata: () => encodeOtaData(1, undefined),
  'v2-image': v2Image,
  bootloader: (lab) => buildSyntheticBootloader(lab.random.u32()),
  'flash-dump': (lab) => {
    const dump = new Uint8Array(DUMP_APP_OFFSET + lab.good.length).fill(0xff);
    dump.set(buildSyntheticBootloader(lab.random.u32()));
    dump.set(encodePartitionTable(layoutByName('one-mb').partitions), PARTITION_TABLE_OFFSET);
    dump.set(lab.good, DUMP_APP_OFFSET);
    return dump;
  },
  esp32: (lab) => esp32Image(lab, ESP32_ENTRY),
  'esp32-entry-inside': (lab) => esp32Image(lab, lab.header.entryAddr),
} satisfies Record<string, Maker>;

function elfHeader(lab: Lab): Uint8Array {
  const header = new Uint8Array(52);
  header.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1]); // 32 bit, little-endian
  header.set([2, 0, 94, 0], 16); // executable, Xtensa
  writeU32LE(header, 20, 1);
  writeU32LE(header, 24, lab.header.entryAddr);
  return header;
}

function intelHex(bytes: Uint8Array): Uint8Array {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += 16) {
    const record = Uint8Array.of(16, at >>> 8, at & 0xff, 0, ...bytes.subarray(at, at + 16));
    const sum = -record.reduce((total, byte) => total + byte, 0) & 0xff;
    lines.push(`:${toHexUpper(record)}${toHexUpper(Uint8Array.of(sum))}`);
  }
  return fromLatin1(`${lines.join('\r\n')}\r\n:00000001FF\r\n`);
}

/** Blocks of 512 bytes with 256 of payload each; the family id is the ESP8266's. */
function uf2(bytes: Uint8Array): Uint8Array {
  const count = Math.ceil(bytes.length / 256);
  const blocks = Array.from({ length: count }, (_, index) => {
    const block = new Uint8Array(512);
    block.set(wordBytes(0x0a324655, 0x9e5d5157, 0x2000, index * 256, 256, index, count, 0x7eab61ed));
    block.set(bytes.subarray(index * 256, (index + 1) * 256), 32);
    writeU32LE(block, 508, 0x0ab16f30);
    return block;
  });
  return join(...blocks);
}

/** EA 04, the flash segment first at address 0, then an ordinary header with the RAM segments (images.md section 1). */
function v2Image(lab: Lab): Uint8Array {
  const inputs = lab.segmentInputs();
  const flash = inputs[0]!;
  const ram = inputs.filter((_, index) => lab.segments[index]!.region !== 'flash');
  const outer = Uint8Array.of(IMAGE_MAGIC_V2, 4, lab.good[2]!, lab.good[3]!);
  const inner = encodeImage({ entryAddr: 0x40100004, segments: ram, hasSha256: false });
  return join(outer, [lab.header.entryAddr, 0, flash.data.length], flash.data, inner);
}

/** The 8-byte header, 16 bytes more of an ESP32 (no write-protect pin, chip id 0, hash appended), its segments. */
function esp32Image(lab: Lab, entryAddr: number): Uint8Array {
  const extended = new Uint8Array(16);
  extended[0] = 0xee;
  extended[15] = 1;
  const data = lab.random.bytes(0x1000);
  const code = lab.random.bytes(0x800);
  const sum = xorChecksum(code, xorChecksum(data, CHECKSUM_SEED));
  const body = join(
    Uint8Array.of(IMAGE_MAGIC, 2, 2, 0x20),
    [entryAddr],
    extended,
    [0x3f400020, data.length],
    data,
    [0x40080000, code.length],
    code,
  );
  const sealed = new Uint8Array((Math.floor(body.length / 16) + 1) * 16 + 32);
  sealed.set(body);
  sealed[sealed.length - 33] = sum;
  return lab.sealDigest(sealed);
}
