/**
 * Finds the TCP segment in a captured frame: radiotap (radiotap.org), 802.11 data frame (IEEE 802.11-2016, 9.3.2.1),
 * LLC/SNAP (RFC 1042), IPv4 (RFC 791), TCP (RFC 9293). Anything else has none.
 */
export interface TcpSegment {
  /** Both ends, in the direction of this segment. */
  readonly flow: string;
  readonly seq: number;
  /** SYN: numbers begin anew. */
  readonly isOpening: boolean;
  /** Places in the frame's bytes. */
  readonly tcpAt: number;
  readonly payloadAt: number;
  readonly payloadBytes: number;
}

const TYPE_DATA = 2;
const SUBTYPE_NO_DATA = 0x4;
const SUBTYPE_QOS = 0x8;
const FLAG_TO_AND_FROM_DS = 0x03;
const FLAG_PROTECTED = 0x40;
const FLAG_ORDER = 0x80;
const PROTOCOL_TCP = 6;
const TCP_SYN = 0x02;
/** LLC and SNAP for IPv4. */
const SNAP_IPV4 = Buffer.from('aaaa030000000800', 'hex');

/** `frame` begins with its radiotap header. */
export function tcpSegmentIn(frame: Buffer): TcpSegment | undefined {
  const ipAt = ipv4At(frame);
  if (ipAt === undefined || frame.length < ipAt + 20) return undefined;
  const ipHeadBytes = (frame.readUInt8(ipAt) & 0xf) * 4;
  const isLaterPiece = (frame.readUInt16BE(ipAt + 6) & 0x1fff) !== 0;
  if (frame.readUInt8(ipAt + 9) !== PROTOCOL_TCP || isLaterPiece) return undefined;
  const tcpAt = ipAt + ipHeadBytes;
  const ipEnd = Math.min(frame.length, ipAt + frame.readUInt16BE(ipAt + 2));
  if (ipHeadBytes < 20 || tcpAt + 20 > ipEnd) return undefined;
  const payloadAt = tcpAt + (frame.readUInt8(tcpAt + 12) >> 4) * 4;
  if (payloadAt < tcpAt + 20 || payloadAt > ipEnd) return undefined;
  const [from, to] = [frame.readUInt32BE(ipAt + 12), frame.readUInt32BE(ipAt + 16)];
  const [fromPort, toPort] = [frame.readUInt16BE(tcpAt), frame.readUInt16BE(tcpAt + 2)];
  return {
    flow: `${from}:${fromPort}>${to}:${toPort}`,
    seq: frame.readUInt32BE(tcpAt + 4),
    isOpening: (frame.readUInt8(tcpAt + 13) & TCP_SYN) !== 0,
    tcpAt,
    payloadAt,
    payloadBytes: ipEnd - payloadAt,
  };
}

function ipv4At(frame: Buffer): number | undefined {
  const macAt = frame.length < 4 ? frame.length : frame.readUInt16LE(2);
  if (frame.length < macAt + 24) return undefined;
  const [control, flags] = [frame.readUInt8(macAt), frame.readUInt8(macAt + 1)];
  const subtype = control >> 4;
  if (((control >> 2) & 3) !== TYPE_DATA || (subtype & SUBTYPE_NO_DATA) !== 0) return undefined;
  if ((flags & FLAG_PROTECTED) !== 0) return undefined;
  const addressBytes = (flags & FLAG_TO_AND_FROM_DS) === FLAG_TO_AND_FROM_DS ? 6 : 0;
  const qosBytes = (subtype & SUBTYPE_QOS) === 0 ? 0 : (flags & FLAG_ORDER) === 0 ? 2 : 6;
  const llcAt = macAt + 24 + addressBytes + qosBytes;
  const isIpv4 = frame.subarray(llcAt, llcAt + SNAP_IPV4.length).equals(SNAP_IPV4);
  return isIpv4 ? llcAt + SNAP_IPV4.length : undefined;
}
