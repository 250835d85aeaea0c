/** The main job: cases on rigs by Jest in a process of its own, then the report. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { RealClock, type Clock } from '../../core/clock';
import { EsprigError, UsageError } from '../../core/errors';
import { finishAbandonedRuns } from '../../report/abandoned-runs';
import { finishRun } from '../../report/finish-run';
import { forgetRun, latestRun } from '../../report/forget-run';
import {
  createRunFolder,
  readRunStart,
  RUN_HANDLE_ENV,
  writeForRun,
  type RunHandle,
} from '../../report/run-folder';
import { readRunParts } from '../../report/run-reader';
import type { CaseRecord, RunRecord } from '../../report/run-record';
import { PROJECT_ROOT, projectInUse } from '../../rig/select-rigs';
import { isPlainWanted } from '../output';
import { chooseCases, listCaseFiles, noSuchCase } from './choose-cases';
import { chooseRigs, mustHaveAll, type ChosenRig } from './choose-rigs';
import { RunFollower } from './follow-run';
import { jestConfigFor } from './jest-config';
import { runJest, type JestEnd } from './jest-process';

export interface RunOptions {
  /** Names, patterns and paths of rig files. */
  readonly rigs: readonly string[];
  readonly case?: readonly string[] | undefined;
  readonly title?: string | undefined;
  /** Folder that the report's own is made in. */
  readonly report?: string | undefined;
  readonly soak?: number | undefined;
  readonly workers?: number | undefined;
  readonly firmware?: string | undefined;
  /** Seconds for all of it. */
  readonly timeout?: number | undefined;
  /** Handed to Jest as they are. */
  readonly jestArgs?: readonly string[] | undefined;
  /** As typed, for the report. */
  readonly command: string;
  /** How long to wait for a rig that somebody else has; undefined: as long as the preset would. */
  readonly leaseMs?: number | undefined;
  /** Nothing of Jest's own progress. */
  readonly quiet?: boolean | undefined;
  /** Told while the run goes on. */
  readonly watch?: RunWatch | undefined;
}

export interface RunWatch {
  readonly started: (rigs: readonly ChosenRig[], folder: string) => void;
  /** A verdict is known, or is another one than had been told. */
  readonly case: (record: CaseRecord) => void;
}

export interface RunOutcome {
  readonly record: RunRecord;
  readonly folder: string;
  readonly htmlPath: string;
}

const DEFAULT_TIMEOUT_S = 3600;
const WORKERS = 2;

/**
 * Runs cases on rigs.
 * @throws UsageError for rigs, cases or folders that mean nothing; RigError for firmware that is not there; EsprigError
 * blame harness when there can be no report
 */
export async function runCases(options: RunOptions, clock: Clock = new RealClock()): Promise<RunOutcome> {
  const root = PROJECT_ROOT;
  const rigs = chooseRigs(options.rigs);
  const chosen = chooseCases(listCaseFiles(root), options.case ?? [], options.title);
  const firmware = firmwareFolder(options.firmware);
  // The workers look there, too.
  mustHaveAll(options.rigs, firmware ?? (process.env['ESPRIG_FIRMWARE'] || undefined));
  const reportsFolder = resolve(options.report ?? join(projectInUse(), 'reports'));
  // Runs that were killed get the report of what they had; one that cannot be put together must not keep us from running.
  await finishAbandonedRuns(reportsFolder).catch(() => []);
  const latestBefore = latestRun(reportsFolder);
  const run = createRunFolder({
    reportsFolder,
    rigNames: rigs.map(({ name }) => name),
    command: options.command,
    startedAtWallMs: clock.wallTimeMs(),
  });
  const { leaseMs, quiet, watch } = options;
  const plan = { root, rigs, workers: options.workers ?? WORKERS, firmware, leaseMs, quiet };
  const args = [
    ...(chosen.files === undefined ? [] : [chosen.files]),
    // Not in the checkout, which may be somebody else's.
    ...['--config', writeForRun(run, 'jest.json', jestConfigFor(plan))],
    ...(chosen.titles === undefined ? [] : ['--testNamePattern', chosen.titles]),
    ...(options.jestArgs ?? []),
  ];
  watch?.started(rigs, run.folder);
  using follower = watch === undefined ? undefined : new RunFollower(run.folder, clock, watch.case);
  const end = await runJest({
    ...{ root, args, clock },
    timeoutMs: timeoutS(options) * 1000,
    env: {
      ...colourOf(process.env),
      [RUN_HANDLE_ENV]: JSON.stringify(run),
      ESPRIG_SUMMARY: 'off',
      ...(options.soak === undefined ? {} : { ESPRIG_SOAK: String(options.soak) }),
    },
  });
  const outcome = await outcomeOf(run, end);
  if (outcome === undefined) {
    forgetRun(run.folder, latestBefore);
    throw nothingRun(options);
  }
  follower?.finish(outcome.record.cases);
  return outcome;
}

/** Jest knows another word for NO_COLOR, and Node complains where it finds both. */
function colourOf(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  if (!isPlainWanted(env)) return env;
  const said: NodeJS.ProcessEnv = { ...env, FORCE_COLOR: '0' };
  delete said['NO_COLOR'];
  return said;
}

/** Waiting for a rig is not what the time was meant for. */
function timeoutS({ timeout, leaseMs }: RunOptions): number {
  return timeout ?? DEFAULT_TIMEOUT_S + (leaseMs ?? 0) / 1000;
}

/** Jest's reporter has written the report, unless Jest came to nothing or was killed. Undefined: there was no case. */
async function outcomeOf(run: RunHandle, end: JestEnd): Promise<RunOutcome | undefined> {
  const htmlPath = join(run.folder, 'index.html');
  const path = join(run.folder, 'run.json');
  // What a run begins with goes when its report is whole.
  if (existsSync(path) && readRunStart(run.folder) === undefined) {
    const record = JSON.parse(readFileSync(path, 'utf8')) as RunRecord;
    const isNone = record.cases.length === 0 && end.cutShort === undefined;
    return isNone ? undefined : { record, folder: run.folder, htmlPath };
  }
  const { exitCode, signal, cutShort } = end;
  const isCut = cutShort !== undefined || signal !== null;
  const how = cutShort ?? `Jest left no report: it ended with ${signal ?? `exit code ${String(exitCode)}`}.`;
  if (isCut || (await readRunParts(run.folder)).cases.length > 0) {
    const finished = await finishRun({ run, cutShort: { reason: how, isWanted: false } });
    if (finished.record.cases.length > 0) return finished;
    throw new EsprigError(
      cutShort === undefined ? 'ESPRIG_INTERNAL' : 'ESPRIG_CANCELLED',
      `no case had been run: ${how}`,
      { blame: 'harness' },
    );
  }
  return undefined;
}

/** The choice meant no case, or what was handed to Jest left none. */
function nothingRun({ case: patterns = [], title, jestArgs = [] }: RunOptions): UsageError {
  if ((patterns.length > 0 || title !== undefined) && jestArgs.length === 0) {
    return noSuchCase(patterns, title);
  }
  return new UsageError('ESPRIG_USAGE', 'no case was run', {
    hint: 'Above Jest says why. `npx esprig run --list` shows the case files.',
  });
}

function firmwareFolder(given: string | undefined): string | undefined {
  if (given === undefined) return undefined;
  const folder = resolve(given);
  if (existsSync(join(folder, 'firmware.json'))) return folder;
  throw new UsageError('ESPRIG_USAGE_FILE', `--firmware ${given}: there is no firmware.json in it`, {
    hint: 'A firmware set is a folder with firmware.json and its images, such as build/firmware/one-mb.',
  });
}
