import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { EsprigError } from '../core/errors';
import { ownMark, type ProcessMark } from './process-life';
import type { RunEntry } from './run-entries';

/** Where the processes of a run leave their entries. */
export const PARTS_FOLDER = 'parts';
/** Written first: what is known of a run that never ends. */
const START_FILE = 'run-start.json';
/** Leads to the newest run. */
export const LATEST = 'latest';
/** Among the parts: what there is to say of the folder itself. */
const FOLDER_PART = 'folder.ndjson';
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
    makeFolder(reportsFolder);
    const folder = makeFirstFree(join(reportsFolder, name));
    mkdirSync(join(folder, PARTS_FOLDER));
    if (isSomebodys(join(reportsFolder, LATEST))) tellThatLatestStays(folder, reportsFolder);
    const start: RunStart = { folder, startedAtWallMs, command, ...ownMark() };
    writeFileSync(join(folder, START_FILE), `${JSON.stringify(start, null, 2)}\n`);
    return { folder, startedAtWallMs };
  });
}

/**
 * Puts what the processes of a run are told into its folder: it is theirs alone, and goes when the report is whole. Returns
 * the file's path.
 * @throws EsprigError ESPRIG_USAGE_FILE, blame harness
 */
export function writeForRun({ folder }: RunHandle, name: string, value: unknown): string {
  const path = join(folder, PARTS_FOLDER, name);
  withReportErrors(path, () => writeFileSync(path, JSON.stringify(value)));
  return path;
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
    .filter((name) => name !== LATEST)
    .flatMap((name) => readRunStart(join(reportsFolder, name)) ?? []);
}

/** The report is complete: what it was made from goes. */
export function clearParts(folder: string): void {
  rmSync(join(folder, PARTS_FOLDER), { recursive: true, force: true });
  rmSync(join(folder, START_FILE), { force: true });
}

/** `reports/latest` leads to this run; never to nothing in between. What somebody else has put there stays. */
export function pointLatestAt(reportsFolder: string, name: string): void {
  const link = join(reportsFolder, LATEST);
  if (isSomebodys(link)) return;
  const next = join(reportsFolder, `.latest-${String(process.pid)}`);
  rmSync(next, { force: true });
  symlinkSync(name, next);
  try {
    renameSync(next, link);
  } catch {
    // An empty folder is in the way of every run; one that has got something meanwhile is not removed by this.
    rmdirSync(link);
    renameSync(next, link);
  }
}

/** A file, or a folder with something in it: no link of ours. */
function isSomebodys(link: string): boolean {
  const stat = lstatSync(link, { throwIfNoEntry: false });
  if (stat === undefined || stat.isSymbolicLink()) return false;
  return !stat.isDirectory() || readdirSync(link).length > 0;
}

function tellThatLatestStays(folder: string, reportsFolder: string): void {
  const note = `${join(reportsFolder, LATEST)} is no link of esprig's but somebody's own: it is left as it is, and does not lead to this run`;
  const entry: RunEntry = { type: 'note', note };
  writeFileSync(join(folder, PARTS_FOLDER, FOLDER_PART), `${JSON.stringify(entry)}\n`);
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

/** With all above it that is missing. Node's own `recursive` never ends where none can be made, as in /proc. */
function makeFolder(path: string): void {
  const missing: string[] = [];
  for (let at = resolve(path); !existsSync(at) && dirname(at) !== at; at = dirname(at)) missing.unshift(at);
  for (const each of missing) {
    try {
      mkdirSync(each);
    } catch (error) {
      // Another run may have made it meanwhile.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
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
