import { changeOfMetric, changeOfVerdict, groupMetrics, median, type Change } from './change';
import { caseInRow, imagesKey, metricKey, trendVerdict, type History, type HistoryRow } from './history';
import type { CaseRecord, MetricRecord, NewsRecord, RunRecord, Verdict } from './run-record';

/** So many runs back. */
const SHOWN_RUNS = 20;
/** A measurement may be worse than usual by this share before it is called so: wall times of a busy machine differ. */
const TOLERANCE = 0.25;
/** Fewer earlier runs say nothing about what is usual. */
const FEWEST_FOR_USUAL = 3;

/** What a case came to in an earlier run. */
export interface CaseMark {
  /** Index into `runs`. */
  readonly run: number;
  readonly verdict: Verdict;
  readonly elapsedMs: number;
  /** The same images were flashed as now. */
  readonly isSameFirmware: boolean;
}

export interface CaseTrend {
  /** Oldest first, without this run. */
  readonly marks: readonly CaseMark[];
  /** Against the last run that judged it. */
  readonly change?: Change | undefined;
  /** Passed and failed with the same images. */
  readonly isFlaky: boolean;
}

export interface MetricTrend {
  readonly name: string;
  readonly rig: string;
  readonly unit: string;
  readonly better?: MetricRecord['better'];
  /** Median of this run. */
  readonly now: number;
  /** Of earlier runs; there is at least one. */
  readonly median: number;
  readonly low: number;
  readonly high: number;
  readonly points: readonly { readonly run: number; readonly value: number }[];
  /** Against that median. */
  readonly change?: Change | undefined;
}

/** A run among those before it. */
export interface Trend {
  /** Earlier runs, oldest first. */
  readonly runs: readonly { readonly run: string; readonly startedAt: string; readonly firmware: string }[];
  /** By id; cases that no earlier run had are left out. */
  readonly cases: Readonly<Record<string, CaseTrend>>;
  readonly metrics: readonly MetricTrend[];
  /** About the history itself. */
  readonly notes: readonly string[];
}

/** What earlier runs say beside this one. Only those that began before it count: a killed run may be told late. */
export function trendOf(record: RunRecord, history: History, run?: string): Trend {
  const rows = history.rows.filter((row) => row.startedAt < record.startedAt && row.run !== run);
  const images = new Map(record.rigs.map((rig) => [rig.name, imagesKey(rig)]));
  return {
    runs: rows.map(({ run: name, startedAt, rigs }) => ({
      run: name,
      startedAt,
      firmware: [...new Set(rigs.map(({ firmware }) => firmware ?? ''))].filter(Boolean).join(', '),
    })),
    cases: Object.fromEntries(
      record.cases.flatMap((one) => {
        const trend = caseTrend(one, rows, images.get(one.rig));
        return trend.marks.length === 0 ? [] : [[one.id, trend]];
      }),
    ),
    metrics: metricTrends(record, rows),
    notes: history.notes,
  };
}

function caseTrend(one: CaseRecord, rows: readonly HistoryRow[], images: string | undefined): CaseTrend {
  const marks = rows
    .flatMap((row, run): readonly CaseMark[] => {
      const found = caseInRow(row, one.id);
      if (found === undefined) return [];
      const before = row.rigs.find(({ name }) => name === one.rig)?.images;
      return [{ run, ...found, isSameFirmware: images !== undefined && before === images }];
    })
    .slice(-SHOWN_RUNS);
  const last = marks.filter(({ verdict }) => verdict !== 'skipped').at(-1);
  const verdict = trendVerdict(one);
  const verdicts = new Set([
    verdict,
    ...marks.filter(({ isSameFirmware }) => isSameFirmware).map((mark) => mark.verdict),
  ]);
  return {
    marks,
    // A case that is skipped now is not judged: that is told where it is skipped.
    change: last === undefined || verdict === 'skipped' ? undefined : changeOfVerdict(last.verdict, verdict),
    isFlaky: verdicts.has('passed') && verdicts.has('failed'),
  };
}

function metricTrends(record: RunRecord, rows: readonly HistoryRow[]): readonly MetricTrend[] {
  return [...groupMetrics(record.metrics, metricKey)].flatMap(([key, { first, values }]) => {
    const points = rows
      .flatMap((row, run) => {
        const found = row.metrics.find((metric) => metricKey(metric) === key);
        return found === undefined || !Number.isFinite(found.value) ? [] : [{ run, value: found.value }];
      })
      .slice(-SHOWN_RUNS);
    if (points.length === 0) return [];
    const before = points.map(({ value }) => value);
    const now = median(values);
    const usual = median(before);
    const { name, rig, unit, better } = first;
    return {
      ...{ name, rig, unit, better, now, points },
      ...{ median: usual, low: Math.min(...before), high: Math.max(...before) },
      change: before.length < FEWEST_FOR_USUAL ? undefined : changeOfMetric(usual, now, better, TOLERANCE),
    };
  });
}

/** What is new against the runs before, for the head of a report. Undefined: there is nothing to compare with. */
export function newsOf(record: RunRecord, { cases, runs }: Trend): NewsRecord | undefined {
  const known = record.cases.filter(({ id }) => cases[id] !== undefined);
  if (known.length === 0) return undefined;
  const idsWith = (change: Change): readonly string[] =>
    known.filter(({ id }) => cases[id]?.change === change).map(({ id }) => id);
  return {
    comparedCases: known.length,
    lastRun: runs.at(-1)?.run ?? '',
    worse: idsWith('worse'),
    better: idsWith('better'),
    flaky: known.filter(({ id }) => cases[id]?.isFlaky === true).map(({ id }) => id),
  };
}
