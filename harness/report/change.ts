import type { MetricRecord, Verdict } from './run-record';

/** What became of something between two runs; `worse` is what somebody has to look at. */
export type Change = 'worse' | 'better' | 'changed';

/** How good a verdict is; broken and skipped say nothing about the firmware, but the run proves less than before. */
const RANK: Readonly<Record<Verdict, number>> = { passed: 3, skipped: 2, broken: 1, failed: 0 };

/** Undefined: the same verdict. */
export function changeOfVerdict(before: Verdict, after: Verdict): Change | undefined {
  const delta = RANK[after] - RANK[before];
  if (delta === 0) return undefined;
  // A case that was never judged before is news, good or bad, when it is judged now.
  const isNews = before === 'skipped' && after === 'passed';
  return delta < 0 ? 'worse' : isNews ? 'changed' : 'better';
}

/** Undefined: within the tolerance, which is a share of the value before. */
export function changeOfMetric(
  before: number,
  after: number,
  better: MetricRecord['better'],
  tolerance: number,
): Change | undefined {
  if (Math.abs(after - before) <= Math.abs(before) * tolerance) return undefined;
  if (better === undefined) return 'changed';
  return (better === 'more') === after > before ? 'better' : 'worse';
}

/** Measurements of the same thing, in the order in which they first came. */
export interface MetricGroup {
  readonly first: MetricRecord;
  readonly values: readonly number[];
}

/** What a run has measured several times comes together. */
export function groupMetrics(
  metrics: readonly MetricRecord[],
  keyOf: (metric: MetricRecord) => string,
): ReadonlyMap<string, MetricGroup> {
  const groups = new Map<string, { readonly first: MetricRecord; readonly values: number[] }>();
  for (const metric of metrics) {
    const group = groups.get(keyOf(metric));
    if (group === undefined) groups.set(keyOf(metric), { first: metric, values: [metric.value] });
    else group.values.push(metric.value);
  }
  return groups;
}

/** The middle one, or between the two of the middle; NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}
