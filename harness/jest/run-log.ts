import type { Clock } from '../core/clock';
import { toEsprigError, type EsprigError } from '../core/errors';
import { RUN_HANDLE_ENV, type RunHandle } from '../report/run-folder';
import { RunWriter } from '../report/run-writer';

/** The run that this process belongs to, as the parent told it; undefined: nobody collects anything. */
export function runHandleOf(
  env: Readonly<Record<string, string | undefined>> = process.env,
): RunHandle | undefined {
  const text = env[RUN_HANDLE_ENV];
  return text === undefined || text === '' ? undefined : (JSON.parse(text) as RunHandle);
}

const BYTES_A_MEGABYTE = 1_000_000;

/** How much of the packets a run keeps, for each board: ESPRIG_PCAP_MB; undefined: the usual. */
function captureLimitBytes(): number | undefined {
  const megabytes = Number(process.env['ESPRIG_PCAP_MB'] || NaN);
  return megabytes >= 0 ? megabytes * BYTES_A_MEGABYTE : undefined;
}

/**
 * What a worker writes for the report. A write that fails must not throw in the middle of a callback: it is kept, and
 * the case that runs then is broken by it.
 */
export class RunLog {
  readonly #clock: Clock;
  readonly #startedAtMs: number;
  #folder: string | undefined;
  #writer: RunWriter | undefined;
  #failure: EsprigError | undefined;

  constructor(clock: Clock, run: RunHandle | undefined = runHandleOf()) {
    this.#clock = clock;
    this.#startedAtMs = clock.nowMs();
    this.#begin(run);
  }

  /** Writes into the run that goes on now; true: it is another one than before, or the first after none. */
  follow(run: RunHandle | undefined = runHandleOf()): boolean {
    if (run === undefined || run.folder === this.#folder) return false;
    this.close();
    this.#failure = undefined;
    this.#begin(run);
    return true;
  }

  #begin(run: RunHandle | undefined): void {
    this.#folder = run?.folder;
    if (run === undefined) return;
    const clock = this.#clock;
    try {
      const worker = `worker-${process.env['JEST_WORKER_ID'] ?? '1'}`;
      this.#writer = new RunWriter({ run, clock, worker, captureLimitBytes: captureLimitBytes() });
    } catch (error) {
      this.#failure = toEsprigError(error);
    }
  }

  /** Now on the run clock; without a run, since this process began. */
  nowMs(): number {
    return this.toRunMs(this.#clock.nowMs());
  }

  toRunMs(clockMs: number): number {
    return this.#writer?.toRunMs(clockMs) ?? Math.max(0, clockMs - this.#startedAtMs);
  }

  /** Runs work on the writer, if there is one. */
  write(work: (writer: RunWriter) => void): void {
    if (this.#writer === undefined) return;
    try {
      work(this.#writer);
    } catch (error) {
      this.#failure ??= toEsprigError(error);
      this.#writer = undefined;
    }
  }

  note(text: string): void {
    this.write((writer) => writer.note(text));
  }

  /** Why the report does not get everything, if it does not. */
  get failure(): EsprigError | undefined {
    return this.#failure;
  }

  close(): void {
    this.write((writer) => writer[Symbol.dispose]());
    this.#writer = undefined;
  }
}
