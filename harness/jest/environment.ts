/**
 * Jest's test environment with a board in it. Follows the test runner's events: opens the rig before the first case,
 * keeps a record of each case, and says who must act. Runs outside of the tests' world, once a file; the rig is the
 * worker's (worker-session.ts).
 */
import type { EnvironmentContext, JestEnvironmentConfig } from '@jest/environment';
import type { Circus } from '@jest/types';
import { TestEnvironment } from 'jest-environment-node';
import { setMaxListeners } from 'node:events';
import { relative, sep } from 'node:path';
import { Deadline } from '../core/deadline';
import { DutError, toEsprigError, type EsprigError, type Evidence } from '../core/errors';
import type { FailureRecord } from '../report/run-record';
import { Board } from './board';
import { BodyLimit } from './body-limit';
import { CaseLog, type CaseIdentity } from './case-log';
import { CaseSkipped, DOOR, type Door } from './door';
import { firstOf, isRigTrouble, newsTo, onAbort } from './case-trouble';
import { showWhole } from './failure';
import type { HeldRig } from './held-rig';
import { missingNeeds, readNeeds } from './needs';
import { readProjectOptions, type RigProjectOptions } from './options';
import { repeatCommand } from './repeat-command';
import { isChosen, oneAfterTheOther, skipAll, titlesOf, whySkipped, willRun } from './test-tree';
import { workerSession, type WorkerSession } from './worker-session';

const EVIDENCE_LINES = 50;
/** Jest's own limit stands behind ours and is never reached, unless this process hangs. */
const BEHIND_OURS_MS = 10_000;
/** For a serial line to tell that it is gone, after a network connection of the same board was. */
const NEWS_MS = 500;

interface RunningCase {
  readonly log: CaseLog;
  readonly limit: BodyLimit;
  readonly stop: AbortController;
  readonly timelineMark: number;
  /** Ends it for something that did not happen in it. */
  readonly cut: (reason: Error) => void;
  /** To be called when it is over. */
  readonly leaves: (() => void)[];
  board: Promise<Board> | undefined;
  open: Board | undefined;
}

export class RigEnvironment extends TestEnvironment {
  readonly #file: string;
  readonly #rootDir: string;
  readonly #needs: readonly string[];
  readonly #project: JestEnvironmentConfig['projectConfig'];
  readonly #session: WorkerSession = workerSession();
  #options: RigProjectOptions | undefined;
  #case: RunningCase | undefined;
  #held: HeldRig | undefined;
  #openError: EsprigError | undefined;
  #missing: string | undefined;
  /** Would have run, had the run not been ended. */
  readonly #leftOver = new WeakSet<Circus.TestEntry>();

  constructor(config: JestEnvironmentConfig, context: EnvironmentContext) {
    super(config, context);
    this.#rootDir = config.globalConfig.rootDir;
    this.#file = relative(this.#rootDir, context.testPath).split(sep).join('/');
    this.#needs = readNeeds(context.docblockPragmas);
    this.#project = config.projectConfig;
  }

  override async setup(): Promise<void> {
    await super.setup();
    this.#session.beginFile();
    const door: Door = {
      rig: () => this.#rig(),
      board: () => this.#case?.open,
      phase: (name, work) => this.#phase(name, work),
      skip: (reason) => {
        throw new CaseSkipped(reason);
      },
      metric: (metric) => {
        const caseId = this.#case?.log.id;
        const rig = this.#rigName();
        this.#session.log.write((writer) => writer.metric({ ...metric, rig, caseId }));
      },
      soak: Math.max(1, Number(process.env['ESPRIG_SOAK'] ?? 1) || 1),
      tell: (name, data) => this.#held?.bus.emit('cases', name, data),
    };
    Object.defineProperty(this.global, DOOR, { value: door, configurable: true });
  }

  override async teardown(): Promise<void> {
    this.#session.endFile();
    await super.teardown();
  }

  /** Follows the test runner; it waits for this before it goes on. */
  async handleTestEvent(event: Circus.AsyncEvent | Circus.SyncEvent, state: Circus.State): Promise<void> {
    switch (event.name) {
      case 'run_start':
        return this.#beforeAll(state);
      case 'test_start': {
        // What has not begun when the run is ended is not run.
        if (this.#session.ending.aborted && willRun(event.test, state)) {
          event.test.mode = 'skip';
          this.#leftOver.add(event.test);
        }
        return;
      }
      case 'test_started': {
        this.#begin(event.test);
        return;
      }
      case 'test_skip':
      case 'test_todo': {
        this.#passOver(event.test, state);
        return;
      }
      case 'test_fn_start':
        this.#held?.step('case', this.#case?.log.identity.titlePath.join(' › ') ?? '');
        return;
      case 'test_done':
        return this.#end(event.test);
      case 'run_finish': {
        this.#afterAll(state);
        return;
      }
      default:
    }
  }

  /** Opens the rig if anything will run on it. Not in a hook, for Jest would count the time. */
  async #beforeAll(state: Circus.State): Promise<void> {
    oneAfterTheOther(state.rootDescribeBlock);
    try {
      this.#options = readProjectOptions(this.#project);
      const summary = this.#session.describe(this.#options);
      this.#missing = missingNeeds(this.#needs, summary);
      if (this.#missing !== undefined) {
        skipAll(state.rootDescribeBlock);
        return;
      }
      const { bodyMs, flashMs, bootMs } = this.#options.budgets;
      state.testTimeout = bodyMs + flashMs + bootMs + BEHIND_OURS_MS;
      if (isChosen(state)) await this.#hold();
    } catch (error) {
      this.#openError = toEsprigError(error);
    }
  }

  async #hold(): Promise<HeldRig> {
    const owner = `esprig, worker ${process.env['JEST_WORKER_ID'] ?? '1'}, from ${this.#file}`;
    this.#held = await this.#session.hold(this.#options!, owner);
    return this.#held;
  }

  #begin(test: Circus.TestEntry): void {
    const options = this.#options;
    const log = new CaseLog(this.#identity(test), this.#session.clock, (atMs) =>
      this.#session.log.toRunMs(atMs),
    );
    const stop = new AbortController();
    // Every wait of a case listens to it.
    setMaxListeners(0, stop.signal);
    const budgetMs = test.timeout ?? options?.budgets.bodyMs ?? BEHIND_OURS_MS;
    const limit = new BodyLimit({
      clock: this.#session.clock,
      budgetMs,
      evidence: () => this.#consoleEvidence(),
    });
    const cut = (reason: Error): void => {
      limit.end(reason);
      stop.abort(reason);
    };
    this.#case = {
      log,
      limit,
      stop,
      timelineMark: this.#held?.timeline.mark() ?? 0,
      cut,
      leaves: [onAbort(this.#session.ending, cut)],
      board: undefined,
      open: undefined,
    };
    log.phases.push(...(this.#held?.takePhases() ?? []));
    this.#session.log.write((writer) => writer.startCase(log.started));
    if (this.#openError !== undefined) return void test.errors.push(this.#openError);
    test.timeout =
      budgetMs + (options?.budgets.flashMs ?? 0) + (options?.budgets.bootMs ?? 0) + BEHIND_OURS_MS;
    const body = test.fn as (this: unknown) => Promise<unknown>;
    // One that takes a `done` is left to Jest.
    if (body.length === 0) {
      test.fn = function limited(this: unknown) {
        return log.phase('body', () => limit.run(() => body.call(this)));
      };
    }
  }

  /** Hands out the board of this case, as shipped. */
  #rig(): Promise<Board> {
    const running = this.#case;
    // In a beforeAll hook there is no case yet; the board is then each case's own anyway.
    if (running === undefined) {
      return Promise.reject(
        toEsprigError(new Error('rig() was called outside of a case: call it in the test or in beforeEach')),
      );
    }
    return (running.board ??= this.#restore(running));
  }

  async #restore(running: RunningCase): Promise<Board> {
    if (this.#openError !== undefined) throw this.#openError;
    running.limit.pause();
    try {
      // The one before may have left it broken.
      const held =
        this.#held?.isBroken === true || this.#held === undefined ? await this.#hold() : this.#held;
      running.leaves.push(held.onTrouble(running.cut));
      running.log.phases.push(...held.takePhases());
      const { flashMs, bootMs } = held.options.budgets;
      const before = await running.log.phase('restore', async () => {
        using deadline = new Deadline({
          clock: this.#session.clock,
          budgetMs: flashMs + bootMs,
          phase: 'restore',
          blame: 'rig',
          signal: running.stop.signal,
        });
        await held.restore(deadline);
        return await held.shippedState(deadline);
      });
      const deadline = new Deadline({
        clock: this.#session.clock,
        budgetMs: running.limit.budgetMs,
        phase: 'body',
        blame: 'dut',
        signal: running.stop.signal,
      });
      running.open = new Board(held, { deadline, before, timelineMark: running.timelineMark });
      return running.open;
    } finally {
      running.limit.restart();
    }
  }

  async #phase<T>(name: string, work: () => T | Promise<T>): Promise<T> {
    this.#held?.step('phase', name);
    const running = this.#case;
    return running === undefined ? work() : running.log.phase(name, async () => work());
  }

  async #end(test: Circus.TestEntry): Promise<void> {
    const running = this.#case;
    this.#case = undefined;
    if (running === undefined) return;
    try {
      await this.#judge(running, test);
    } finally {
      for (const leave of running.leaves) leave();
    }
  }

  async #judge(running: RunningCase, test: Circus.TestEntry): Promise<void> {
    const { log, limit, open } = running;
    limit.pause();
    const skipped = test.errors.map(firstOf).find((error) => error instanceof CaseSkipped);
    const trouble = skipped === undefined ? await this.#troubleOf(running, test) : undefined;
    // First: that it crashed, or that its line went away, is why the connection broke.
    if (trouble !== undefined) test.errors.unshift(trouble);
    await this.#tearDown(running, test);
    if (skipped instanceof CaseSkipped && test.errors.length === 1) {
      test.errors.splice(0);
      test.status = 'skip';
      log.skip(skipped.reason);
    }
    const unwritten = this.#session.log.failure;
    if (unwritten !== undefined) test.errors.unshift(unwritten);
    const extra: Partial<FailureRecord> = { evidence: this.#evidenceOf(running) };
    for (const [index, error] of test.errors.map(firstOf).entries()) {
      log.fail(error, index === 0 ? extra : {});
      showWhole(error);
    }
    const record = log.finish();
    if (this.#held !== undefined && isRigTrouble(record.failures)) this.#held.isBroken = true;
    open?.deadline[Symbol.dispose]();
    this.#session.log.write((writer) => writer.case(record));
  }

  /**
   * What happened to a case apart from what it saw. A crash that nobody waited for still happened: a case in which the
   * firmware dies has not passed. Nor has one whose rig went away, and that is no fault of the firmware.
   */
  async #troubleOf({ open }: RunningCase, test: Circus.TestEntry): Promise<EsprigError | undefined> {
    const errors = test.errors.map((entry) => toEsprigError(firstOf(entry)));
    const { ending } = this.#session;
    if (ending.aborted && errors.length > 0) {
      const reason = toEsprigError(ending.reason);
      return errors[0] === reason ? undefined : reason;
    }
    const failed = await this.#rigTrouble(errors);
    if (failed !== undefined) return newsTo(errors, failed);
    const [incident] = open === undefined || open.isTroubleExpected ? [] : open.incidents;
    if (incident === undefined) return undefined;
    const crash = new DutError(incident.code, `during the case: ${incident.text}`, {
      evidence: this.#consoleEvidence(),
      hint: 'A case that makes the firmware crash on purpose says so: board.expectTrouble().',
    });
    return newsTo(errors, crash);
  }

  /** The news that a line is gone may come a moment after the news that a connection is. */
  async #rigTrouble(errors: readonly EsprigError[]): Promise<EsprigError | undefined> {
    const held = this.#held;
    if (held === undefined) return undefined;
    if (held.rig.trouble === undefined && errors.some(({ code }) => code.startsWith('ESPRIG_LINK_'))) {
      await held.awaitTrouble(NEWS_MS);
    }
    return held.rig.trouble;
  }

  /** Ends what the case left open. What goes wrong here counts only when nothing did before. */
  async #tearDown({ log, open, stop }: RunningCase, test: Circus.TestEntry): Promise<void> {
    stop.abort(new Error('the case has ended'));
    if (open === undefined) return;
    await log.phase('teardown', async () => {
      using deadline = new Deadline({
        clock: this.#session.clock,
        budgetMs: this.#options!.budgets.teardownMs,
        phase: 'teardown',
        blame: 'harness',
      });
      try {
        await deadline.wait(open.close(), 'end of what the case had open');
      } catch (error) {
        if (test.errors.length === 0) test.errors.push(error as Circus.Exception);
        else this.#session.log.note(`${this.#file}: ${toEsprigError(error).message}`);
      }
    });
  }

  /** Cases that were left out on purpose are on record; those that `-t` or `.only` passed by are not. */
  #passOver(test: Circus.TestEntry, state: Circus.State): void {
    const reason = this.#leftOver.has(test)
      ? 'the run was ended before it'
      : (this.#missing ?? whySkipped(test, state));
    if (reason === undefined) return;
    const log = new CaseLog(this.#identity(test), this.#session.clock, (atMs) =>
      this.#session.log.toRunMs(atMs),
    );
    log.skip(reason);
    this.#session.log.write((writer) => writer.case(log.finish()));
  }

  /** What `afterAll` hooks and stray promises threw belongs to no case, and is no reason for a green run. */
  #afterAll(state: Circus.State): void {
    // What was cut off in its middle may still complain.
    if (state.unhandledErrors.length === 0 || this.#session.ending.aborted) return;
    const identity = { ...this.#identity(undefined), titlePath: ['after all cases of the file'] };
    const log = new CaseLog(identity, this.#session.clock, (atMs) => this.#session.log.toRunMs(atMs));
    for (const error of state.unhandledErrors.map(firstOf)) {
      log.fail(error);
      showWhole(error);
    }
    this.#session.log.write((writer) => writer.case(log.finish()));
  }

  #identity(test: Circus.TestEntry | undefined): CaseIdentity {
    const titlePath = test === undefined ? [] : titlesOf(test);
    const rig = this.#rigName();
    const where = { file: this.#file, titlePath, rig };
    return {
      ...where,
      needs: this.#needs,
      repeatCommand: repeatCommand({
        ...{ rootDir: this.#rootDir, ...where },
        rig: this.#options?.rigFile ?? rig,
      }),
    };
  }

  #rigName(): string {
    return this.#options?.rig ?? '';
  }

  #consoleEvidence(): readonly Evidence[] {
    const lines = this.#held?.rig.console.lines.slice(-EVIDENCE_LINES) ?? [];
    return [{ title: 'last console lines', lines: lines.map((line) => line.text) }];
  }

  #evidenceOf(running: RunningCase): readonly Evidence[] {
    const held = this.#held;
    if (held === undefined) return [];
    const lines = held.timeline.excerpt(running.timelineMark, EVIDENCE_LINES);
    return [{ title: 'what happened last', lines }];
  }
}
