/**
 * Answers of the ESP8266's serial loader and of the RAM stub. Response: 01, op, len16, value32, data, two status bytes.
 * Sources: chip.md 6.1, 6.2 (measured on the ROM's behaviour), 6.4; espressif/esptool `esptool/loader.py`.
 */
import { readU16LE, readU32LE, toHex } from '../core/bytes';
import { ProtocolError } from '../core/errors';
import { hex } from './bytes';
import { LOADER_OP, loaderOpName, type LoaderRequest } from './rom-commands';

export * from './rom-commands';

/** Second status byte of the boot ROM. It is stale after success, so only a failure's reason means anything. */
const ROM_REASONS: ReadonlyMap<number, LoaderReason> = new Map([
  [0x05, { name: 'invalid', text: 'invalid or unknown command, length or sequence number' }],
  [0x06, { name: 'operation-failed', text: 'the flash operation failed or the block counts differ' }],
  [0x07, { name: 'checksum', text: 'the checksum of the block is wrong' }],
  [0x08, { name: 'verify', text: 'the flash reads back other bytes than were written' }],
]);

/** First status byte of the stub. */
const STUB_REASONS: ReadonlyMap<number, LoaderReason> = new Map([
  [0xc0, { name: 'length', text: 'wrong length of data' }],
  [0xc1, { name: 'checksum', text: 'the checksum of the block is wrong' }],
  [0xc2, { name: 'block-size', text: 'wrong block size' }],
  [0xc3, { name: 'invalid', text: 'unknown command' }],
  [0xc4, { name: 'spi', text: 'an SPI flash operation failed' }],
  [0xc5, { name: 'unlock', text: 'the flash chip could not be unlocked' }],
  [0xc6, { name: 'not-in-flash-mode', text: 'data without a begin' }],
  [0xc7, { name: 'inflate', text: 'the compressed data are damaged' }],
  [0xc8, { name: 'not-enough', text: 'fewer data than announced' }],
  [0xc9, { name: 'too-much', text: 'more data than announced' }],
  [0xff, { name: 'not-implemented', text: 'not implemented' }],
]);

export type LoaderReasonName =
  | 'invalid'
  | 'operation-failed'
  | 'checksum'
  | 'verify'
  | 'length'
  | 'block-size'
  | 'spi'
  | 'unlock'
  | 'not-in-flash-mode'
  | 'inflate'
  | 'not-enough'
  | 'too-much'
  | 'not-implemented'
  | 'unknown';

export interface LoaderReason {
  readonly name: LoaderReasonName;
  readonly text: string;
}

export type LoaderStatus =
  | { readonly ok: true; readonly bytes: readonly [number, number] }
  | { readonly ok: false; readonly bytes: readonly [number, number]; readonly reason: LoaderReason };

export interface LoaderResponse {
  /** The op the loader believes to answer: for an unknown command that is the one before (chip.md 6.2). */
  readonly op: number;
  readonly name: string;
  /** Register value for READ_REG; a leftover for all others. */
  readonly value: number;
  /** What stands between header and status: the MD5 of the stub, otherwise nothing. */
  readonly data: Uint8Array;
  readonly status: LoaderStatus;
}

const HEADER_BYTES = 8;
const STATUS_BYTES = 2;

/** Names the two status bytes of the ROM ({1, reason}) or the stub ({code, …}). */
export function decodeStatus(first: number, second: number): LoaderStatus {
  if (first === 0) return { ok: true, bytes: [first, second] };
  const reason = STUB_REASONS.get(first) ??
    ROM_REASONS.get(second) ?? { name: 'unknown', text: 'unknown reason' };
  return { ok: false, bytes: [first, second], reason };
}

/**
 * Decodes one frame from the loader.
 * @throws ProtocolError ESPRIG_ROM_BAD_REPLY when it is no response: too short, wrong direction or length
 */
export function decodeResponse(frame: Uint8Array): LoaderResponse {
  const complain = (what: string) =>
    new ProtocolError('ESPRIG_ROM_BAD_REPLY', `loader reply: ${what}; frame: ${toHex(frame.slice(0, 32))}`, {
      hint: 'Bytes got lost or changed on the way. Try a lower baud rate, another cable or another USB port.',
    });
  if (frame.length < HEADER_BYTES + STATUS_BYTES) throw complain(`${frame.length} bytes, at least 10 wanted`);
  if (frame[0] !== 0x01) throw complain(`direction byte ${hex(frame[0]!, 2)}, not 0x01`);
  const payloadBytes = readU16LE(frame, 2);
  if (payloadBytes < STATUS_BYTES || HEADER_BYTES + payloadBytes !== frame.length) {
    throw complain(`announces ${payloadBytes} bytes and carries ${frame.length - HEADER_BYTES}`);
  }
  const statusAt = frame.length - STATUS_BYTES;
  return {
    op: frame[1]!,
    name: loaderOpName(frame[1]!),
    value: readU32LE(frame, 4),
    data: frame.slice(HEADER_BYTES, statusAt),
    status: decodeStatus(frame[statusAt]!, frame[statusAt + 1]!),
  };
}

/** True for the answer to a command the loader does not know; the op in it may be another one's. */
export function isUnsupported(response: LoaderResponse): boolean {
  return !response.status.ok && response.status.reason.name === 'invalid';
}

/**
 * Passes a good answer through and turns a refusal into an error that names command and reason.
 * @throws ProtocolError ESPRIG_ROM_STATUS, ESPRIG_ROM_BAD_CHECKSUM, or ESPRIG_FLASH_VERIFY when the ROM read back
 * other bytes than it wrote
 */
export function expectOk(response: LoaderResponse, request?: LoaderRequest): LoaderResponse {
  const { status } = response;
  if (status.ok) return response;
  const name = request?.name ?? response.name;
  const shown = toHex(Uint8Array.from(status.bytes));
  throw new ProtocolError(
    CODES.get(status.reason.name) ?? 'ESPRIG_ROM_STATUS',
    `${name}: the loader refuses, status ${shown}: ${status.reason.text}`,
    {
      details: {
        command: request?.op ?? response.op,
        status: status.bytes[0] === 1 ? status.bytes[1] : status.bytes[0],
      },
      hint: HINTS.get(status.reason.name),
    },
  );
}

const CODES = new Map<LoaderReasonName, 'ESPRIG_ROM_BAD_CHECKSUM' | 'ESPRIG_FLASH_VERIFY'>([
  ['checksum', 'ESPRIG_ROM_BAD_CHECKSUM'],
  ['verify', 'ESPRIG_FLASH_VERIFY'],
]);

const HINTS = new Map<LoaderReasonName, string>([
  ['checksum', 'The line damages bytes: lower the baud rate, shorten the cable.'],
  ['verify', 'The flash chip does not keep what is written: check its supply, or the chip is worn out.'],
  ['operation-failed', 'Check that the offset is a multiple of 0x1000 and lies inside the flash chip.'],
  ['spi', 'The flash chip does not answer: check the flash mode pins and the supply.'],
  ['unlock', 'The flash chip is write-protected.'],
]);

/** The 16 raw bytes of an MD5 answer as hex. @throws ProtocolError ESPRIG_ROM_BAD_REPLY when they are not 16 */
export function md5FromResponse(response: LoaderResponse): string {
  if (response.data.length !== 16) {
    throw new ProtocolError(
      'ESPRIG_ROM_BAD_REPLY',
      `${loaderOpName(LOADER_OP.SPI_FLASH_MD5)}: ${response.data.length} bytes of digest, not 16`,
    );
  }
  return toHex(response.data);
}

/** A request as the loader sees it: for test doubles and traces. */
export interface DecodedRequest {
  readonly op: number;
  readonly name: string;
  readonly checksum: number;
  readonly data: Uint8Array;
}

/** @throws ProtocolError ESPRIG_ROM_BAD_REPLY when the packet is no request */
export function decodeRequest(packet: Uint8Array): DecodedRequest {
  if (
    packet.length < HEADER_BYTES ||
    packet[0] !== 0x00 ||
    readU16LE(packet, 2) !== packet.length - HEADER_BYTES
  ) {
    throw new ProtocolError('ESPRIG_ROM_BAD_REPLY', `no loader request: ${toHex(packet.slice(0, 16))}`);
  }
  return {
    op: packet[1]!,
    name: loaderOpName(packet[1]!),
    checksum: readU32LE(packet, 4),
    data: packet.slice(HEADER_BYTES),
  };
}

/** A response packet: for test doubles. */
export function encodeResponse(
  op: number,
  value: number,
  data: Uint8Array,
  status: readonly [number, number],
): Uint8Array {
  const frame = new Uint8Array(HEADER_BYTES + data.length + STATUS_BYTES);
  const view = new DataView(frame.buffer);
  frame[0] = 0x01;
  frame[1] = op;
  view.setUint16(2, data.length + STATUS_BYTES, true);
  view.setUint32(4, value, true);
  frame.set(data, HEADER_BYTES);
  frame.set(status, HEADER_BYTES + data.length);
  return frame;
}
