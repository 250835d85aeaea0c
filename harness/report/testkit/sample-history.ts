/** Nights before a run, for tests and for looking at the page. */
import { historyRow, type HistoryRow } from '../history';
import type { RunRecord, Verdict } from '../run-record';
import { steadyRandom } from './sample-run';

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
