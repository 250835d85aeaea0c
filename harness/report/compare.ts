import { changeOfMetric, changeOfVerdict, groupMetrics, median, type Change } from './change';
import type { CaseRecord, ImageRecord, MetricRecord, RunRecord, Verdict } from './run-record';

export interface VerdictChange {
  readonly title: string;
  readonly file: string;
  readonly rig: string;
  readonly base: Verdict;
  readonly head: Verdict;
  readonly change: Change;
  readonly message?: string | undefined;
}

export interface MetricChange {
  readonly name: string;
  readonly rig: string;
  readonly unit: string;
  /** Medians, where a run has measured several times. */
  readonly base: number;
  readonly head: number;
  /** head / base; undefined when base is 0. */
  readonly ratio: number | undefined;
  /** Undefined: within the tolerance. */
  readonly change: Change | undefined;
}

export interface ImageChange {
  readonly rig: string;
  readonly slot: string;
  readonly baseBytes: number;
  readonly headBytes: number;
  readonly segments: readonly SegmentChange[];
}

/** A segment of the image that moved, grew, came or went. */
export interface SegmentChange {
  readonly what: string;
  readonly base: string;
  readonly head: string;
}

export interface Comparison {
  readonly verdicts: readonly VerdictChange[];
  /** Cases that only one of the runs has. */
  readonly added: readonly CaseRecord[];
  readonly removed: readonly CaseRecord[];
  /** Those of `removed` that had passed: nothing proves any more what they proved. None where that is allowed. */
  readonly lost: readonly CaseRecord[];
  /** Cases that both runs have: of none there is nothing to compare. */
  readonly inCommon: number;
  readonly unchanged: number;
  readonly metrics: readonly MetricChange[];
  readonly images: readonly ImageChange[];
  /** A verdict or a metric got worse, or a case was lost. */
  readonly gotWorse: boolean;
}

export interface CompareOptions {
  /** A metric may be worse by this share before it counts: 0.1 = 10 %. */
  readonly tolerance: number;
  /** Cases may be left out of the head run on purpose. */
  readonly allowGone?: boolean | undefined;
}

/** Two runs of the same cases side by side; on another rig too, if each run has only one. */
export function compareRuns(base: RunRecord, head: RunRecord, options: CompareOptions): Comparison {
  const keyOf = keyFor(base, head);
  const baseCases = new Map(base.cases.map((one) => [keyOf.case(one), one]));
  const headCases = new Map(head.cases.map((one) => [keyOf.case(one), one]));
  const verdicts = [...headCases].flatMap(([key, after]) => {
    const before = baseCases.get(key);
    const change = before === undefined ? undefined : changeOfVerdict(before.verdict, after.verdict);
    return before === undefined || change === undefined ? [] : [verdictChange(before, after, change)];
  });
  const added = [...headCases].filter(([key]) => !baseCases.has(key)).map(([, one]) => one);
  const removed = [...baseCases].filter(([key]) => !headCases.has(key)).map(([, one]) => one);
  const lost = options.allowGone === true ? [] : removed.filter(({ verdict }) => verdict === 'passed');
  const inCommon = headCases.size - added.length;
  const metrics = compareMetrics(base, head, keyOf.rig, options.tolerance);
  return {
    verdicts: verdicts.sort((a, b) => ORDER.indexOf(a.change) - ORDER.indexOf(b.change)),
    added,
    removed,
    lost,
    inCommon,
    unchanged: inCommon - verdicts.length,
    metrics,
    images: compareImages(base, head, keyOf.rig),
    gotWorse: lost.length > 0 || [...verdicts, ...metrics].some(({ change }) => change === 'worse'),
  };
}

const ORDER: readonly (Change | undefined)[] = ['worse', 'better', 'changed'];

interface Keys {
  readonly rig: (name: string) => string;
  readonly case: (one: CaseRecord) => string;
}

/** Runs on one rig each are compared although the rigs have different names: that is what one does with two boards. */
function keyFor(base: RunRecord, head: RunRecord): Keys {
  const isOnOneRig = base.rigs.length === 1 && head.rigs.length === 1;
  const rig = (name: string): string => (isOnOneRig ? '' : name);
  return { rig, case: ({ file, titlePath, rig: name }) => JSON.stringify([file, titlePath, rig(name)]) };
}

function verdictChange(before: CaseRecord, after: CaseRecord, change: Change): VerdictChange {
  return {
    title: after.titlePath.join(' › '),
    file: after.file,
    rig: after.rig,
    base: before.verdict,
    head: after.verdict,
    change,
    message: after.failures[0]?.message.split('\n')[0] ?? after.skipReason,
  };
}

function compareMetrics(
  base: RunRecord,
  head: RunRecord,
  rigKey: Keys['rig'],
  tolerance: number,
): readonly MetricChange[] {
  const keyOf = ({ name, unit, rig }: MetricRecord): string => JSON.stringify([name, unit, rigKey(rig)]);
  const before = groupMetrics(base.metrics, keyOf);
  return [...groupMetrics(head.metrics, keyOf)].flatMap(([key, after]) => {
    const known = before.get(key);
    if (known === undefined) return [];
    const [baseValue, headValue] = [median(known.values), median(after.values)];
    const { name, rig, unit, better } = after.first;
    return {
      name,
      rig,
      unit,
      base: baseValue,
      head: headValue,
      ratio: baseValue === 0 ? undefined : headValue / baseValue,
      change: changeOfMetric(baseValue, headValue, better, tolerance),
    };
  });
}

function compareImages(base: RunRecord, head: RunRecord, rigKey: Keys['rig']): readonly ImageChange[] {
  return head.rigs.flatMap(({ name, firmware }) => {
    const before = base.rigs.find((rig) => rigKey(rig.name) === rigKey(name))?.firmware;
    return (firmware?.images ?? []).flatMap((image) => {
      const known = before?.images.find(({ slot }) => slot === image.slot);
      if (known === undefined || known.sha256 === image.sha256) return [];
      return {
        rig: name,
        slot: image.slot,
        baseBytes: known.sizeBytes,
        headBytes: image.sizeBytes,
        segments: compareSegments(known, image),
      };
    });
  });
}

/** By place in the image: its segments have no names of their own. */
function compareSegments(base: ImageRecord, head: ImageRecord): readonly SegmentChange[] {
  const [before, after] = [base.segments ?? [], head.segments ?? []];
  return Array.from({ length: Math.max(before.length, after.length) }, (_, index) => {
    const words = (segment: (typeof before)[number] | undefined): string =>
      segment === undefined
        ? 'none'
        : `0x${segment.addr.toString(16).padStart(8, '0')} ${String(segment.sizeBytes)} bytes`;
    const name = after[index]?.name ?? before[index]?.name ?? '';
    return {
      what: `segment ${String(index)} ${name}`.trimEnd(),
      base: words(before[index]),
      head: words(after[index]),
    };
  }).filter((change) => change.base !== change.head);
}
