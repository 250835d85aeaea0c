/**
 * Jest's test environment with a board in it. Follows the test runner's events: opens the rig before the first case,
 * runs each case under a watch of its own (case-run.ts), puts on record what was passed by. Lives outside of the tests'
 * world, once a file; the rig is the worker's (worker-session.ts).
 */
import type { EnvironmentContext, JestEnvironmentConfig } from '@jest/environment';
import type { Circus } from '@jest/types';
import { TestEnvironment } from 'jest-environment-node';
import { relative, sep } from 'node:path';
import { UsageError } from '../core/errors';
import type { CaseRecord } from '../report/run-record';
import type { Board } from './board';
import { CaseLog, type CaseIdentity } from './case-log';
import { CaseRun } from './case-run';
import { firstOf } from './case-trouble';
import { CaseSkipped, DOOR, type Door } from './door';
import { showWhole } from './failure';
import { FileRig } from './file-rig';
import { readNeeds } from './needs';
import { FILE_ITSELF, repeatCommand } from './repeat-command';
import { isChosen, oneAfterTheOther, skipAll, titlesOf, whySkipped, willRun } from './test-tree';
import { workerSession, type WorkerSession } from './worker-session';

export class RigEnvironment extends TestEnvironment {
  readonly #file: string;
  readonly #rootDir: string;
  readonly #needs: readonly string[];
  readonly #session: WorkerSession = workerSession();
  readonly #rig: FileRig;
  #case: CaseRun | undefined;
  readonly #records = new WeakMap<Circus.TestEntry, CaseRecord>();
  /** Would have run, had the run not been ended. */
  readonly #leftOver = new WeakSet<Circus.TestEntry>();

  constructor(config: JestEnvironmentConfig, context: EnvironmentContext) {
    super(config, context);
    this.#rootDir = config.globalConfig.rootDir;
    this.#file = relative(this.#rootDir, context.testPath).split(sep).join('/');
    this.#needs = readNeeds(context.docblockPragmas);
    this.#rig = new FileRig({
      session: this.#session,
      project: config.projectConfig,
      file: this.#file,
      needs: this.#needs,
    });
  }

  override async setup(): Promise<void> {
    await super.setup();
    this.#session.beginFile();
    const door: Door = {
      rig: () => this.#board(),
      board: () => this.#case?.board,
      phase: (name, work) => this.#phase(name, work),
      skip: (reason) => {
        throw new CaseSkipped(reason);
      },
      metric: (metric) => {
        const whose = { rig: this.#rig.name, caseId: this.#case?.log.id };
        this.#session.log.write((writer) => writer.metric({ ...metric, ...whose }));
      },
      soak: Math.max(1, Number(process.env['ESPRIG_SOAK'] ?? 1) || 1),
      tell: (name, data) => this.#rig.held?.bus.emit('cases', name, data),
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
      case 'test_start':
        // What has not begun when the run is ended is not run.
        if (this.#session.ending.aborted && willRun(event.test, state)) {
          event.test.mode = 'skip';
          this.#leftOver.add(event.test);
        }
        return;
      case 'test_started': {
        const { test } = event;
        const identity = this.#identity(titlesOf(test));
        this.#case = new CaseRun({ session: this.#session, rig: this.#rig, identity, test });
        return;
      }
      case 'test_skip':
      case 'test_todo': {
        this.#passOver(event.test, state);
        return;
      }
      case 'test_fn_start':
        this.#rig.held?.step('case', this.#case?.log.identity.titlePath.join(' › ') ?? '');
        return;
      case 'test_fn_failure':
      case 'hook_failure':
        if (event.test !== undefined) this.#case?.threw(event.error);
        return;
      case 'test_done':
        return this.#end(event.test, state);
      case 'test_retry': {
        this.#again(event.test);
        return;
      }
      case 'run_finish': {
        this.#afterAll(state);
        return;
      }
      default:
    }
  }

  async #end(test: Circus.TestEntry, state: Circus.State): Promise<void> {
    const over = this.#case;
    this.#case = undefined;
    if (over !== undefined) this.#records.set(test, await over.end(state));
  }

  /** What `jest.retryTimes` gives another try is not passed over: the last one decides, and the report tells of the others. */
  #again(test: Circus.TestEntry): void {
    const record = this.#records.get(test);
    if (record === undefined) return;
    const { titlePath, rig, verdict, failures } = record;
    const why = failures[0]?.message.split('\n')[0] ?? '';
    this.#session.log.note(
      `${[this.#file, ...titlePath].join(' › ')} [${rig}]: ${verdict} (${why}), and tried again by jest.retryTimes`,
    );
  }

  /** Opens the rig if anything will run on it. Not in a hook, for Jest would count the time. */
  async #beforeAll(state: Circus.State): Promise<void> {
    oneAfterTheOther(state.rootDescribeBlock);
    await this.#rig.prepare(isChosen(state));
    if (this.#rig.missing !== undefined) {
      skipAll(state.rootDescribeBlock);
      return;
    }
    const { budgets } = this.#rig;
    if (budgets !== undefined) state.testTimeout = this.#rig.jestLimitMs(budgets.bodyMs);
  }

  /** In a beforeAll hook there is no case yet; the board is then each case's own anyway. */
  async #board(): Promise<Board> {
    if (this.#case !== undefined) return this.#case.rig();
    throw new UsageError('ESPRIG_USAGE', 'rig() was called outside of a case', {
      hint: 'Call it in the test or in beforeEach: every case begins with the board as shipped.',
    });
  }

  async #phase<T>(name: string, work: () => T | Promise<T>): Promise<T> {
    this.#rig.held?.step('phase', name);
    return this.#case === undefined ? work() : this.#case.log.phase(name, async () => work());
  }

  /** Cases that were left out on purpose are on record; those that `-t` or `.only` passed by are not. */
  #passOver(test: Circus.TestEntry, state: Circus.State): void {
    const reason = this.#leftOver.has(test)
      ? 'the run was ended before it'
      : (this.#rig.missing ?? whySkipped(test, state));
    if (reason === undefined) return;
    const log = new CaseLog(this.#identity(titlesOf(test)), this.#session);
    log.skip(reason);
    this.#session.log.write((writer) => writer.case(log.finish()));
  }

  /** What `afterAll` hooks and stray promises threw belongs to no case, and is no reason for a green run. */
  #afterAll(state: Circus.State): void {
    // What was cut off in its middle may still complain.
    if (state.unhandledErrors.length === 0 || this.#session.ending.aborted) return;
    const log = new CaseLog(this.#identity([FILE_ITSELF]), this.#session);
    for (const error of state.unhandledErrors.map(firstOf)) {
      log.fail(error);
      showWhole(error);
    }
    this.#session.log.write((writer) => writer.case(log.finish()));
  }

  #identity(titlePath: readonly string[]): CaseIdentity {
    const [file, rootDir] = [this.#file, this.#rootDir];
    const { nameOrFile: rig, firmware } = this.#rig;
    return {
      ...{ file, titlePath, rig: this.#rig.name, needs: this.#needs },
      repeatCommand: repeatCommand({ rootDir, file, titlePath, rig, firmware }),
    };
  }
}
