import { TICKS_PER_MILLI, TICKS_PER_SECOND } from '../time';
import type { Ipv4Address, MacAddress } from './addresses';
import { ipv4, isGroupMac, macKey, parseMac } from './addresses';
import { equalBytes } from './bytes';
import { pmkFromPassphrase } from './crypto/pbkdf2';
import { ELEMENT, findElement, parseTim } from './ie';
import type { DataFrame } from './ieee80211';
import {
  address1,
  address2,
  ccmpHeader,
  encodeData,
  encodeManagement,
  encodeNull,
  encodePsPoll,
  FC0,
  FC1,
  frameKind,
  parseData,
  REASON,
  STATUS,
} from './ieee80211';
import {
  AUTH_OPEN,
  encodeAssociationRequest,
  encodeAuth,
  encodeReason,
  parseAssociationResponse,
  parseAuth,
  parseBeacon,
  parseReason,
} from './management';
import type { Medium } from './medium';
import { DhcpClient } from './net/dhcp-client';
import { ETHER_TYPE, NetStack } from './net/stack';
import type { TcpSettings } from './net/tcp-types';
import type { Radio } from './radio';
import { DuplicateFilter, RadioLink } from './radio-link';
import type { Random } from './random';
import { RestartWatch } from './restart-watch';
import { Supplicant } from './supplicant';
import type { Refusal, Target } from './target';
import { chooseTarget } from './target';
import { Timer } from './timers';

/** From nothing to a network that answers; `ready` means that the gateway's address is known. */
export type StationState =
  'stopped' | 'idle' | 'joining' | 'authenticating' | 'associating' | 'handshaking' | 'resolving' | 'ready';

/** Why a station left a state. */
export type StationEvent =
  | 'progress'
  | 'stopped'
  | 'no-answer'
  | 'rejected'
  | 'deauthenticated'
  | 'handshake-failed'
  | 'beacons-lost'
  | 'ap-restarted'
  | Refusal;

export interface StationOptions {
  readonly medium: Medium;
  readonly random: Random;
  readonly mac?: MacAddress;
  /** Null joins the first network it hears. */
  readonly ssid?: string | null;
  /** Absent for open networks. */
  readonly passphrase?: string | null;
  /** Static address; `dhcp` asks for one instead. */
  readonly ip?: Ipv4Address;
  readonly gateway?: Ipv4Address;
  readonly dhcp?: boolean;
  readonly tcp?: Partial<TcpSettings>;
  /** So long without a beacon means that the access point is gone. */
  readonly beaconTimeoutMs?: number;
  /** Called on every change; `detail` is a status or reason code. */
  readonly onState?: (state: StationState, event: StationEvent, detail: number) => void;
}

const STEP_DELAY_TICKS = 2 * TICKS_PER_MILLI;
const RETRY_TICKS = TICKS_PER_SECOND;
const MAX_ATTEMPTS = 4;
const HANDSHAKE_TICKS = 10 * TICKS_PER_SECOND;
const BACK_OFF_TICKS = 2 * TICKS_PER_SECOND;
/** Pause between link up and the first packet: open network, after a handshake (wifi.md section 11.3). */
const SETTLE_OPEN_TICKS = 20 * TICKS_PER_MILLI;
const SETTLE_WPA2_TICKS = 60 * TICKS_PER_MILLI;

/** A station that joins the firmware's access point and stays joined, whatever the firmware does. */
export class Station implements Radio {
  readonly mac: MacAddress;
  readonly stack: NetStack;
  /** Unprotected data frames dropped because keys were installed. */
  unprotectedDropped = 0;
  private readonly medium: Medium;
  private readonly options: StationOptions;
  private readonly random: Random;
  private readonly link: RadioLink;
  private readonly duplicates = new DuplicateFilter();
  private readonly restartWatch = new RestartWatch();
  private readonly stepTimer = new Timer(() => this.step());
  private readonly beaconTimer = new Timer(() => this.leave('beacons-lost', 0));
  private readonly pmks = new Map<string, Uint8Array>();
  private readonly dhcp: DhcpClient | null;
  private detach: (() => void) | null = null;
  private current: StationState = 'stopped';
  private target: Target | null = null;
  private attempts = 0;
  private notBeforeTicks = 0;
  private lastRefusal: Refusal | null = null;
  private associationId = 0;
  private supplicant: Supplicant | null = null;
  private keysInstalled = false;
  private packetNumber = 0;
  private dozing = false;

  constructor(options: StationOptions) {
    this.options = options;
    this.medium = options.medium;
    this.random = options.random;
    this.mac = options.mac ?? parseMac('02:11:22:33:44:55');
    this.link = new RadioLink(options.medium, this);
    const gateway = options.gateway ?? ipv4('192.168.4.1');
    this.stack = new NetStack({
      mac: this.mac,
      timers: options.medium.timers,
      random: options.random,
      link: { send: (destination, etherType, payload) => this.sendData(destination, etherType, payload) },
      ip: options.dhcp ? 0 : (options.ip ?? ipv4('192.168.4.2')),
      gateway,
      tcp: options.tcp ?? {},
    });
    this.dhcp = options.dhcp
      ? new DhcpClient(this.stack, options.medium.timers, options.random, ({ gateway: found }) =>
          this.resolve(found),
        )
      : null;
  }

  get state(): StationState {
    return this.current;
  }

  /** Address of the access point it is joined to or joining. */
  get bssid(): MacAddress | null {
    return this.target?.bssid ?? null;
  }

  /** Channel the access point announced; the medium carries all of them. */
  get apChannel(): number | null {
    return this.target?.channel ?? null;
  }

  /** Switches the station on. */
  start(): void {
    if (this.detach) return;
    this.detach = this.medium.attach(this);
    this.enter('idle', 'progress');
  }

  /** Switches it off without a word. */
  stop(): void {
    if (!this.detach) return;
    this.detach();
    this.detach = null;
    this.clear();
    this.link.reset();
    this.enter('stopped', 'stopped');
  }

  /** Tells the access point, then joins again. */
  rejoin(): void {
    if (this.target && this.associationId !== 0) this.say(FC0.DEAUTHENTICATION, encodeReason(REASON.LEAVING));
    this.leave('progress', 0);
  }

  /** The owner knows that the device behind the access point was reset: whatever was agreed is void. */
  deviceRestarted(): void {
    if (this.current !== 'stopped') this.leave('ap-restarted', 0);
  }

  /** Says with a null frame that it sleeps: from now on it asks for its frames when a beacon names it. */
  doze(): void {
    this.setPower(true);
  }

  wake(): void {
    this.setPower(false);
  }

  receive(frame: Uint8Array): void {
    if (frame.length < 24) return;
    const to = address1(frame);
    if (!isGroupMac(to) && !equalBytes(to, this.mac)) return;
    const kind = frameKind(frame);
    if (kind === 'management') this.receiveManagement(frame);
    else if (kind === 'data' && this.isFromAp(frame) && !this.duplicates.isDuplicate(frame)) {
      const data = parseData(frame);
      if (data?.direction === 'from-ds') this.receiveData(data, frame);
    }
  }

  private isFromAp(frame: Uint8Array): boolean {
    return this.target !== null && equalBytes(address2(frame), this.target.bssid);
  }

  private enter(state: StationState, event: StationEvent, detail = 0): void {
    this.current = state;
    this.options.onState?.(state, event, detail);
  }

  private clear(): void {
    const wasUp = this.associationId !== 0;
    this.medium.timers.clear(this.stepTimer);
    this.medium.timers.clear(this.beaconTimer);
    this.dhcp?.stop();
    this.target = null;
    this.associationId = 0;
    this.supplicant = null;
    this.keysInstalled = false;
    this.packetNumber = 0;
    this.dozing = false;
    this.duplicates.clear();
    this.restartWatch.reset();
    if (wasUp) this.stack.reset();
  }

  /** Back to the beginning: the next beacon starts a new attempt. */
  private leave(event: StationEvent, detail: number): void {
    this.clear();
    this.enter('idle', event, detail);
  }

  private fail(event: StationEvent, detail: number): void {
    this.notBeforeTicks = this.medium.nowTicks() + BACK_OFF_TICKS;
    this.leave(event, detail);
  }

  private say(fc0: number, body: Uint8Array): void {
    const { bssid } = this.target!;
    this.link.send(encodeManagement(fc0, bssid, this.mac, bssid, body));
  }

  private receiveManagement(frame: Uint8Array): void {
    const fc0 = frame[0]!;
    if (fc0 === FC0.BEACON || fc0 === FC0.PROBE_RESPONSE) {
      this.receiveBeacon(frame);
      return;
    }
    if (!this.isFromAp(frame) || this.duplicates.isDuplicate(frame)) return;
    switch (fc0) {
      case FC0.AUTHENTICATION:
        this.receiveAuth(frame);
        return;
      case FC0.ASSOCIATION_RESPONSE:
      case FC0.REASSOCIATION_RESPONSE:
        this.receiveAssociation(frame);
        return;
      case FC0.DEAUTHENTICATION:
      case FC0.DISASSOCIATION:
        if (this.current === 'handshaking') this.fail('handshake-failed', parseReason(frame));
        else this.leave('deauthenticated', parseReason(frame));
        return;
      default:
    }
  }

  private receiveBeacon(frame: Uint8Array): void {
    if (this.target && macKey(this.target.bssid) === macKey(frame, 16)) {
      if (this.restartWatch.observe(frame)) this.leave('ap-restarted', 0);
      else this.keepAlive(frame);
    }
    if (this.current !== 'idle' || this.medium.nowTicks() < this.notBeforeTicks) return;
    const target = chooseTarget(frame, this.options.ssid ?? null, this.options.passphrase != null);
    if (typeof target === 'string') {
      if (target !== this.lastRefusal && target !== 'other-network')
        this.options.onState?.('idle', target, 0);
      this.lastRefusal = target;
      return;
    }
    this.lastRefusal = null;
    this.target = target;
    this.attempts = 0;
    this.restartWatch.observe(frame);
    this.watchBeacons();
    this.enter('joining', 'progress');
    this.medium.timers.setIn(this.stepTimer, STEP_DELAY_TICKS);
  }

  private watchBeacons(): void {
    this.medium.timers.setIn(this.beaconTimer, (this.options.beaconTimeoutMs ?? 10_000) * TICKS_PER_MILLI);
  }

  private keepAlive(frame: Uint8Array): void {
    this.watchBeacons();
    if (!this.dozing || frame[0] !== FC0.BEACON) return;
    const tim = findElement(parseBeacon(frame)?.elements ?? [], ELEMENT.TIM);
    if (tim && parseTim(tim.body)?.associationIds.includes(this.associationId)) this.poll();
  }

  /** What the running step does next: its delay is over or nobody answered. */
  private step(): void {
    switch (this.current) {
      case 'joining':
        this.enter('authenticating', 'progress');
        this.authenticate();
        return;
      case 'authenticating':
        if (++this.attempts < MAX_ATTEMPTS) this.authenticate();
        else this.leave('no-answer', 0);
        return;
      case 'associating':
        if (++this.attempts <= MAX_ATTEMPTS) this.associate();
        else this.leave('no-answer', 0);
        return;
      case 'handshaking':
        if (this.keysInstalled) {
          this.configure();
          return;
        }
        this.say(FC0.DEAUTHENTICATION, encodeReason(REASON.HANDSHAKE_TIMEOUT));
        this.fail('handshake-failed', REASON.HANDSHAKE_TIMEOUT);
        return;
      case 'resolving':
        this.configure();
        return;
      default:
    }
  }

  private authenticate(): void {
    this.say(FC0.AUTHENTICATION, encodeAuth({ algorithm: AUTH_OPEN, sequence: 1, status: STATUS.SUCCESS }));
    this.medium.timers.setIn(this.stepTimer, RETRY_TICKS);
  }

  private receiveAuth(frame: Uint8Array): void {
    const auth = parseAuth(frame);
    if (this.current !== 'authenticating' || auth?.sequence !== 2) return;
    if (auth.status !== STATUS.SUCCESS) {
      this.fail('rejected', auth.status);
      return;
    }
    this.attempts = 0;
    this.enter('associating', 'progress');
    this.medium.timers.setIn(this.stepTimer, STEP_DELAY_TICKS);
  }

  private associate(): void {
    const target = this.target!;
    if (target.rsnElement) {
      // Ready before the answer: message 1 follows it within 20 µs (wifi.md section 11.3).
      this.supplicant = new Supplicant({
        pmk: this.pmkFor(target.ssid),
        own: this.mac,
        bssid: target.bssid,
        rsnElement: target.rsnElement,
        apRsnElement: target.apRsnElement,
        random: this.random,
      });
    }
    this.say(FC0.ASSOCIATION_REQUEST, encodeAssociationRequest(target.ssid, target.rsnElement));
    this.medium.timers.setIn(this.stepTimer, RETRY_TICKS);
  }

  private pmkFor(ssid: Uint8Array): Uint8Array {
    const key = ssid.join();
    const known = this.pmks.get(key);
    if (known) return known;
    const pmk = pmkFromPassphrase(this.options.passphrase!, ssid);
    this.pmks.set(key, pmk);
    return pmk;
  }

  private receiveAssociation(frame: Uint8Array): void {
    const response = parseAssociationResponse(frame);
    if (this.current !== 'associating' || !response) return;
    if (response.status !== STATUS.SUCCESS) {
      this.fail('rejected', response.status);
      return;
    }
    this.associationId = response.associationId;
    if (this.supplicant) {
      this.enter('handshaking', 'progress');
      this.medium.timers.setIn(this.stepTimer, HANDSHAKE_TICKS);
    } else {
      this.enter('resolving', 'progress');
      this.medium.timers.setIn(this.stepTimer, SETTLE_OPEN_TICKS);
    }
  }

  private receiveData(data: DataFrame, frame: Uint8Array): void {
    if (this.associationId === 0 || !data.packet) return;
    // The access point repeats our own group frames.
    if (equalBytes(data.source, this.mac)) return;
    const { etherType, payload } = data.packet;
    if (etherType === ETHER_TYPE.EAPOL) {
      this.receiveEapol(payload, data.isProtected);
    } else if (this.supplicant && !data.isProtected) {
      this.unprotectedDropped++;
    } else if (this.supplicant && !this.keysInstalled) {
      this.unprotectedDropped++;
    } else {
      this.stack.receive(data.source, data.destination, etherType, payload);
    }
    if (this.dozing && frame[1]! & FC1.MORE_DATA && !isGroupMac(data.destination)) this.poll();
  }

  private receiveEapol(payload: Uint8Array, isProtected: boolean): void {
    if (!this.supplicant) return;
    const { reply, outcome } = this.supplicant.receive(payload);
    if (!reply) return;
    const isFirstInstall = outcome === 'installed' && !this.keysInstalled;
    this.sendEapol(reply, isProtected, () => {
      // The keys are ours from the moment message 4 is out (wifi.md section 7.2).
      if (!isFirstInstall || this.current !== 'handshaking') return;
      this.keysInstalled = true;
      this.packetNumber = 0;
      this.medium.timers.setIn(this.stepTimer, SETTLE_WPA2_TICKS);
    });
  }

  private sendEapol(payload: Uint8Array, isProtected: boolean, onSent: () => void): void {
    const target = this.target!;
    const frame = encodeData({
      direction: 'to-ds',
      bssid: target.bssid,
      source: this.mac,
      destination: target.bssid,
      etherType: ETHER_TYPE.EAPOL,
      payload,
      protection: isProtected ? ccmpHeader(++this.packetNumber, 0) : null,
    });
    this.link.send(frame, { onOutcome: onSent });
  }

  private configure(): void {
    if (this.current !== 'resolving') this.enter('resolving', 'progress');
    if (this.dhcp) this.dhcp.start();
    else this.resolve(this.options.gateway ?? ipv4('192.168.4.1'));
  }

  /** Nothing is promised to the host before the device's stack has answered. */
  private resolve(gateway: Ipv4Address): void {
    this.stack.arp.resolve(gateway, (mac) => {
      if (this.current !== 'resolving') return;
      if (mac) this.enter('ready', 'progress');
      else if (this.dhcp) this.dhcp.start();
      else this.medium.timers.setIn(this.stepTimer, RETRY_TICKS);
    });
  }

  private sendData(destination: MacAddress, etherType: number, payload: Uint8Array): void {
    if (!this.target || this.associationId === 0) return;
    if (this.supplicant && !this.keysInstalled) return;
    const frame = encodeData({
      direction: 'to-ds',
      bssid: this.target.bssid,
      source: this.mac,
      destination,
      etherType,
      payload,
      protection: this.supplicant ? ccmpHeader(++this.packetNumber, 0) : null,
    });
    if (this.dozing) frame[1]! |= FC1.POWER_MANAGEMENT;
    this.link.send(frame);
  }

  private setPower(dozing: boolean): void {
    if (!this.target || this.associationId === 0) return;
    this.dozing = dozing;
    this.link.send(encodeNull(this.target.bssid, this.mac, dozing));
  }

  private poll(): void {
    this.link.send(encodePsPoll(this.target!.bssid, this.mac, this.associationId));
  }
}
