/** Turns what the workers wrote and what Jest saw into one report, tells the outcome, and sets the exit code. */
import type { Reporter, Test, TestContext } from '@jest/reporters';
import type { AggregatedResult, TestResult } from '@jest/test-result';
import type { Config } from '@jest/types';
import { relative, sep } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { RealClock } from '../core/clock';
import { exitCodeFor, toEsprigError, type ExitCode } from '../core/errors';
import { RUN_HANDLE_ENV } from '../report/run-folder';
import { caseId, type CaseRecord, type FailureRecord } from '../report/run-record';
import { finishRun } from '../report/finish-run';
import { readProjectOptions } from './options';
import { FILE_ITSELF, repeatCommand } from './repeat-command';
import { runEnd } from './run-end';
import { runHandleOf } from './run-log';
import { summaryLines } from './summary';

const ENVIRONMENT = require.resolve('./environment.cjs');

export class RunReporter implements Pick<Reporter, 'onTestResult' | 'onRunComplete' | 'getLastError'> {
  readonly #globalConfig: Config.GlobalConfig;
  readonly #extra: CaseRecord[] = [];
  #otherFailed = false;
  #complete: Promise<void> | undefined;
  #error: Error | undefined;

  constructor(globalConfig: Config.GlobalConfig) {
    this.#globalConfig = globalConfig;
  }

  onTestResult(test: Test, result: TestResult): void {
    if (test.context.config.testEnvironment !== ENVIRONMENT) {
      this.#otherFailed ||= result.numFailingTests > 0 || result.testExecError !== undefined;
      return;
    }
    // Its cases are told by the worker. A file that could not be run has none; some go wrong after their end.
    if (result.testExecError !== undefined) this.#extra.push(this.#fileRecord(test, result));
    for (const one of result.testResults) {
      if (one.status === 'failed') this.#extra.push(this.#lateRecord(test, result, one));
    }
  }

  /** With `--bail` Jest may call it for each file that ends meanwhile. */
  onRunComplete(_contexts?: Set<TestContext>, results?: AggregatedResult): Promise<void> {
    return (this.#complete ??= this.#finish(results));
  }

  async #finish(results: AggregatedResult | undefined): Promise<void> {
    const run = runHandleOf();
    if (run === undefined) return;
    const { bail } = this.#globalConfig;
    if (bail > 0 && (results?.numFailedTests ?? 0) >= bail && results?.wasInterrupted !== true) {
      // Jest ends here in the middle of what else is running, and not in order.
      runEnd.cut({ reason: `ended by --bail after ${String(bail)} bad case(s)`, isWanted: true });
      await runEnd.endWorkers();
    } else if (results?.wasInterrupted === true) {
      runEnd.cut({ reason: 'The run was interrupted.', isWanted: false });
    }
    Reflect.deleteProperty(process.env, RUN_HANDLE_ENV);
    // Who watches sees the verdicts; the process ends long after, by a key.
    const isWatched = this.#globalConfig.watch || this.#globalConfig.watchAll;
    try {
      const { record, htmlPath } = await finishRun({
        run,
        extraCases: this.#extra,
        cutShort: runEnd.cutShort,
      });
      if (process.env['ESPRIG_SUMMARY'] !== 'off') {
        process.stderr.write(`${summaryLines(record, htmlPath).join('\n')}\n`);
      }
      // Tests of other projects were chosen, and none of ours among them: no verdict of ours.
      const isNone =
        record.cases.length === 0 && runEnd.cutShort === undefined && (results?.numPassedTests ?? 0) > 0;
      if (record.exitCode !== 0 && !isNone && (!isWatched || runEnd.isForGood)) {
        exitWith(Math.max(record.exitCode, this.#otherFailed ? 1 : 0) as ExitCode);
      }
    } catch (error) {
      const ours = toEsprigError(error);
      process.stderr.write(`esprig: ${ours.message}\n  hint: ${ours.hint ?? ''}\n  (${ours.code})\n`);
      this.#error = ours;
      exitWith(exitCodeFor('harness'));
    }
    // Jest would go on watching.
    if (isWatched && runEnd.isForGood) process.exit();
  }

  getLastError(): Error | undefined {
    return this.#error;
  }

  #fileRecord(test: Test, result: TestResult): CaseRecord {
    const { testExecError: error } = result;
    const message = error?.message || error?.stack?.split('\n')[0] || 'the file could not be run';
    const isWorkerDead = /^(A jest worker process|Jest worker )/.test(message);
    return this.#brokenRecord(test, result, [FILE_ITSELF], {
      ...{
        message,
        blame: isWorkerDead ? 'harness' : 'case',
        stack: error?.stack ?? undefined,
        evidence: [],
      },
    });
  }

  /** Of a case that Jest saw fail. It counts where the worker had called it passed. */
  #lateRecord(
    test: Test,
    result: TestResult,
    { ancestorTitles, title, failureMessages }: TestResult['testResults'][number],
  ): CaseRecord {
    const stack = stripVTControlCharacters(failureMessages.join('\n'));
    const message = `after the case had its verdict: ${stack.split('\n')[0] ?? ''}`;
    return this.#brokenRecord(test, result, [...ancestorTitles, title], {
      ...{ message, blame: 'case', stack, evidence: [] },
    });
  }

  #brokenRecord(
    test: Test,
    { perfStats: { start, runtime } }: TestResult,
    titlePath: readonly string[],
    failure: FailureRecord,
  ): CaseRecord {
    const { rootDir } = this.#globalConfig;
    const file = relative(rootDir, test.path).split(sep).join('/');
    const { rig, rigFile = rig, firmware } = rigOf(test.context.config);
    const runStartMs = runHandleOf()?.startedAtWallMs ?? new RealClock().wallTimeMs();
    return {
      id: caseId(file, titlePath, rig),
      ...{ file, titlePath, rig, verdict: 'broken', blame: failure.blame },
      startedAtMs: start === 0 ? 0 : Math.max(0, start - runStartMs),
      elapsedMs: runtime,
      ...{ phases: [], failures: [failure], needs: [] },
      repeatCommand: repeatCommand({ rootDir, file, titlePath, rig: rigFile, firmware }),
    };
  }
}

function rigOf(project: Config.ProjectConfig): {
  readonly rig: string;
  readonly rigFile?: string | undefined;
  readonly firmware?: string | undefined;
} {
  try {
    return readProjectOptions(project);
  } catch {
    return { rig: '' };
  }
}

/**
 * What the process ends with. Jest sets its own code in a listener that it adds when this reporter is done, so ours has
 * to be added once more behind that.
 */
function exitWith(code: ExitCode): void {
  const set = (): void => {
    process.exitCode = code;
  };
  process.once('beforeExit', () => process.on('exit', set));
  process.on('exit', set);
}
