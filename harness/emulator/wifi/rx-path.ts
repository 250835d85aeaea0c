/** From the air into the guest's descriptor ring (wifi.md section 4). */
import { Alarm, type Scheduler } from '../event-queue';
import { SavedFields, type SavedState } from '../peripherals';
import { microsToTicks } from '../time';
import { bufferSize, DESCRIPTOR, END_OF_FRAME, OWNER, type GuestDma } from './guest-dma';
import { INT } from './mac-map';
import type { MacInterrupts } from './mac-interrupts';

/** A frame the receiver has taken off the air, without FCS. */
export interface Received {
  readonly frame: Uint8Array;
  /** MATCH bits. */
  readonly match: number;
  readonly trailerBytes: number;
  readonly rssiDbm: number;
  readonly rate: number;
  readonly channel: number;
}

export interface RxWiring {
  readonly scheduler: Scheduler;
  readonly dma: GuestDma;
  readonly interrupts: MacInterrupts;
  readonly isOn: () => boolean;
  /** The NMI handler runs: nothing is completed under its hands. */
  readonly inHandler: () => boolean;
}

export interface RxCounts {
  delivered: number;
  /** Frames that were lost because the receiver's own memory was full. */
  overflowed: number;
  /** How often a frame had to wait for free descriptors. */
  stalled: number;
  /** Frames that were given up because the driver freed no descriptors in time. */
  starved: number;
}

const HEADER_BYTES = 12;
const FCS_BYTES = 4;
const LONGEST_FRAME_BYTES = 2400;
/** The receiver's own memory, in frames. Bounded; the size is a guess. */
const QUEUE_FRAMES = 24;
/** No ring is longer; a walk over more descriptors is going in circles. */
const LONGEST_WALK = 64;
/** Times with which both generations were seen to run (wifi.md 4.4). */
const FIRST_MICROS = 100;
const BETWEEN_MICROS = 300;
const HANDLER_RETRY_MICROS = 5;
/**
 * So long the receiver keeps a frame for which there are no descriptors. It must not be for ever: a ring that has only a
 * short rest linked is put right by the driver when a short frame has used it up. How long silicon waits is a guess.
 */
const KEPT_MICROS = 5000;
/** The header's RSSI byte is dBm + 96. */
const RSSI_BIAS = 96;
const FC0_BEACON = 0x80;

export class RxPath {
  readonly counts: RxCounts = { delivered: 0, overflowed: 0, stalled: 0, starved: 0 };
  /** Descriptor that will be filled next, or the last one filled when it led nowhere; 0 while there is no ring. */
  head = 0;
  lastCompleted = 0;
  private readonly wiring: RxWiring;
  private readonly queue: Received[] = [];
  private readonly alarm: Alarm;
  private readonly scratch = new Uint8Array(HEADER_BYTES + LONGEST_FRAME_BYTES + 16);
  private notBeforeTicks = 0;
  /** When the first frame began to wait for descriptors; 0 when it does not. */
  private starvingSinceTicks = 0;
  /** The descriptor at `head` has been filled and had no next one. */
  private atEnd = false;

  constructor(wiring: RxWiring) {
    this.wiring = wiring;
    this.alarm = wiring.scheduler.register(new Alarm('wifi.rx', () => this.deliver()));
  }

  /** The driver says where the ring goes on. */
  setHead(addr: number): void {
    this.head = addr;
    this.atEnd = false;
  }

  /** Room for one more; a beacon makes room for anything. */
  get hasRoom(): boolean {
    return this.queue.length < QUEUE_FRAMES || this.queue.some(isBeacon);
  }

  get queued(): number {
    return this.queue.length;
  }

  /** Takes a frame; it is in the guest's memory some 100 µs later. */
  push(received: Received): void {
    if (received.frame.length > LONGEST_FRAME_BYTES) {
      this.counts.overflowed++;
      return;
    }
    if (this.queue.length >= QUEUE_FRAMES) {
      this.counts.overflowed++;
      const beacon = this.queue.findIndex(isBeacon);
      if (beacon < 0) return;
      this.queue.splice(beacon, 1);
    }
    this.queue.push(received);
    if (this.alarm.scheduled) return;
    const { scheduler } = this.wiring;
    scheduler.scheduleAt(
      this.alarm,
      Math.max(scheduler.nowTicks() + microsToTicks(FIRST_MICROS), this.notBeforeTicks),
    );
  }

  reset(): void {
    this.head = 0;
    this.lastCompleted = 0;
    this.queue.length = 0;
    this.notBeforeTicks = 0;
    this.starvingSinceTicks = 0;
    this.atEnd = false;
    this.wiring.scheduler.cancel(this.alarm);
  }

  save(): SavedState {
    return {
      version: 1,
      head: this.head,
      lastCompleted: this.lastCompleted,
      notBeforeTicks: this.notBeforeTicks,
      starvingSinceTicks: this.starvingSinceTicks,
      atEnd: this.atEnd,
      queue: this.queue.map((received) => ({ ...received, frame: received.frame.slice() })),
    };
  }

  /** @throws ESPRIG_EMU_SNAPSHOT when the state does not fit. */
  restore(state: SavedState): void {
    const fields = new SavedFields('wifi.rx', state, 1);
    this.head = fields.number('head');
    this.lastCompleted = fields.number('lastCompleted');
    this.notBeforeTicks = fields.number('notBeforeTicks');
    this.starvingSinceTicks = fields.number('starvingSinceTicks');
    this.atEnd = fields.boolean('atEnd');
    this.queue.length = 0;
    for (const item of Object.values(fields.part('queue'))) {
      const received = new SavedFields('wifi.rx', { version: 1, ...(item as SavedState) }, 1);
      this.queue.push({
        frame: received.bytes('frame').slice(),
        match: received.number('match'),
        trailerBytes: received.number('trailerBytes'),
        rssiDbm: received.number('rssiDbm'),
        rate: received.number('rate'),
        channel: received.number('channel'),
      });
    }
  }

  private retry(micros: number): void {
    this.wiring.scheduler.scheduleIn(this.alarm, microsToTicks(micros));
  }

  private deliver(): void {
    const received = this.queue[0];
    if (!received) return;
    if (this.wiring.inHandler()) {
      this.retry(HANDLER_RETRY_MICROS);
      return;
    }
    const totalBytes = HEADER_BYTES + received.frame.length + received.trailerBytes;
    if (!this.wiring.isOn() || this.head === 0 || !this.fits(totalBytes)) {
      this.wait();
      return;
    }
    this.starvingSinceTicks = 0;
    this.queue.shift();
    this.fill(received, totalBytes);
    this.counts.delivered++;
    this.notBeforeTicks = this.wiring.scheduler.nowTicks() + microsToTicks(BETWEEN_MICROS);
    if (this.queue.length > 0) this.wiring.scheduler.scheduleAt(this.alarm, this.notBeforeTicks);
    this.wiring.interrupts.raise(INT.RX);
  }

  /** No room for the first frame: keeps it for a while. */
  private wait(): void {
    this.counts.stalled++;
    const nowTicks = this.wiring.scheduler.nowTicks();
    if (this.starvingSinceTicks === 0) this.starvingSinceTicks = nowTicks;
    else if (nowTicks - this.starvingSinceTicks > microsToTicks(KEPT_MICROS)) {
      this.queue.shift();
      this.counts.starved++;
      this.starvingSinceTicks = 0;
    }
    if (this.queue.length > 0) this.retry(BETWEEN_MICROS);
  }

  /**
   * Free descriptors for all of it. The driver unlinks what it holds, so the list may end: a frame that ends with it
   * fits, and the ring stands there until the driver has linked on or moved the head.
   */
  private fits(totalBytes: number): boolean {
    const { dma } = this.wiring;
    if (this.atEnd) {
      const next = dma.read32(this.head + DESCRIPTOR.NEXT);
      if (next === 0) return false;
      this.setHead(next);
    }
    let left = totalBytes;
    let addr = this.head;
    for (let step = 0; step < LONGEST_WALK; step++) {
      const flags = dma.read32(addr + DESCRIPTOR.FLAGS);
      if ((flags & OWNER) === 0) return false;
      left -= bufferSize(flags);
      if (left <= 0) return true;
      addr = dma.read32(addr + DESCRIPTOR.NEXT);
      if (addr === 0) return false;
    }
    return false;
  }

  private fill(received: Received, totalBytes: number): void {
    const { dma } = this.wiring;
    this.encode(received, totalBytes);
    let addr = this.head;
    for (let done = 0; done < totalBytes;) {
      const flags = dma.read32(addr + DESCRIPTOR.FLAGS);
      const piece = Math.min(bufferSize(flags), totalBytes - done);
      dma.copyIn(this.scratch.subarray(done, done + piece), dma.read32(addr + DESCRIPTOR.BUFFER));
      done += piece;
      // OWNER stays set: the driver clears it when it takes the frame.
      const end = done === totalBytes ? END_OF_FRAME : 0;
      dma.write32(addr + DESCRIPTOR.FLAGS, (flags & ~END_OF_FRAME & ~0xfff000) | end | (piece << 12));
      this.lastCompleted = addr;
      addr = dma.read32(addr + DESCRIPTOR.NEXT);
    }
    this.atEnd = addr === 0;
    this.head = this.atEnd ? this.lastCompleted : addr;
  }

  /** Receive header (wifi.md 4.2), frame, and the trailer's room. */
  private encode({ frame, match, rssiDbm, rate, channel }: Received, totalBytes: number): void {
    const { scratch } = this;
    const lengthBytes = totalBytes - HEADER_BYTES + FCS_BYTES;
    scratch.fill(0, 0, HEADER_BYTES);
    scratch[0] = rssiDbm + RSSI_BIAS;
    scratch[1] = (rate & 0xf) | ((frame[4]! & 1) !== 0 ? 0x10 : 0);
    scratch[2] = lengthBytes;
    scratch[3] = (lengthBytes >>> 8) | (match << 4);
    scratch[10] = channel;
    scratch.set(frame, HEADER_BYTES);
    scratch.fill(0, HEADER_BYTES + frame.length, totalBytes);
  }
}

function isBeacon({ frame }: Received): boolean {
  return frame[0] === FC0_BEACON;
}
