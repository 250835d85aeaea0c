import { microsToTicks, TICKS_PER_MILLI, TICKS_PER_SECOND, ticksToNanos } from '../time';
import type { Ipv4Address, MacAddress } from './addresses';
import { BROADCAST_MAC, formatMac, ipv4, isGroupMac, macKey, parseMac } from './addresses';
import { RATE } from './air-time';
import { ApClient } from './ap-client';
import { ApDelivery } from './ap-delivery';
import { Authenticator } from './authenticator';
import { equalBytes, readU16le, utf8Bytes } from './bytes';
import { pmkFromPassphrase } from './crypto/pbkdf2';
import type { Gtk } from './eapol-key';
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
  STATUS,
  tkipHeader,
} from './ieee80211';
import {
  AUTH_OPEN,
  encodeAssociationResponse,
  encodeAuth,
  encodeBeacon,
  encodeReason,
  parseAssociationRequest,
  parseAuth,
  parseProbeRequest,
  parseReason,
} from './management';
import type { Medium } from './medium';
import { DhcpServer } from './net/dhcp-server';
import { ETHER_TYPE, NetStack } from './net/stack';
import type { TcpSettings } from './net/tcp-types';
import type { Radio } from './radio';
import { DuplicateFilter, RadioLink } from './radio-link';
import type { Random } from './random';
import { AKM_PSK, CIPHER, encodeRsn, parseRsn } from './rsn';
import { Timer } from './timers';

export type ApClientEvent =
  'associated' | 'ready' | 'left' | 'removed' | 'handshake-timeout' | 'bad-mic' | 'bad-element' | 'leased';

export interface AccessPointOptions {
  readonly medium: Medium;
  readonly random: Random;
  readonly bssid?: MacAddress;
  readonly ssid?: string;
  /** Absent for an open network. */
  readonly passphrase?: string | null;
  readonly channel?: number;
  readonly groupCipher?: 'ccmp' | 'tkip';
  /** Beacons with an empty name; probe requests must know it. */
  readonly hidden?: boolean;
  readonly ip?: Ipv4Address;
  readonly netmask?: Ipv4Address;
  /** First address the DHCP server gives; null switches it off. */
  readonly firstLease?: Ipv4Address | null;
  readonly beaconIntervalTu?: number;
  readonly dtimPeriod?: number;
  /** `ignore` sends to sleeping stations at once: seen to work with the SDK (wifi.md section 11.6). */
  readonly powerSave?: 'hold' | 'ignore';
  readonly tcp?: Partial<TcpSettings>;
  /** Called on every change of a station; `detail` is a reason code or an IPv4 address (`leased`). */
  readonly onClient?: (mac: MacAddress, event: ApClientEvent, detail: number) => void;
}

const TU_MICROS = 1024;
const FIRST_BEACON_TICKS = TICKS_PER_MILLI;
const MESSAGE_1_DELAY_TICKS = 5 * TICKS_PER_MILLI;
const HANDSHAKE_RETRY_TICKS = TICKS_PER_SECOND;
const MAX_HANDSHAKE_ATTEMPTS = 4;
const MAX_CLIENTS = 32;
const GROUP_KEY_ID = 1;

/** The access point the firmware joins as a station: open or WPA2-PSK, with a gateway's IP stack behind it. */
export class AccessPoint implements Radio {
  readonly mac: MacAddress;
  readonly stack: NetStack;
  readonly dhcp: DhcpServer | null;
  private readonly options: AccessPointOptions;
  private readonly medium: Medium;
  private readonly random: Random;
  private readonly link: RadioLink;
  private readonly duplicates = new DuplicateFilter();
  private readonly clients = new Map<number, ApClient>();
  private readonly beaconTimer = new Timer(() => this.beacon());
  private readonly ssid: Uint8Array;
  private readonly rsnElement: Uint8Array | null;
  private readonly delivery: ApDelivery;
  private passphrase: string | null;
  private pmk: Uint8Array | null = null;
  private gtk: Gtk;
  private ownChannel: number;
  private dtimCount = 0;
  private nextBeaconTicks = 0;
  private detach: (() => void) | null = null;

  constructor(options: AccessPointOptions) {
    this.options = options;
    this.medium = options.medium;
    this.random = options.random;
    this.mac = options.bssid ?? parseMac('02:aa:bb:cc:dd:01');
    this.ssid = utf8Bytes(options.ssid ?? 'vap');
    this.passphrase = options.passphrase ?? null;
    this.ownChannel = options.channel ?? 1;
    this.rsnElement = this.passphrase === null ? null : encodeRsn(this.groupCipher);
    this.gtk = this.newGroupKey();
    this.link = new RadioLink(options.medium, this);
    this.delivery = new ApDelivery({
      link: this.link,
      bssid: this.mac,
      clients: this.clients,
      isProtected: this.rsnElement !== null,
      groupHeader: this.groupCipher === CIPHER.TKIP ? tkipHeader : ccmpHeader,
      holds: options.powerSave !== 'ignore',
    });
    const ip = options.ip ?? ipv4('10.0.2.2');
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
      ip,
      netmask,
      tcp: options.tcp ?? {},
    });
    const firstIp = options.firstLease === undefined ? ipv4('10.0.2.15') : options.firstLease;
    this.dhcp =
      firstIp === null
        ? null
        : new DhcpServer(this.stack, {
            firstIp,
            netmask,
            onLease: (mac, leased) => options.onClient?.(mac, 'leased', leased),
          });
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
    this.dtimCount = 0;
    this.nextBeaconTicks = this.medium.nowTicks() + FIRST_BEACON_TICKS;
    this.medium.timers.setAt(this.beaconTimer, this.nextBeaconTicks);
  }

  /** Power-off: silence from one moment to the next; nobody is told. */
  stop(): void {
    if (!this.detach) return;
    this.detach();
    this.detach = null;
    this.medium.timers.clear(this.beaconTimer);
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
      this.say(FC0.DEAUTHENTICATION, client.mac, encodeReason(reason));
      this.remove(client, 'removed', reason);
    }
  }

  /** Moves to another channel without a word; stations have to find it again. */
  setChannel(channel: number): void {
    this.ownChannel = channel;
  }

  /** From the next handshake on. @throws RangeError when the network is an open one */
  setPassphrase(passphrase: string): void {
    if (this.passphrase === null) throw new RangeError('an open network has no passphrase');
    this.passphrase = passphrase;
    this.pmk = null;
  }

  /** New group key for all stations, by the group key handshake. */
  rekeyGroup(): void {
    if (!this.rsnElement) return;
    this.gtk = this.newGroupKey();
    this.delivery.groupKeyChanged();
    for (const client of this.clients.values()) {
      const message = client.keysInstalled ? client.authenticator?.rekey(this.gtk) : null;
      if (!message) continue;
      client.attempts = 1;
      this.delivery.sendEapol(client, message);
      this.medium.timers.setIn(client.timer, HANDSHAKE_RETRY_TICKS);
    }
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

  private get groupCipher(): number {
    return this.options.groupCipher === 'tkip' ? CIPHER.TKIP : CIPHER.CCMP;
  }

  private newGroupKey(): Gtk {
    return { keyId: GROUP_KEY_ID, key: this.random.bytes(this.groupCipher === CIPHER.TKIP ? 32 : 16) };
  }

  private isReady(client: ApClient): boolean {
    return this.rsnElement === null || client.keysInstalled;
  }

  private event(client: ApClient, event: ApClientEvent, detail = 0): void {
    this.options.onClient?.(client.mac, event, detail);
  }

  private say(fc0: number, to: MacAddress, body: Uint8Array, urgent = false): void {
    // Group frames and beacons go out at the rate everybody hears.
    const frame = encodeManagement(fc0, to, this.mac, this.mac, body);
    this.link.send(frame, { urgent, ...(isGroupMac(to) ? { rate: RATE.DSSS_1 } : {}) });
  }

  private announcement(ssid: Uint8Array, isBeacon: boolean): Uint8Array {
    return encodeBeacon({
      timestampMicros: Math.floor(ticksToNanos(this.medium.nowTicks()) / 1000),
      intervalTu: this.options.beaconIntervalTu ?? 100,
      ssid,
      channel: this.ownChannel,
      rsnElement: this.rsnElement,
      tim: isBeacon
        ? {
            dtimCount: this.dtimCount,
            dtimPeriod: this.dtimPeriod,
            groupTraffic: this.dtimCount === 0 && this.delivery.holdsGroup,
            associationIds: [...this.clients.values()]
              .filter(({ held }) => held.length > 0)
              .map(({ associationId }) => associationId),
          }
        : null,
    });
  }

  private get dtimPeriod(): number {
    return this.options.dtimPeriod ?? 3;
  }

  private beacon(): void {
    const name = this.options.hidden ? new Uint8Array(0) : this.ssid;
    this.say(FC0.BEACON, BROADCAST_MAC, this.announcement(name, true), true);
    if (this.dtimCount === 0) this.delivery.releaseGroup();
    this.dtimCount = this.dtimCount === 0 ? this.dtimPeriod - 1 : this.dtimCount - 1;
    this.nextBeaconTicks += microsToTicks((this.options.beaconIntervalTu ?? 100) * TU_MICROS);
    this.medium.timers.setAt(this.beaconTimer, this.nextBeaconTicks);
  }

  private receiveManagement(frame: Uint8Array, client: ApClient | undefined): void {
    const from = address2(frame).slice();
    switch (frame[0]) {
      case FC0.PROBE_REQUEST: {
        const wanted = parseProbeRequest(frame);
        const any = wanted.length === 0 && !this.options.hidden;
        if (any || equalBytes(wanted, this.ssid)) {
          this.say(FC0.PROBE_RESPONSE, from, this.announcement(this.ssid, false));
        }
        return;
      }
      case FC0.AUTHENTICATION:
        this.receiveAuth(frame, from, client);
        return;
      case FC0.ASSOCIATION_REQUEST:
      case FC0.REASSOCIATION_REQUEST:
        this.receiveAssociation(frame, from, client);
        return;
      case FC0.DISASSOCIATION:
      case FC0.DEAUTHENTICATION:
        // The SDK opens with a deauthentication; nobody is associated then.
        if (client) this.remove(client, 'left', parseReason(frame));
        return;
      default:
    }
  }

  private receiveAuth(frame: Uint8Array, from: MacAddress, client: ApClient | undefined): void {
    const auth = parseAuth(frame);
    if (auth?.sequence !== 1) return;
    // Whoever authenticates starts over: it may have restarted without a word.
    if (client) this.remove(client, 'left', REASON.AUTH_EXPIRED);
    const status = auth.algorithm === AUTH_OPEN ? STATUS.SUCCESS : STATUS.ALGORITHM;
    this.say(FC0.AUTHENTICATION, from, encodeAuth({ algorithm: auth.algorithm, sequence: 2, status }));
  }

  private receiveAssociation(frame: Uint8Array, from: MacAddress, before: ApClient | undefined): void {
    const isAgain = frame[0] === FC0.REASSOCIATION_REQUEST;
    const request = parseAssociationRequest(frame, isAgain);
    if (!request || !equalBytes(request.ssid, this.ssid)) return;
    if (before) this.remove(before, 'left', REASON.AUTH_EXPIRED);
    const status = this.judge(request.rsnElement);
    const associationId = status === STATUS.SUCCESS ? this.freeAssociationId() : 0;
    const answer = encodeAssociationResponse({ status, associationId }, this.rsnElement !== null);
    this.say(isAgain ? FC0.REASSOCIATION_RESPONSE : FC0.ASSOCIATION_RESPONSE, from, answer);
    if (status !== STATUS.SUCCESS) return;
    const client = new ApClient(from, associationId, request.rsnElement?.slice() ?? null, (due) =>
      this.handshake(due),
    );
    this.clients.set(macKey(from), client);
    this.event(client, 'associated');
    if (this.rsnElement) this.medium.timers.setIn(client.timer, MESSAGE_1_DELAY_TICKS);
    else this.event(client, 'ready');
  }

  private judge(rsnElement: Uint8Array | null): number {
    if (this.clients.size >= MAX_CLIENTS) return STATUS.TABLE_FULL;
    if (!this.rsnElement) return STATUS.SUCCESS;
    if (!rsnElement) return STATUS.INVALID_ELEMENT;
    const rsn = parseRsn(rsnElement.subarray(2));
    if (!rsn) return STATUS.INVALID_ELEMENT;
    if (rsn.group !== this.groupCipher) return STATUS.INVALID_GROUP_CIPHER;
    if (!rsn.pairwise.includes(CIPHER.CCMP)) return STATUS.INVALID_PAIRWISE_CIPHER;
    return rsn.akm.includes(AKM_PSK) ? STATUS.SUCCESS : STATUS.INVALID_AKMP;
  }

  private freeAssociationId(): number {
    const taken = new Set([...this.clients.values()].map(({ associationId }) => associationId));
    let id = 1;
    while (taken.has(id)) id++;
    return id;
  }

  private remove(client: ApClient, event: ApClientEvent, detail: number): void {
    this.medium.timers.clear(client.timer);
    this.clients.delete(macKey(client.mac));
    this.stack.forgetNeighbour(client.mac);
    this.event(client, event, detail);
  }

  /** Sends message 1, or the open message again; gives up after the last attempt. */
  private handshake(client: ApClient): void {
    if (!client.authenticator) {
      this.pmk ??= pmkFromPassphrase(this.passphrase!, this.ssid);
      client.authenticator = new Authenticator({
        pmk: this.pmk,
        own: this.mac,
        station: client.mac,
        rsnElement: this.rsnElement!,
        stationRsnElement: client.stationRsnElement!,
        gtk: this.gtk,
        random: this.random,
      });
      client.attempts = 1;
      this.delivery.sendEapol(client, client.authenticator.start());
    } else if (client.attempts >= MAX_HANDSHAKE_ATTEMPTS) {
      this.say(FC0.DEAUTHENTICATION, client.mac, encodeReason(REASON.HANDSHAKE_TIMEOUT));
      this.remove(client, 'handshake-timeout', REASON.HANDSHAKE_TIMEOUT);
      return;
    } else {
      const message = client.authenticator.resend();
      if (!message) return;
      client.attempts++;
      this.delivery.sendEapol(client, message);
    }
    this.medium.timers.setIn(client.timer, HANDSHAKE_RETRY_TICKS);
  }

  private receiveEapol(client: ApClient, payload: Uint8Array): void {
    if (!client.authenticator) return;
    const { reply, outcome } = client.authenticator.receive(payload);
    if (outcome === 'bad-mic' || outcome === 'bad-element') this.event(client, outcome);
    if (outcome === 'completed') {
      client.keysInstalled = true;
      client.packetNumber = 0;
      this.event(client, 'ready');
    }
    if (outcome === 'completed' || outcome === 'group-rekeyed') this.medium.timers.clear(client.timer);
    if (!reply) return;
    client.attempts = 1;
    this.delivery.sendEapol(client, reply);
    this.medium.timers.setIn(client.timer, HANDSHAKE_RETRY_TICKS);
  }

  private receiveData(data: DataFrame, client: ApClient | undefined): void {
    if (!client) {
      if (data.packet)
        this.say(FC0.DEAUTHENTICATION, data.source.slice(), encodeReason(REASON.NOT_ASSOCIATED));
      return;
    }
    if (!data.packet) return;
    const { etherType, payload } = data.packet;
    if (etherType === ETHER_TYPE.EAPOL) {
      this.receiveEapol(client, payload);
      return;
    }
    if (!this.isReady(client) || (this.rsnElement !== null && !data.isProtected)) return;
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
