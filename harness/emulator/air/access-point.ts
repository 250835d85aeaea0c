import type { AccessPointOptions, ApClientEvent } from './access-point-options';
import type { MacAddress } from './addresses';
import { BROADCAST_MAC, formatMac, ipv4, isGroupMac, macKey, parseMac } from './addresses';
import { RATE } from './air-time';
import { ApAdmission } from './ap-admission';
import { ApBeacon } from './ap-beacon';
import type { ApClient } from './ap-client';
import { ApDelivery } from './ap-delivery';
import { ApHandshake } from './ap-handshake';
import { equalBytes, readU16le, utf8Bytes } from './bytes';
import type { DataFrame } from './ieee80211';
import {
  address1,
  address2,
  ccmpHeader,
  encodeManagement,
  FC0,
  FC1,
  frameKind,
  parseData,
  REASON,
  tkipHeader,
} from './ieee80211';
import { encodeReason, parseProbeRequest, parseReason } from './management';
import type { Medium } from './medium';
import { DhcpServer } from './net/dhcp-server';
import { ETHER_TYPE, NetStack } from './net/stack';
import type { Radio } from './radio';
import { DuplicateFilter, RadioLink } from './radio-link';
import { CIPHER, encodeRsn } from './rsn';

/** The access point the firmware joins as a station: open or WPA2-PSK, with a gateway's IP stack behind it. */
export class AccessPoint implements Radio {
  readonly mac: MacAddress;
  readonly stack: NetStack;
  readonly dhcp: DhcpServer | null;
  private readonly options: AccessPointOptions;
  private readonly medium: Medium;
  private readonly link: RadioLink;
  private readonly duplicates = new DuplicateFilter();
  private readonly clients = new Map<number, ApClient>();
  private readonly ssid: Uint8Array;
  /** Null in an open network. */
  private readonly groupCipher: 2 | 4 | null;
  private readonly beacon: ApBeacon;
  private readonly admission: ApAdmission;
  private readonly delivery: ApDelivery;
  /** Null in an open network. */
  private readonly handshake: ApHandshake | null;
  private ownChannel: number;
  private detach: (() => void) | null = null;

  constructor(options: AccessPointOptions) {
    this.options = options;
    this.medium = options.medium;
    this.mac = options.bssid ?? parseMac('02:aa:bb:cc:dd:01');
    this.ssid = utf8Bytes(options.ssid ?? 'vap');
    this.ownChannel = options.channel ?? 1;
    const passphrase = options.passphrase ?? null;
    const wanted = options.groupCipher === 'tkip' ? CIPHER.TKIP : CIPHER.CCMP;
    this.groupCipher = passphrase === null ? null : wanted;
    const rsnElement = this.groupCipher && encodeRsn(this.groupCipher);
    this.link = new RadioLink(options.medium, this);
    this.delivery = new ApDelivery({
      link: this.link,
      bssid: this.mac,
      clients: this.clients,
      isProtected: rsnElement !== null,
      groupHeader: this.groupCipher === CIPHER.TKIP ? tkipHeader : ccmpHeader,
      holds: options.powerSave !== 'ignore',
    });
    this.beacon = this.makeBeacon(rsnElement);
    this.admission = this.makeAdmission();
    this.handshake = rsnElement && this.makeHandshake(passphrase!, rsnElement);
    const netmask = options.netmask ?? ipv4('255.255.255.0');
    this.stack = new NetStack({
      mac: this.mac,
      timers: options.medium.timers,
      random: options.random,
      link: {
        send: (destination, etherType, payload) => {
          if (this.detach) this.delivery.send(destination, { source: this.mac, etherType, payload });
        },
      },
      ip: options.ip ?? ipv4('10.0.2.2'),
      netmask,
      tcp: options.tcp ?? {},
    });
    const firstIp = options.firstLease === undefined ? ipv4('10.0.2.15') : options.firstLease;
    const onLease = (mac: MacAddress, leased: number): void => options.onClient?.(mac, 'leased', leased);
    this.dhcp = firstIp === null ? null : new DhcpServer(this.stack, { firstIp, netmask, onLease });
  }

  get channel(): number {
    return this.ownChannel;
  }

  /** Stations that are associated (and, with WPA2, through with the handshake when `ready`). */
  get stations(): readonly {
    readonly mac: MacAddress;
    readonly ready: boolean;
    readonly sleeping: boolean;
  }[] {
    return [...this.clients.values()].map((client) => ({
      mac: client.mac,
      ready: this.isReady(client),
      sleeping: client.sleeping,
    }));
  }

  /** Switches the access point on. */
  start(): void {
    if (this.detach) return;
    this.detach = this.medium.attach(this);
    this.beacon.start();
  }

  /** Power-off: silence from one moment to the next; nobody is told. */
  stop(): void {
    if (!this.detach) return;
    this.detach();
    this.detach = null;
    this.beacon.stop();
    for (const client of [...this.clients.values()]) this.remove(client, 'removed', 0);
    this.link.reset();
    this.duplicates.clear();
    this.delivery.reset();
    this.stack.reset();
  }

  /** Throws a station out (null: all of them). Unicast, because the SDK drops broadcast ones. */
  deauthenticate(station: MacAddress | null = null, reason: number = REASON.LEAVING): void {
    for (const client of [...this.clients.values()]) {
      if (station && macKey(station) !== macKey(client.mac)) continue;
      this.throwOut(client, 'removed', reason);
    }
  }

  /** Moves to another channel without a word; stations have to find it again. */
  setChannel(channel: number): void {
    this.ownChannel = channel;
  }

  /** From the next handshake on. @throws RangeError when the network is an open one */
  setPassphrase(passphrase: string): void {
    if (!this.handshake) throw new RangeError('an open network has no passphrase');
    this.handshake.setPassphrase(passphrase);
  }

  /** New group key for all stations, by the group key handshake. */
  rekeyGroup(): void {
    this.handshake?.rekeyGroup();
  }

  receive(frame: Uint8Array): void {
    if (frame.length < 16) return;
    const to = address1(frame);
    if (!isGroupMac(to) && !equalBytes(to, this.mac)) return;
    if (frameKind(frame) === 'control') {
      if (frame[0] === FC0.PS_POLL) this.receivePoll(frame);
      return;
    }
    if (frame.length < 24 || this.duplicates.isDuplicate(frame)) return;
    const client = this.clients.get(macKey(frame, 10));
    if (client) this.delivery.notePower(client, (frame[1]! & FC1.POWER_MANAGEMENT) !== 0);
    if (frameKind(frame) === 'management') this.receiveManagement(frame, client);
    else {
      const data = parseData(frame);
      if (data?.direction === 'to-ds' && equalBytes(data.bssid, this.mac)) this.receiveData(data, client);
    }
  }

  private makeBeacon(rsnElement: Uint8Array | null): ApBeacon {
    return new ApBeacon({
      timers: this.medium.timers,
      ssid: this.ssid,
      rsnElement,
      intervalTu: this.options.beaconIntervalTu ?? 100,
      dtimPeriod: this.options.dtimPeriod ?? 3,
      hidden: this.options.hidden ?? false,
      channel: () => this.ownChannel,
      clients: this.clients,
      holdsGroup: () => this.delivery.holdsGroup,
      onBeacon: (body, isDtim) => {
        this.say(FC0.BEACON, BROADCAST_MAC, body, true);
        if (isDtim) this.delivery.releaseGroup();
      },
    });
  }

  private makeAdmission(): ApAdmission {
    return new ApAdmission({
      ssid: this.ssid,
      groupCipher: this.groupCipher,
      clients: this.clients,
      say: (fc0, to, body) => this.say(fc0, to, body),
      onAdmitted: (client) => {
        this.event(client, 'associated');
        if (this.handshake) this.handshake.begin(client);
        else this.event(client, 'ready');
      },
      onLeft: (client, reason) => this.remove(client, 'left', reason),
      onTimer: (client) => this.handshake?.step(client),
    });
  }

  private makeHandshake(passphrase: string, rsnElement: Uint8Array): ApHandshake {
    return new ApHandshake({
      bssid: this.mac,
      ssid: this.ssid,
      passphrase,
      rsnElement,
      groupCipher: this.groupCipher!,
      timers: this.medium.timers,
      random: this.options.random,
      clients: this.clients,
      delivery: this.delivery,
      onReady: (client) => this.event(client, 'ready'),
      onRefused: (client, why) => this.event(client, why),
      onTimeout: (client) => this.throwOut(client, 'handshake-timeout', REASON.HANDSHAKE_TIMEOUT),
    });
  }

  private isReady(client: ApClient): boolean {
    return this.handshake === null || client.keysInstalled;
  }

  private event(client: ApClient, event: ApClientEvent, detail = 0): void {
    this.options.onClient?.(client.mac, event, detail);
  }

  private say(fc0: number, to: MacAddress, body: Uint8Array, urgent = false): void {
    // Group frames and beacons go out at the rate everybody hears.
    const frame = encodeManagement(fc0, to, this.mac, this.mac, body);
    this.link.send(frame, { urgent, ...(isGroupMac(to) ? { rate: RATE.DSSS_1 } : {}) });
  }

  // --- coming and going ---------------------------------------------------------------------------------------------

  private receiveManagement(frame: Uint8Array, client: ApClient | undefined): void {
    const from = address2(frame).slice();
    switch (frame[0]) {
      case FC0.PROBE_REQUEST: {
        const wanted = parseProbeRequest(frame);
        const any = wanted.length === 0 && !this.options.hidden;
        if (any || equalBytes(wanted, this.ssid))
          this.say(FC0.PROBE_RESPONSE, from, this.beacon.probeResponse());
        return;
      }
      case FC0.AUTHENTICATION:
        this.admission.receiveAuth(frame, from, client);
        return;
      case FC0.ASSOCIATION_REQUEST:
      case FC0.REASSOCIATION_REQUEST:
        this.admission.receiveAssociation(frame, from, client);
        return;
      case FC0.DISASSOCIATION:
      case FC0.DEAUTHENTICATION:
        // The SDK opens with a deauthentication; nobody is associated then.
        if (client) this.remove(client, 'left', parseReason(frame));
        return;
      default:
    }
  }

  private throwOut(client: ApClient, event: ApClientEvent, reason: number): void {
    this.say(FC0.DEAUTHENTICATION, client.mac, encodeReason(reason));
    this.remove(client, event, reason);
  }

  private remove(client: ApClient, event: ApClientEvent, detail: number): void {
    this.medium.timers.clear(client.timer);
    this.clients.delete(macKey(client.mac));
    this.stack.forgetNeighbour(client.mac);
    this.event(client, event, detail);
  }

  // --- data ---------------------------------------------------------------------------------------------------------

  private receiveData(data: DataFrame, client: ApClient | undefined): void {
    if (!client) {
      if (data.packet)
        this.say(FC0.DEAUTHENTICATION, data.source.slice(), encodeReason(REASON.NOT_ASSOCIATED));
      return;
    }
    if (!data.packet) return;
    const { etherType, payload } = data.packet;
    if (etherType === ETHER_TYPE.EAPOL) {
      this.handshake?.receive(client, payload);
      return;
    }
    if (!this.isReady(client) || (this.handshake !== null && !data.isProtected)) return;
    this.relay(data, etherType, payload);
    this.stack.receive(data.source, data.destination, etherType, payload);
  }

  /** Between stations, as the distribution system does. */
  private relay({ source, destination }: DataFrame, etherType: number, payload: Uint8Array): void {
    if (isGroupMac(destination)) {
      if (this.clients.size > 1) this.delivery.send(destination, { source, etherType, payload });
      return;
    }
    const receiver = this.clients.get(macKey(destination));
    if (receiver) this.delivery.sendTo(receiver, { source, etherType, payload });
  }

  private receivePoll(frame: Uint8Array): void {
    const client = this.clients.get(macKey(frame, 10));
    if (client?.associationId === (readU16le(frame, 2) & 0x3fff)) this.delivery.releaseOne(client);
  }

  /** For messages: `vap (02:aa:bb:cc:dd:01, channel 1)`. */
  toString(): string {
    return `${this.options.ssid ?? 'vap'} (${formatMac(this.mac)}, channel ${this.ownChannel})`;
  }
}
