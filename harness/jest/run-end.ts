/**
 * How the run of this process ends before its time: told by whoever ends it (a signal, `esprig run`, `--bail`) to those
 * who run the workers and who write the report. Runner and reporter are made by Jest and know nothing of each other.
 */
import { exitCodeFor } from '../core/errors';
import type { CutShort } from '../report/assemble';

/** Says to Jest that `esprig run` started it: Ctrl-C reaches both, and this one waits for that one's word. */
export const PARENT_ENV = 'ESPRIG_PARENT';

/** What `esprig run` says to Jest when it wants the end. */
export interface EndRequest {
  readonly type: 'esprig-end';
  /** For the report: `it was interrupted (SIGINT)`. */
  readonly reason: string;
}

export interface EndHooks {
  /** The end was asked for already, by whomever. */
  readonly isEnding: () => boolean;
  readonly end: (reason: string) => void;
  /** Last things before this process ends at once. */
  readonly kill: () => void;
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/**
 * Ctrl-C and SIGTERM: the first asks for an end in order, one that comes while that is under way ends this process at once.
 * Call the answer to hear no more.
 * @param isForUs false: somebody else decides what this one means
 */
export function onEndSignals(
  { isEnding, end, kill }: EndHooks,
  isForUs: (signal: NodeJS.Signals) => boolean = () => true,
): () => void {
  const onSignal = (signal: NodeJS.Signals): void => {
    if (!isForUs(signal)) return;
    if (isEnding()) {
      kill();
      process.exit(exitCodeFor('harness'));
    }
    process.stderr.write(
      `\nesprig: ${signal}: ending the case, giving back the rig, writing the report; once more ends at once.\n`,
    );
    end(`The run was interrupted (${signal}).`);
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return () => {
    for (const signal of SIGNALS) process.off(signal, onSignal);
  };
}

/** The processes that cases run in. */
export interface RunWorkers {
  /** In order, cases in their middle with them. */
  readonly end: () => Promise<void>;
  readonly kill: () => void;
}

class RunEnd {
  #cutShort: CutShort | undefined;
  #isForGood = false;
  #workers: RunWorkers = { end: () => Promise.resolve(), kill: () => undefined };

  /** A new run begins. */
  begin(workers: RunWorkers): void {
    this.#cutShort = undefined;
    this.#workers = workers;
  }

  /** Why, if it was; the first reason stays. */
  get cutShort(): CutShort | undefined {
    return this.#cutShort;
  }

  /** No run comes after this one, not even where files are watched. */
  get isForGood(): boolean {
    return this.#isForGood;
  }

  cut(cutShort: CutShort): void {
    this.#cutShort ??= cutShort;
  }

  /** Cut, by somebody who wants the end of the process. */
  cutForGood(reason: string): void {
    this.cut({ reason, isWanted: false });
    this.#isForGood = true;
  }

  endWorkers(): Promise<void> {
    return this.#workers.end();
  }

  killWorkers(): void {
    this.#workers.kill();
  }
}

/** Of this process. */
export const runEnd = new RunEnd();
