import type { Cancel, Clock } from '../core/clock';
import { DeadlineError, type Evidence } from '../core/errors';

/** What waits on the board ends first, and says what it waited for; this is for everything else. */
const GRACE_MS = 1_000;

/**
 * Ends a case's function when its time is over, whatever it waits for. Jest's own limit would count the time in which the
 * board was made ready, and could not say what the console showed.
 */
export class BodyLimit {
  readonly budgetMs: number;
  readonly #clock: Clock;
  readonly #evidence: () => readonly Evidence[];
  readonly #expired: Promise<never>;
  #reject: (error: Error) => void = () => undefined;
  #stop: Cancel = () => undefined;

  constructor(options: {
    readonly clock: Clock;
    readonly budgetMs: number;
    readonly evidence: () => readonly Evidence[];
  }) {
    this.#clock = options.clock;
    this.budgetMs = options.budgetMs;
    this.#evidence = options.evidence;
    this.#expired = new Promise<never>((_resolve, reject) => (this.#reject = reject));
    this.#expired.catch(() => undefined);
  }

  /** Counts from now on, the whole budget again. */
  restart(): void {
    this.pause();
    const startMs = this.#clock.nowMs();
    this.#stop = this.#clock.after(this.budgetMs + GRACE_MS, () =>
      this.#reject(
        new DeadlineError(
          {
            awaited: 'end of the case',
            phase: 'body',
            budgetMs: this.budgetMs,
            spentMs: this.#clock.nowMs() - startMs,
          },
          {
            blame: 'case',
            hint: 'The case waits for something that has no deadline of its own; give the test a longer time as its third argument if it needs one.',
            evidence: this.#evidence(),
          },
        ),
      ),
    );
  }

  /** Ends it now, for a reason that is not its time. */
  end(error: Error): void {
    this.pause();
    this.#reject(error);
  }

  pause(): void {
    this.#stop();
    this.#stop = () => undefined;
  }

  /** The function's end or the end of its time, whichever comes first. */
  async run<T>(work: () => T | Promise<T>): Promise<T> {
    this.restart();
    try {
      return await Promise.race([work(), this.#expired]);
    } finally {
      this.pause();
    }
  }
}
