import type { Ipv4Address } from '../addresses';
import { readU16be, writeU16be } from '../bytes';
import { addToSum, finishSum, pseudoHeaderSum } from './checksum';
import { PROTOCOL } from './ipv4';

/** UDP, RFC 768. */
export const UDP_HEADER_BYTES = 8;

export interface UdpDatagram {
  readonly source: Ipv4Address;
  readonly destination: Ipv4Address;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly data: Uint8Array;
}

/** The datagram inside an IPv4 payload; null when it is short or its checksum is wrong. */
export function parseUdp(
  source: Ipv4Address,
  destination: Ipv4Address,
  payload: Uint8Array,
): UdpDatagram | null {
  if (payload.length < UDP_HEADER_BYTES) return null;
  const lengthBytes = readU16be(payload, 4);
  if (lengthBytes < UDP_HEADER_BYTES || lengthBytes > payload.length) return null;
  if (readU16be(payload, 6) !== 0) {
    const sum = pseudoHeaderSum(source, destination, PROTOCOL.UDP, lengthBytes);
    if (finishSum(addToSum(sum, payload, 0, lengthBytes)) !== 0) return null;
  }
  return {
    source,
    destination,
    sourcePort: readU16be(payload, 0),
    destinationPort: readU16be(payload, 2),
    data: payload.subarray(UDP_HEADER_BYTES, lengthBytes),
  };
}

/** Writes the datagram to `out` at `offset`, checksum included. */
export function writeUdp(out: Uint8Array, offset: number, datagram: UdpDatagram): void {
  const lengthBytes = UDP_HEADER_BYTES + datagram.data.length;
  writeU16be(out, offset, datagram.sourcePort);
  writeU16be(out, offset + 2, datagram.destinationPort);
  writeU16be(out, offset + 4, lengthBytes);
  out.set(datagram.data, offset + UDP_HEADER_BYTES);
  const sum = pseudoHeaderSum(datagram.source, datagram.destination, PROTOCOL.UDP, lengthBytes);
  // Zero means "no checksum", so a sum of zero travels as all ones.
  writeU16be(out, offset + 6, finishSum(addToSum(sum, out, offset, offset + lengthBytes)) || 0xffff);
}
