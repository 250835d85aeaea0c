import { EventQueue } from '../../event-queue';
import { TICKS_PER_SECOND } from '../../time';

/** Virtual time without a board: runs a queue of alarms as fast as it can. */
export class VirtualClock {
  readonly queue = new EventQueue();
  private now = 0;

  constructor() {
    this.queue.readNowTicks = () => this.now;
  }

  get nowTicks(): number {
    return this.now;
  }

  get nowSeconds(): number {
    return this.now / TICKS_PER_SECOND;
  }

  /** Fires what is due until `seconds` have passed. */
  runFor(seconds: number): void {
    this.runWhile(() => true, seconds);
  }

  /** Runs until `done` holds; true when it does before `seconds` have passed and before nothing is left to happen. */
  runUntil(done: () => boolean, seconds: number): boolean {
    this.runWhile(() => !done(), seconds);
    return done();
  }

  private runWhile(goOn: () => boolean, seconds: number): void {
    const untilTicks = this.now + seconds * TICKS_PER_SECOND;
    while (goOn()) {
      const nextAtTicks = this.queue.nextAtTicks;
      if (nextAtTicks > untilTicks) {
        this.now = untilTicks;
        return;
      }
      this.now = Math.max(this.now, nextAtTicks);
      this.queue.fireDue(this.now);
    }
  }
}
