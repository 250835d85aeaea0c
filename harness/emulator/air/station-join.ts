import { TICKS_PER_MILLI, TICKS_PER_SECOND } from '../time';
import type { Ipv4Address, MacAddress } from './addresses';
import type { Association } from './association';
import type { PmkCache } from './crypto/pmk-cache';
import { FC0, REASON, STATUS } from './ieee80211';
import {
  AUTH_OPEN,
  encodeAssociationRequest,
  encodeAuth,
  encodeReason,
  parseAssociationResponse,
  parseAuth,
  parseReason,
} from './management';
import type { DhcpClient } from './net/dhcp-client';
import type { NetStack } from './net/stack';
import type { Random } from './random';
import type { StationEvent, StationState } from './station-options';
import { Supplicant } from './supplicant';
import type { Timers } from './timers';
import { Timer } from './timers';

const STEP_DELAY_TICKS = 2 * TICKS_PER_MILLI;
const RETRY_TICKS = TICKS_PER_SECOND;
const MAX_ATTEMPTS = 4;
const HANDSHAKE_TICKS = 10 * TICKS_PER_SECOND;
/** Pause between link up and the first packet: open network, after a handshake (wifi.md section 11.3). */
const SETTLE_OPEN_TICKS = 20 * TICKS_PER_MILLI;
const SETTLE_WPA2_TICKS = 60 * TICKS_PER_MILLI;

export interface StationJoinOptions {
  readonly association: Association;
  readonly mac: MacAddress;
  readonly timers: Timers;
  readonly random: Random;
  readonly stack: NetStack;
  /** Null where there is no passphrase. */
  readonly pmks: PmkCache | null;
  /** Null with a static address. */
  readonly dhcp: DhcpClient | null;
  /** Of a static address. */
  readonly gateway: Ipv4Address;
  readonly onState: (state: StationState) => void;
  /** The attempt is over; `backOff` asks for a pause before the next one. */
  readonly onFailed: (event: StationEvent, detail: number, backOff: boolean) => void;
}

/** One attempt to join an access point: authentication, association, handshake, address, and staying there. */
export class StationJoin {
  readonly association: Association;
  private readonly options: StationJoinOptions;
  private readonly timer = new Timer(() => this.step());
  private state: StationState = 'joining';
  private attempts = 0;
  private isOver = false;

  constructor(options: StationJoinOptions) {
    this.options = options;
    this.association = options.association;
  }

  start(): void {
    this.enter('joining');
    this.wait(STEP_DELAY_TICKS);
  }

  /** Whatever comes in later is for nobody. */
  end(): void {
    this.isOver = true;
    this.options.timers.clear(this.timer);
  }

  /** A management frame of the access point to this station. */
  receive(frame: Uint8Array): void {
    switch (frame[0]) {
      case FC0.AUTHENTICATION:
        this.receiveAuth(frame);
        return;
      case FC0.ASSOCIATION_RESPONSE:
      case FC0.REASSOCIATION_RESPONSE:
        this.receiveAssociation(frame);
        return;
      case FC0.DEAUTHENTICATION:
      case FC0.DISASSOCIATION:
        if (this.state === 'handshaking') this.fail('handshake-failed', parseReason(frame), true);
        else this.fail('deauthenticated', parseReason(frame));
        return;
      default:
    }
  }

  receiveEapol(payload: Uint8Array, isProtected: boolean): void {
    const { association } = this;
    if (!association.supplicant) return;
    const { reply, outcome } = association.supplicant.receive(payload);
    if (!reply) return;
    const isFirstInstall = outcome === 'installed' && !association.keysInstalled;
    association.sendEapol(reply, isProtected, () => {
      // The keys are ours from the moment message 4 is out (wifi.md section 7.2).
      if (!isFirstInstall || this.isOver || this.state !== 'handshaking') return;
      association.installKeys();
      this.wait(SETTLE_WPA2_TICKS);
    });
  }

  /** Nothing is promised to the host before the device's stack has answered. */
  resolve(gateway: Ipv4Address): void {
    const { stack, dhcp } = this.options;
    stack.arp.resolve(gateway, (mac) => {
      if (this.isOver || this.state !== 'resolving') return;
      if (mac) this.enter('ready');
      else if (dhcp) dhcp.start();
      else this.wait(RETRY_TICKS);
    });
  }

  private enter(state: StationState): void {
    this.state = state;
    this.options.onState(state);
  }

  private fail(event: StationEvent, detail: number, backOff = false): void {
    this.options.onFailed(event, detail, backOff);
  }

  private wait(deltaTicks: number): void {
    this.options.timers.setIn(this.timer, deltaTicks);
  }

  /** What the running step does next: its delay is over or nobody answered. */
  private step(): void {
    switch (this.state) {
      case 'joining':
        this.enter('authenticating');
        this.authenticate();
        return;
      case 'authenticating':
        if (++this.attempts < MAX_ATTEMPTS) this.authenticate();
        else this.fail('no-answer', 0);
        return;
      case 'associating':
        if (++this.attempts <= MAX_ATTEMPTS) this.associate();
        else this.fail('no-answer', 0);
        return;
      case 'handshaking':
        if (this.association.keysInstalled) {
          this.enter('resolving');
          this.configure();
          return;
        }
        this.association.say(FC0.DEAUTHENTICATION, encodeReason(REASON.HANDSHAKE_TIMEOUT));
        this.fail('handshake-failed', REASON.HANDSHAKE_TIMEOUT, true);
        return;
      case 'resolving':
        this.configure();
        return;
      default:
    }
  }

  private authenticate(): void {
    const body = encodeAuth({ algorithm: AUTH_OPEN, sequence: 1, status: STATUS.SUCCESS });
    this.association.say(FC0.AUTHENTICATION, body);
    this.wait(RETRY_TICKS);
  }

  private receiveAuth(frame: Uint8Array): void {
    const auth = parseAuth(frame);
    if (this.state !== 'authenticating' || auth?.sequence !== 2) return;
    if (auth.status !== STATUS.SUCCESS) {
      this.fail('rejected', auth.status, true);
      return;
    }
    this.attempts = 0;
    this.enter('associating');
    this.wait(STEP_DELAY_TICKS);
  }

  private associate(): void {
    const { mac, pmks, random } = this.options;
    const { bssid, ssid, rsnElement, apRsnElement } = this.association.target;
    if (rsnElement) {
      // Ready before the answer: message 1 follows it within 20 µs (wifi.md section 11.3).
      const pmk = pmks!.keyFor(ssid);
      this.association.supplicant = new Supplicant({
        pmk,
        own: mac,
        bssid,
        rsnElement,
        apRsnElement,
        random,
      });
    }
    this.association.say(FC0.ASSOCIATION_REQUEST, encodeAssociationRequest(ssid, rsnElement));
    this.wait(RETRY_TICKS);
  }

  private receiveAssociation(frame: Uint8Array): void {
    const response = parseAssociationResponse(frame);
    if (this.state !== 'associating' || !response) return;
    if (response.status !== STATUS.SUCCESS) {
      this.fail('rejected', response.status, true);
      return;
    }
    this.association.id = response.associationId;
    if (this.association.supplicant) {
      this.enter('handshaking');
      this.wait(HANDSHAKE_TICKS);
    } else {
      this.enter('resolving');
      this.wait(SETTLE_OPEN_TICKS);
    }
  }

  private configure(): void {
    const { dhcp, gateway } = this.options;
    if (dhcp) dhcp.start();
    else this.resolve(gateway);
  }
}
