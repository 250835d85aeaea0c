/**
 * What a worker process holds from file to file: one open rig, for opening it costs seconds and restoring it
 * milliseconds. Lives in the worker's own world, outside of the tests' ones.
 *
 * It ends with the worker, however that ends: in order when Jest lets go of the worker, at once when the parent is gone,
 * and by the operating system when the worker is killed, for lease, sockets and threads are all the process's own.
 */
import { RealClock, type Clock } from '../core/clock';
import { Deadline } from '../core/deadline';
import { RigError, toEsprigError, type EsprigError } from '../core/errors';
import { HeldRig } from './held-rig';
import { loadRigProvider, type RigSummary } from './rig-provider';
import { RunLog } from './run-log';
import type { RigProjectOptions } from './options';

/** A rig that breaks again and again is not leased for ever. */
const MOST_OPENINGS_AFTER_FAILURE = 3;

export class WorkerSession {
  readonly clock: Clock = new RealClock();
  readonly log: RunLog;
  #held: HeldRig | undefined;
  #closing: Promise<void> = Promise.resolve();
  #failure: { readonly key: string; readonly error: EsprigError } | undefined;
  #failedOpenings = 0;
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

  /**
   * The project's rig, opened if it is not. A rig that failed is opened anew, a few times; then the first failure stands.
   * @throws EsprigError what opening it ended with
   */
  async hold(options: RigProjectOptions, leaseOwner: string): Promise<HeldRig> {
    const key = JSON.stringify([options.rigFile ?? options.rig, options.rigProvider, options.firmware]);
    if (this.#held !== undefined && this.#held.key === key && !this.#held.isBroken) return this.#held;
    await this.letGo();
    if (this.#failure?.key === key && this.#failedOpenings >= MOST_OPENINGS_AFTER_FAILURE) {
      throw this.#brokenFor(options.rig, this.#failure.error);
    }
    try {
      this.#held = await HeldRig.open({ key, options, leaseOwner, clock: this.clock, log: this.log });
      return this.#held;
    } catch (error) {
      const ours = toEsprigError(error);
      if (this.#failure?.key !== key) this.#failedOpenings = 0;
      this.#failedOpenings += 1;
      this.#failure = { key, error: ours };
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

  async close(): Promise<void> {
    await this.letGo();
    this.log.close();
    this.#leave();
    Reflect.deleteProperty(globalThis, SESSION);
  }

  #brokenFor(rig: string, cause: EsprigError): EsprigError {
    return new RigError(
      'ESPRIG_RIG_BROKEN',
      `${rig} could not be opened ${String(this.#failedOpenings)} times in a row; the last time: ${cause.message}`,
      { cause, hint: cause.hint, evidence: cause.evidence },
    );
  }
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
  if (process.send === undefined) return () => undefined;
  const onRemoved = (event: string | symbol): void => {
    if (event === 'message' && process.listenerCount('message') === 0) void close();
  };
  const onDisconnect = (): void => process.exit(3);
  process.on('removeListener', onRemoved);
  process.once('disconnect', onDisconnect);
  return () => {
    process.off('removeListener', onRemoved);
    process.off('disconnect', onDisconnect);
  };
}
