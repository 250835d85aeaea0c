import type { MacAddress } from './addresses';
import type { Authenticator } from './authenticator';
import { Timer } from './timers';

/** A packet on its way to a station. */
export interface HeldPacket {
  readonly source: MacAddress;
  readonly etherType: number;
  readonly payload: Uint8Array;
}

/** Packets held for one sleeping station; the oldest goes when there are more. */
const MAX_HELD = 64;

/** What the access point knows about one station. */
export class ApClient {
  readonly mac: MacAddress;
  readonly associationId: number;
  readonly stationRsnElement: Uint8Array | null;
  authenticator: Authenticator | null = null;
  keysInstalled = false;
  /** Of the pairwise key; counts from 1. */
  packetNumber = 0;
  sleeping = false;
  readonly held: HeldPacket[] = [];
  /** Sendings of the open handshake message. */
  attempts = 0;
  readonly timer: Timer;

  constructor(
    mac: MacAddress,
    associationId: number,
    stationRsnElement: Uint8Array | null,
    onTimer: (client: ApClient) => void,
  ) {
    this.mac = mac;
    this.associationId = associationId;
    this.stationRsnElement = stationRsnElement;
    this.timer = new Timer(() => onTimer(this));
  }

  hold(packet: HeldPacket): void {
    if (this.held.length >= MAX_HELD) this.held.shift();
    this.held.push(packet);
  }
}
