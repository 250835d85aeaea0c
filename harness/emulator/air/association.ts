import type { MacAddress } from './addresses';
import { ccmpHeader, encodeData, encodeManagement, encodeNull, encodePsPoll, FC1 } from './ieee80211';
import { ETHER_TYPE } from './net/stack';
import type { RadioLink, SendOptions } from './radio-link';
import type { Supplicant } from './supplicant';
import type { Target } from './target';

/** What a station and one access point have agreed on, and the station's way up to it: framing, keys, power save. */
export class Association {
  readonly target: Target;
  /** As the access point gave it; 0 until then, and nothing but the handshake's own frames goes up. */
  id = 0;
  /** Null in an open network. */
  supplicant: Supplicant | null = null;
  private readonly link: RadioLink;
  private readonly own: MacAddress;
  private hasKeys = false;
  /** Of the pairwise key; counts from 1. */
  private packetNumber = 0;
  private isDozing = false;

  constructor(target: Target, link: RadioLink, own: MacAddress) {
    this.target = target;
    this.link = link;
    this.own = own;
  }

  get isUp(): boolean {
    return this.id !== 0;
  }

  get keysInstalled(): boolean {
    return this.hasKeys;
  }

  get dozing(): boolean {
    return this.isDozing;
  }

  installKeys(): void {
    this.hasKeys = true;
    this.packetNumber = 0;
  }

  /** With keys only what was sent under them counts; before them nothing but EAPOL does. */
  admits(isProtected: boolean): boolean {
    return !this.supplicant || (isProtected && this.hasKeys);
  }

  /** A management frame to the access point. */
  say(fc0: number, body: Uint8Array): void {
    const { bssid } = this.target;
    this.link.send(encodeManagement(fc0, bssid, this.own, bssid, body));
  }

  /** Dropped while there is no way up. */
  send(destination: MacAddress, etherType: number, payload: Uint8Array): void {
    if (!this.isUp || (this.supplicant && !this.hasKeys)) return;
    const frame = this.encode(destination, etherType, payload, this.supplicant !== null);
    if (this.isDozing) frame[1]! |= FC1.POWER_MANAGEMENT;
    this.link.send(frame);
  }

  /** The handshake's own frames: as protected as the message they answer. */
  sendEapol(payload: Uint8Array, isProtected: boolean, onOutcome: SendOptions['onOutcome'] & {}): void {
    const frame = this.encode(this.target.bssid, ETHER_TYPE.EAPOL, payload, isProtected);
    this.link.send(frame, { onOutcome });
  }

  /** Says with a null frame that the station sleeps or is awake. */
  setDozing(dozing: boolean): void {
    if (!this.isUp) return;
    this.isDozing = dozing;
    this.link.send(encodeNull(this.target.bssid, this.own, dozing));
  }

  /** Asks for one of the frames that the access point holds. */
  poll(): void {
    this.link.send(encodePsPoll(this.target.bssid, this.own, this.id));
  }

  private encode(
    destination: MacAddress,
    etherType: number,
    payload: Uint8Array,
    isProtected: boolean,
  ): Uint8Array {
    return encodeData({
      direction: 'to-ds',
      bssid: this.target.bssid,
      source: this.own,
      destination,
      etherType,
      payload,
      protection: isProtected ? ccmpHeader(++this.packetNumber, 0) : null,
    });
  }
}
