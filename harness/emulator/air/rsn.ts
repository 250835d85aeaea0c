import { concatBytes, readU16le } from './bytes';
import { ELEMENT, encodeElement } from './ie';

/** RSN element (IEEE 802.11-2020 section 9.4.2.24) and the WPA vendor element that came before it. */
export const CIPHER = { TKIP: 2, CCMP: 4 } as const;
export const AKM_PSK = 2;

/** A suite as its type when it is one of the standard's own, else 0. */
type SuiteType = number;

export interface RsnInfo {
  readonly group: SuiteType;
  readonly pairwise: readonly SuiteType[];
  readonly akm: readonly SuiteType[];
  readonly capabilities: number;
}

/** The element's body parsed; null when it is malformed or of an unknown version. */
export function parseRsn(body: Uint8Array): RsnInfo | null {
  if (body.length < 2 || readU16le(body, 0) !== 1) return null;
  let at = 2;
  const suite = (): SuiteType => {
    const isStandard = body[at] === 0x00 && body[at + 1] === 0x0f && body[at + 2] === 0xac;
    const type = isStandard ? (body[at + 3] ?? 0) : 0;
    at += 4;
    return type;
  };
  const suites = (): SuiteType[] | null => {
    if (at + 2 > body.length) return [];
    const count = readU16le(body, at);
    at += 2;
    if (at + count * 4 > body.length) return null;
    return Array.from({ length: count }, suite);
  };
  // Every field may be missing from some point on; the defaults are CCMP (section 9.4.2.24.1).
  const group = at + 4 <= body.length ? suite() : CIPHER.CCMP;
  const pairwise = suites();
  const akm = pairwise && suites();
  if (!pairwise || !akm) return null;
  return { group, pairwise, akm, capabilities: at + 2 <= body.length ? readU16le(body, at) : 0 };
}

/** The 22-byte RSN element of a WPA2-PSK network: pairwise CCMP, the given group cipher. */
export function encodeRsn(group: SuiteType): Uint8Array {
  const suite = (type: SuiteType): Uint8Array => Uint8Array.of(0x00, 0x0f, 0xac, type);
  const one = Uint8Array.of(1, 0);
  const none = Uint8Array.of(0, 0);
  return encodeElement(
    ELEMENT.RSN,
    concatBytes(one, suite(group), one, suite(CIPHER.CCMP), one, suite(AKM_PSK), none),
  );
}

/** WPA (1) announces itself in a vendor element 00:50:F2 type 1. */
export function isWpaElement(body: Uint8Array): boolean {
  return body[0] === 0x00 && body[1] === 0x50 && body[2] === 0xf2 && body[3] === 1;
}
