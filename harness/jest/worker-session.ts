/**
 * What a worker process holds from file to file: one open rig, for opening it costs seconds and restoring it
 * milliseconds. Lives in the worker's own world, outside of the tests' ones.
 *
 * It ends with the worker, however that ends: in order when Jest lets go of the worker, at once when the parent is gone,
 * and by the operating system when the worker is killed, for lease, sockets and threads are all the process's own.
 */
import { basename } from 'node:path';
import { RealClock, type Cancel, type Clock } from '../core/clock';
import { Deadline } from '../core/deadline';
import { EsprigError, RigError, toEsprigError } from '../core/errors';
import { HeldRig } from './held-rig';
import { dieWithParent } from './parent-watch';
import { loadRigProvider, type RigSummary } from './rig-provider';
import { RunLog } from './run-log';
import type { RigProjectOptions } from './options';

/** A rig that breaks again and again is not leased for ever. */
const MOST_OPENINGS_AFTER_FAILURE = 3;
/** For a file that is ended in its middle: less than Jest gives a worker to end. */
const END_OF_FILE_MS = 4_000;

const NOTHING = (): void => undefined;

export class WorkerSession {
  readonly clock: Clock = new RealClock();
  readonly log: RunLog;
  readonly #ending = new AbortController();
  #held: HeldRig | undefined;
  #opening: Promise<void> = Promise.resolve();
  #file: Promise<void> = Promise.resolve();
  #endFile: () => void = NOTHING;
  #closing: Promise<void> = Promise.resolve();
  /** Of the openings since the last that succeeded. */
  #failure: { readonly key: string; readonly error: EsprigError; readonly inARow: number } | undefined;
  readonly #leave: () => void;

  constructor() {
    this.log = new RunLog(this.clock);
    this.#leave = endWithTheParent(() => this.close());
  }

  /** What is known of a project's rig without opening it. @throws EsprigError */
  describe(options: RigProjectOptions): RigSummary {
    return loadRigProvider(options.rigProvider).describe(options.rigFile ?? options.rig);
  }

  get held(): HeldRig | undefined {
    return this.#held;
  }

  /** Aborts when the run ends before its time; the reason is what a case that is under way ends with. */
  get ending(): AbortSignal {
    return this.#ending.signal;
  }

  /** A file begins: in watch mode this process may have outlived the run of the one before. */
  beginFile(): void {
    if (this.log.follow()) this.#held?.introduce();
    this.#file = new Promise((resolve) => (this.#endFile = resolve));
  }

  /** All its cases have come to their records; the session does not close before, within limits. */
  endFile(): void {
    this.#endFile();
  }

  /**
   * The project's rig, opened if it is not. A rig that failed is opened anew, a few times; then the first failure stands.
   * @throws EsprigError what opening it ended with
   */
  hold(options: RigProjectOptions, leaseOwner: string): Promise<HeldRig> {
    // A case that was given up may be opening it still.
    const held = this.#opening.then(() => this.#hold(options, leaseOwner));
    this.#opening = held.then(NOTHING, NOTHING);
    return held;
  }

  async #hold(options: RigProjectOptions, leaseOwner: string): Promise<HeldRig> {
    const signal = this.ending;
    signal.throwIfAborted();
    const key = JSON.stringify([options.rigFile ?? options.rig, options.rigProvider, options.firmware]);
    if (this.#held !== undefined && this.#held.key === key && !this.#held.isBroken) return this.#held;
    await this.letGo();
    const before = this.#failure?.key === key ? this.#failure : undefined;
    if (before !== undefined && before.inARow >= MOST_OPENINGS_AFTER_FAILURE) {
      throw brokenFor(options.rig, before);
    }
    try {
      this.#held = await HeldRig.open({ key, options, leaseOwner, clock: this.clock, log: this.log, signal });
      this.#failure = undefined;
      return this.#held;
    } catch (error) {
      const ours = toEsprigError(error);
      this.#failure = { key, error: ours, inARow: (before?.inARow ?? 0) + 1 };
      throw ours;
    }
  }

  /** Gives the rig back; the next who wants one opens it anew. */
  async letGo(): Promise<void> {
    const held = this.#held;
    this.#held = undefined;
    if (held === undefined) return this.#closing;
    using deadline = new Deadline({
      clock: this.clock,
      budgetMs: held.options.budgets.teardownMs,
      phase: 'teardown',
      blame: 'rig',
    });
    this.#closing = deadline
      .wait(held[Symbol.asyncDispose](), 'end of the rig')
      // What stays open dies with the process; that closing failed is worth a line in the report.
      .catch((error: unknown) => this.log.note(`closing ${held.rig.name}: ${toEsprigError(error).message}`));
    await this.#closing;
  }

  /** A case that is under way ends with it, and is told as cut short. */
  async close(): Promise<void> {
    if (!this.#ending.signal.aborted) {
      this.#ending.abort(
        new EsprigError('ESPRIG_CANCELLED', 'the run was ended in the middle of this case', {
          blame: 'harness',
          hint: 'The firmware was not judged.',
        }),
      );
    }
    await this.#settled(this.#opening);
    await this.#settled(this.#file);
    await this.letGo();
    this.log.close();
    this.#leave();
    Reflect.deleteProperty(globalThis, SESSION);
  }

  /** Whatever does not come to its end in time goes with the process. */
  async #settled(work: Promise<void>): Promise<void> {
    let stop: Cancel = NOTHING;
    const late = new Promise<void>((resolve) => (stop = this.clock.after(END_OF_FILE_MS, resolve)));
    await Promise.race([work, late]);
    stop();
  }
}

function brokenFor(
  rig: string,
  { error: cause, inARow }: { readonly error: EsprigError; readonly inARow: number },
): EsprigError {
  return new RigError(
    'ESPRIG_RIG_BROKEN',
    `${rig} could not be opened ${String(inARow)} times in a row; the last time: ${cause.message}`,
    { cause, hint: cause.hint, evidence: cause.evidence },
  );
}

const SESSION = Symbol.for('esprig.worker-session');

/** The session of this process; there is one, whichever copy of this module asks. */
export function workerSession(): WorkerSession {
  const place = globalThis as { [SESSION]?: WorkerSession };
  return (place[SESSION] ??= new WorkerSession());
}

/** Ends the session if there is one. */
export async function closeWorkerSession(): Promise<void> {
  await (globalThis as { [SESSION]?: WorkerSession })[SESSION]?.close();
}

/**
 * Closes when Jest lets go of this worker, and ends the process when the parent is gone without a word. jest-worker tells
 * a worker to end by no longer listening to messages, and then waits for the process to run out of things to do.
 */
function endWithTheParent(close: () => Promise<void>): () => void {
  if (!isJestWorker()) return NOTHING;
  const onRemoved = (event: string | symbol): void => {
    if (event === 'message' && process.listenerCount('message') === 0) void close();
  };
  const onDisconnect = (): void => process.exit(3);
  if (!process.connected) onDisconnect();
  const stopWatch = dieWithParent();
  process.on('removeListener', onRemoved);
  process.once('disconnect', onDisconnect);
  // Ctrl-C in a terminal goes to all processes; the parent knows what is to be done about it.
  process.on('SIGINT', NOTHING);
  return () => {
    stopWatch();
    process.off('removeListener', onRemoved);
    process.off('disconnect', onDisconnect);
    process.off('SIGINT', NOTHING);
  };
}

/** Jest itself may have a parent with a channel, too (`esprig run`), and runs files of its own with `-i`. */
function isJestWorker(): boolean {
  return process.send !== undefined && basename(process.argv[1] ?? '') === 'processChild.js';
}
