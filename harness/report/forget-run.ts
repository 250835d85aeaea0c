/** A run in which no case took part leaves nothing behind: no folder, no row among its elders, no newest report. */
import { readFileSync, readlinkSync, rmSync, truncateSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { HISTORY_FILE } from './finish-run';
import type { HistoryRow } from './history';
import { LATEST, pointLatestAt, withReportErrors } from './run-folder';

/** The run that `reports/latest` leads to; undefined where there is no such link. */
export function latestRun(reportsFolder: string): string | undefined {
  try {
    return readlinkSync(join(reportsFolder, LATEST));
  } catch {
    return undefined;
  }
}

/**
 * Takes back what `finishRun` may have left of a run.
 * @param latestBefore what `latestRun` said before the run began
 * @throws EsprigError ESPRIG_USAGE_FILE, blame harness
 */
export function forgetRun(folder: string, latestBefore: string | undefined): void {
  const reportsFolder = dirname(folder);
  const name = basename(folder);
  withReportErrors(folder, () => {
    if (latestRun(reportsFolder) === name) {
      if (latestBefore === undefined) rmSync(join(reportsFolder, LATEST), { force: true });
      else pointLatestAt(reportsFolder, latestBefore);
    }
    dropLastRow(join(reportsFolder, HISTORY_FILE), name);
    rmSync(folder, { recursive: true, force: true });
  });
}

/** Only the last row goes: what another run has added behind it is not moved, and a row without cases says nothing. */
function dropLastRow(path: string, run: string): void {
  let text: Buffer;
  try {
    text = readFileSync(path);
  } catch {
    return;
  }
  const begin = text.lastIndexOf('\n', text.length - 2) + 1;
  if (runOf(text.subarray(begin).toString('utf8')) !== run) return;
  if (begin === 0) rmSync(path);
  else truncateSync(path, begin);
}

/** Undefined: the line was torn by the death of its process. */
function runOf(line: string): string | undefined {
  try {
    return (JSON.parse(line) as Partial<HistoryRow>).run;
  } catch {
    return undefined;
  }
}
