import type { Cancel, Clock } from './clock';
import { DeadlineError, EsprigError, type Blame, type Evidence } from './errors';

export interface DeadlineOptions {
  readonly clock: Clock;
  /** `Infinity` for a wait that only a person ends. */
  readonly budgetMs: number;
  /** What the budget is for: `flash`, `boot`. */
  readonly phase: string;
  /** Who must act when it expires. */
  readonly blame: Blame;
  /** Ends the wait early, as a Ctrl-C does. */
  readonly signal?: AbortSignal | undefined;
}

export interface SubDeadlineOptions {
  readonly phase: string;
  /** At most this long; never longer than what the parent has left. */
  readonly budgetMs?: number | undefined;
  readonly blame?: Blame | undefined;
  /** Ends it early, as what ends the parent does. */
  readonly signal?: AbortSignal | undefined;
}

/** What an expired wait can say about itself; asked for only then. */
export interface WaitReport {
  readonly lastSeen?: string | undefined;
  readonly hint?: string | undefined;
  readonly evidence?: readonly Evidence[] | undefined;
}

/**
 * The time that is left for a piece of work. One is made at the top (a case, a command) and passed down; whoever needs
 * a share of it makes a sub-deadline with a phase of its own. So no wait can outlast the work it belongs to, and an
 * expired one can say which budget was spent on what.
 */
export class Deadline implements Disposable {
  readonly phase: string;
  readonly budgetMs: number;
  readonly blame: Blame;
  readonly clock: Clock;
  readonly #startMs: number;
  readonly #endMs: number;
  readonly #cancelled: AbortSignal | undefined;
  readonly #parent: Deadline | undefined;
  readonly #children = new Set<Deadline>();
  #controller: AbortController | undefined;
  #stopAlarm: Cancel = () => undefined;
  #onCancelled: (() => void) | undefined;

  constructor(options: DeadlineOptions, parent?: Deadline) {
    this.clock = options.clock;
    this.phase = options.phase;
    this.blame = options.blame;
    this.#startMs = options.clock.nowMs();
    const endMs = this.#startMs + Math.max(0, options.budgetMs);
    this.#endMs = parent === undefined ? endMs : Math.min(endMs, parent.#endMs);
    this.budgetMs = this.#endMs - this.#startMs;
    this.#cancelled = options.signal;
    this.#parent = parent;
    if (parent !== undefined) parent.#children.add(this);
  }

  /** A share of this deadline's time. Its phase is shown after this one's: `flash/sync`. */
  sub(options: SubDeadlineOptions): Deadline {
    return new Deadline(
      {
        clock: this.clock,
        phase: `${this.phase}/${options.phase}`,
        budgetMs: options.budgetMs ?? Infinity,
        blame: options.blame ?? this.blame,
        signal: eitherOf(this.#cancelled, options.signal),
      },
      this,
    );
  }

  spentMs(): number {
    return this.clock.nowMs() - this.#startMs;
  }

  /** Never negative. */
  remainingMs(): number {
    return Math.max(0, this.#endMs - this.clock.nowMs());
  }

  get expired(): boolean {
    return this.remainingMs() <= 0;
  }

  get cancelled(): boolean {
    return this.#cancelled?.aborted === true;
  }

  /**
   * Aborts when the time is up or the work is cancelled; its reason is the error to throw. For interfaces that take an
   * AbortSignal. Watched from the first time it is asked for until the deadline is disposed of.
   */
  get signal(): AbortSignal {
    if (this.#controller !== undefined) return this.#controller.signal;
    const controller = new AbortController();
    this.#controller = controller;
    if (this.cancelled || this.expired) {
      controller.abort(this.#endedError('end of the work', {}));
      return controller.signal;
    }
    const abort = (): void => controller.abort(this.#endedError('end of the work', {}));
    if (this.#endMs !== Infinity) {
      this.#stopAlarm = this.clock.after(this.remainingMs(), abort, { background: true });
    }
    if (this.#cancelled !== undefined) {
      this.#onCancelled = abort;
      this.#cancelled.addEventListener('abort', abort, { once: true });
    }
    return controller.signal;
  }

  /**
   * Throws when the time is up or the work is cancelled.
   * @throws DeadlineError ESPRIG_DEADLINE, EsprigError ESPRIG_CANCELLED
   */
  check(awaited: string, report: () => WaitReport = () => ({})): void {
    if (this.cancelled || this.expired) throw this.#endedError(awaited, report());
  }

  /** The error that says that `awaited` did not come in this deadline's time. */
  error(awaited: string, report: WaitReport = {}): DeadlineError {
    return new DeadlineError(
      {
        awaited,
        phase: this.phase,
        budgetMs: this.budgetMs,
        spentMs: this.spentMs(),
        lastSeen: report.lastSeen,
      },
      { blame: this.blame, hint: report.hint, evidence: report.evidence },
    );
  }

  /**
   * Waits for a promise, at most as long as there is time. The work behind the promise is not stopped: give it
   * `signal` for that.
   * @throws DeadlineError ESPRIG_DEADLINE, EsprigError ESPRIG_CANCELLED, or what the promise rejects with
   */
  async wait<T>(promise: Promise<T>, awaited: string, report: () => WaitReport = () => ({})): Promise<T> {
    let stop: Cancel = () => undefined;
    const ended = new Promise<never>((_resolve, reject) => {
      stop = this.#onceEnded(() => reject(this.#endedError(awaited, report())));
    });
    try {
      return await Promise.race([promise, ended]);
    } finally {
      stop();
    }
  }

  /**
   * Lets `delayMs` pass.
   * @throws DeadlineError ESPRIG_DEADLINE at once when there is not that much time, EsprigError ESPRIG_CANCELLED
   */
  async sleep(delayMs: number, why: string): Promise<void> {
    if (!this.cancelled && delayMs > this.remainingMs())
      throw this.error(`time for ${why} (${String(delayMs)} ms)`);
    let stopAlarm: Cancel = () => undefined;
    let stopWatch: Cancel = () => undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        stopAlarm = this.clock.after(delayMs, resolve);
        stopWatch = this.#onceCancelled(() => reject(this.#endedError(why, {})));
      });
    } finally {
      stopAlarm();
      stopWatch();
    }
  }

  /** Gives back timers and listeners, also of the sub-deadlines. The time goes on counting. */
  [Symbol.dispose](): void {
    for (const child of [...this.#children]) child[Symbol.dispose]();
    if (this.#parent !== undefined) this.#parent.#children.delete(this);
    this.#stopAlarm();
    if (this.#onCancelled !== undefined) this.#cancelled?.removeEventListener('abort', this.#onCancelled);
  }

  #onceEnded(callback: () => void): Cancel {
    const stopWatch = this.#onceCancelled(callback);
    if (this.cancelled || this.#endMs === Infinity) return stopWatch;
    const stopAlarm = this.clock.after(this.remainingMs(), callback);
    return () => {
      stopAlarm();
      stopWatch();
    };
  }

  #onceCancelled(callback: () => void): Cancel {
    const signal = this.#cancelled;
    if (signal === undefined) return () => undefined;
    if (signal.aborted) {
      callback();
      return () => undefined;
    }
    signal.addEventListener('abort', callback, { once: true });
    return () => signal.removeEventListener('abort', callback);
  }

  #endedError(awaited: string, report: WaitReport): EsprigError {
    if (!this.cancelled) return this.error(awaited, report);
    return new EsprigError('ESPRIG_CANCELLED', `${this.phase}: cancelled while waiting for ${awaited}`, {
      blame: 'case',
      evidence: report.evidence,
      cause: this.#cancelled?.reason,
    });
  }
}

function eitherOf(one: AbortSignal | undefined, other: AbortSignal | undefined): AbortSignal | undefined {
  return one === undefined || other === undefined ? (one ?? other) : AbortSignal.any([one, other]);
}
