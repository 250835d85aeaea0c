import { TICKS_PER_MILLI, TICKS_PER_SECOND } from '../time';
import type { MacAddress } from './addresses';
import { ipv4, isGroupMac, macKey, parseMac } from './addresses';
import { Association } from './association';
import { equalBytes } from './bytes';
import { PmkCache } from './crypto/pmk-cache';
import { ELEMENT, findElement, parseTim } from './ie';
import type { DataFrame } from './ieee80211';
import { address1, address2, FC0, FC1, frameKind, parseData, REASON } from './ieee80211';
import { encodeReason, parseBeacon } from './management';
import type { Medium } from './medium';
import { DhcpClient } from './net/dhcp-client';
import { ETHER_TYPE, NetStack } from './net/stack';
import type { Radio } from './radio';
import { DuplicateFilter, RadioLink } from './radio-link';
import { RestartWatch } from './restart-watch';
import { StationJoin } from './station-join';
import type { StationEvent, StationOptions, StationState } from './station-options';
import type { Refusal, Target } from './target';
import { chooseTarget } from './target';
import { Timer } from './timers';

const BACK_OFF_TICKS = 2 * TICKS_PER_SECOND;
const DEFAULT_BEACON_TIMEOUT_MS = 10_000;

/**
 * A station that joins the firmware's access point and stays joined, whatever the firmware does: listens for beacons,
 * starts an attempt (station-join.ts) when one fits, and another one when it is over.
 */
export class Station implements Radio {
  readonly mac: MacAddress;
  readonly stack: NetStack;
  /** Unprotected data frames dropped because keys were installed. */
  unprotectedDropped = 0;
  private readonly medium: Medium;
  private readonly options: StationOptions;
  private readonly link: RadioLink;
  private readonly duplicates = new DuplicateFilter();
  private readonly restartWatch = new RestartWatch();
  private readonly beaconTimer = new Timer(() => this.leave('beacons-lost', 0));
  private readonly pmks: PmkCache | null;
  private readonly dhcp: DhcpClient | null;
  private detach: (() => void) | null = null;
  private current: StationState = 'stopped';
  private attempt: StationJoin | null = null;
  private notBeforeTicks = 0;
  private lastRefusal: Refusal | null = null;

  constructor(options: StationOptions) {
    this.options = options;
    this.medium = options.medium;
    this.mac = options.mac ?? parseMac('02:11:22:33:44:55');
    this.link = new RadioLink(options.medium, this);
    this.pmks = options.passphrase == null ? null : new PmkCache(options.passphrase);
    this.stack = new NetStack({
      mac: this.mac,
      timers: options.medium.timers,
      random: options.random,
      link: {
        send: (destination, etherType, payload) => this.association?.send(destination, etherType, payload),
      },
      ip: options.dhcp ? 0 : (options.ip ?? ipv4('192.168.4.2')),
      gateway: this.gateway,
      tcp: options.tcp ?? {},
    });
    this.dhcp = options.dhcp
      ? new DhcpClient(this.stack, options.medium.timers, options.random, ({ gateway }) =>
          this.attempt?.resolve(gateway),
        )
      : null;
  }

  get state(): StationState {
    return this.current;
  }

  /** Address of the access point it is joined to or joining. */
  get bssid(): MacAddress | null {
    return this.association?.target.bssid ?? null;
  }

  /** Channel the access point announced; the medium carries all of them. */
  get apChannel(): number | null {
    return this.association?.target.channel ?? null;
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
    if (this.association?.isUp) this.association.say(FC0.DEAUTHENTICATION, encodeReason(REASON.LEAVING));
    this.leave('progress', 0);
  }

  /** The owner knows that the device behind the access point was reset: whatever was agreed is void. */
  deviceRestarted(): void {
    if (this.current !== 'stopped') this.leave('ap-restarted', 0);
  }

  /** Says with a null frame that it sleeps: from now on it asks for its frames when a beacon names it. */
  doze(): void {
    this.association?.setDozing(true);
  }

  wake(): void {
    this.association?.setDozing(false);
  }

  receive(frame: Uint8Array): void {
    if (frame.length < 24) return;
    const to = address1(frame);
    if (!isGroupMac(to) && !equalBytes(to, this.mac)) return;
    const kind = frameKind(frame);
    if (kind === 'management') this.receiveManagement(frame);
    else if (kind === 'data' && this.isNewFromAp(frame)) {
      const data = parseData(frame);
      if (data?.direction === 'from-ds') this.receiveData(data, frame);
    }
  }

  private get association(): Association | null {
    return this.attempt?.association ?? null;
  }

  private get gateway(): number {
    return this.options.gateway ?? ipv4('192.168.4.1');
  }

  private isNewFromAp(frame: Uint8Array): boolean {
    const { bssid } = this;
    return bssid !== null && equalBytes(address2(frame), bssid) && !this.duplicates.isDuplicate(frame);
  }

  // --- joining and leaving ------------------------------------------------------------------------------------------

  private enter(state: StationState, event: StationEvent, detail = 0): void {
    this.current = state;
    this.options.onState?.(state, event, detail);
  }

  private join(target: Target): void {
    const { medium, stack, mac } = this;
    this.attempt = new StationJoin({
      association: new Association(target, this.link, mac),
      mac,
      timers: medium.timers,
      random: this.options.random,
      stack,
      pmks: this.pmks,
      dhcp: this.dhcp,
      gateway: this.gateway,
      onState: (state) => this.enter(state, 'progress'),
      onFailed: (event, detail, backOff) => {
        if (backOff) this.notBeforeTicks = medium.nowTicks() + BACK_OFF_TICKS;
        this.leave(event, detail);
      },
    });
    this.watchBeacons();
    this.attempt.start();
  }

  /** Back to the beginning: the next beacon starts a new attempt. */
  private leave(event: StationEvent, detail: number): void {
    this.clear();
    this.enter('idle', event, detail);
  }

  private clear(): void {
    const wasUp = this.association?.isUp === true;
    this.attempt?.end();
    this.attempt = null;
    this.medium.timers.clear(this.beaconTimer);
    this.dhcp?.stop();
    this.duplicates.clear();
    this.restartWatch.reset();
    if (wasUp) this.stack.reset();
  }

  // --- frames -------------------------------------------------------------------------------------------------------

  private receiveManagement(frame: Uint8Array): void {
    if (frame[0] === FC0.BEACON || frame[0] === FC0.PROBE_RESPONSE) this.receiveBeacon(frame);
    else if (this.isNewFromAp(frame)) this.attempt?.receive(frame);
  }

  private receiveBeacon(frame: Uint8Array): void {
    if (this.bssid && macKey(this.bssid) === macKey(frame, 16)) {
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
    this.restartWatch.observe(frame);
    this.join(target);
  }

  private watchBeacons(): void {
    const timeoutMs = this.options.beaconTimeoutMs ?? DEFAULT_BEACON_TIMEOUT_MS;
    this.medium.timers.setIn(this.beaconTimer, timeoutMs * TICKS_PER_MILLI);
  }

  private keepAlive(frame: Uint8Array): void {
    this.watchBeacons();
    const { association } = this;
    if (!association?.dozing || frame[0] !== FC0.BEACON) return;
    const tim = findElement(parseBeacon(frame)?.elements ?? [], ELEMENT.TIM);
    if (tim && parseTim(tim.body)?.associationIds.includes(association.id)) association.poll();
  }

  private receiveData(data: DataFrame, frame: Uint8Array): void {
    const { attempt } = this;
    if (!attempt?.association.isUp || !data.packet) return;
    // The access point repeats our own group frames.
    if (equalBytes(data.source, this.mac)) return;
    const { association } = attempt;
    const { etherType, payload } = data.packet;
    if (etherType === ETHER_TYPE.EAPOL) attempt.receiveEapol(payload, data.isProtected);
    else if (association.admits(data.isProtected))
      this.stack.receive(data.source, data.destination, etherType, payload);
    else this.unprotectedDropped++;
    // Whoever got the packet may have left the network over it.
    const more = frame[1]! & FC1.MORE_DATA && !isGroupMac(data.destination);
    if (more && this.association?.dozing) this.association.poll();
  }
}
