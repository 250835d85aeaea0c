import type { MacAddress } from './addresses';
import { equalBytes, utf8Bytes } from './bytes';
import { ELEMENT, findElement } from './ie';
import { address3 } from './ieee80211';
import { parseBeacon } from './management';
import { AKM_PSK, CIPHER, encodeRsn, parseRsn } from './rsn';

/** An access point a station can join, read from its beacon. */
export interface Target {
  readonly bssid: MacAddress;
  readonly ssid: Uint8Array;
  readonly channel: number | null;
  /** What the station will ask for; null in an open network. */
  readonly rsnElement: Uint8Array | null;
  /** What the access point announces. */
  readonly apRsnElement: Uint8Array | null;
}

/** Why an access point cannot be joined. */
export type Refusal = 'other-network' | 'open' | 'needs-passphrase' | 'unsupported-security' | 'malformed';

/** Reads a beacon or probe response. `ssid` null takes any name. */
export function chooseTarget(
  frame: Uint8Array,
  ssid: string | null,
  hasPassphrase: boolean,
): Target | Refusal {
  const beacon = parseBeacon(frame);
  if (!beacon) return 'malformed';
  if (ssid !== null && !equalBytes(beacon.ssid, utf8Bytes(ssid))) return 'other-network';
  const base = {
    bssid: address3(frame).slice(),
    ssid: beacon.ssid.slice(),
    channel: beacon.channel,
  };
  const rsn = findElement(beacon.elements, ELEMENT.RSN);
  if (!beacon.privacy) {
    return hasPassphrase ? 'open' : { ...base, rsnElement: null, apRsnElement: null };
  }
  if (!hasPassphrase) return 'needs-passphrase';
  const info = rsn && parseRsn(rsn.body);
  if (!info?.pairwise.includes(CIPHER.CCMP) || !info.akm.includes(AKM_PSK)) return 'unsupported-security';
  // A mixed WPA/WPA2 network announces TKIP for groups: the station must ask for the same (wifi.md section 11.3).
  if (info.group !== CIPHER.CCMP && info.group !== CIPHER.TKIP) return 'unsupported-security';
  return { ...base, rsnElement: encodeRsn(info.group), apRsnElement: rsn!.bytes.slice() };
}
