import type { Scheduler } from '../event-queue';
import { microsToTicks } from '../time';
import type { MacAddress } from './addresses';
import { equalBytes } from './bytes';
import { ackMicros, CONTENTION_SLOTS, DIFS_MICROS, frameMicros, SIFS_MICROS, SLOT_MICROS } from './air-time';
import { address1 } from './ieee80211';
import { isGroupMac, macKey } from './addresses';
import type { Fate, Impairment } from './impairment';
import { drawFate } from './impairment';
import type { Radio, TxMeta } from './radio';
import type { Random } from './random';
import { Timer, Timers } from './timers';

export interface MediumOptions {
  readonly scheduler: Scheduler;
  readonly random: Random;
  /** Strength with which everybody hears everybody, unless {@link Medium.setRssi} says otherwise. */
  readonly rssiDbm?: number;
  /** Every frame takes this long instead of its computed time on the air; wifi.md section 5.3 used 200. */
  readonly fixedFrameMicros?: number;
}

/** One frame as a capture sees it, at the moment its transmission ended. */
export interface CapturedFrame {
  readonly frame: Uint8Array;
  readonly from: MacAddress;
  readonly channel: number | null;
  readonly rate: number;
  readonly rssiDbm: number;
  /** First and last bit on the air. */
  readonly startTicks: number;
  readonly endTicks: number;
  /** False: the sender missed the acknowledgment. Null: a group frame has none. */
  readonly acked: boolean | null;
}

/** Name of the alarm that drives a medium and all its peers. */
export const AIR_ALARM = 'air';

interface Transmission {
  readonly from: Radio;
  readonly frame: Uint8Array;
  readonly meta: TxMeta;
  readonly onOutcome: (acked: boolean) => void;
  /** Which life of the sender it belongs to. */
  readonly life: number;
  startTicks: number;
}

/** Waiting transmissions of all radios together; a radio that sends more without awaiting outcomes is broken. */
const MAX_WAITING = 1024;

/**
 * The air between radios: one frame at a time, in the order in which they were handed over, each for its computed
 * time. Collisions do not happen; loss is what the rules or the script say. The channel is advisory (wifi.md section
 * 11.1): all channels share the one medium.
 */
export class Medium {
  readonly timers: Timers;
  /** Rules of chance; the first that fits decides. */
  impairments: readonly Impairment[] = [];
  /** Decides about single frames before the rules do; undefined leaves it to them. */
  script: ((frame: Uint8Array, from: MacAddress) => Fate | undefined) | null = null;
  private readonly random: Random;
  private readonly rssiDbm: number;
  private readonly fixedFrameMicros: number | null;
  private readonly radios: Radio[] = [];
  private readonly monitors = new Set<(captured: CapturedFrame) => void>();
  private readonly rssiBySender = new Map<number, number>();
  private readonly waiting: Transmission[] = [];
  /** How often a radio was cut off. */
  private readonly lives = new Map<Radio, number>();
  private current: Transmission | null = null;
  private acked: boolean | null = null;
  private readonly endTimer = new Timer(() => this.endOfFrame());
  private readonly outcomeTimer = new Timer(() => this.outcome());

  constructor(options: MediumOptions) {
    this.timers = new Timers(options.scheduler, AIR_ALARM);
    this.random = options.random;
    this.rssiDbm = options.rssiDbm ?? -40;
    this.fixedFrameMicros = options.fixedFrameMicros ?? null;
  }

  nowTicks(): number {
    return this.timers.nowTicks();
  }

  /** Adds a radio; returns the way to take it off again. */
  attach(radio: Radio): () => void {
    this.radios.push(radio);
    return () => {
      const index = this.radios.indexOf(radio);
      if (index >= 0) this.radios.splice(index, 1);
    };
  }

  /** Calls back with every frame on the air; returns the way to stop. */
  monitor(listener: (captured: CapturedFrame) => void): () => void {
    this.monitors.add(listener);
    return () => void this.monitors.delete(listener);
  }

  /** How strong the sender is heard; null takes the setting back. */
  setRssi(sender: MacAddress, rssiDbm: number | null): void {
    if (rssiDbm === null) this.rssiBySender.delete(macKey(sender));
    else this.rssiBySender.set(macKey(sender), rssiDbm);
  }

  /**
   * Sends one frame when the air is free. `onOutcome` is called once, behind the acknowledgment or the time in which
   * it should have come: true for a frame to a group, and for one that was acknowledged. The frame must not change
   * any more.
   */
  transmit(from: Radio, frame: Uint8Array, meta: TxMeta, onOutcome: (acked: boolean) => void): void {
    if (this.waiting.length >= MAX_WAITING) this.waiting.shift()!.onOutcome(false);
    this.waiting.push({ from, frame, meta, onOutcome, life: this.lifeOf(from), startTicks: 0 });
    if (!this.current) this.startNext();
  }

  /** The radio was reset or replaced: what it has on the air ends unheard, and of what waits nobody learns how it went. */
  cutOff(from: Radio): void {
    this.lives.set(from, this.lifeOf(from) + 1);
  }

  private lifeOf(radio: Radio): number {
    return this.lives.get(radio) ?? 0;
  }

  private isCutOff({ from, life }: Transmission): boolean {
    return life !== this.lifeOf(from);
  }

  private startNext(): void {
    let next = this.waiting.shift();
    while (next && this.isCutOff(next)) next = this.waiting.shift();
    this.current = next ?? null;
    if (!next) return;
    const { frame, meta } = next;
    const accessMicros =
      this.fixedFrameMicros === null
        ? DIFS_MICROS + SLOT_MICROS * this.random.below(CONTENTION_SLOTS + 1)
        : 0;
    const micros = this.fixedFrameMicros ?? frameMicros(meta.rate, frame.length);
    next.startTicks = this.nowTicks() + microsToTicks(accessMicros);
    this.timers.setAt(this.endTimer, next.startTicks + microsToTicks(micros));
  }

  private endOfFrame(): void {
    const ended = this.current!;
    if (this.isCutOff(ended)) {
      this.startNext();
      return;
    }
    const { from, frame, meta, startTicks } = ended;
    const isGroup = frame.length < 10 || isGroupMac(frame, 4);
    const fate = this.script?.(frame, from.mac) ?? drawFate(this.impairments, this.random, from.mac, frame);
    this.acked = isGroup ? null : fate.acknowledged && this.isTaken(from, frame, meta.channel);
    const captured: CapturedFrame = {
      frame,
      from: from.mac,
      channel: meta.channel,
      rate: meta.rate,
      rssiDbm: this.rssiBySender.get(macKey(from.mac)) ?? this.rssiDbm,
      startTicks,
      endTicks: this.nowTicks(),
      acked: this.acked,
    };
    const ackTicks =
      isGroup || this.fixedFrameMicros !== null ? 0 : microsToTicks(SIFS_MICROS + ackMicros(meta.rate));
    this.timers.setIn(this.outcomeTimer, ackTicks);
    for (const listener of this.monitors) listener(captured);
    if (!fate.delivered) return;
    for (let copy = 0; copy < fate.copies; copy++) {
      // A doubled frame comes again after the first copy, as a retry whose acknowledgment was lost would.
      const delayTicks = fate.delayTicks + copy * microsToTicks(500);
      if (delayTicks === 0) this.deliver(ended, captured);
      else this.timers.setIn(new Timer(() => this.deliver(ended, captured)), delayTicks);
    }
  }

  private outcome(): void {
    const done = this.current!;
    this.current = null;
    if (!this.isCutOff(done)) done.onOutcome(this.acked !== false);
    // The callback may have sent the next frame already.
    if (!this.current) this.startNext();
  }

  private isTaken(from: Radio, frame: Uint8Array, channel: number | null): boolean {
    return this.radios.some(
      (radio) =>
        radio !== from &&
        hears(radio, channel) &&
        (radio.acknowledges ? radio.acknowledges(frame) : equalBytes(address1(frame), radio.mac)),
    );
  }

  private deliver(sent: Transmission, { frame, channel, rate, rssiDbm }: CapturedFrame): void {
    if (this.isCutOff(sent)) return;
    const { from } = sent;
    const meta = { channel, rate, rssiDbm, atTicks: this.nowTicks() };
    // A copy: a receiver may attach or take off radios.
    for (const radio of [...this.radios])
      if (radio !== from && hears(radio, channel)) radio.receive(frame, meta);
  }
}

function hears(radio: Radio, channel: number | null): boolean {
  return channel === null || radio.channel == null || radio.channel === channel;
}
