import type { CaseRecord, MetricRecord, RunRecord, TimelineRecord } from './run-record';

/** Phases of opening a rig that are measurements of their own. */
const PHASE_METRICS: Readonly<Record<string, string>> = { flash: 'flash time', boot: 'boot time' };
/** Smaller uploads are no images. */
const SMALLEST_IMAGE_BYTES = 65_536;
/** Two boards of one name share a timeline: an answer belongs to the request that began when it says. */
const SAME_MOMENT_MS = 100;

/** Numbers that every run has without asking for them: of its phases, its uploads, the status of its device. */
export function derivedMetrics(
  { cases, rigs }: Pick<RunRecord, 'cases' | 'rigs'>,
  timeline: readonly TimelineRecord[],
): readonly MetricRecord[] {
  const times = [...cases.flatMap(openingTimes), ...updateTimes(cases, timeline)];
  const isReal = new Set(rigs.filter(({ kind }) => kind === 'serial').map(({ name }) => name));
  // How long an emulated board takes depends on how busy this machine is: that is told, and not judged.
  const judged = times.map((metric) =>
    isReal.has(metric.rig) ? { ...metric, better: 'less' as const } : metric,
  );
  return [...judged, ...lowestHeaps(timeline)];
}

/** Of the rig's opening, which comes before the case; a case may have phases of these names, too. */
function openingTimes({ phases, rig, id, startedAtMs }: CaseRecord): readonly MetricRecord[] {
  return phases.flatMap(({ name, atMs, elapsedMs }) => {
    const metric = PHASE_METRICS[name];
    return metric === undefined || atMs >= startedAtMs
      ? []
      : [{ name: metric, value: rounded(elapsedMs), unit: 'ms', rig, caseId: id }];
  });
}

/** From the first byte of an image to the device's word that it is installed. */
function updateTimes(
  cases: readonly CaseRecord[],
  timeline: readonly TimelineRecord[],
): readonly MetricRecord[] {
  const passed = cases.filter(({ verdict }) => verdict === 'passed');
  const begun = new Map<string, TimelineRecord>();
  return timeline.flatMap((event): readonly MetricRecord[] => {
    const { rig, name, data = {}, atMs } = event;
    if (name !== 'http-request' && name !== 'http-answer') return [];
    const key = JSON.stringify([rig, data['connection']]);
    if (name === 'http-request') {
      begun.set(key, event);
      return [];
    }
    const request = begun.get(key);
    const { status, elapsedMs } = data;
    if (request === undefined || status !== 200 || typeof elapsedMs !== 'number') return [];
    const { method, bodyBytes } = request.data ?? {};
    const isImage = method === 'POST' && Number(bodyBytes) >= SMALLEST_IMAGE_BYTES;
    if (!isImage || Math.abs(atMs - elapsedMs - request.atMs) > SAME_MOMENT_MS) return [];
    const during = passed.find(
      (one) => one.rig === rig && one.startedAtMs <= atMs && atMs <= one.startedAtMs + one.elapsedMs,
    );
    if (during === undefined) return [];
    const value = rounded(elapsedMs);
    return [{ name: 'update time', value, unit: 'ms', rig, caseId: during.id }];
  });
}

/** The least that any status told. */
function lowestHeaps(timeline: readonly TimelineRecord[]): readonly MetricRecord[] {
  const lowest = new Map<string, number>();
  for (const { rig, name, data } of timeline) {
    const bytes = data?.['heapLowestBytes'];
    if (name !== 'dut-status' || typeof bytes !== 'number') continue;
    lowest.set(rig, Math.min(bytes, lowest.get(rig) ?? Infinity));
  }
  return [...lowest].map(([rig, value]) => ({
    name: 'lowest heap',
    value,
    unit: 'bytes',
    rig,
    better: 'more',
  }));
}

function rounded(ms: number): number {
  return Math.round(ms * 10) / 10;
}
