import { readU16be, writeU16be } from '../bytes';
import { addToSum, finishSum } from './checksum';

/** ICMP, RFC 792: echo, and the unreachable message for UDP ports nobody listens on (RFC 1122 section 3.2.2.1). */
export const ICMP_TYPE = { ECHO_REPLY: 0, UNREACHABLE: 3, ECHO_REQUEST: 8 } as const;
export const ICMP_CODE_PORT_UNREACHABLE = 3;
const HEADER_BYTES = 8;

export interface IcmpMessage {
  readonly type: number;
  readonly code: number;
  readonly identifier: number;
  readonly sequence: number;
  readonly data: Uint8Array;
}

export function parseIcmp(bytes: Uint8Array): IcmpMessage | null {
  if (bytes.length < HEADER_BYTES || finishSum(addToSum(0, bytes, 0, bytes.length)) !== 0) return null;
  return {
    type: bytes[0]!,
    code: bytes[1]!,
    identifier: readU16be(bytes, 4),
    sequence: readU16be(bytes, 6),
    data: bytes.subarray(HEADER_BYTES),
  };
}

export function encodeIcmp(message: IcmpMessage): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + message.data.length);
  bytes[0] = message.type;
  bytes[1] = message.code;
  writeU16be(bytes, 4, message.identifier);
  writeU16be(bytes, 6, message.sequence);
  bytes.set(message.data, HEADER_BYTES);
  writeU16be(bytes, 2, finishSum(addToSum(0, bytes, 0, bytes.length)));
  return bytes;
}
