/** All parts, one after the other, in a new array. */
export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sizeBytes, part) => sizeBytes + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

/** Same length, same bytes. Not in constant time: never for secrets. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

/**
 * The 16-bit number at `offset`, low byte first.
 * @throws RangeError when it does not lie wholly inside
 */
export function readU16LE(bytes: Uint8Array, offset: number): number {
  return view(bytes).getUint16(offset, true);
}

/**
 * The 32-bit number at `offset`, low byte first, never negative.
 * @throws RangeError when it does not lie wholly inside
 */
export function readU32LE(bytes: Uint8Array, offset: number): number {
  return view(bytes).getUint32(offset, true);
}

/**
 * Writes the low 32 bits of `value`, low byte first.
 * @throws RangeError when they do not fit inside
 */
export function writeU32LE(bytes: Uint8Array, offset: number, value: number): void {
  view(bytes).setUint32(offset, value, true);
}

/** Four bytes, low byte first. */
export function u32LE(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  writeU32LE(bytes, 0, value);
  return bytes;
}

/** Two digits a byte, nothing between. */
export function toHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text;
}

/** `0x` and eight digits, the way addresses stand in every message. */
export function hex32(value: number): string {
  return `0x${(value >>> 0).toString(16).padStart(8, '0')}`;
}

export interface HexDumpOptions {
  /** Address shown for the first byte. */
  readonly base?: number;
  /** More bytes than this are counted, not shown. */
  readonly limitBytes?: number;
}

const ROW_BYTES = 16;

/** Rows of sixteen: address, bytes, and what is printable of them. */
export function hexDump(bytes: Uint8Array, options: HexDumpOptions = {}): readonly string[] {
  const { base = 0, limitBytes = 1024 } = options;
  const rows: string[] = [];
  for (let offset = 0; offset < Math.min(bytes.length, limitBytes); offset += ROW_BYTES) {
    const row = bytes.subarray(offset, Math.min(offset + ROW_BYTES, limitBytes));
    const hex = Array.from(row, (byte) => byte.toString(16).padStart(2, '0'));
    const cells = `${hex.slice(0, 8).join(' ')}  ${hex.slice(8).join(' ')}`;
    const text = Array.from(row, (byte) =>
      byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.',
    ).join('');
    const address = (base + offset).toString(16).padStart(8, '0');
    rows.push(`${address}  ${cells.padEnd(ROW_BYTES * 3)} |${text}|`);
  }
  if (bytes.length > limitBytes) rows.push(`… ${String(bytes.length - limitBytes)} more bytes`);
  return rows;
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
