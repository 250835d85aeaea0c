import type { Scheduler } from '../event-queue';
import { Alarm } from '../event-queue';

/** One thing of the air that can happen at one moment; created once by its owner, set again and again. */
export class Timer {
  readonly onFire: () => void;
  /** Written by {@link Timers} only. */
  atTicks = Infinity;
  /** Order among timers of the same moment. Written by {@link Timers} only. */
  order = 0;
  /** Place in the heap, -1 while not set. Written by {@link Timers} only. */
  place = -1;

  constructor(onFire: () => void) {
    this.onFire = onFire;
  }

  get isSet(): boolean {
    return this.place >= 0;
  }
}

/**
 * Any number of timers behind one alarm of the board. The board's queue keeps every alarm it ever saw (snapshots name
 * them), so connections and frames, which come and go by the thousand, must not have alarms of their own.
 */
export class Timers {
  private readonly scheduler: Scheduler;
  private readonly alarm: Alarm;
  private readonly heap: Timer[] = [];
  private nextOrder = 1;

  constructor(scheduler: Scheduler, name: string) {
    this.scheduler = scheduler;
    this.alarm = new Alarm(name, () => this.fireDue());
  }

  nowTicks(): number {
    return this.scheduler.nowTicks();
  }

  /** How many timers are set. */
  get size(): number {
    return this.heap.length;
  }

  /** (Re)sets the timer. */
  setAt(timer: Timer, atTicks: number): void {
    if (timer.place >= 0) this.remove(timer);
    timer.atTicks = atTicks;
    timer.order = this.nextOrder++;
    timer.place = this.heap.length;
    this.heap.push(timer);
    this.siftUp(timer.place);
    if (timer.place === 0) this.arm();
  }

  setIn(timer: Timer, deltaTicks: number): void {
    this.setAt(timer, this.scheduler.nowTicks() + deltaTicks);
  }

  clear(timer: Timer): void {
    if (timer.place < 0) return;
    // A clear of the first timer leaves the alarm where it is: an early firing finds nothing due and arms again.
    this.remove(timer);
    if (this.heap.length === 0) this.scheduler.cancel(this.alarm);
  }

  /** Plants the alarm again, after the board's queue has been restored from a snapshot. */
  arm(): void {
    const first = this.heap[0];
    if (first) this.scheduler.scheduleAt(this.alarm, first.atTicks);
    else this.scheduler.cancel(this.alarm);
  }

  /** The clock was set: everything that waits keeps its distance from now. */
  shift(deltaTicks: number): void {
    for (const timer of this.heap) timer.atTicks += deltaTicks;
    this.arm();
  }

  private fireDue(): void {
    const nowTicks = this.scheduler.nowTicks();
    // Only what was set before this moment: a timer set for now by a callback waits for the next alarm.
    const untilOrder = this.nextOrder;
    for (let first = this.heap[0]; first && first.atTicks <= nowTicks; first = this.heap[0]) {
      if (first.order >= untilOrder) break;
      this.remove(first);
      first.onFire();
    }
    this.arm();
  }

  private remove(timer: Timer): void {
    const place = timer.place;
    const last = this.heap.pop()!;
    timer.place = -1;
    timer.atTicks = Infinity;
    if (last === timer) return;
    this.heap[place] = last;
    last.place = place;
    this.siftUp(place);
    this.siftDown(last.place);
  }

  private before(a: Timer, b: Timer): boolean {
    return a.atTicks < b.atTicks || (a.atTicks === b.atTicks && a.order < b.order);
  }

  private siftUp(from: number): void {
    let place = from;
    const timer = this.heap[place]!;
    while (place > 0) {
      const parentPlace = (place - 1) >> 1;
      const parent = this.heap[parentPlace]!;
      if (!this.before(timer, parent)) break;
      this.heap[place] = parent;
      parent.place = place;
      place = parentPlace;
    }
    this.heap[place] = timer;
    timer.place = place;
  }

  private siftDown(from: number): void {
    let place = from;
    const timer = this.heap[place]!;
    for (;;) {
      let childPlace = place * 2 + 1;
      if (childPlace >= this.heap.length) break;
      if (
        childPlace + 1 < this.heap.length &&
        this.before(this.heap[childPlace + 1]!, this.heap[childPlace]!)
      ) {
        childPlace++;
      }
      const child = this.heap[childPlace]!;
      if (!this.before(child, timer)) break;
      this.heap[place] = child;
      child.place = place;
      place = childPlace;
    }
    this.heap[place] = timer;
    timer.place = place;
  }
}
