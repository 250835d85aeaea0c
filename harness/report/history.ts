import { appendFileSync, readFileSync } from 'node:fs';
import type { RunRecord, Totals, Verdict } from './run-record';

/** One line of `reports/history.jsonl`: a run in short, for trends. */
export interface HistoryRow {
  readonly startedAt: string;
  /** Name of the run's folder. */
  readonly run: string;
  readonly elapsedMs: number;
  readonly exitCode: number;
  readonly totals: Totals;
  readonly rigs: readonly { readonly name: string; readonly firmware?: string | undefined }[];
  /** Verdicts by case id; those that passed are not named one by one. */
  readonly notPassed: Readonly<Record<string, Verdict>>;
  readonly metrics: readonly {
    readonly name: string;
    readonly rig: string;
    readonly value: number;
    readonly unit: string;
  }[];
}

export function historyRow(record: RunRecord, run: string): HistoryRow {
  return {
    startedAt: record.startedAt,
    run,
    elapsedMs: Math.round(record.elapsedMs),
    exitCode: record.exitCode,
    totals: record.totals,
    rigs: record.rigs.map(({ name, firmware }) => ({
      name,
      firmware: firmware === undefined ? undefined : `${firmware.app} ${firmware.version}`,
    })),
    notPassed: Object.fromEntries(
      record.cases.filter(({ verdict }) => verdict !== 'passed').map(({ id, verdict }) => [id, verdict]),
    ),
    metrics: record.metrics.map(({ name, rig, value, unit }) => ({ name, rig, value, unit })),
  };
}

/** One write, so that two runs that end at once do not mix their lines. Begins anew behind a torn line. */
export function appendHistory(path: string, row: HistoryRow): void {
  const isTorn = readText(path).slice(-1) !== '\n' && readText(path) !== '';
  appendFileSync(path, `${isTorn ? '\n' : ''}${JSON.stringify(row)}\n`);
}

/** The last `limit` runs, oldest first; lines that are none are passed over. */
export function readHistory(path: string, limit = 100): readonly HistoryRow[] {
  return readText(path)
    .split('\n')
    .flatMap((line) => {
      try {
        const row = JSON.parse(line) as HistoryRow;
        return typeof row.startedAt === 'string' && typeof row.totals === 'object' ? [row] : [];
      } catch {
        return [];
      }
    })
    .slice(-limit);
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
