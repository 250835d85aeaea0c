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

class RunEnd {
  #cutShort: CutShort | undefined;
  #endWorkers: () => Promise<void> = () => Promise.resolve();

  /** A new run begins. */
  begin(endWorkers: () => Promise<void>): void {
    this.#cutShort = undefined;
    this.#endWorkers = endWorkers;
  }

  /** What ends the processes of the run in order, cases in their middle with them. */
  endsBy(endWorkers: () => Promise<void>): void {
    this.#endWorkers = endWorkers;
  }

  /** Why, if it was; the first reason stays. */
  get cutShort(): CutShort | undefined {
    return this.#cutShort;
  }

  cut(cutShort: CutShort): void {
    this.#cutShort ??= cutShort;
  }

  endWorkers(): Promise<void> {
    return this.#endWorkers();
  }
}

/** Of this process. */
export const runEnd = new RunEnd();
