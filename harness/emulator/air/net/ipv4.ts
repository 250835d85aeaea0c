import type { Ipv4Address } from '../addresses';
import { readU16be, readU32be, writeU16be, writeU32be } from '../bytes';
import { addToSum, finishSum } from './checksum';

/** IPv4 packets, RFC 791. */
export const IPV4_HEADER_BYTES = 20;
export const PROTOCOL = { ICMP: 1, TCP: 6, UDP: 17 } as const;
const DEFAULT_TTL = 64;
const FLAG_MORE_FRAGMENTS = 0x2000;
const OFFSET_MASK = 0x1fff;

export interface Ipv4Packet {
  readonly source: Ipv4Address;
  readonly destination: Ipv4Address;
  readonly protocol: number;
  readonly ttl: number;
  readonly identification: number;
  readonly moreFragments: boolean;
  readonly fragmentOffsetBytes: number;
  /** A view into the received bytes, cut to the header's total length. */
  readonly payload: Uint8Array;
}

export interface Ipv4Header {
  readonly source: Ipv4Address;
  readonly destination: Ipv4Address;
  readonly protocol: number;
  readonly identification: number;
}

/** The packet, or why it is none. Frames may be padded: the total length decides. */
export function parseIpv4(bytes: Uint8Array): Ipv4Packet | 'short' | 'version' | 'length' | 'checksum' {
  if (bytes.length < IPV4_HEADER_BYTES) return 'short';
  if (bytes[0]! >> 4 !== 4) return 'version';
  const headerBytes = (bytes[0]! & 15) * 4;
  const totalBytes = readU16be(bytes, 2);
  if (headerBytes < IPV4_HEADER_BYTES || totalBytes < headerBytes || totalBytes > bytes.length)
    return 'length';
  if (finishSum(addToSum(0, bytes, 0, headerBytes)) !== 0) return 'checksum';
  const fragment = readU16be(bytes, 6);
  return {
    source: readU32be(bytes, 12),
    destination: readU32be(bytes, 16),
    protocol: bytes[9]!,
    ttl: bytes[8]!,
    identification: readU16be(bytes, 4),
    moreFragments: (fragment & FLAG_MORE_FRAGMENTS) !== 0,
    fragmentOffsetBytes: (fragment & OFFSET_MASK) * 8,
    payload: bytes.subarray(headerBytes, totalBytes),
  };
}

/** A new packet with room for `payloadBytes` behind its finished header. */
export function newIpv4Packet(header: Ipv4Header, payloadBytes: number): Uint8Array {
  const packet = new Uint8Array(IPV4_HEADER_BYTES + payloadBytes);
  packet[0] = 0x45;
  writeU16be(packet, 2, packet.length);
  writeU16be(packet, 4, header.identification);
  packet[8] = DEFAULT_TTL;
  packet[9] = header.protocol;
  writeU32be(packet, 12, header.source);
  writeU32be(packet, 16, header.destination);
  writeU16be(packet, 10, finishSum(addToSum(0, packet, 0, IPV4_HEADER_BYTES)));
  return packet;
}
