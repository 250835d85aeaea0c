/** Writes a partition of the SDK's non-volatile storage, as a rig is provisioned with. */
import { concatBytes, writeU32LE } from '../core/bytes';
import { ProtocolError } from '../core/errors';
import { fromLatin1, putU16 } from './bytes';
import {
  ENTRIES_OFFSET,
  ENTRIES_PER_PAGE,
  ENTRY_BYTES,
  INTEGER_TYPES,
  NVS_PAGE_BYTES,
  PAGE_STATE,
  TABLE_OFFSET,
  TYPE,
  VERSION_BYTE,
  entryCrc,
  nvsCrc,
  type NvsEntry,
  type NvsIntegerType,
} from './nvs-format';

const MAX_KEY_CHARS = 15;
/** Longest value in one page: all entries but the one that heads it. */
const MAX_VALUE_BYTES = ENTRY_BYTES * (ENTRIES_PER_PAGE - 1);
const NO_CHUNK = 0xff;

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
      writeU32LE(this.bytes, this.page * NVS_PAGE_BYTES, PAGE_STATE.full);
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
    writeU32LE(this.bytes, base, PAGE_STATE.active);
    writeU32LE(this.bytes, base + 4, this.page);
    this.bytes[base + 8] = VERSION_BYTE[this.version];
    writeU32LE(this.bytes, base + 28, nvsCrc(this.bytes.subarray(base + 4, base + 28)));
  }
}

function bad(message: string): ProtocolError {
  return new ProtocolError('ESPRIG_NVS_BAD', `NVS: ${message}`, { blame: 'case' });
}
