import { closeSync, openSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { assembleRun, type AssembledRun, type RunFacts } from './assemble';
import { writeCaptures } from './captures';
import { appendHistory, historyRow, readHistory } from './history';
import { renderHtml } from './html';
import { junitXml } from './junit';
import { Masker } from './mask';
import { plainValue } from './plain-value';
import { readRunParts } from './run-reader';
import { clearParts, pointLatestAt, readRunStart, withReportErrors, type RunHandle } from './run-folder';
import type { RunRecord } from './run-record';
import { newsOf, trendOf, type Trend } from './trend';

/** In the folder of all reports. */
export const HISTORY_FILE = 'history.jsonl';

export interface FinishOptions extends Partial<Omit<RunFacts, 'startedAt' | 'captures'>> {
  readonly run: RunHandle;
  /** Masked in what this process adds; what the workers wrote is masked already. */
  readonly secrets?: readonly string[] | undefined;
  /** `reports/latest` stays where it is. */
  readonly keepLatest?: boolean | undefined;
}

export interface FinishedRun {
  readonly record: RunRecord;
  readonly folder: string;
  readonly htmlPath: string;
}

/**
 * Ends a run: puts together what its processes wrote and leaves the whole report in the folder.
 * @throws EsprigError ESPRIG_USAGE_FILE, blame harness, when it cannot be written
 */
export async function finishRun(options: FinishOptions): Promise<FinishedRun> {
  const { run } = options;
  const masker = new Masker(options.secrets ?? []);
  const masked = <T>(value: T): T => plainValue(value, (text) => masker.text(text)) as T;
  const parts = await readRunParts(run.folder);
  const captures = withReportErrors(run.folder, () =>
    writeCaptures(run.folder, parts.captures, run.startedAtWallMs),
  );
  const assembled = assembleRun(parts, {
    captures,
    // eslint-disable-next-line no-restricted-globals -- a given time is written, none is read
    startedAt: new Date(run.startedAtWallMs).toISOString(),
    elapsedMs: options.elapsedMs,
    command: masked(options.command ?? readRunStart(run.folder)?.command ?? ''),
    esprigVersion: options.esprigVersion,
    nodeVersion: options.nodeVersion ?? process.version,
    extraCases: options.extraCases?.map((one) => masked(one)),
    notes: options.notes?.map((note) => masker.text(note)),
    cutShort: options.cutShort,
  });
  const history = readHistory(join(dirname(run.folder), HISTORY_FILE));
  const trend = trendOf(assembled.record, history, basename(run.folder));
  const record: RunRecord = { ...assembled.record, news: newsOf(assembled.record, trend) };
  withReportErrors(run.folder, () =>
    writeAll(run.folder, { ...assembled, record }, trend, options.keepLatest === true),
  );
  return { record, folder: run.folder, htmlPath: join(run.folder, 'index.html') };
}

function writeAll(folder: string, assembled: AssembledRun, trend: Trend, keepLatest: boolean): void {
  const { record, timeline } = assembled;
  const reportsFolder = dirname(folder);
  writeFileSync(join(folder, 'run.json'), `${JSON.stringify(record, null, 2)}\n`);
  writeFileSync(join(folder, 'junit.xml'), junitXml(record));
  writeLines(join(folder, 'events.ndjson'), timeline, (event) => JSON.stringify(event));
  writeSerial(folder, assembled);
  writeFileSync(join(folder, 'index.html'), renderHtml(record, timeline, trend));
  appendHistory(join(reportsFolder, HISTORY_FILE), historyRow(record, basename(folder)));
  if (!keepLatest) pointLatestAt(reportsFolder, basename(folder));
  clearParts(folder);
}

/** serial.log is for reading; serial-<rig>.bin has the bytes as they came, secrets apart. */
function writeSerial(folder: string, { serial, timeline, record }: AssembledRun): void {
  const isSingle = record.rigs.length < 2;
  writeLines(
    join(folder, 'serial.log'),
    timeline.filter(({ lane, name }) => lane === 'serial' && name === 'line'),
    ({ atMs, rig, text = '' }) =>
      `${(atMs / 1000).toFixed(6).padStart(12)}${isSingle ? '' : ` ${rig}`} | ${text}`,
  );
  const files = new Map<string, number>();
  try {
    for (const { rig, bytes } of serial) {
      const name = `serial-${rig.replace(/[^\w.-]+/g, '-')}.bin`;
      const fd = files.get(name) ?? openSync(join(folder, name), 'w');
      files.set(name, fd);
      writeFileSync(fd, Buffer.from(bytes, 'latin1'));
    }
  } finally {
    for (const fd of files.values()) closeSync(fd);
  }
}

const LINES_A_WRITE = 5000;

/** In pieces: the whole of a long run would not fit into one string. */
function writeLines<T>(path: string, items: readonly T[], lineOf: (item: T) => string): void {
  const fd = openSync(path, 'w');
  try {
    for (let at = 0; at < items.length; at += LINES_A_WRITE) {
      writeFileSync(
        fd,
        `${items
          .slice(at, at + LINES_A_WRITE)
          .map(lineOf)
          .join('\n')}\n`,
      );
    }
  } finally {
    closeSync(fd);
  }
}
