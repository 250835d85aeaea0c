/** Nights before a run, for tests and for looking at the page. */
import { historyRow, type HistoryRow } from '../history';
import type { RunRecord, TimelineRecord, Verdict } from '../run-record';
import { newsOf, trendOf, type Trend } from '../trend';
import { largeRun, steadyRandom } from './sample-run';

const DAY_MS = 86_400_000;

export interface NightsOptions {
  readonly count: number;
  /** Verdict of a case in a night, 0 the oldest; default: passed, or skipped where it is skipped now. */
  readonly verdictOf?: (caseIndex: number, night: number) => Verdict | undefined;
  /** Nights with the images of now, counted from the last one. Default: all. */
  readonly withSameImages?: number;
}

/** Rows of the history, a night each, before `record`. */
export function sampleNights(record: RunRecord, options: NightsOptions): readonly HistoryRow[] {
  const { count, verdictOf, withSameImages = count } = options;
  const random = steadyRandom(11);
  return Array.from({ length: count }, (_, night) => {
    const isSame = night >= count - withSameImages;
    // eslint-disable-next-line no-restricted-globals -- a given time is written, none is read
    const startedAt = new Date(Date.parse(record.startedAt) - (count - night) * DAY_MS).toISOString();
    const rigs = record.rigs.map((rig) =>
      isSame || rig.firmware === undefined
        ? rig
        : {
            ...rig,
            firmware: {
              ...rig.firmware,
              version: '0.9.7',
              images: rig.firmware.images.map((image) => ({ ...image, sha256: 'ef'.repeat(32) })),
            },
          },
    );
    const cases = record.cases.map((one, index) => ({
      ...one,
      verdict: verdictOf?.(index, night) ?? (one.verdict === 'skipped' ? one.verdict : ('passed' as const)),
      elapsedMs: one.elapsedMs * (0.85 + 0.3 * random()),
    }));
    const metrics = record.metrics.map((metric) => ({
      ...metric,
      value: metric.value * (0.9 + 0.15 * random()),
    }));
    return historyRow({ ...record, startedAt, rigs, cases, metrics }, `night-${String(night)}`);
  });
}

/** A large run after twenty nights: some cases are new failures, some are mended, some go now so, now so. */
export function runWithNights(
  caseCount: number,
  facts: Partial<RunRecord> = {},
): {
  readonly record: RunRecord;
  readonly timeline: readonly TimelineRecord[];
  readonly trend: Trend;
} {
  const { record: large, timeline } = largeRun(caseCount, caseCount * 20);
  const record = { ...large, ...facts };
  const rows = sampleNights(record, {
    count: 20,
    withSameImages: 9,
    verdictOf: (index, night) => {
      if (index % 29 === 11) return 'skipped';
      if (index % 17 === 3) return night === 19 || night % 6 === 2 ? 'failed' : 'passed';
      return index % 31 === 5 && night === 14 ? 'broken' : undefined;
    },
  });
  const trend = trendOf(record, { rows, notes: [] });
  return { record: { ...record, news: newsOf(record, trend) }, timeline, trend };
}
