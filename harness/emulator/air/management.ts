import { concatBytes, readU16le, readU32le, utf8Bytes, writeU16le, writeU32le } from './bytes';
import type { Element, Tim } from './ie';
import { ELEMENT, encodeElement, encodeTim, findElement, parseElements, RATES_ELEMENT } from './ie';
import { CAPABILITY_ESS, CAPABILITY_PRIVACY, HEADER_BYTES } from './ieee80211';

/** Bodies of management frames (IEEE 802.11-2020 section 9.3.3), as wifi.md section 11.2 lists them. */

export const AUTH_OPEN = 0;
const AUTH_BYTES = 6;

export interface AuthBody {
  readonly algorithm: number;
  readonly sequence: number;
  readonly status: number;
}

export function encodeAuth({ algorithm, sequence, status }: AuthBody): Uint8Array {
  const body = new Uint8Array(AUTH_BYTES);
  writeU16le(body, 0, algorithm);
  writeU16le(body, 2, sequence);
  writeU16le(body, 4, status);
  return body;
}

export function parseAuth(frame: Uint8Array): AuthBody | null {
  if (frame.length < HEADER_BYTES + AUTH_BYTES) return null;
  return {
    algorithm: readU16le(frame, 24),
    sequence: readU16le(frame, 26),
    status: readU16le(frame, 28),
  };
}

/** Two bytes: the reason of a deauthentication or disassociation. */
export function encodeReason(reason: number): Uint8Array {
  return Uint8Array.of(reason, reason >>> 8);
}

export function parseReason(frame: Uint8Array): number {
  return frame.length >= HEADER_BYTES + 2 ? readU16le(frame, HEADER_BYTES) : 0;
}

export function ssidElement(ssid: string | Uint8Array): Uint8Array {
  return encodeElement(ELEMENT.SSID, typeof ssid === 'string' ? utf8Bytes(ssid) : ssid);
}

function capability(privacy: boolean): Uint8Array {
  const value = CAPABILITY_ESS | (privacy ? CAPABILITY_PRIVACY : 0);
  return Uint8Array.of(value, value >>> 8);
}

const LISTEN_INTERVAL = 10;

export function encodeAssociationRequest(ssid: Uint8Array, rsnElement: Uint8Array | null): Uint8Array {
  const none = new Uint8Array(0);
  const head = concatBytes(capability(rsnElement !== null), Uint8Array.of(LISTEN_INTERVAL, 0));
  return concatBytes(head, ssidElement(ssid), RATES_ELEMENT, rsnElement ?? none);
}

export interface AssociationRequest {
  readonly listenInterval: number;
  readonly ssid: Uint8Array;
  /** Whole element, or null. */
  readonly rsnElement: Uint8Array | null;
}

/** @param isReassociation its body has the current access point's address in front of the elements */
export function parseAssociationRequest(
  frame: Uint8Array,
  isReassociation: boolean,
): AssociationRequest | null {
  const elementsAt = HEADER_BYTES + (isReassociation ? 10 : 4);
  if (frame.length < elementsAt) return null;
  const elements = parseElements(frame, elementsAt);
  const ssid = findElement(elements, ELEMENT.SSID);
  if (!ssid) return null;
  return {
    listenInterval: readU16le(frame, HEADER_BYTES + 2),
    ssid: ssid.body,
    rsnElement: findElement(elements, ELEMENT.RSN)?.bytes ?? null,
  };
}

export interface AssociationResponse {
  readonly status: number;
  readonly associationId: number;
}

export function encodeAssociationResponse(
  { status, associationId }: AssociationResponse,
  privacy: boolean,
): Uint8Array {
  const body = new Uint8Array(4);
  writeU16le(body, 0, status);
  writeU16le(body, 2, associationId | 0xc000);
  return concatBytes(capability(privacy), body, RATES_ELEMENT);
}

export function parseAssociationResponse(frame: Uint8Array): AssociationResponse | null {
  if (frame.length < HEADER_BYTES + 6) return null;
  return { status: readU16le(frame, 26), associationId: readU16le(frame, 28) & 0x3fff };
}

export interface BeaconFields {
  readonly timestampMicros: number;
  readonly intervalTu: number;
  readonly ssid: Uint8Array;
  readonly channel: number;
  readonly rsnElement: Uint8Array | null;
  /** Beacons have one, probe responses have none. */
  readonly tim: Tim | null;
}

export function encodeBeacon(fields: BeaconFields): Uint8Array {
  const none = new Uint8Array(0);
  const head = new Uint8Array(10);
  writeU32le(head, 0, fields.timestampMicros);
  writeU32le(head, 4, Math.floor(fields.timestampMicros / 0x1_0000_0000));
  writeU16le(head, 8, fields.intervalTu);
  return concatBytes(
    head,
    capability(fields.rsnElement !== null),
    ssidElement(fields.ssid),
    RATES_ELEMENT,
    encodeElement(ELEMENT.DS_PARAMETER, Uint8Array.of(fields.channel)),
    fields.tim ? encodeTim(fields.tim) : none,
    fields.rsnElement ?? none,
  );
}

export interface Beacon {
  readonly timestampMicros: number;
  readonly intervalTu: number;
  readonly privacy: boolean;
  readonly ssid: Uint8Array;
  readonly channel: number | null;
  readonly elements: readonly Element[];
}

/** A beacon or probe response. */
export function parseBeacon(frame: Uint8Array): Beacon | null {
  if (frame.length < HEADER_BYTES + 12) return null;
  const elements = parseElements(frame, HEADER_BYTES + 12);
  return {
    timestampMicros: readU32le(frame, 24) + readU32le(frame, 28) * 0x1_0000_0000,
    intervalTu: readU16le(frame, 32),
    privacy: (readU16le(frame, 34) & CAPABILITY_PRIVACY) !== 0,
    ssid: findElement(elements, ELEMENT.SSID)?.body ?? new Uint8Array(0),
    channel: findElement(elements, ELEMENT.DS_PARAMETER)?.body[0] ?? null,
    elements,
  };
}

/** The wanted name of a probe request; empty asks for everybody. */
export function parseProbeRequest(frame: Uint8Array): Uint8Array {
  return findElement(parseElements(frame, HEADER_BYTES), ELEMENT.SSID)?.body ?? new Uint8Array(0);
}
