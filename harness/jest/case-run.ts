/** One case under way: its board, the limit of its time, what ends it, and the verdict that it comes to. */
import type { Circus } from '@jest/types';
import { setMaxListeners } from 'node:events';
import { Deadline } from '../core/deadline';
import { DutError, toEsprigError, type EsprigError } from '../core/errors';
import type { CaseRecord, FailureRecord } from '../report/run-record';
import { Board } from './board';
import { BodyLimit } from './body-limit';
import { CaseLog, type CaseIdentity } from './case-log';
import { firstOf, isAssertionCount, isRigTrouble, newsTo, onAbort, takeUnawaited } from './case-trouble';
import { CaseSkipped } from './door';
import { showWhole } from './failure';
import type { FileRig } from './file-rig';
import type { WorkerSession } from './worker-session';

/** Of a case whose project's options could not be read: it fails before it begins. */
const NO_BUDGET_MS = 10_000;

export interface CaseRunOptions {
  readonly session: WorkerSession;
  readonly rig: FileRig;
  readonly identity: CaseIdentity;
  readonly test: Circus.TestEntry;
}

/** An error of a test, and what Jest shows for it. */
interface TestError {
  readonly error: unknown;
  readonly entry: unknown;
}

const alone = (error: unknown): TestError => ({ error, entry: error });

export class CaseRun {
  readonly log: CaseLog;
  readonly #session: WorkerSession;
  readonly #rig: FileRig;
  readonly #test: Circus.TestEntry;
  readonly #limit: BodyLimit;
  readonly #stop = new AbortController();
  readonly #timelineMark: number;
  /** To be called when it is over. */
  readonly #leaves: (() => void)[] = [];
  /** What was thrown, by its place among the errors of the test: Jest makes mere texts of some. */
  readonly #thrown = new Map<number, unknown>();
  #handingOut: Promise<Board> | undefined;
  #board: Board | undefined;

  /** Puts the case on record as begun, and its function under a limit of ours. */
  constructor({ session, rig, identity, test }: CaseRunOptions) {
    this.#session = session;
    this.#rig = rig;
    this.#test = test;
    this.log = new CaseLog(identity, session);
    // Every wait of a case listens to it.
    setMaxListeners(0, this.#stop.signal);
    const budgetMs = test.timeout ?? rig.budgets?.bodyMs ?? NO_BUDGET_MS;
    this.#limit = new BodyLimit({
      clock: session.clock,
      budgetMs,
      evidence: () => rig.consoleEvidence(),
    });
    this.#timelineMark = rig.held?.timeline.mark() ?? 0;
    this.#leaves.push(onAbort(session.ending, (reason) => this.#cut(reason)));
    this.log.phases.push(...(rig.held?.takePhases() ?? []));
    session.log.write((writer) => writer.startCase(this.log.started));
    if (rig.openError === undefined) this.#limitTest(budgetMs);
    else test.errors.push(rig.openError);
  }

  /** The board, once the case has asked for it. */
  get board(): Board | undefined {
    return this.#board;
  }

  /** Hands out the board, as shipped; the same one again when it is asked again. */
  rig(): Promise<Board> {
    return (this.#handingOut ??= this.#restore());
  }

  /** Its function or a hook of it has thrown this, and Jest has added it to the errors of the test. */
  threw(error: unknown): void {
    this.#thrown.set(this.#test.errors.length - 1, error);
  }

  /** Judges it, puts it on record and ends what it left open. */
  async end(state: Circus.State): Promise<CaseRecord> {
    try {
      return await this.#judge(state);
    } finally {
      for (const leave of this.#leaves) leave();
    }
  }

  /** Ends it for something that did not happen in it. */
  #cut(reason: Error): void {
    this.#limit.end(reason);
    this.#stop.abort(reason);
  }

  #limitTest(budgetMs: number): void {
    const test = this.#test;
    const { fn, timeout } = test;
    // As it was, for `jest.retryTimes`.
    this.#leaves.push(() => Object.assign(test, { fn, timeout }));
    test.timeout = this.#rig.jestLimitMs(budgetMs);
    const body = fn as (this: unknown) => Promise<unknown>;
    // One that takes a `done` is left to Jest.
    if (body.length > 0) return;
    const [log, limit] = [this.log, this.#limit];
    test.fn = function limited(this: unknown) {
      return log.phase('body', () => limit.run(() => body.call(this)));
    };
  }

  async #restore(): Promise<Board> {
    const { clock } = this.#session;
    const { signal } = this.#stop;
    this.#limit.pause();
    try {
      const held = await this.#rig.hold();
      this.#leaves.push(held.onTrouble((trouble) => this.#cut(trouble)));
      this.log.phases.push(...held.takePhases());
      const { flashMs, bootMs } = held.options.budgets;
      const before = await this.log.phase('restore', async () => {
        const budgetMs = flashMs + bootMs;
        using deadline = new Deadline({ clock, budgetMs, phase: 'restore', blame: 'rig', signal });
        await held.restore(deadline);
        return await held.rig.shippedState(deadline);
      });
      const { budgetMs } = this.#limit;
      const deadline = new Deadline({ clock, budgetMs, phase: 'body', blame: 'dut', signal });
      this.#board = new Board(held, { deadline, before, timelineMark: this.#timelineMark });
      return this.#board;
    } finally {
      this.#limit.restart();
    }
  }

  async #judge(state: Circus.State): Promise<CaseRecord> {
    const [log, test] = [this.log, this.#test];
    this.#limit.pause();
    let errors = this.#errors();
    const skipped = errors.map(({ error }) => error).find((error) => error instanceof CaseSkipped);
    if (skipped !== undefined) {
      errors = errors.filter(({ error }) => error !== skipped && !isAssertionCount(error));
    }
    const trouble = await this.#trouble(errors, skipped !== undefined);
    // First: that it crashed, or that its line went away, is why the connection broke.
    if (trouble !== undefined) errors = [alone(trouble), ...errors];
    errors = [...errors, ...(await this.#tearDown(errors.length > 0))];
    errors = [...errors, ...(await takeUnawaited(test, state)).map(alone)];
    if (skipped !== undefined && errors.length === 0) {
      test.status = 'skip';
      log.skip(skipped.reason);
    }
    const unwritten = this.#session.log.failure;
    if (unwritten !== undefined) errors = [alone(unwritten), ...errors];
    test.errors = errors.map(({ entry }) => entry) as Circus.TestEntry['errors'];
    const extra: Partial<FailureRecord> = { evidence: this.#rig.timelineEvidence(this.#timelineMark) };
    for (const [index, { error }] of errors.entries()) {
      log.fail(error, index === 0 ? extra : {});
      showWhole(error);
    }
    const record = log.finish();
    const { held } = this.#rig;
    if (held !== undefined && isRigTrouble(record.failures)) held.isBroken = true;
    this.#board?.deadline[Symbol.dispose]();
    this.#session.log.write((writer) => writer.case(record));
    return record;
  }

  #errors(): readonly TestError[] {
    return this.#test.errors.map((entry: unknown, at) => ({
      ...{ entry, error: this.#thrown.has(at) ? this.#thrown.get(at) : firstOf(entry) },
    }));
  }

  /**
   * What happened to a case apart from what it saw. A crash that nobody waited for still happened: a case in which the
   * firmware dies has not passed. Nor has one whose rig went away, and that is no fault of the firmware.
   */
  async #trouble(told: readonly TestError[], isSkipped: boolean): Promise<EsprigError | undefined> {
    const errors = told.map(({ error }) => toEsprigError(error));
    const { ending } = this.#session;
    if (ending.aborted && errors.length > 0) {
      const reason = toEsprigError(ending.reason);
      return errors[0] === reason ? undefined : reason;
    }
    // That a case does not apply is so on a rig that went away, too.
    const failed = isSkipped ? undefined : await this.#rig.troubleBehind(errors);
    if (failed !== undefined) return newsTo(errors, failed);
    const board = this.#board;
    const [incident] = board === undefined || board.isTroubleExpected ? [] : board.incidents;
    if (incident === undefined) return undefined;
    const crash = new DutError(incident.code, `during the case: ${incident.text}`, {
      evidence: this.#rig.consoleEvidence(),
      hint: 'A case that makes the firmware crash on purpose says so: board.expectTrouble().',
    });
    return newsTo(errors, crash);
  }

  /** Ends what the case left open. What goes wrong here counts only when nothing did before. */
  async #tearDown(hasFailed: boolean): Promise<readonly TestError[]> {
    this.#stop.abort(new Error('the case has ended'));
    const board = this.#board;
    if (board === undefined) return [];
    const { clock, log } = this.#session;
    return this.log.phase('teardown', async () => {
      const budgetMs = this.#rig.budgets!.teardownMs;
      using deadline = new Deadline({ clock, budgetMs, phase: 'teardown', blame: 'harness' });
      try {
        await deadline.wait(board.close(), 'end of what the case had open');
      } catch (error) {
        if (!hasFailed) return [alone(error)];
        log.note(`${this.log.identity.file}: ${toEsprigError(error).message}`);
      }
      return [];
    });
  }
}
