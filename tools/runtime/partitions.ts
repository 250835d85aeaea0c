/**
 * partitions.bin from a layout's CSV, as the SDK's `gen_esp32part.py --disable-md5sum` makes it. Only what our layouts
 * use: every row has an offset. The harness has a reader of its own, which the tests hold against this.
 */
const TABLE_BYTES = 0xc00;
const ROW_BYTES = 32;
const ROW_MAGIC = 0x50aa;
const LABEL_AT = 12;
const LABEL_BYTES = 16;
const TYPES: Readonly<Record<string, number>> = { app: 0, data: 1 };
const SUBTYPES: Readonly<Record<string, number>> = {
  factory: 0x00,
  test: 0x20,
  ota: 0x00,
  phy: 0x01,
  nvs: 0x02,
  ...Object.fromEntries(Array.from({ length: 16 }, (_, n) => [`ota_${n}`, 0x10 + n])),
};

export interface PartitionRow {
  readonly label: string;
  readonly type: number;
  readonly subtype: number;
  readonly flashOffset: number;
  readonly sizeBytes: number;
}

/** @throws Error that names the line */
export function readPartitionRows(csv: string): readonly PartitionRow[] {
  return csv.split('\n').flatMap((line, index): PartitionRow[] => {
    const text = line.replace(/#.*/, '').trim();
    if (text === '') return [];
    const [label = '', type = '', subtype = '', offset = '', size = ''] = text
      .split(',')
      .map((cell) => cell.trim());
    const row = {
      label,
      type: TYPES[type] ?? Number(type),
      subtype: SUBTYPES[subtype] ?? Number(subtype),
      flashOffset: Number(offset),
      sizeBytes: Number(size),
    };
    const numbers = [row.type, row.subtype, row.flashOffset, row.sizeBytes];
    if (label === '' || label.length > LABEL_BYTES || offset === '' || !numbers.every(Number.isInteger)) {
      throw new Error(`partition CSV, line ${index + 1}: "${text}" is no row`);
    }
    return [row];
  });
}

/** The table as it stands at 0x8000; what is not used is erased. @throws Error when there are too many rows */
export function encodePartitionRows(rows: readonly PartitionRow[]): Uint8Array {
  if ((rows.length + 1) * ROW_BYTES > TABLE_BYTES) throw new Error(`${rows.length} partitions are too many`);
  const table = new Uint8Array(TABLE_BYTES).fill(0xff);
  const view = new DataView(table.buffer);
  rows.forEach((row, index) => {
    const at = index * ROW_BYTES;
    view.setUint16(at, ROW_MAGIC, true);
    view.setUint8(at + 2, row.type);
    view.setUint8(at + 3, row.subtype);
    view.setUint32(at + 4, row.flashOffset, true);
    view.setUint32(at + 8, row.sizeBytes, true);
    table.fill(0, at + LABEL_AT, at + ROW_BYTES);
    table.set(Buffer.from(row.label, 'latin1'), at + LABEL_AT);
  });
  return table;
}

/** The OTA slots, by number. */
export function otaRows(rows: readonly PartitionRow[]): readonly PartitionRow[] {
  return rows
    .filter((row) => row.type === 0 && row.subtype >= 0x10 && row.subtype < 0x20)
    .sort((a, b) => a.subtype - b.subtype);
}
