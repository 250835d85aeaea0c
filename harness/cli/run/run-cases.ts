/** The main job: cases on rigs by Jest in a process of its own, then the report. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { RealClock, type Clock } from '../../core/clock';
import { EsprigError, UsageError } from '../../core/errors';
import { finishAbandonedRuns, finishRun } from '../../report/finish-run';
import { createRunFolder, RUN_HANDLE_ENV, type RunHandle } from '../../report/run-folder';
import type { CaseRecord, RunRecord } from '../../report/run-record';
import { PROJECT_ROOT } from '../../rig/select-rigs';
import { isPlainWanted } from '../output';
import { chooseCases, listCaseFiles } from './choose-cases';
import { chooseRigs, type ChosenRig } from './choose-rigs';
import { RunFollower } from './follow-run';
import { jestConfigFor } from './jest-config';

export interface RunOptions {
  /** Names, patterns and paths of rig files. */
  readonly rigs: readonly string[];
  readonly case?: string | undefined;
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
/** From asking Jest to end until it is ended. */
const KILL_AFTER_MS = 15_000;
const WORKERS = 2;

/**
 * Runs cases on rigs.
 * @throws UsageError for rigs, cases or folders that mean nothing; EsprigError blame harness when there can be no report
 */
export async function runCases(options: RunOptions, clock: Clock = new RealClock()): Promise<RunOutcome> {
  const root = PROJECT_ROOT;
  const rigs = chooseRigs(options.rigs);
  const chosen = chooseCases(listCaseFiles(root), options.case, options.title);
  const firmware = firmwareFolder(options.firmware);
  const reportsFolder = resolve(options.report ?? join(root, 'reports'));
  // Runs that were killed get the report of what they had; one that cannot be put together must not keep us from running.
  await finishAbandonedRuns(reportsFolder).catch(() => []);
  const run = createRunFolder({
    reportsFolder,
    rigNames: rigs.map(({ name }) => name),
    command: options.command,
    startedAtWallMs: clock.wallTimeMs(),
  });
  const config = join(root, 'build', 'run', `jest-${String(process.pid)}.json`);
  mkdirSync(dirname(config), { recursive: true });
  const { leaseMs, quiet, watch } = options;
  const plan = { root, rigs, workers: options.workers ?? WORKERS, firmware, leaseMs, quiet };
  writeFileSync(config, JSON.stringify(jestConfigFor(plan)));
  try {
    const args = [
      ...(chosen.files === undefined ? [] : [chosen.files]),
      ...['--config', config],
      ...(chosen.titles === undefined ? [] : ['--testNamePattern', chosen.titles]),
      ...(options.jestArgs ?? []),
    ];
    watch?.started(rigs, run.folder);
    using follower = watch === undefined ? undefined : new RunFollower(run.folder, clock, watch.case);
    const end = await runJest(root, args, run, options, clock);
    const outcome = await outcomeOf(run, options, end);
    follower?.finish(outcome.record.cases);
    return outcome;
  } finally {
    rmSync(config, { force: true });
  }
}

interface JestEnd {
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly isTimedOut: boolean;
}

async function runJest(
  root: string,
  args: readonly string[],
  run: RunHandle,
  options: RunOptions,
  clock: Clock,
): Promise<JestEnd> {
  const child = spawn(process.execPath, [join(root, 'node_modules', 'jest', 'bin', 'jest.js'), ...args], {
    cwd: root,
    // What Jest says is progress, and a script may read our stdout. By the channel it sees that we are gone.
    stdio: ['ignore', 2, 2, 'ipc'],
    env: {
      ...colourOf(process.env),
      [RUN_HANDLE_ENV]: JSON.stringify(run),
      ESPRIG_SUMMARY: 'off',
      ...(options.soak === undefined ? {} : { ESPRIG_SOAK: String(options.soak) }),
    },
  });
  let isTimedOut = false;
  const stopAlarm = clock.after(timeoutS(options) * 1000, () => {
    isTimedOut = true;
    child.kill('SIGINT');
    clock.after(KILL_AFTER_MS, () => child.kill('SIGKILL'), { background: true });
  });
  try {
    return await new Promise<JestEnd>((done, failed) => {
      child.on('error', failed);
      child.on('exit', (exitCode, signal) => done({ exitCode, signal, isTimedOut }));
    });
  } finally {
    stopAlarm();
  }
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

/** Jest's reporter has written the report, unless Jest came to nothing or was killed. */
async function outcomeOf(run: RunHandle, options: RunOptions, end: JestEnd): Promise<RunOutcome> {
  const htmlPath = join(run.folder, 'index.html');
  const path = join(run.folder, 'run.json');
  if (existsSync(path)) {
    return { record: JSON.parse(readFileSync(path, 'utf8')) as RunRecord, folder: run.folder, htmlPath };
  }
  const how = end.isTimedOut
    ? `its time (${String(timeoutS(options))} s) was over`
    : `it ended with ${end.signal ?? `exit code ${String(end.exitCode)}`}`;
  const finished = await finishRun({ run, notes: [`Jest left no report: ${how}.`] });
  if (finished.record.cases.length > 0) return finished;
  if (end.signal !== null || end.isTimedOut) {
    throw new EsprigError('ESPRIG_INTERNAL', `Jest did not come to its end: ${how}`, { blame: 'harness' });
  }
  rmSync(run.folder, { recursive: true, force: true });
  throw new UsageError('ESPRIG_USAGE', 'no case was run', {
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
