import type { MatcherContext } from 'expect';
import type { ProgressReport } from '../../device/dut-event-types';
import type { ProgressStatus } from '../../device/dut-profile';
import { isShape, notFor, tell, type MatcherResult } from './format';

export interface ProgressWish {
  /** What the first report says, at most. */
  readonly from?: number;
  /** What the last report says. */
  readonly to?: number;
  /** Never falls. Default true. */
  readonly monotonic?: boolean;
  /** What the last report says of the upload. */
  readonly status?: ProgressStatus;
  /** The code in the last report. */
  readonly error?: string;
  /** Only reports from this position of the stream on (`events.mark()`). */
  readonly since?: number;
}

type Report = Pick<ProgressReport, 'progress' | 'status' | 'statusText' | 'error'> & {
  readonly position?: number;
};

const SHOWN = 6;

/** The event stream told of an upload's progress, as wanted. */
export function toReportProgress(
  this: MatcherContext,
  received: unknown,
  wish: ProgressWish = {},
): MatcherResult {
  const reports = reportsOf(received).filter(({ position = Infinity }) => position >= (wish.since ?? 0));
  const troubles = troublesOf(reports, wish);
  const numbers = reports.map(({ progress }) => progress);
  return tell(this, 'toReportProgress', ['events', wishText(wish)], {
    pass: troubles.length === 0,
    wanted: wishText(wish),
    seen: [...(troubles.length === 0 ? ['all of it'] : troubles), `reports: ${shorten(reports)}`],
    expected: wish,
    actual: numbers,
  });
}

function reportsOf(received: unknown): readonly Report[] {
  if (Array.isArray(received)) return received as readonly Report[];
  if (isShape<{ progress: unknown }>(received, 'progress') && Array.isArray(received.progress)) {
    return received.progress as readonly Report[];
  }
  return notFor('toReportProgress', 'an event stream', received);
}

function troublesOf(reports: readonly Report[], wish: ProgressWish): readonly string[] {
  const first = reports[0];
  const last = reports.at(-1);
  if (first === undefined || last === undefined) return ['no progress was reported at all'];
  const troubles: string[] = [];
  if (wish.from !== undefined && first.progress > wish.from)
    troubles.push(`the first report says ${first.progress}`);
  if (wish.monotonic !== false) {
    const at = reports.findIndex((report, i) => i > 0 && report.progress < reports[i - 1]!.progress);
    if (at > 0)
      troubles.push(
        `it falls from ${reports[at - 1]!.progress} to ${reports[at]!.progress}, report ${at + 1}`,
      );
  }
  const outside = reports.find(({ progress }) => !(progress >= 0 && progress <= 100));
  if (outside !== undefined) troubles.push(`${outside.progress} is no percentage`);
  if (wish.to !== undefined && last.progress !== wish.to)
    troubles.push(`the last report says ${last.progress}`);
  if (wish.status !== undefined && last.status !== wish.status) {
    troubles.push(`the last report's status is ${last.status ?? `'${last.statusText}'`}`);
  }
  if (wish.error !== undefined && last.error !== wish.error) {
    troubles.push(`the last report's error is ${last.error ?? '(none)'}`);
  }
  return troubles;
}

function wishText(wish: ProgressWish): string {
  const words = Object.entries(wish).map(([key, value]) => `${key}: ${String(value)}`);
  return words.length === 0 ? '' : `{${words.join(', ')}}`;
}

function shorten(reports: readonly Report[]): string {
  const words = reports.map(({ progress, status, statusText }) => `${progress} ${status ?? statusText}`);
  if (words.length === 0) return '(none)';
  if (words.length <= 2 * SHOWN) return words.join(', ');
  const left = words.length - 2 * SHOWN;
  return [...words.slice(0, SHOWN), `… ${left} more …`, ...words.slice(-SHOWN)].join(', ');
}
