/**
 * The SDK's non-volatile storage, read and written as bytes: pages of 4 KiB with a header, a table of two bits an
 * entry, and 126 entries of 32 bytes. Version 2 (0xFE) keeps blobs as chunks with an index, version 1 (0xFF) whole.
 * Source: ESP8266_RTOS_SDK `components/nvs_flash/src/nvs_page.hpp`, `nvs_types.hpp`, `nvs_storage.cpp`.
 */
import { concatBytes, readU16LE, readU32LE, writeU32LE } from '../core/bytes';
import { ProtocolError } from '../core/errors';
import { crc32, cString, fromLatin1, isFilledWith, putU16 } from './bytes';

export const NVS_PAGE_BYTES = 0x1000;
const ENTRY_BYTES = 32;
const ENTRIES_PER_PAGE = 126;
const TABLE_OFFSET = 32;
const ENTRIES_OFFSET = 64;
const MAX_KEY_CHARS = 15;
/** Longest value in one page: all entries but the one that heads it. */
const MAX_VALUE_BYTES = ENTRY_BYTES * (ENTRIES_PER_PAGE - 1);
const VERSION_BYTE = { 1: 0xff, 2: 0xfe } as const;
const NO_CHUNK = 0xff;

const INTEGER_TYPES = {
  u8: 0x01,
  i8: 0x11,
  u16: 0x02,
  i16: 0x12,
  u32: 0x04,
  i32: 0x14,
  u64: 0x08,
  i64: 0x18,
} as const;
const TYPE = { ...INTEGER_TYPES, string: 0x21, blobV1: 0x41, blobData: 0x42, blobIndex: 0x48 } as const;

export type NvsIntegerType = keyof typeof INTEGER_TYPES;

export type NvsValue =
  | { readonly type: NvsIntegerType; readonly value: bigint }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'blob'; readonly value: Uint8Array };

export type NvsEntry = NvsValue & { readonly namespace: string; readonly key: string };

export type NvsPageState = 'empty' | 'active' | 'full' | 'freeing' | 'corrupt';

const STATES: ReadonlyMap<number, NvsPageState> = new Map([
  [0xffffffff, 'empty'],
  [0xfffffffe, 'active'],
  [0xfffffffc, 'full'],
  [0xfffffff8, 'freeing'],
]);

export interface NvsPage {
  readonly index: number;
  readonly state: NvsPageState;
  readonly sequence: number;
  readonly version: 1 | 2;
  readonly usedEntries: number;
  readonly erasedEntries: number;
}

export interface NvsContents {
  readonly pages: readonly NvsPage[];
  /** Live entries, in the order they lie. */
  readonly entries: readonly NvsEntry[];
  /** What did not add up: damaged entries, unknown types, blobs with a chunk missing. */
  readonly problems: readonly string[];
}

/** CRC as the SDK takes it: seed 0xFFFFFFFF. */
function nvsCrc(bytes: Uint8Array): number {
  return crc32(bytes, 0xffffffff);
}

function entryCrc(entry: Uint8Array): number {
  return nvsCrc(concatBytes([entry.subarray(0, 4), entry.subarray(8, 32)]));
}

export interface EncodeNvsOptions {
  /** Size of the partition; a multiple of 4 KiB. The storage needs one page that stays free. */
  readonly sizeBytes: number;
  readonly version?: 1 | 2;
}

/**
 * A partition with these entries, as if they had been written one after the other into an erased one.
 * @throws ProtocolError ESPRIG_NVS_BAD when a key or value is not allowed, or the partition is too small
 */
export function encodeNvs(entries: readonly NvsEntry[], options: EncodeNvsOptions): Uint8Array {
  const { sizeBytes, version = 2 } = options;
  if (sizeBytes % NVS_PAGE_BYTES !== 0 || sizeBytes < 2 * NVS_PAGE_BYTES) {
    throw bad(`a partition of ${sizeBytes} bytes; whole pages of 4096 wanted, at least two`);
  }
  const writer = new NvsWriter(sizeBytes, version);
  const namespaces = new Map<string, number>();
  for (const entry of entries) {
    let index = namespaces.get(entry.namespace);
    if (index === undefined) {
      index = namespaces.size + 1;
      if (index > 254) throw bad('more than 254 namespaces');
      namespaces.set(entry.namespace, index);
      writer.integer(0, entry.namespace, 'u8', BigInt(index));
    }
    writeEntry(writer, index, entry, version);
  }
  return writer.bytes;
}

function writeEntry(writer: NvsWriter, index: number, entry: NvsEntry, version: 1 | 2): void {
  if (entry.type === 'string') {
    const text = new TextEncoder().encode(entry.value);
    if (text.includes(0)) throw bad(`${entry.key}: a string with a NUL inside`);
    writer.variable(index, entry.key, TYPE.string, concatBytes([text, Uint8Array.of(0)]), NO_CHUNK);
  } else if (entry.type === 'blob') {
    if (version === 1) {
      writer.variable(index, entry.key, TYPE.blobV1, entry.value, NO_CHUNK);
      return;
    }
    writer.variable(index, entry.key, TYPE.blobData, entry.value, 0);
    const data = new Uint8Array(8).fill(0xff);
    writeU32LE(data, 0, entry.value.length);
    data[4] = 1; // one chunk
    data[5] = 0; // the first version of the blob
    writer.fixed(index, entry.key, TYPE.blobIndex, data);
  } else {
    writer.integer(index, entry.key, entry.type, entry.value);
  }
}

/** Fills pages from the front; the last begun page is active, the ones before are full. */
class NvsWriter {
  readonly bytes: Uint8Array;
  private readonly version: 1 | 2;
  private page = -1;
  private next = ENTRIES_PER_PAGE;

  constructor(sizeBytes: number, version: 1 | 2) {
    this.bytes = new Uint8Array(sizeBytes).fill(0xff);
    this.version = version;
    this.beginPage();
  }

  integer(namespace: number, key: string, type: NvsIntegerType, value: bigint): void {
    const code = INTEGER_TYPES[type];
    const width = code & 0x0f;
    const isSigned = (code & 0x10) !== 0;
    const bits = width * 8;
    const wrapped = isSigned ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value);
    if (wrapped !== value) throw bad(`${key}: ${value} does not fit ${type}`);
    const data = new Uint8Array(8).fill(0xff);
    for (let at = 0; at < width; at += 1) data[at] = Number((value >> BigInt(at * 8)) & 0xffn);
    this.fixed(namespace, key, code, data);
  }

  fixed(namespace: number, key: string, type: number, data: Uint8Array): void {
    this.put([this.item(namespace, key, type, 1, NO_CHUNK, data)]);
  }

  variable(namespace: number, key: string, type: number, value: Uint8Array, chunk: number): void {
    if (value.length > MAX_VALUE_BYTES)
      throw bad(`${key}: ${value.length} bytes, at most ${MAX_VALUE_BYTES}`);
    const data = new Uint8Array(8).fill(0xff);
    putU16(data, 0, value.length);
    writeU32LE(data, 4, nvsCrc(value));
    const pieces: Uint8Array[] = [];
    for (let at = 0; at < value.length; at += ENTRY_BYTES) {
      const piece = new Uint8Array(ENTRY_BYTES).fill(0xff);
      piece.set(value.subarray(at, at + ENTRY_BYTES));
      pieces.push(piece);
    }
    this.put([this.item(namespace, key, type, 1 + pieces.length, chunk, data), ...pieces]);
  }

  private item(
    namespace: number,
    key: string,
    type: number,
    span: number,
    chunk: number,
    data: Uint8Array,
  ): Uint8Array {
    if (key.length === 0 || key.length > MAX_KEY_CHARS) {
      throw bad(`key "${key}": 1 to ${MAX_KEY_CHARS} characters wanted`);
    }
    const entry = new Uint8Array(ENTRY_BYTES);
    entry.set([namespace, type, span, chunk]);
    entry.set(fromLatin1(key), 8);
    entry.set(data, 24);
    writeU32LE(entry, 4, entryCrc(entry));
    return entry;
  }

  private put(entries: readonly Uint8Array[]): void {
    if (this.next + entries.length > ENTRIES_PER_PAGE) {
      writeU32LE(this.bytes, this.page * NVS_PAGE_BYTES, 0xfffffffc); // full
      this.beginPage();
    }
    const base = this.page * NVS_PAGE_BYTES;
    for (const entry of entries) {
      this.bytes.set(entry, base + ENTRIES_OFFSET + this.next * ENTRY_BYTES);
      // Written = 0b10: bit 0 of the pair goes to 0.
      const at = base + TABLE_OFFSET + (this.next >>> 2);
      this.bytes[at] = this.bytes[at]! & ~(1 << ((this.next & 3) * 2));
      this.next += 1;
    }
  }

  private beginPage(): void {
    this.page += 1;
    this.next = 0;
    const base = this.page * NVS_PAGE_BYTES;
    // The storage moves data through a page that is kept free; without one it does not start.
    if (base + 2 * NVS_PAGE_BYTES > this.bytes.length)
      throw bad('the partition is too small for these entries');
    writeU32LE(this.bytes, base, 0xfffffffe); // active
    writeU32LE(this.bytes, base + 4, this.page);
    this.bytes[base + 8] = VERSION_BYTE[this.version];
    writeU32LE(this.bytes, base + 28, nvsCrc(this.bytes.subarray(base + 4, base + 28)));
  }
}

/** Reads a partition as far as it makes sense; never throws. Pages count in the order of their sequence. */
export function parseNvs(bytes: Uint8Array): NvsContents {
  const problems: string[] = [];
  const pages: NvsPage[] = [];
  for (let index = 0; (index + 1) * NVS_PAGE_BYTES <= bytes.length; index += 1) {
    pages.push(readPage(bytes.subarray(index * NVS_PAGE_BYTES, (index + 1) * NVS_PAGE_BYTES), index));
  }
  const live = pages
    .filter((page) => page.state === 'active' || page.state === 'full' || page.state === 'freeing')
    .sort((a, b) => a.sequence - b.sequence);
  const items = live.flatMap((page) =>
    readItems(
      bytes.subarray(page.index * NVS_PAGE_BYTES, (page.index + 1) * NVS_PAGE_BYTES),
      page.index,
      problems,
    ),
  );
  const names = new Map(
    items
      .filter((item) => item.namespace === 0 && item.type === TYPE.u8)
      .map((item) => [item.data[0]!, item.key]),
  );
  const entries = items
    .filter((item) => item.namespace !== 0)
    .flatMap((item) => entryOf(item, items, names, problems));
  return { pages, entries, problems };
}

interface Item {
  readonly namespace: number;
  readonly type: number;
  readonly chunk: number;
  readonly key: string;
  readonly data: Uint8Array;
  /** Value of a string or blob chunk. */
  readonly value: Uint8Array;
}

function readPage(page: Uint8Array, index: number): NvsPage {
  const word = readU32LE(page, 0);
  let state = STATES.get(word) ?? 'corrupt';
  if (state === 'empty' && !isFilledWith(page, 0xff)) state = 'corrupt';
  else if (state !== 'empty' && readU32LE(page, 28) !== nvsCrc(page.subarray(4, 28))) state = 'corrupt';
  let usedEntries = 0;
  let erasedEntries = 0;
  if (state !== 'corrupt') {
    for (let entry = 0; entry < ENTRIES_PER_PAGE; entry += 1) {
      const bits = stateBits(page, entry);
      if (bits === 0b10) usedEntries += 1;
      if (bits === 0b00) erasedEntries += 1;
    }
  }
  const version = page[8] === VERSION_BYTE[1] ? 1 : 2;
  return { index, state, sequence: readU32LE(page, 4), version, usedEntries, erasedEntries };
}

function stateBits(page: Uint8Array, entry: number): number {
  return (page[TABLE_OFFSET + (entry >>> 2)]! >>> ((entry & 3) * 2)) & 0b11;
}

function readItems(page: Uint8Array, pageIndex: number, problems: string[]): Item[] {
  const items: Item[] = [];
  for (let index = 0; index < ENTRIES_PER_PAGE;) {
    if (stateBits(page, index) !== 0b10) {
      index += 1;
      continue;
    }
    const at = ENTRIES_OFFSET + index * ENTRY_BYTES;
    const entry = page.subarray(at, at + ENTRY_BYTES);
    const where = `page ${pageIndex}, entry ${index}`;
    const span = entry[2]!;
    if (entryCrc(entry) !== readU32LE(entry, 4) || span === 0 || index + span > ENTRIES_PER_PAGE) {
      problems.push(`${where}: damaged`);
      index += 1;
      continue;
    }
    const item = itemOf(entry, page.subarray(at + ENTRY_BYTES, at + span * ENTRY_BYTES));
    if (item === undefined)
      problems.push(`${where}: "${cString(entry.subarray(8, 24))}" has a damaged value`);
    else items.push(item);
    index += span;
  }
  return items;
}

function itemOf(entry: Uint8Array, rest: Uint8Array): Item | undefined {
  const type = entry[1]!;
  const data = entry.slice(24, 32);
  const head = { namespace: entry[0]!, type, chunk: entry[3]!, key: cString(entry.subarray(8, 24)), data };
  const isVariable = type === TYPE.string || type === TYPE.blobV1 || type === TYPE.blobData;
  if (!isVariable) return { ...head, value: new Uint8Array(0) };
  const sizeBytes = readU16LE(data, 0);
  const value = rest.slice(0, sizeBytes);
  if (value.length !== sizeBytes || nvsCrc(value) !== readU32LE(data, 4)) return undefined;
  return { ...head, value };
}

function entryOf(
  item: Item,
  items: readonly Item[],
  names: ReadonlyMap<number, string>,
  problems: string[],
): NvsEntry[] {
  const namespace = names.get(item.namespace);
  if (namespace === undefined) {
    problems.push(`"${item.key}" belongs to namespace ${item.namespace}, which has no name`);
    return [];
  }
  const place = { namespace, key: item.key };
  if (item.type === TYPE.string) {
    const text = new TextDecoder().decode(item.value.subarray(0, Math.max(0, item.value.length - 1)));
    return [{ ...place, type: 'string', value: text }];
  }
  if (item.type === TYPE.blobV1) return [{ ...place, type: 'blob', value: item.value }];
  if (item.type === TYPE.blobData) return [];
  if (item.type === TYPE.blobIndex) return blobOf(item, place, items, problems);
  const integer = Object.entries(INTEGER_TYPES).find(([, code]) => code === item.type);
  if (integer === undefined) {
    problems.push(`"${item.key}" has unknown type 0x${item.type.toString(16)}`);
    return [];
  }
  return [{ ...place, type: integer[0] as NvsIntegerType, value: integerOf(item) }];
}

function integerOf(item: Item): bigint {
  const width = item.type & 0x0f;
  let value = 0n;
  for (let at = width - 1; at >= 0; at -= 1) value = (value << 8n) | BigInt(item.data[at]!);
  return (item.type & 0x10) === 0 ? value : BigInt.asIntN(width * 8, value);
}

function blobOf(
  item: Item,
  place: { namespace: string; key: string },
  items: readonly Item[],
  problems: string[],
): NvsEntry[] {
  const chunkCount = item.data[4]!;
  const chunkStart = item.data[5]!;
  const chunks: Uint8Array[] = [];
  for (let chunk = chunkStart; chunk < chunkStart + chunkCount; chunk += 1) {
    const found = items.find(
      (each) =>
        each.type === TYPE.blobData &&
        each.namespace === item.namespace &&
        each.key === item.key &&
        each.chunk === chunk,
    );
    if (found === undefined) {
      problems.push(`"${item.key}": chunk ${chunk} of the blob is missing`);
      return [];
    }
    chunks.push(found.value);
  }
  return [{ ...place, type: 'blob', value: concatBytes(chunks) }];
}

function bad(message: string): ProtocolError {
  return new ProtocolError('ESPRIG_NVS_BAD', `NVS: ${message}`, { blame: 'case' });
}
