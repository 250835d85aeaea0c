import { concatBytes, readU16be, readU32be, writeU16be, writeU32be } from './bytes';
import { hmacSha1 } from './crypto/hmac-sha1';
import { ELEMENT, encodeElement, parseElements } from './ie';

/** EAPOL-Key frames of the 4-way and group handshakes: IEEE 802.11-2020 section 12.7.2, wifi.md section 11.5. */
export const KEY_INFO = {
  VERSION_MASK: 0x0007,
  PAIRWISE: 0x0008,
  INSTALL: 0x0040,
  ACK: 0x0080,
  MIC: 0x0100,
  SECURE: 0x0200,
  ERROR: 0x0400,
  REQUEST: 0x0800,
  ENCRYPTED: 0x1000,
} as const;
/** HMAC-SHA1-128 and AES key wrap: what CCMP pairwise keys use. */
export const DESCRIPTOR_VERSION_AES = 2;

const PACKET_TYPE_KEY = 3;
const DESCRIPTOR_RSN = 2;
const HEADER_BYTES = 99;
const MIC_OFFSET = 81;
const MIC_BYTES = 16;
export const NONCE_BYTES = 32;

export interface EapolKey {
  /** 1 from supplicants, 2 from authenticators. */
  readonly protocolVersion: number;
  readonly info: number;
  readonly keyLength: number;
  readonly replayCounter: number;
  readonly nonce: Uint8Array;
  readonly mic: Uint8Array;
  readonly data: Uint8Array;
  /** The whole frame, cut to its own length. */
  readonly bytes: Uint8Array;
}

export function parseEapolKey(bytes: Uint8Array): EapolKey | null {
  if (bytes.length < HEADER_BYTES || bytes[1] !== PACKET_TYPE_KEY || bytes[4] !== DESCRIPTOR_RSN) return null;
  const end = 4 + readU16be(bytes, 2);
  const dataBytes = readU16be(bytes, 97);
  if (end > bytes.length || HEADER_BYTES + dataBytes > end) return null;
  return {
    protocolVersion: bytes[0]!,
    info: readU16be(bytes, 5),
    keyLength: readU16be(bytes, 7),
    replayCounter: readU32be(bytes, 9) * 0x1_0000_0000 + readU32be(bytes, 13),
    nonce: bytes.slice(17, 49),
    mic: bytes.subarray(MIC_OFFSET, MIC_OFFSET + MIC_BYTES),
    data: bytes.subarray(HEADER_BYTES, HEADER_BYTES + dataBytes),
    bytes: bytes.subarray(0, end),
  };
}

export interface EapolKeyFields {
  readonly protocolVersion: number;
  readonly info: number;
  readonly keyLength: number;
  readonly replayCounter: number;
  readonly nonce: Uint8Array | null;
  readonly data: Uint8Array;
}

/** The frame, with its MIC when `kck` is given. */
export function encodeEapolKey(fields: EapolKeyFields, kck: Uint8Array | null): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + fields.data.length);
  bytes[0] = fields.protocolVersion;
  bytes[1] = PACKET_TYPE_KEY;
  writeU16be(bytes, 2, bytes.length - 4);
  bytes[4] = DESCRIPTOR_RSN;
  writeU16be(bytes, 5, fields.info);
  writeU16be(bytes, 7, fields.keyLength);
  writeU32be(bytes, 9, Math.floor(fields.replayCounter / 0x1_0000_0000));
  writeU32be(bytes, 13, fields.replayCounter);
  if (fields.nonce) bytes.set(fields.nonce, 17);
  writeU16be(bytes, 97, fields.data.length);
  bytes.set(fields.data, HEADER_BYTES);
  if (kck) bytes.set(hmacSha1(kck, bytes).subarray(0, MIC_BYTES), MIC_OFFSET);
  return bytes;
}

/** True when the frame was made by somebody who has the key. */
export function verifyMic(kck: Uint8Array, frame: EapolKey): boolean {
  const zeroed = frame.bytes.slice();
  zeroed.fill(0, MIC_OFFSET, MIC_OFFSET + MIC_BYTES);
  const expected = hmacSha1(kck, zeroed);
  return frame.mic.every((value, index) => value === expected[index]);
}

/** GTK key data encapsulation (figure 12-36), one element. */
export function encodeGtk(keyId: number, key: Uint8Array): Uint8Array {
  const head = Uint8Array.of(0x00, 0x0f, 0xac, 1, keyId, 0);
  return encodeElement(ELEMENT.VENDOR, concatBytes(head, key));
}

export interface Gtk {
  readonly keyId: number;
  readonly key: Uint8Array;
}

/** The group key among decrypted key data; null when there is none. */
export function findGtk(data: Uint8Array): Gtk | null {
  for (const { id, body } of parseElements(data, 0)) {
    const isGtk = body[0] === 0x00 && body[1] === 0x0f && body[2] === 0xac && body[3] === 1;
    if (id === ELEMENT.VENDOR && isGtk && body.length > 6) return { keyId: body[4]! & 3, key: body.slice(6) };
  }
  return null;
}

/** Pads key data for the wrap: DD and zeros up to a multiple of 8, at least 16 bytes (section 12.7.2). */
export function padKeyData(data: Uint8Array): Uint8Array {
  if (data.length >= 16 && data.length % 8 === 0) return data;
  const padded = new Uint8Array(Math.max(16, Math.ceil(data.length / 8) * 8));
  padded.set(data);
  padded[data.length] = 0xdd;
  return padded;
}
