import { RATE } from './air-time';
import { macKey } from './addresses';
import { readU16le } from './bytes';
import { FC1, frameKind, setSequenceNumber } from './ieee80211';
import type { Medium } from './medium';
import type { Radio } from './radio';

/** Rates of successive attempts: fast first, safe last. */
const RATE_LADDER = [
  RATE.OFDM_48,
  RATE.OFDM_48,
  RATE.OFDM_24,
  RATE.OFDM_12,
  RATE.DSSS_5_5,
  RATE.DSSS_1,
] as const;
/** dot11ShortRetryLimit's default. */
const DEFAULT_ATTEMPTS = 7;
const MAX_QUEUED = 512;

export interface SendOptions {
  /** Ahead of everything that waits (beacons). */
  readonly urgent?: boolean;
  readonly rate?: number;
  readonly onOutcome?: (acked: boolean) => void;
}

interface Queued {
  frame: Uint8Array;
  readonly options: SendOptions;
  attempts: number;
}

/** A peer's way to the air: a queue, one sequence counter, retries with the retry bit and falling rate. */
export class RadioLink {
  /** Frames given up after the last attempt. */
  failures = 0;
  private readonly medium: Medium;
  private readonly radio: Radio;
  private readonly queue: Queued[] = [];
  private busy = false;
  private sequence = 0;
  /** Outcomes of an earlier life are not ours. */
  private epoch = 0;

  constructor(medium: Medium, radio: Radio) {
    this.medium = medium;
    this.radio = radio;
  }

  get queued(): number {
    return this.queue.length;
  }

  /** Queues a frame; false when the queue is full and the frame is lost. */
  send(frame: Uint8Array, options: SendOptions = {}): boolean {
    if (this.queue.length >= MAX_QUEUED) return false;
    const entry = { frame, options, attempts: 0 };
    // The first in the queue is on the air already while busy.
    if (options.urgent) this.queue.splice(this.busy ? 1 : 0, 0, entry);
    else this.queue.push(entry);
    if (!this.busy) this.next();
    return true;
  }

  /** Forgets what waits and starts counting anew, as after power-on. */
  reset(): void {
    this.queue.length = 0;
    this.busy = false;
    this.sequence = 0;
    this.epoch++;
  }

  private next(): void {
    const entry = this.queue[0];
    if (!entry) return;
    this.busy = true;
    if (entry.attempts === 0 && frameKind(entry.frame) !== 'control') {
      setSequenceNumber(entry.frame, this.sequence);
      this.sequence = (this.sequence + 1) & 0xfff;
    }
    const rate = entry.options.rate ?? RATE_LADDER[Math.min(entry.attempts, RATE_LADDER.length - 1)]!;
    const epoch = this.epoch;
    this.medium.transmit(this.radio, entry.frame, { channel: this.radio.channel ?? null, rate }, (acked) => {
      if (epoch === this.epoch) this.outcome(entry, acked);
    });
  }

  private outcome(entry: Queued, acked: boolean): void {
    entry.attempts++;
    if (!acked && entry.attempts < DEFAULT_ATTEMPTS) {
      if (entry.attempts === 1) {
        // A copy, because the first attempt may be held by a receiver or a capture.
        entry.frame = entry.frame.slice();
        entry.frame[1]! |= FC1.RETRY;
      }
    } else {
      this.queue.shift();
      if (!acked) this.failures++;
      entry.options.onOutcome?.(acked);
    }
    this.busy = false;
    this.next();
  }
}

const MAX_SENDERS = 64;

/** Throws away the second copy of a frame whose acknowledgment was lost (IEEE 802.11-2020 section 10.3.2.14). */
export class DuplicateFilter {
  private readonly last = new Map<number, { control: number; frame: Uint8Array }>();

  /** True when the frame repeats the last one of its sender. Group frames are never repeated. */
  isDuplicate(frame: Uint8Array): boolean {
    if (frame.length < 24 || frame[4]! & 1) return false;
    const sender = macKey(frame, 10);
    const control = readU16le(frame, 22);
    const before = this.last.get(sender);
    if (before?.control === control && (frame[1]! & FC1.RETRY || sameButRetry(before.frame, frame)))
      return true;
    if (!before && this.last.size >= MAX_SENDERS) this.last.clear();
    this.last.set(sender, { control, frame });
    return false;
  }

  clear(): void {
    this.last.clear();
  }
}

/** Some drivers send again without setting the bit (wifi.md section 5.4): then the whole frame is the same. */
function sameButRetry(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length || a[0] !== b[0] || (a[1]! ^ b[1]!) & ~FC1.RETRY) return false;
  for (let at = 4; at < a.length; at++) if (a[at] !== b[at]) return false;
  return true;
}
