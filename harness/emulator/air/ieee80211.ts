import type { MacAddress } from './addresses';
import { readU16be, readU16le, writeU16be, writeU16le } from './bytes';

/** 802.11 MPDUs without FCS: IEEE 802.11-2020 section 9.2 and 9.3; layouts used here in wifi.md section 11.2. */

/** First frame control byte: type and subtype. */
export const FC0 = {
  ASSOCIATION_REQUEST: 0x00,
  ASSOCIATION_RESPONSE: 0x10,
  REASSOCIATION_REQUEST: 0x20,
  REASSOCIATION_RESPONSE: 0x30,
  PROBE_REQUEST: 0x40,
  PROBE_RESPONSE: 0x50,
  BEACON: 0x80,
  DISASSOCIATION: 0xa0,
  AUTHENTICATION: 0xb0,
  DEAUTHENTICATION: 0xc0,
  ACTION: 0xd0,
  PS_POLL: 0xa4,
  DATA: 0x08,
  NULL: 0x48,
  QOS_DATA: 0x88,
  QOS_NULL: 0xc8,
} as const;

/** Second frame control byte. */
export const FC1 = {
  TO_DS: 0x01,
  FROM_DS: 0x02,
  MORE_FRAGMENTS: 0x04,
  RETRY: 0x08,
  POWER_MANAGEMENT: 0x10,
  MORE_DATA: 0x20,
  PROTECTED: 0x40,
} as const;

/** Set in the first byte of data frames. */
const SUBTYPE_NO_DATA = 0x40;
const SUBTYPE_QOS = 0x80;

export const HEADER_BYTES = 24;
const QOS_BYTES = 2;
/** IV and extended IV of a protected frame. */
export const PROTECTION_BYTES = 8;
const LLC_BYTES = 8;
const LLC_SNAP = Uint8Array.of(0xaa, 0xaa, 3, 0, 0, 0);

/** Reason codes of deauthentication and disassociation (table 9-49). */
export const REASON = {
  UNSPECIFIED: 1,
  AUTH_EXPIRED: 2,
  LEAVING: 3,
  INACTIVITY: 4,
  NOT_AUTHENTICATED: 6,
  NOT_ASSOCIATED: 7,
  HANDSHAKE_TIMEOUT: 15,
} as const;

/** Status codes of authentication and association (table 9-50). */
export const STATUS = {
  SUCCESS: 0,
  FAILURE: 1,
  CAPABILITIES: 10,
  ALGORITHM: 13,
  SEQUENCE: 14,
  TABLE_FULL: 17,
  INVALID_ELEMENT: 40,
  INVALID_GROUP_CIPHER: 41,
  INVALID_PAIRWISE_CIPHER: 42,
  INVALID_AKMP: 43,
} as const;

export const CAPABILITY_ESS = 0x0001;
export const CAPABILITY_PRIVACY = 0x0010;

export type FrameKind = 'management' | 'control' | 'data' | 'extension';

export function frameKind(frame: Uint8Array): FrameKind {
  return (['management', 'control', 'data', 'extension'] as const)[(frame[0]! >> 2) & 3]!;
}

/** Views; frames are never changed once they are on the air. */
export const address1 = (frame: Uint8Array): MacAddress => frame.subarray(4, 10);
export const address2 = (frame: Uint8Array): MacAddress => frame.subarray(10, 16);
export const address3 = (frame: Uint8Array): MacAddress => frame.subarray(16, 22);

export function sequenceNumber(frame: Uint8Array): number {
  return readU16le(frame, 22) >> 4;
}

export function setSequenceNumber(frame: Uint8Array, sequence: number): void {
  writeU16le(frame, 22, (sequence & 0xfff) << 4);
}

/** Behind the header, without it: management frames have no other header. */
export function managementBody(frame: Uint8Array): Uint8Array {
  return frame.subarray(HEADER_BYTES);
}

function newFrame(
  fc0: number,
  fc1: number,
  addresses: readonly [MacAddress, MacAddress, MacAddress],
  bodyBytes: number,
): Uint8Array {
  const frame = new Uint8Array(HEADER_BYTES + bodyBytes);
  frame[0] = fc0;
  frame[1] = fc1;
  frame.set(addresses[0], 4);
  frame.set(addresses[1], 10);
  frame.set(addresses[2], 16);
  return frame;
}

/** A management frame; its sequence number is set when it is sent. */
export function encodeManagement(
  fc0: number,
  receiver: MacAddress,
  sender: MacAddress,
  bssid: MacAddress,
  body: Uint8Array,
): Uint8Array {
  const frame = newFrame(fc0, 0, [receiver, sender, bssid], body.length);
  frame.set(body, HEADER_BYTES);
  return frame;
}

export interface DataFields {
  /** From the access point to a station, or the other way. */
  readonly direction: 'to-ds' | 'from-ds';
  readonly bssid: MacAddress;
  readonly source: MacAddress;
  readonly destination: MacAddress;
  readonly etherType: number;
  readonly payload: Uint8Array;
  /** The 8 bytes of {@link ccmpHeader} or {@link tkipHeader}; null for an unprotected frame. */
  readonly protection: Uint8Array | null;
}

export function encodeData(fields: DataFields): Uint8Array {
  const { bssid, source, destination, protection, payload } = fields;
  const toDs = fields.direction === 'to-ds';
  const protectionBytes = protection ? PROTECTION_BYTES : 0;
  const frame = newFrame(
    FC0.DATA,
    (toDs ? FC1.TO_DS : FC1.FROM_DS) | (protection ? FC1.PROTECTED : 0),
    toDs ? [bssid, source, destination] : [destination, bssid, source],
    protectionBytes + LLC_BYTES + payload.length,
  );
  if (protection) frame.set(protection, HEADER_BYTES);
  const llc = HEADER_BYTES + protectionBytes;
  frame.set(LLC_SNAP, llc);
  writeU16be(frame, llc + 6, fields.etherType);
  frame.set(payload, llc + LLC_BYTES);
  return frame;
}

/** A null frame to the access point: only its power management bit speaks. */
export function encodeNull(bssid: MacAddress, source: MacAddress, sleeping: boolean): Uint8Array {
  return newFrame(FC0.NULL, FC1.TO_DS | (sleeping ? FC1.POWER_MANAGEMENT : 0), [bssid, source, bssid], 0);
}

/** PS-Poll, a control frame of 16 bytes: "send me one of my frames". */
export function encodePsPoll(bssid: MacAddress, source: MacAddress, associationId: number): Uint8Array {
  const frame = new Uint8Array(16);
  frame[0] = FC0.PS_POLL;
  writeU16le(frame, 2, associationId | 0xc000);
  frame.set(bssid, 4);
  frame.set(source, 10);
  return frame;
}

export interface DataFrame {
  readonly direction: 'to-ds' | 'from-ds';
  readonly bssid: MacAddress;
  readonly source: MacAddress;
  readonly destination: MacAddress;
  readonly isProtected: boolean;
  /** Null in null frames. */
  readonly packet: { readonly etherType: number; readonly payload: Uint8Array } | null;
}

/** A data frame between a station and its access point; null when it is another one or too short. */
export function parseData(frame: Uint8Array): DataFrame | null {
  if (frame.length < HEADER_BYTES || frameKind(frame) !== 'data') return null;
  const fc0 = frame[0]!;
  const fc1 = frame[1]!;
  const toDs = (fc1 & FC1.TO_DS) !== 0;
  // Neither in an IBSS nor between access points.
  if (toDs === ((fc1 & FC1.FROM_DS) !== 0) || fc1 & FC1.MORE_FRAGMENTS) return null;
  const isProtected = (fc1 & FC1.PROTECTED) !== 0;
  const base = {
    direction: toDs ? 'to-ds' : 'from-ds',
    bssid: toDs ? address1(frame) : address2(frame),
    source: toDs ? address2(frame) : address3(frame),
    destination: toDs ? address3(frame) : address1(frame),
    isProtected,
  } as const;
  if (fc0 & SUBTYPE_NO_DATA) return { ...base, packet: null };
  const llc = HEADER_BYTES + (fc0 & SUBTYPE_QOS ? QOS_BYTES : 0) + (isProtected ? PROTECTION_BYTES : 0);
  if (frame.length < llc + LLC_BYTES) return null;
  return {
    ...base,
    packet: { etherType: readU16be(frame, llc + 6), payload: frame.subarray(llc + LLC_BYTES) },
  };
}

/**
 * Header of a CCMP frame (section 12.5.3.2). The emulated hardware has no cipher: the payload behind it is plain, and
 * the MIC exists only as room in the receiver's buffer (wifi.md section 7.2).
 */
export function ccmpHeader(packetNumber: number, keyId: number): Uint8Array {
  const high = Math.floor(packetNumber / 0x10000);
  return Uint8Array.of(
    packetNumber,
    packetNumber >>> 8,
    0,
    0x20 | (keyId << 6),
    high,
    high >>> 8,
    high >>> 16,
    high >>> 24,
  );
}

/** Header of a TKIP frame (section 12.5.2.2); group frames of a mixed-mode access point. */
export function tkipHeader(packetNumber: number, keyId: number): Uint8Array {
  const high = Math.floor(packetNumber / 0x10000);
  const tsc1 = (packetNumber >>> 8) & 0xff;
  return Uint8Array.of(
    tsc1,
    (tsc1 | 0x20) & 0x7f,
    packetNumber,
    0x20 | (keyId << 6),
    high,
    high >>> 8,
    high >>> 16,
    high >>> 24,
  );
}

/** The frame as its receiver sees it behind the decryption: header without the protection. For captures. */
export function withoutProtection(frame: Uint8Array): Uint8Array {
  if (frameKind(frame) !== 'data' || !(frame[1]! & FC1.PROTECTED)) return frame;
  const at = HEADER_BYTES + (frame[0]! & SUBTYPE_QOS ? QOS_BYTES : 0);
  if (frame.length < at + PROTECTION_BYTES) return frame;
  const plain = new Uint8Array(frame.length - PROTECTION_BYTES);
  plain.set(frame.subarray(0, at));
  plain.set(frame.subarray(at + PROTECTION_BYTES), at);
  plain[1]! &= ~FC1.PROTECTED;
  return plain;
}
