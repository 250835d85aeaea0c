import type { Ipv4Address } from '../addresses';
import { readU16be, readU32be, writeU16be, writeU32be } from '../bytes';
import { addToSum, finishSum, pseudoHeaderSum } from './checksum';
import { PROTOCOL } from './ipv4';

/** TCP segments, RFC 9293 section 3.1. */
export const TCP_HEADER_BYTES = 20;
export const TCP_FLAG = { FIN: 1, SYN: 2, RST: 4, PSH: 8, ACK: 16, URG: 32 } as const;
const OPTION_END = 0;
const OPTION_NOP = 1;
const OPTION_MSS = 2;
const MSS_OPTION_BYTES = 4;

export interface TcpSegment {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly sequence: number;
  readonly acknowledgment: number;
  readonly flags: number;
  readonly window: number;
  /** Maximum segment size option; null when absent. */
  readonly mss: number | null;
  readonly data: Uint8Array;
}

/** The segment inside an IPv4 payload; null when it is malformed or its checksum is wrong. */
export function parseTcp(
  source: Ipv4Address,
  destination: Ipv4Address,
  payload: Uint8Array,
): TcpSegment | null {
  if (payload.length < TCP_HEADER_BYTES) return null;
  const headerBytes = (payload[12]! >> 4) * 4;
  if (headerBytes < TCP_HEADER_BYTES || headerBytes > payload.length) return null;
  const sum = pseudoHeaderSum(source, destination, PROTOCOL.TCP, payload.length);
  if (finishSum(addToSum(sum, payload, 0, payload.length)) !== 0) return null;
  return {
    sourcePort: readU16be(payload, 0),
    destinationPort: readU16be(payload, 2),
    sequence: readU32be(payload, 4),
    acknowledgment: readU32be(payload, 8),
    flags: payload[13]! & 0x3f,
    window: readU16be(payload, 14),
    mss: parseMss(payload, headerBytes),
    data: payload.subarray(headerBytes),
  };
}

function parseMss(payload: Uint8Array, headerBytes: number): number | null {
  for (let at = TCP_HEADER_BYTES; at < headerBytes;) {
    const kind = payload[at]!;
    if (kind === OPTION_END) return null;
    if (kind === OPTION_NOP) {
      at++;
      continue;
    }
    const sizeBytes = at + 1 < headerBytes ? payload[at + 1]! : 0;
    if (sizeBytes < 2 || at + sizeBytes > headerBytes) return null;
    if (kind === OPTION_MSS && sizeBytes === MSS_OPTION_BYTES) return readU16be(payload, at + 2);
    at += sizeBytes;
  }
  return null;
}

export function tcpSegmentBytes(segment: TcpSegment): number {
  return TCP_HEADER_BYTES + (segment.mss === null ? 0 : MSS_OPTION_BYTES) + segment.data.length;
}

/** Writes the segment to `out` at `offset`, checksum included. */
export function writeTcp(
  out: Uint8Array,
  offset: number,
  source: Ipv4Address,
  destination: Ipv4Address,
  segment: TcpSegment,
): void {
  const headerBytes = TCP_HEADER_BYTES + (segment.mss === null ? 0 : MSS_OPTION_BYTES);
  writeU16be(out, offset, segment.sourcePort);
  writeU16be(out, offset + 2, segment.destinationPort);
  writeU32be(out, offset + 4, segment.sequence);
  writeU32be(out, offset + 8, segment.acknowledgment);
  out[offset + 12] = (headerBytes / 4) << 4;
  out[offset + 13] = segment.flags;
  writeU16be(out, offset + 14, segment.window);
  if (segment.mss !== null) {
    out[offset + TCP_HEADER_BYTES] = OPTION_MSS;
    out[offset + TCP_HEADER_BYTES + 1] = MSS_OPTION_BYTES;
    writeU16be(out, offset + TCP_HEADER_BYTES + 2, segment.mss);
  }
  out.set(segment.data, offset + headerBytes);
  const lengthBytes = headerBytes + segment.data.length;
  const sum = pseudoHeaderSum(source, destination, PROTOCOL.TCP, lengthBytes);
  writeU16be(out, offset + 16, finishSum(addToSum(sum, out, offset, offset + lengthBytes)));
}
