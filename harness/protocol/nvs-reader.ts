/** Reads a partition of the SDK's non-volatile storage, however damaged it is. */
import { concatBytes, readU16LE, readU32LE } from '../core/bytes';
import { cString, isFilledWith } from './bytes';
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

export type NvsPageState = keyof typeof PAGE_STATE | 'corrupt';

const STATES: ReadonlyMap<number, NvsPageState> = new Map(
  Object.entries(PAGE_STATE).map(([state, word]) => [word, state as NvsPageState]),
);

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
