import { createHash } from 'node:crypto';
import { appendFileSync, closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { groupMetrics, median } from './change';
import type { CaseRecord, RigRecord, RunRecord, Totals, Verdict } from './run-record';

/** One line of `reports/history.jsonl`: a run in short, for trends. Lines are added, never changed. */
export interface HistoryRow {
  readonly formatVersion: 2;
  readonly startedAt: string;
  /** Name of the run's folder. */
  readonly run: string;
  readonly elapsedMs: number;
  readonly exitCode: number;
  readonly totals: Totals;
  readonly rigs: readonly {
    readonly name: string;
    readonly firmware?: string | undefined;
    /** The same for the same images, whatever they call themselves. */
    readonly images?: string | undefined;
  }[];
  /** By case id: first letter of the verdict, then milliseconds. */
  readonly cases: Readonly<Record<string, string>>;
  /** Medians, where a run measured several times. */
  readonly metrics: readonly HistoryMetric[];
}

export interface HistoryMetric {
  readonly name: string;
  readonly rig: string;
  readonly value: number;
  readonly unit: string;
}

export interface History {
  /** Oldest first, each run once. */
  readonly rows: readonly HistoryRow[];
  /** Lines that were passed over, and why. */
  readonly notes: readonly string[];
}

/** A trend looks no further back. */
const MOST_ROWS = 200;
/** A row of 250 cases has eight thousand; older rows are not read. */
const MOST_BYTES_READ = 8_000_000;

export function historyRow(record: RunRecord, run: string): HistoryRow {
  return {
    formatVersion: 2,
    startedAt: record.startedAt,
    run,
    elapsedMs: Math.round(record.elapsedMs),
    exitCode: record.exitCode,
    totals: record.totals,
    rigs: record.rigs.map((rig) => ({
      name: rig.name,
      firmware: rig.firmware === undefined ? undefined : `${rig.firmware.app} ${rig.firmware.version}`,
      images: imagesKey(rig),
    })),
    cases: Object.fromEntries(
      record.cases.map((one) => [
        one.id,
        `${trendVerdict(one).slice(0, 1)}${String(Math.round(one.elapsedMs))}`,
      ]),
    ),
    metrics: [...groupMetrics(record.metrics, metricKey).values()].map(
      ({ first: { name, rig, unit }, values }) => ({ name, rig, unit, value: median(values) }),
    ),
  };
}

/** What a case came to, for trends: one that was ended from outside in its middle was not judged. */
export function trendVerdict({ verdict, code }: CaseRecord): Verdict {
  return code === 'ESPRIG_CANCELLED' ? 'skipped' : verdict;
}

/** Two rigs with the same images have the same. Undefined where the images are not known. */
export function imagesKey({ firmware }: RigRecord): string | undefined {
  if (firmware === undefined || firmware.images.length === 0) return undefined;
  const hash = createHash('sha256');
  for (const { slot, sha256 } of firmware.images) hash.update(`${slot} ${sha256}\n`);
  return hash.digest('hex').slice(0, 16);
}

/** The same measurement in every run. */
export function metricKey({ name, rig, unit }: Omit<HistoryMetric, 'value'>): string {
  return JSON.stringify([name, rig, unit]);
}

const VERDICT_OF_LETTER: Readonly<Record<string, Verdict>> = {
  p: 'passed',
  f: 'failed',
  b: 'broken',
  s: 'skipped',
};

/** What a row says of a case; undefined: it was not run. */
export function caseInRow(
  row: HistoryRow,
  id: string,
): { readonly verdict: Verdict; readonly elapsedMs: number } | undefined {
  const text: unknown = row.cases[id];
  if (typeof text !== 'string') return undefined;
  const [, letter = '', digits = ''] = /^([pfbs])(\d+)$/.exec(text) ?? [];
  const verdict = VERDICT_OF_LETTER[letter];
  return verdict === undefined ? undefined : { verdict, elapsedMs: Number(digits) };
}

/** One write, so that two runs that end at once do not mix their lines. Begins anew behind a torn line. */
export function appendHistory(path: string, row: HistoryRow): void {
  const end = readEnd(path, 1).text;
  const isTorn = end !== '' && end !== '\n';
  appendFileSync(path, `${isTorn ? '\n' : ''}${JSON.stringify(row)}\n`);
}

/** The last runs. Reads no more than the end of the file, however long it has become. */
export function readHistory(path: string, limit = MOST_ROWS): History {
  const { text, isWhole } = readEnd(path, MOST_BYTES_READ);
  const lines = text.split('\n').slice(isWhole ? 0 : 1);
  const rows = new Map<string, HistoryRow>();
  let [older, torn] = [0, 0];
  for (const line of lines) {
    if (line === '') continue;
    const row = parseRow(line);
    if (row === 'torn') torn += 1;
    else if (row === 'older') older += 1;
    // A run whose report was put together twice has two lines.
    else rows.set(row.run, row);
  }
  const sorted = [...rows.values()].sort((a, b) => (a.startedAt < b.startedAt ? -1 : 1));
  const notes = [
    older > 0 ? `${older} earlier ${plural(older)} in another format of history.jsonl: not shown` : '',
    torn > 0 ? `${torn} ${torn === 1 ? 'line' : 'lines'} of history.jsonl cannot be read: passed over` : '',
  ];
  return { rows: sorted.slice(-limit), notes: notes.filter((note) => note !== '') };
}

function plural(count: number): string {
  return count === 1 ? 'run is' : 'runs are';
}

function parseRow(line: string): HistoryRow | 'torn' | 'older' {
  let row: Partial<HistoryRow> | null;
  try {
    row = JSON.parse(line) as Partial<HistoryRow> | null;
  } catch {
    return 'torn';
  }
  if (typeof row !== 'object' || row === null) return 'torn';
  const hasFields =
    typeof row.run === 'string' &&
    typeof row.startedAt === 'string' &&
    typeof row.cases === 'object' &&
    Array.isArray(row.rigs) &&
    Array.isArray(row.metrics);
  return row.formatVersion === 2 && hasFields ? (row as HistoryRow) : 'older';
}

/** The last bytes of a file; nothing where there is none. */
function readEnd(path: string, mostBytes: number): { readonly text: string; readonly isWhole: boolean } {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch {
    return { text: '', isWhole: true };
  }
  try {
    const { size } = fstatSync(fd);
    const bytes = Buffer.alloc(Math.min(size, mostBytes));
    const from = size - bytes.length;
    let read = 0;
    while (read < bytes.length) {
      const count = readSync(fd, bytes, read, bytes.length - read, from + read);
      if (count === 0) break;
      read += count;
    }
    return { text: bytes.toString('utf8', 0, read), isWhole: from === 0 };
  } finally {
    closeSync(fd);
  }
}
