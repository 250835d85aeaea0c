/** From the transmit queues to the air, and the completions back (wifi.md section 5). */
import { DIFS_MICROS, ackMicros, frameMicros, SIFS_MICROS } from '../air/air-time';
import { Alarm, type Scheduler } from '../event-queue';
import { SavedFields, type SavedState } from '../peripherals';
import { microsToTicks } from '../time';
import { dataLength, DESCRIPTOR, END_OF_FRAME, type GuestDma } from './guest-dma';
import type { MacInterrupts } from './mac-interrupts';
import {
  INT,
  MAC,
  queueOffset,
  TX_DESCRIPTOR_BASE,
  TX_DESCRIPTOR_MASK,
  TX_RESULT,
  TX_START,
  TX_WANTS_ACK,
  TXQ,
} from './mac-map';

/** A frame as it was when its queue was started, without FCS. */
export interface Started {
  readonly queue: number;
  readonly frame: Uint8Array;
  readonly rate: number;
  readonly wantsAck: boolean;
}

export interface TxWiring {
  readonly scheduler: Scheduler;
  readonly dma: GuestDma;
  readonly interrupts: MacInterrupts;
  readonly words: Uint32Array;
  readonly inHandler: () => boolean;
  /** Puts the frame on the air; false when there is none and the frame is heard by nobody. */
  readonly send: (started: Started, onOutcome: (acked: boolean) => void) => boolean;
}

export interface TxCounts {
  sent: number;
  unacknowledged: number;
}

const FCS_BYTES = 4;
const LONGEST_CHAIN = 8;
const LONGEST_FRAME_BYTES = 4096;
/** Between two looks whether the driver has taken the completion before. */
const POST_RETRY_MICROS = 20;
const SHAPE_HT = 1 << 24;
/** HT frames are not modelled: their time is that of this rate (OFDM 54 Mbit/s). */
const HT_RATE = 0xc;

/**
 * One frame at a time is on the air, one completion at a time is before the driver: TX_STATUS describes one frame,
 * and two in one interrupt lose a queue for good.
 */
export class TxPath {
  readonly counts: TxCounts = { sent: 0, unacknowledged: 0 };
  private readonly wiring: TxWiring;
  /** First: on the air, or waiting to be reported. */
  private readonly started: Started[] = [];
  private phase: 'idle' | 'air' | 'report' = 'idle';
  private acked = true;
  private readonly alarm: Alarm;
  /** Outcomes of frames of an earlier life are not ours. */
  private attempt = 0;
  private readonly scratch = new Uint8Array(LONGEST_FRAME_BYTES);

  constructor(wiring: TxWiring) {
    this.wiring = wiring;
    this.alarm = wiring.scheduler.register(new Alarm('wifi.tx', () => this.alarmFired()));
  }

  /** Queues that were started and are not reported yet. */
  get pending(): number {
    return this.started.length;
  }

  /** CONTROL of a queue was written with both start bits. */
  start(queue: number, control: number): void {
    const shape = this.wiring.words[(queueOffset(queue) + TXQ.SHAPE) >>> 2]!;
    this.started.push({
      queue,
      frame: this.extract((TX_DESCRIPTOR_BASE | (control & TX_DESCRIPTOR_MASK)) >>> 0),
      rate: (shape & SHAPE_HT) !== 0 ? HT_RATE : (shape >>> 12) & 0xf,
      wantsAck: (control & TX_WANTS_ACK) !== 0,
    });
    if (this.phase === 'idle') this.next();
  }

  reset(): void {
    this.started.length = 0;
    this.phase = 'idle';
    this.attempt++;
    this.wiring.scheduler.cancel(this.alarm);
  }

  save(): SavedState {
    return {
      version: 1,
      phase: this.phase,
      acked: this.acked,
      started: this.started.map((item) => ({ ...item, frame: item.frame.slice() })),
    };
  }

  /** @throws ESPRIG_EMU_SNAPSHOT when the state does not fit. */
  restore(state: SavedState): void {
    const fields = new SavedFields('wifi.tx', state, 1);
    this.attempt++;
    this.phase = fields.oneOf('phase', ['idle', 'air', 'report']);
    this.acked = fields.boolean('acked');
    this.started.length = 0;
    for (const item of Object.values(fields.part('started'))) {
      const saved = new SavedFields('wifi.tx', { version: 1, ...(item as SavedState) }, 1);
      this.started.push({
        queue: saved.number('queue'),
        frame: saved.bytes('frame').slice(),
        rate: saved.number('rate'),
        wantsAck: saved.boolean('wantsAck'),
      });
    }
  }

  /** The air does not remember frames over a snapshot: one that was under way is sent again. */
  resume(): void {
    if (this.phase === 'air' && !this.alarm.scheduled) this.next();
  }

  /** Data of a descriptor chain without the room for the FCS; what an end-of-frame descriptor links to is garbage. */
  private extract(first: number): Uint8Array {
    const { dma } = this.wiring;
    let sizeBytes = 0;
    let addr = first;
    for (let step = 0; step < LONGEST_CHAIN; step++) {
      const flags = dma.read32(addr + DESCRIPTOR.FLAGS);
      const piece = Math.min(dataLength(flags), LONGEST_FRAME_BYTES - sizeBytes);
      dma.copyOut(dma.read32(addr + DESCRIPTOR.BUFFER), piece, this.scratch, sizeBytes);
      sizeBytes += piece;
      if ((flags & END_OF_FRAME) !== 0) break;
      addr = dma.read32(addr + DESCRIPTOR.NEXT);
    }
    return this.scratch.slice(0, Math.max(0, sizeBytes - FCS_BYTES));
  }

  private next(): void {
    const first = this.started[0];
    if (!first) {
      this.phase = 'idle';
      return;
    }
    this.phase = 'air';
    const attempt = ++this.attempt;
    const onAir = this.wiring.send(first, (acked) => {
      if (attempt === this.attempt) this.outcome(acked);
    });
    if (!onAir) this.wiring.scheduler.scheduleIn(this.alarm, microsToTicks(lonelyMicros(first)));
  }

  private alarmFired(): void {
    if (this.phase === 'report') this.report();
    else if (this.phase === 'air') this.outcome(isGroup(this.started[0]!.frame));
  }

  private outcome(acked: boolean): void {
    this.acked = acked || !this.started[0]!.wantsAck;
    this.phase = 'report';
    this.report();
  }

  private report(): void {
    const { interrupts, words, scheduler } = this.wiring;
    if ((interrupts.raw & INT.TX_DONE) !== 0 || this.wiring.inHandler()) {
      scheduler.scheduleIn(this.alarm, microsToTicks(POST_RETRY_MICROS));
      return;
    }
    const { queue } = this.started.shift()!;
    this.counts.sent++;
    if (!this.acked) this.counts.unacknowledged++;
    words[(queueOffset(queue) + TXQ.CONTROL) >>> 2]! &= ~TX_START;
    const result = this.acked ? TX_RESULT.SUCCESS : TX_RESULT.ACK_TIMEOUT;
    words[MAC.TX_STATUS >>> 2] = ((result << 28) | (queue << 12) | (queue << 8)) >>> 0;
    this.next();
    // Both: SDK 3.2 makes the frame current with the first, SDK 3.4 masks it.
    interrupts.raise(INT.TX_STARTED | INT.TX_DONE);
  }
}

function isGroup(frame: Uint8Array): boolean {
  return frame.length < 10 || (frame[4]! & 1) !== 0;
}

/** Time of a frame nobody hears, with the time in which its acknowledgment would have come. */
function lonelyMicros({ frame, rate }: Started): number {
  const micros = DIFS_MICROS + frameMicros(rate, frame.length);
  return isGroup(frame) ? micros : micros + SIFS_MICROS + ackMicros(rate);
}
