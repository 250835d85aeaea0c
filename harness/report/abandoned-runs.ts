import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CutShort } from './assemble';
import { finishRun } from './finish-run';
import { isRunning, ownMark, type ProcessMark } from './process-life';
import { readRunStart, unfinishedRuns, withReportErrors, type RunStart } from './run-folder';

/** Who puts the report of an ended run together now. */
const CLAIM_FOLDER = 'claimed';
const CLAIM_FILE = 'by.json';

const CUT_SHORT: CutShort = {
  reason: 'This run was ended before it could write its report; a later run put it together.',
  isWanted: false,
};

/**
 * Reports of runs that were killed before they could write theirs, with what they had told; returns their folders. Of
 * several who do this at once, one finishes a run.
 * @throws EsprigError ESPRIG_USAGE_FILE, blame harness, when one cannot be written
 */
export async function finishAbandonedRuns(reportsFolder: string): Promise<readonly string[]> {
  const done: string[] = [];
  for (const run of unfinishedRuns(reportsFolder)) {
    if (isGoingOn(run) || !claim(run.folder)) continue;
    try {
      // Somebody may have finished it since it was listed.
      if (readRunStart(run.folder) === undefined) continue;
      await finishRun({ run, cutShort: CUT_SHORT, keepLatest: true });
      done.push(run.folder);
    } finally {
      release(run.folder);
    }
  }
  return done;
}

function isGoingOn({ pid, began = '' }: RunStart): boolean {
  return isRunning({ pid, began });
}

/** A folder with something in it takes a name once; that of a process that died over it goes to who moves it away first. */
function claim(folder: string): boolean {
  const path = join(folder, CLAIM_FOLDER);
  return withReportErrors(folder, () => {
    const holder = holderOf(path);
    if (holder !== undefined && isRunning(holder)) return false;
    const own = ownMark();
    const mine = `${path}-${String(own.pid)}`;
    rmSync(mine, { recursive: true, force: true });
    if (holder !== undefined) {
      if (!succeeds(() => renameSync(path, mine), ['ENOENT'])) return false;
      rmSync(mine, { recursive: true, force: true });
    }
    mkdirSync(mine);
    writeFileSync(join(mine, CLAIM_FILE), JSON.stringify(own));
    return succeeds(() => renameSync(mine, path), ['ENOTEMPTY', 'EEXIST']);
  });
}

function release(folder: string): void {
  for (const name of readdirSync(folder)) {
    if (name.startsWith(CLAIM_FOLDER)) rmSync(join(folder, name), { recursive: true, force: true });
  }
}

/** Who claims it, if anybody does. */
function holderOf(path: string): ProcessMark | undefined {
  try {
    return JSON.parse(readFileSync(join(path, CLAIM_FILE), 'utf8')) as ProcessMark;
  } catch {
    return undefined;
  }
}

function succeeds(work: () => void, expected: readonly string[]): boolean {
  try {
    work();
    return true;
  } catch (error) {
    if (expected.includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}
