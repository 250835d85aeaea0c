/** Frames as a rig tells them: radiotap, 802.11, LLC, IPv4, TCP or UDP, built from the public layouts. */

/** One pcap record. */
export function packetRecord({ wallMs, frame }: { readonly wallMs: number; readonly frame: Buffer }): Buffer {
  const head = Buffer.alloc(16);
  head.writeUInt32LE(Math.floor(wallMs / 1000), 0);
  head.writeUInt32LE(Math.round((wallMs % 1000) * 1e6), 4);
  head.writeUInt32LE(frame.length, 8);
  head.writeUInt32LE(frame.length, 12);
  return Buffer.concat([head, frame]);
}

export interface TcpFacts {
  readonly payload: string;
  readonly seq?: number;
  readonly fromPort?: number;
  readonly isOpening?: boolean;
  /** With QoS control, as data frames of most stations have it. */
  readonly isQos?: boolean;
}

const CLIENT_IP = 0xc0a80402;
const DEVICE_IP = 0xc0a80401;
const TCP_PROTOCOL = 6;
const UDP_PROTOCOL = 17;

/** A segment from the client to the device's port 80, with a right checksum. */
export function tcpFrame(facts: TcpFacts): Buffer {
  const { payload, seq = 1000, fromPort = 49_152, isOpening = false, isQos = false } = facts;
  const tcp = Buffer.concat([Buffer.alloc(20), Buffer.from(payload, 'latin1')]);
  tcp.writeUInt16BE(fromPort, 0);
  tcp.writeUInt16BE(80, 2);
  tcp.writeUInt32BE(seq >>> 0, 4);
  tcp[12] = 5 << 4;
  tcp[13] = isOpening ? 0x02 : 0x18;
  tcp.writeUInt16BE(8192, 14);
  tcp.writeUInt16BE(checksumOf(tcp, TCP_PROTOCOL), 16);
  return airFrame(ipv4(TCP_PROTOCOL, tcp), isQos);
}

export function udpFrame(payload: string): Buffer {
  const body = Buffer.from(payload, 'latin1');
  const udp = Buffer.concat([Buffer.alloc(8), body]);
  udp.writeUInt16BE(5000, 0);
  udp.writeUInt16BE(5001, 2);
  udp.writeUInt16BE(udp.length, 4);
  return airFrame(ipv4(UDP_PROTOCOL, udp), false);
}

/** What a TCP checksum of a frame from `tcpFrame` has to be. */
export function rightChecksum(
  frame: Buffer,
  isQos = false,
): { readonly is: number; readonly should: number } {
  const tcp = Buffer.from(frame.subarray(8 + 24 + (isQos ? 2 : 0) + 8 + 20));
  const is = tcp.readUInt16BE(16);
  tcp.writeUInt16BE(0, 16);
  return { is, should: checksumOf(tcp, TCP_PROTOCOL) };
}

function airFrame(packet: Buffer, isQos: boolean): Buffer {
  const radiotap = Buffer.from([0, 0, 8, 0, 0, 0, 0, 0]);
  const mac = Buffer.alloc(isQos ? 26 : 24);
  mac[0] = isQos ? 0x88 : 0x08;
  mac[1] = 0x01;
  mac.fill(0x5c, 4, 22);
  return Buffer.concat([radiotap, mac, Buffer.from('aaaa030000000800', 'hex'), packet]);
}

function ipv4(protocol: number, body: Buffer): Buffer {
  const head = Buffer.alloc(20);
  head[0] = 0x45;
  head.writeUInt16BE(20 + body.length, 2);
  head[8] = 64;
  head[9] = protocol;
  head.writeUInt32BE(CLIENT_IP, 12);
  head.writeUInt32BE(DEVICE_IP, 16);
  head.writeUInt16BE(onesComplement(head), 10);
  return Buffer.concat([head, body]);
}

function checksumOf(segment: Buffer, protocol: number): number {
  const pseudo = Buffer.alloc(12);
  pseudo.writeUInt32BE(CLIENT_IP, 0);
  pseudo.writeUInt32BE(DEVICE_IP, 4);
  pseudo[9] = protocol;
  pseudo.writeUInt16BE(segment.length, 10);
  return onesComplement(Buffer.concat([pseudo, segment]));
}

function onesComplement(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += (bytes[at] ?? 0) * 256 + (bytes[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
