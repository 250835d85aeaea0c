import type { Ipv4Address, MacAddress } from '../addresses';
import { concatBytes, readU16be, readU32be, writeU16be, writeU32be } from '../bytes';

/** DHCP messages, RFC 2131 and the options of RFC 2132 that matter here. */
export const DHCP_SERVER_PORT = 67;
export const DHCP_CLIENT_PORT = 68;
export const DHCP_TYPE = {
  DISCOVER: 1,
  OFFER: 2,
  REQUEST: 3,
  DECLINE: 4,
  ACK: 5,
  NAK: 6,
  RELEASE: 7,
  INFORM: 8,
} as const;
export const DHCP_OPTION = {
  SUBNET_MASK: 1,
  ROUTER: 3,
  DNS: 6,
  HOST_NAME: 12,
  REQUESTED_IP: 50,
  LEASE_SECONDS: 51,
  MESSAGE_TYPE: 53,
  SERVER_ID: 54,
  PARAMETERS: 55,
} as const;
const OPTION_PAD = 0;
const OPTION_END = 255;
const OPTIONS_OFFSET = 240;
const MAGIC = 0x63825363;
/** Flags: the client cannot receive unicast yet. */
export const DHCP_FLAG_BROADCAST = 0x8000;

export interface DhcpMessage {
  /** 1 from the client, 2 from the server. */
  readonly operation: 1 | 2;
  readonly transaction: number;
  readonly flags: number;
  readonly clientIp: Ipv4Address;
  readonly yourIp: Ipv4Address;
  readonly serverIp: Ipv4Address;
  readonly clientMac: MacAddress;
  readonly options: ReadonlyMap<number, Uint8Array>;
}

export function parseDhcp(bytes: Uint8Array): DhcpMessage | null {
  if (bytes.length < OPTIONS_OFFSET || readU32be(bytes, 236) !== MAGIC) return null;
  const operation = bytes[0]!;
  if ((operation !== 1 && operation !== 2) || bytes[1] !== 1 || bytes[2] !== 6) return null;
  const options = new Map<number, Uint8Array>();
  for (let at = OPTIONS_OFFSET; at < bytes.length;) {
    const code = bytes[at++]!;
    if (code === OPTION_PAD) continue;
    if (code === OPTION_END) break;
    const sizeBytes = bytes[at++];
    if (sizeBytes === undefined || at + sizeBytes > bytes.length) return null;
    options.set(code, bytes.slice(at, at + sizeBytes));
    at += sizeBytes;
  }
  return {
    operation,
    transaction: readU32be(bytes, 4),
    flags: readU16be(bytes, 10),
    clientIp: readU32be(bytes, 12),
    yourIp: readU32be(bytes, 16),
    serverIp: readU32be(bytes, 20),
    clientMac: bytes.slice(28, 34),
    options,
  };
}

export function encodeDhcp(message: DhcpMessage): Uint8Array {
  const head = new Uint8Array(OPTIONS_OFFSET);
  head[0] = message.operation;
  head[1] = 1;
  head[2] = 6;
  writeU32be(head, 4, message.transaction);
  writeU16be(head, 10, message.flags);
  writeU32be(head, 12, message.clientIp);
  writeU32be(head, 16, message.yourIp);
  writeU32be(head, 20, message.serverIp);
  head.set(message.clientMac, 28);
  writeU32be(head, 236, MAGIC);
  const parts: Uint8Array[] = [head];
  for (const [code, value] of message.options) parts.push(Uint8Array.of(code, value.length), value);
  parts.push(Uint8Array.of(OPTION_END));
  const bytes = concatBytes(...parts);
  // BOOTP's 300 bytes are the least some receivers take.
  return bytes.length >= 300 ? bytes : concatBytes(bytes, new Uint8Array(300 - bytes.length));
}

export function ipOption(address: Ipv4Address): Uint8Array {
  const bytes = new Uint8Array(4);
  writeU32be(bytes, 0, address);
  return bytes;
}

/** The option's value as an address or number of 32 bits; null when it is absent. */
export function optionU32(message: DhcpMessage, code: number): number | null {
  const value = message.options.get(code);
  return value && value.length >= 4 ? readU32be(value, 0) : null;
}

export function messageType(message: DhcpMessage): number {
  return message.options.get(DHCP_OPTION.MESSAGE_TYPE)?.[0] ?? 0;
}
