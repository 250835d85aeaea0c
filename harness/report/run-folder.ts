import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { EsprigError } from '../core/errors';
import { ownMark, type ProcessMark } from './process-life';

/** Where the processes of a run leave their entries. */
export const PARTS_FOLDER = 'parts';
/** Written first: what is known of a run that never ends. */
const START_FILE = 'run-start.json';
/** Names a run's folder and start to worker processes: JSON of a RunHandle. */
export const RUN_HANDLE_ENV = 'ESPRIG_RUN';

/** A run that goes on: all that another process needs to write into it. */
export interface RunHandle {
  /** Absolute. */
  readonly folder: string;
  /** Start of the run clock. */
  readonly startedAtWallMs: number;
}

/** With the process that writes the report. */
export interface RunStart extends RunHandle, Pick<ProcessMark, 'pid'>, Partial<Pick<ProcessMark, 'began'>> {
  readonly command: string;
}

export interface RunFolderOptions {
  /** Usually `reports/`. */
  readonly reportsFolder: string;
  readonly rigNames: readonly string[];
  readonly command: string;
  readonly startedAtWallMs: number;
}

const MOST_RUNS_A_SECOND = 100;

/**
 * Makes `reports/<time>-<rig>/` for a new run.
 * @throws EsprigError ESPRIG_USAGE_FILE, blame harness: a run without a report is broken, whatever its cases say
 */
export function createRunFolder(options: RunFolderOptions): RunHandle {
  const { reportsFolder, rigNames, command, startedAtWallMs } = options;
  const name = `${timeForName(startedAtWallMs)}-${rigsForName(rigNames)}`;
  return withReportErrors(reportsFolder, () => {
    mkdirSync(reportsFolder, { recursive: true });
    const folder = makeFirstFree(join(reportsFolder, name));
    mkdirSync(join(folder, PARTS_FOLDER));
    const start: RunStart = { folder, startedAtWallMs, command, ...ownMark() };
    writeFileSync(join(folder, START_FILE), `${JSON.stringify(start, null, 2)}\n`);
    return { folder, startedAtWallMs };
  });
}

/** What `createRunFolder` wrote; undefined once the report is complete, or where it never began. */
export function readRunStart(folder: string): RunStart | undefined {
  try {
    const start = JSON.parse(readFileSync(join(folder, START_FILE), 'utf8')) as RunStart;
    return typeof start.startedAtWallMs === 'number' ? { ...start, folder } : undefined;
  } catch {
    return undefined;
  }
}

/** Folders of runs that began and have no report yet, oldest first. */
export function unfinishedRuns(reportsFolder: string): readonly RunStart[] {
  let names: readonly string[];
  try {
    names = readdirSync(reportsFolder);
  } catch {
    return [];
  }
  return [...names]
    .sort()
    .filter((name) => name !== 'latest')
    .flatMap((name) => readRunStart(join(reportsFolder, name)) ?? []);
}

/** The report is complete: what it was made from goes. */
export function clearParts(folder: string): void {
  rmSync(join(folder, PARTS_FOLDER), { recursive: true, force: true });
  rmSync(join(folder, START_FILE), { force: true });
}

/** `reports/latest` leads to this run; never to nothing in between. */
export function pointLatestAt(reportsFolder: string, name: string): void {
  const link = join(reportsFolder, 'latest');
  const next = join(reportsFolder, `.latest-${String(process.pid)}`);
  rmSync(next, { force: true });
  symlinkSync(name, next);
  try {
    renameSync(next, link);
  } catch {
    // Something that is no link stands there: it is in the way of every run.
    rmSync(link, { recursive: true, force: true });
    renameSync(next, link);
  }
}

/** Runs work on the report's files; what the file system says becomes an error that blames nobody's firmware. */
export function withReportErrors<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof EsprigError) throw error;
    const why = (error as NodeJS.ErrnoException).message;
    throw new EsprigError('ESPRIG_USAGE_FILE', `report ${path}: it cannot be written: ${why}`, {
      blame: 'harness',
      hint: 'Free some space, or name another folder with --report. Without its report a run counts as broken.',
      cause: error,
    });
  }
}

/** `2026-11-22T20-15-28Z`: sorts by time, and no file system minds it. */
function timeForName(wallMs: number): string {
  // eslint-disable-next-line no-restricted-globals -- a given time is written, none is read
  return new Date(wallMs)
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replaceAll(':', '-');
}

function rigsForName(rigNames: readonly string[]): string {
  const [first = 'no-rig', ...others] = rigNames;
  const safe = first.replace(/[^A-Za-z0-9._-]+/g, '-').slice(0, 60);
  return others.length === 0 ? safe : `${safe}+${String(others.length)}`;
}

function makeFirstFree(path: string): string {
  for (let turn = 1; ; turn++) {
    const candidate = turn === 1 ? path : `${path}-${String(turn)}`;
    try {
      mkdirSync(candidate);
      return candidate;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || turn >= MOST_RUNS_A_SECOND) throw error;
    }
  }
}
