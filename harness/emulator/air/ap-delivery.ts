import type { MacAddress } from './addresses';
import { isGroupMac, macKey } from './addresses';
import { RATE } from './air-time';
import type { ApClient, HeldPacket } from './ap-client';
import { ccmpHeader, encodeData, FC1 } from './ieee80211';
import { ETHER_TYPE } from './net/stack';
import type { RadioLink } from './radio-link';

export interface ApDeliveryOptions {
  readonly link: RadioLink;
  readonly bssid: MacAddress;
  readonly clients: ReadonlyMap<number, ApClient>;
  /** WPA2: data frames are framed as protected, and only for stations that have their keys. */
  readonly isProtected: boolean;
  /** Header of protected group frames. */
  readonly groupHeader: (packetNumber: number, keyId: number) => Uint8Array;
  /** False sends to sleeping stations at once. */
  readonly holds: boolean;
}

const MAX_HELD_GROUP = 32;
/** Of the only group key; 0 is the pairwise key's. */
export const GROUP_KEY_ID = 1;

interface HeldGroupPacket {
  readonly destination: MacAddress;
  readonly packet: HeldPacket;
}

/** The access point's way down to its stations: framing, keys' packet numbers, and what sleeping stations wait for. */
export class ApDelivery {
  private readonly options: ApDeliveryOptions;
  private readonly heldGroup: HeldGroupPacket[] = [];
  private groupPacketNumber = 0;

  constructor(options: ApDeliveryOptions) {
    this.options = options;
  }

  /** Group frames wait for the next DTIM beacon. */
  get holdsGroup(): boolean {
    return this.heldGroup.length > 0;
  }

  reset(): void {
    this.heldGroup.length = 0;
    this.groupPacketNumber = 0;
  }

  groupKeyChanged(): void {
    this.groupPacketNumber = 0;
  }

  /** To a station or to all of them; nobody there, nothing sent. */
  send(destination: MacAddress, packet: HeldPacket): void {
    const { clients, holds } = this.options;
    if (!isGroupMac(destination)) {
      const client = clients.get(macKey(destination));
      if (client) this.sendTo(client, packet);
      return;
    }
    if (clients.size === 0) return;
    const someSleep = holds && [...clients.values()].some(({ sleeping }) => sleeping);
    if (!someSleep) {
      this.transmitGroup(destination, packet);
      return;
    }
    if (this.heldGroup.length >= MAX_HELD_GROUP) this.heldGroup.shift();
    // A copy: the address is often a view into a received frame.
    this.heldGroup.push({ destination: destination.slice(), packet });
  }

  sendTo(client: ApClient, packet: HeldPacket): void {
    if (this.options.isProtected && !client.keysInstalled) return;
    if (this.options.holds && client.sleeping) client.hold(packet);
    else this.transmitTo(client, packet, false);
  }

  /** The handshake's own frames are never held, and stay unprotected until the keys are installed. */
  sendEapol(client: ApClient, payload: Uint8Array): void {
    const { bssid } = this.options;
    const packet = { source: bssid, etherType: ETHER_TYPE.EAPOL, payload };
    const protection = client.keysInstalled ? ccmpHeader(++client.packetNumber, 0) : null;
    this.options.link.send(
      encodeData({ direction: 'from-ds', bssid, destination: client.mac, ...packet, protection }),
    );
  }

  /** The station says that it sleeps or is awake; awake, it gets everything at once. */
  notePower(client: ApClient, sleeping: boolean): void {
    if (client.sleeping === sleeping) return;
    client.sleeping = sleeping;
    if (sleeping) return;
    for (const packet of client.held.splice(0)) this.transmitTo(client, packet, false);
  }

  /** Answers a PS-Poll. */
  releaseOne(client: ApClient): void {
    const packet = client.held.shift();
    if (packet) this.transmitTo(client, packet, client.held.length > 0);
  }

  /** Sends the held group frames, behind a DTIM beacon. */
  releaseGroup(): void {
    for (const { destination, packet } of this.heldGroup.splice(0)) this.transmitGroup(destination, packet);
  }

  private transmitGroup(destination: MacAddress, packet: HeldPacket): void {
    const { link, bssid, isProtected, groupHeader } = this.options;
    const protection = isProtected ? groupHeader(++this.groupPacketNumber, GROUP_KEY_ID) : null;
    const frame = encodeData({ direction: 'from-ds', bssid, destination, ...packet, protection });
    link.send(frame, { rate: RATE.DSSS_1 });
  }

  private transmitTo(client: ApClient, packet: HeldPacket, moreData: boolean): void {
    const { link, bssid, isProtected, holds, clients } = this.options;
    const protection = isProtected ? ccmpHeader(++client.packetNumber, 0) : null;
    const frame = encodeData({
      direction: 'from-ds',
      bssid,
      destination: client.mac,
      ...packet,
      protection,
    });
    if (moreData) frame[1]! |= FC1.MORE_DATA;
    link.send(frame, {
      onOutcome: (acked) => {
        // It fell asleep while the frame was waiting for the air.
        const again = !acked && holds && client.sleeping && clients.get(macKey(client.mac)) === client;
        if (again) client.held.unshift(packet);
      },
    });
  }
}
