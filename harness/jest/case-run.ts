/** One case under way: its board, the limit of its time, what ends it, and the verdict that it comes to. */
import type { Circus } from '@jest/types';
import { setMaxListeners } from 'node:events';
import { Deadline } from '../core/deadline';
import { DutError, toEsprigError, type EsprigError } from '../core/errors';
import type { FailureRecord } from '../report/run-record';
import { Board } from './board';
import { BodyLimit } from './body-limit';
import { CaseLog, type CaseIdentity } from './case-log';
import { firstOf, isRigTrouble, newsTo, onAbort } from './case-trouble';
import { CaseSkipped } from './door';
import { showWhole } from './failure';
import type { FileRig } from './file-rig';
import type { WorkerSession } from './worker-session';

/** Jest's own limit stands behind ours and is never reached, unless this process hangs. */
export const BEHIND_OURS_MS = 10_000;

export interface CaseRunOptions {
  readonly session: WorkerSession;
  readonly rig: FileRig;
  readonly identity: CaseIdentity;
  readonly test: Circus.TestEntry;
}

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
    const budgetMs = test.timeout ?? rig.budgets?.bodyMs ?? BEHIND_OURS_MS;
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

  /** Judges it, puts it on record and ends what it left open. */
  async end(): Promise<void> {
    try {
      await this.#judge();
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
    const { flashMs = 0, bootMs = 0 } = this.#rig.budgets ?? {};
    test.timeout = budgetMs + flashMs + bootMs + BEHIND_OURS_MS;
    const body = test.fn as (this: unknown) => Promise<unknown>;
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
        return await held.shippedState(deadline);
      });
      const { budgetMs } = this.#limit;
      const deadline = new Deadline({ clock, budgetMs, phase: 'body', blame: 'dut', signal });
      this.#board = new Board(held, { deadline, before, timelineMark: this.#timelineMark });
      return this.#board;
    } finally {
      this.#limit.restart();
    }
  }

  async #judge(): Promise<void> {
    const [log, test] = [this.log, this.#test];
    this.#limit.pause();
    const skipped = test.errors.map(firstOf).find((error) => error instanceof CaseSkipped);
    const trouble = skipped === undefined ? await this.#trouble() : undefined;
    // First: that it crashed, or that its line went away, is why the connection broke.
    if (trouble !== undefined) test.errors.unshift(trouble);
    await this.#tearDown();
    if (skipped instanceof CaseSkipped && test.errors.length === 1) {
      test.errors.splice(0);
      test.status = 'skip';
      log.skip(skipped.reason);
    }
    const unwritten = this.#session.log.failure;
    if (unwritten !== undefined) test.errors.unshift(unwritten);
    const extra: Partial<FailureRecord> = { evidence: this.#rig.timelineEvidence(this.#timelineMark) };
    for (const [index, error] of test.errors.map(firstOf).entries()) {
      log.fail(error, index === 0 ? extra : {});
      showWhole(error);
    }
    const record = log.finish();
    const { held } = this.#rig;
    if (held !== undefined && isRigTrouble(record.failures)) held.isBroken = true;
    this.#board?.deadline[Symbol.dispose]();
    this.#session.log.write((writer) => writer.case(record));
  }

  /**
   * What happened to a case apart from what it saw. A crash that nobody waited for still happened: a case in which the
   * firmware dies has not passed. Nor has one whose rig went away, and that is no fault of the firmware.
   */
  async #trouble(): Promise<EsprigError | undefined> {
    const errors = this.#test.errors.map((entry) => toEsprigError(firstOf(entry)));
    const { ending } = this.#session;
    if (ending.aborted && errors.length > 0) {
      const reason = toEsprigError(ending.reason);
      return errors[0] === reason ? undefined : reason;
    }
    const failed = await this.#rig.troubleBehind(errors);
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
  async #tearDown(): Promise<void> {
    this.#stop.abort(new Error('the case has ended'));
    const board = this.#board;
    if (board === undefined) return;
    const { clock, log } = this.#session;
    const { errors } = this.#test;
    await this.log.phase('teardown', async () => {
      const budgetMs = this.#rig.budgets!.teardownMs;
      using deadline = new Deadline({ clock, budgetMs, phase: 'teardown', blame: 'harness' });
      try {
        await deadline.wait(board.close(), 'end of what the case had open');
      } catch (error) {
        if (errors.length === 0) errors.push(error as Circus.Exception);
        else log.note(`${this.log.identity.file}: ${toEsprigError(error).message}`);
      }
    });
  }
}
