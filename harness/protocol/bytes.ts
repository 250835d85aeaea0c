/** Text, words and checksums on plain byte arrays: what the codecs of this room need beyond `core/bytes`. */
import { writeU32LE } from '../core/bytes';

/** Writes a little-endian 16-bit word. */
export function putU16(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value & 0xff;
  bytes[offset + 1] = (value >>> 8) & 0xff;
}

/** Big-endian 32-bit word at `offset`, as network protocols have it. */
export function u32BigEndianAt(bytes: Uint8Array, offset: number): number {
  return (
    ((bytes[offset]! << 24) | (bytes[offset + 1]! << 16) | (bytes[offset + 2]! << 8) | bytes[offset + 3]!) >>>
    0
  );
}

/** Little-endian 32-bit words as bytes. */
export function wordBytes(...words: readonly number[]): Uint8Array {
  const out = new Uint8Array(words.length * 4);
  words.forEach((word, index) => writeU32LE(out, index * 4, word));
  return out;
}

/** True when every byte of the array is `value`; true for an empty one. */
export function isFilledWith(bytes: Uint8Array, value: number): boolean {
  return bytes.every((byte) => byte === value);
}

/** `0x` and `digits` lower-case hex digits. */
export function hex(value: number, digits = 1): string {
  return `0x${(value >>> 0).toString(16).padStart(digits, '0')}`;
}

/** Text up to the first NUL, or all of it; bytes above 0x7f come out as Latin-1. */
export function cString(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return latin1(end < 0 ? bytes : bytes.subarray(0, end));
}

/** One character a byte. */
export function latin1(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

/** One byte a character; characters above 0xff become `?`. */
export function fromLatin1(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => (char.charCodeAt(0) > 0xff ? 0x3f : char.charCodeAt(0)));
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let crc = index;
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc;
});

/**
 * CRC-32, reflected, inverted before and after: `zlib.crc32(bytes, seed)` in Python, and the SDK's `crc32_le(seed, …)`.
 * Source: ESP8266_RTOS_SDK `components/esp8266/source/crc.c`, images.md section 5.
 */
export function crc32(bytes: Uint8Array, seed = 0): number {
  let crc = ~seed;
  for (const byte of bytes) crc = (crc >>> 8) ^ CRC_TABLE[(crc ^ byte) & 0xff]!;
  return ~crc >>> 0;
}

/** XOR of all bytes over a seed, the checksum of the boot ROM and its loader (seed 0xEF). */
export function xorChecksum(bytes: Uint8Array, seed = 0xef): number {
  let sum = seed;
  // Indexed: images of a megabyte pass through here often.
  for (let at = 0; at < bytes.length; at += 1) sum ^= bytes[at]!;
  return sum & 0xff;
}

/** Upper-case hex, as Intel HEX has it. */
export function toHexUpper(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).toUpperCase().padStart(2, '0')).join('');
}
