/**
 * Partition tables as the SDK's CSV files have them: `name, type, subtype, offset, size, flags`, `#` comments, numbers in
 * decimal or 0x hex with K and M, names of types in any case.
 * Source: ESP8266_RTOS_SDK v3.3 and later, `components/partition_table/gen_esp32part.py`; v3.2 still put an app without
 * an offset at the next 64 KiB.
 */
import { FLASH_SECTOR_BYTES } from '../chip/flash-chips';
import { ProtocolError } from '../core/errors';
import { hex } from './bytes';
import { APP_SUBTYPE, PARTITION_TABLE_OFFSET, PARTITION_TYPE, type Partition } from './partition-table';

const TYPES: ReadonlyMap<string, number> = new Map([
  ['app', PARTITION_TYPE.APP],
  ['data', PARTITION_TYPE.DATA],
]);

const APP_SUBTYPES: ReadonlyMap<string, number> = new Map([
  ['factory', APP_SUBTYPE.FACTORY],
  ...Array.from({ length: 16 }, (_, n): [string, number] => [`ota_${n}`, APP_SUBTYPE.OTA_0 + n]),
  ['test', APP_SUBTYPE.TEST],
]);

const DATA_SUBTYPES: ReadonlyMap<string, number> = new Map([
  ['ota', 0x00],
  ['phy', 0x01],
  ['nvs', 0x02],
  ['coredump', 0x03],
  ['nvs_keys', 0x04],
  ['efuse', 0x05],
  ['esphttpd', 0x80],
  ['fat', 0x81],
  ['spiffs', 0x82],
]);

/**
 * Reads CSV text; an empty offset follows the row before, aligned (apps to sectors, data to words), and a size below zero
 * is the address where the partition ends.
 * @throws ProtocolError ESPRIG_PARTITIONS_BAD naming the line
 */
export function parsePartitionCsv(text: string): readonly Partition[] {
  const partitions: Partition[] = [];
  let nextOffset = PARTITION_TABLE_OFFSET + 0x1000;
  text.split(/\r\n|\r|\n/).forEach((raw, index) => {
    const line = raw.replace(/#.*/, '').trim();
    if (line === '') return;
    const fields = line.split(',').map((field) => field.trim());
    const fail = (what: string) => badLine(index + 1, what);
    const [label = '', typeText = '', subtypeText = '', offsetText = '', sizeText = '', flags = ''] = fields;
    if (fields.length < 5) throw fail(`${fields.length} columns, at least 5 wanted`);
    if (label === '' || label.length > 16) throw fail(`label "${label}" has no or more than 16 characters`);
    const type = TYPES.get(typeText.toLowerCase()) ?? numberOf(typeText);
    if (type === undefined || type > 0xfe) throw fail(`unknown type "${typeText}"`);
    const subtype = subtypeOf(type, subtypeText);
    if (subtype === undefined) throw fail(`unknown subtype "${subtypeText}"`);
    const align = type === PARTITION_TYPE.APP ? FLASH_SECTOR_BYTES : 4;
    const offset = offsetText === '' ? Math.ceil(nextOffset / align) * align : numberOf(offsetText);
    if (offset === undefined) throw fail(`offset "${offsetText}" is no number`);
    const isEnd = sizeText.startsWith('-');
    const size = numberOf(isEnd ? sizeText.slice(1) : sizeText);
    if (size === undefined) throw fail(`size "${sizeText}" is no number`);
    const sizeBytes = isEnd ? size - offset : size;
    if (isEnd && sizeBytes <= 0) {
      throw fail(`size "${sizeText}" ends at ${hex(size)}, the offset is ${hex(offset)}`);
    }
    if (flags !== '' && flags !== 'encrypted') throw fail(`unknown flag "${flags}"`);
    partitions.push({ label, type, subtype, offset, sizeBytes, isEncrypted: flags === 'encrypted' });
    nextOffset = offset + sizeBytes;
  });
  return partitions;
}

/** CSV text that `parsePartitionCsv` and the SDK's build read back to the same rows. */
export function formatPartitionCsv(partitions: readonly Partition[]): string {
  const rows = partitions.map((partition) => {
    const { label, type, subtype, offset, sizeBytes, isEncrypted } = partition;
    const cells = [
      label,
      type === 0 ? 'app' : type === 1 ? 'data' : hex(type, 2),
      subtypeName(type, subtype),
      hex(offset),
      hex(sizeBytes),
    ];
    return cells.join(', ') + (isEncrypted ? ', encrypted' : '');
  });
  return ['# Name, Type, SubType, Offset, Size, Flags', ...rows, ''].join('\n');
}

function subtypeOf(type: number, text: string): number | undefined {
  const names = namesFor(type);
  const number = text === '' && type > 1 ? 0 : numberOf(text);
  const value = names?.get(text.toLowerCase()) ?? number;
  return value !== undefined && value <= 0xff ? value : undefined;
}

function subtypeName(type: number, subtype: number): string {
  for (const [name, value] of namesFor(type) ?? []) if (value === subtype) return name;
  return hex(subtype, 2);
}

function namesFor(type: number): ReadonlyMap<string, number> | undefined {
  return type === PARTITION_TYPE.APP
    ? APP_SUBTYPES
    : type === PARTITION_TYPE.DATA
      ? DATA_SUBTYPES
      : undefined;
}

function numberOf(text: string): number | undefined {
  const match = /^(0x[0-9a-f]+|\d+)([km]?)$/i.exec(text);
  if (match === null) return undefined;
  const unit = { '': 1, k: 1024, m: 1024 * 1024 }[match[2]!.toLowerCase()]!;
  const value = Number(match[1]) * unit;
  return value <= 0xffffffff ? value : undefined;
}

function badLine(line: number, what: string): ProtocolError {
  return new ProtocolError('ESPRIG_PARTITIONS_BAD', `partition CSV, line ${line}: ${what}`, {
    blame: 'case',
  });
}
