/** Stops something that was started; harmless when it is over already. */
export type Cancel = () => void;

export interface AlarmOptions {
  /** A background alarm does not keep the process running. */
  readonly background?: boolean;
}

/** The only door through which real time enters. Everything that waits takes a Clock, or a Deadline that has one. */
export interface Clock {
  /** Milliseconds that only ever grow, from an arbitrary start. For measuring. */
  nowMs(): number;
  /** Milliseconds since 1970. For people and file names; it can jump. */
  wallTimeMs(): number;
  /** Calls once, `delayMs` from now, never during this call. */
  after(delayMs: number, callback: () => void, options?: AlarmOptions): Cancel;
}

/** The longest delay that a Node timer takes; longer ones fire at once. */
const LONGEST_TIMER_MS = 2_147_483_647;

/** This machine's time. */
export class RealClock implements Clock {
  nowMs(): number {
    return performance.now();
  }

  wallTimeMs(): number {
    return Date.now();
  }

  after(delayMs: number, callback: () => void, options: AlarmOptions = {}): Cancel {
    if (delayMs > LONGEST_TIMER_MS) {
      let cancelRest: Cancel = () => undefined;
      const cancelFirst = this.after(
        LONGEST_TIMER_MS,
        () => (cancelRest = this.after(delayMs - LONGEST_TIMER_MS, callback, options)),
        options,
      );
      return () => {
        cancelFirst();
        cancelRest();
      };
    }
    const timer = setTimeout(callback, Math.max(0, delayMs));
    if (options.background === true) timer.unref();
    return () => clearTimeout(timer);
  }
}

/** More alarms than this without time moving are a loop, not a program. */
const MOST_AT_ONE_INSTANT = 10_000;

interface Alarm {
  readonly atMs: number;
  readonly order: number;
  readonly callback: () => void;
}

/** Time that moves only when told to: tests wait for nothing and come out the same each time. */
export class ManualClock implements Clock {
  #nowMs: number;
  readonly #wallStartMs: number;
  #alarms: readonly Alarm[] = [];
  #order = 0;

  constructor(startMs = 0, wallStartMs = 0) {
    this.#nowMs = startMs;
    this.#wallStartMs = wallStartMs - startMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  wallTimeMs(): number {
    return this.#wallStartMs + this.#nowMs;
  }

  after(delayMs: number, callback: () => void): Cancel {
    const alarm = { atMs: this.#nowMs + Math.max(0, delayMs), order: this.#order++, callback };
    this.#alarms = [...this.#alarms, alarm].sort((a, b) => a.atMs - b.atMs || a.order - b.order);
    return () => {
      this.#alarms = this.#alarms.filter((other) => other !== alarm);
    };
  }

  /** How many alarms wait: a test's way to see that nothing was left behind. */
  get pendingAlarms(): number {
    return this.#alarms.length;
  }

  /** Moves time on by `deltaMs`, calling what falls due on the way at its own time, in order. */
  advanceBy(deltaMs: number): void {
    this.runUntil(this.#nowMs + deltaMs);
  }

  /** Moves time to `untilMs`. An alarm that an alarm sets falls due in the same run if its time has come. */
  runUntil(untilMs: number): void {
    let atOneInstant = 0;
    for (;;) {
      const [next] = this.#alarms;
      if (next === undefined || next.atMs > untilMs) break;
      atOneInstant = next.atMs > this.#nowMs ? 0 : atOneInstant + 1;
      if (atOneInstant > MOST_AT_ONE_INSTANT)
        throw new Error('ManualClock: alarms set each other, time stands still');
      this.#alarms = this.#alarms.slice(1);
      this.#nowMs = next.atMs;
      next.callback();
    }
    this.#nowMs = Math.max(this.#nowMs, untilMs);
  }

  /**
   * As `advanceBy`, but lets promises settle between two alarms, so that code which awaits can set its next one.
   */
  async advanceSettled(deltaMs: number): Promise<void> {
    const untilMs = this.#nowMs + deltaMs;
    await settle();
    for (;;) {
      const [next] = this.#alarms;
      if (next === undefined || next.atMs > untilMs) break;
      this.runUntil(next.atMs);
      await settle();
    }
    this.runUntil(untilMs);
  }
}

/** Lets every promise that is ready run its continuations, and theirs. */
async function settle(): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve));
}
