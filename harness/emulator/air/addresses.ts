import { hexBytes } from './bytes';

/** Six octets; never changed once handed out. */
export type MacAddress = Uint8Array;
/** An IPv4 address as an unsigned 32-bit number, 192.168.4.1 = 0xC0A80401. */
export type Ipv4Address = number;

export const BROADCAST_MAC: MacAddress = Uint8Array.of(255, 255, 255, 255, 255, 255);
export const ANY_IPV4: Ipv4Address = 0;
export const BROADCAST_IPV4: Ipv4Address = 0xffffffff;

/** `02:11:22:33:44:55` as octets. @throws RangeError when it is not a MAC address */
export function parseMac(text: string): MacAddress {
  const parts = text.split(':');
  if (parts.length !== 6 || !parts.every((part) => /^[0-9a-fA-F]{2}$/.test(part))) {
    throw new RangeError(`not a MAC address: ${text}`);
  }
  return Uint8Array.from(parts, (part) => Number.parseInt(part, 16));
}

export function formatMac(mac: MacAddress): string {
  return hexBytes(mac).replace(/(..)(?!$)/g, '$1:');
}

/** A MAC address as a number below 2^48: the key of tables. */
export function macKey(bytes: Uint8Array, offset = 0): number {
  const high = (bytes[offset]! << 8) | bytes[offset + 1]!;
  const low =
    ((bytes[offset + 2]! << 24) |
      (bytes[offset + 3]! << 16) |
      (bytes[offset + 4]! << 8) |
      bytes[offset + 5]!) >>>
    0;
  return high * 0x1_0000_0000 + low;
}

/** Group (multicast and broadcast) addresses have the lowest bit of the first octet set. */
export function isGroupMac(mac: Uint8Array, offset = 0): boolean {
  return (mac[offset]! & 1) !== 0;
}

/** `192.168.4.1` as a number. @throws RangeError when it is not an IPv4 address */
export function ipv4(text: string): Ipv4Address {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256)) {
    throw new RangeError(`not an IPv4 address: ${text}`);
  }
  return parts.reduce((value, part) => value * 256 + Number(part), 0);
}

export function formatIpv4(address: Ipv4Address): string {
  return [address >>> 24, (address >>> 16) & 255, (address >>> 8) & 255, address & 255].join('.');
}
