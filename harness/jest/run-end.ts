/**
 * How the run of this process ends before its time: told by whoever ends it (a signal, `esprig run`, `--bail`) to those
 * who run the workers and who write the report. Runner and reporter are made by Jest and know nothing of each other.
 */
import type { CutShort } from '../report/assemble';

/** Says to Jest that `esprig run` started it: Ctrl-C reaches both, and this one waits for that one's word. */
export const PARENT_ENV = 'ESPRIG_PARENT';

/** What `esprig run` says to Jest when it wants the end. */
export interface EndRequest {
  readonly type: 'esprig-end';
  /** For the report: `it was interrupted (SIGINT)`. */
  readonly reason: string;
}

/** The processes that cases run in. */
export interface RunWorkers {
  /** In order, cases in their middle with them. */
  readonly end: () => Promise<void>;
  readonly kill: () => void;
}

class RunEnd {
  #cutShort: CutShort | undefined;
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

  cut(cutShort: CutShort): void {
    this.#cutShort ??= cutShort;
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
