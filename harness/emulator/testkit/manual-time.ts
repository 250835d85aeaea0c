import { EventQueue, type EventQueueState } from '../event-queue';
import { ClockTree } from '../peripherals/clocks';
import type { PeripheralContext } from '../peripherals/peripheral';
import { microsToTicks } from '../time';

/** Where manual time stands; with the blocks' own states it is a whole snapshot. */
export interface ManualTimeState {
  readonly nowTicks: number;
  readonly queue: EventQueueState;
}

/**
 * Virtual time moved by hand: the real event queue under a clock that only a test advances. Alarms fire at exactly
 * their moment, as on a board whose CPU is idle.
 */
export class ManualTime {
  readonly queue = new EventQueue();
  private now = 0;

  constructor() {
    this.queue.readNowTicks = () => this.now;
  }

  get nowTicks(): number {
    return this.now;
  }

  /** Fires every alarm up to and including `atTicks`, each at its own moment, and stands there. */
  runUntil(atTicks: number): void {
    while (this.queue.nextAtTicks <= atTicks) {
      // An alarm set in the past is due now; time never goes back.
      this.now = Math.max(this.now, this.queue.nextAtTicks);
      this.queue.fireDue(this.now);
    }
    this.now = Math.max(this.now, atTicks);
  }

  /** Goes there first and serves what has become due only then, as after an instruction that took long. */
  jumpTo(atTicks: number): void {
    this.now = Math.max(this.now, atTicks);
    this.queue.fireDue(this.now);
  }

  advanceBy(deltaTicks: number): void {
    this.runUntil(this.now + deltaTicks);
  }

  advanceByMicros(deltaMicros: number): void {
    this.advanceBy(microsToTicks(deltaMicros));
  }

  save(): ManualTimeState {
    return { nowTicks: this.now, queue: this.queue.save() };
  }

  restore(state: ManualTimeState): void {
    this.now = state.nowTicks;
    this.queue.restore(state.queue);
  }
}

export interface Bench {
  readonly time: ManualTime;
  readonly clocks: ClockTree;
  readonly context: PeripheralContext;
}

/** Time and clocks for one block under test, as a chip with a 26 MHz crystal has them after reset (APB 52 MHz). */
export function createBench(): Bench {
  const time = new ManualTime();
  const clocks = new ClockTree({ crystalHz: 26_000_000 });
  return { time, clocks, context: { scheduler: time.queue, clocks } };
}
