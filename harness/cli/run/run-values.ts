/** What `esprig run --json` says, a value a line; README.md of this room has the list. */
import { VERDICTS, type CaseRecord, type RunRecord } from '../../report/run-record';
import type { ChosenRig } from './choose-rigs';

/** First: the run has begun. */
export function startValue(rigs: readonly ChosenRig[], folder: string): object {
  return { type: 'start', rigs: rigs.map(({ name }) => name), folder };
}

/** A case whose verdict is known. A later one with the same id stands in place of it. */
export function caseValue(record: CaseRecord): object {
  const { id, rig, file, titlePath, verdict, blame, code, skipReason, startedAtMs, elapsedMs } = record;
  const [first] = record.failures;
  return {
    type: 'case',
    ...{ id, rig, file, title: titlePath.join(' › '), verdict },
    // Keys without a value are left out by JSON.
    ...{ blame, code, message: first?.message, hint: first?.hint, skipReason },
    ...{ startedAtMs: Math.round(startedAtMs), elapsedMs: Math.round(elapsedMs) },
    phasesMs: phasesOf(record),
    repeatCommand: record.repeatCommand,
  };
}

/** How long each phase took; one that came several times, all of them together. */
function phasesOf({ phases }: CaseRecord): Readonly<Record<string, number>> {
  const sums: Record<string, number> = {};
  for (const { name, elapsedMs } of phases) sums[name] = (sums[name] ?? 0) + elapsedMs;
  return Object.fromEntries(Object.entries(sums).map(([name, sumMs]) => [name, Math.round(sumMs)]));
}

/** Last: what it came to. */
export function summaryValue(record: RunRecord, folder: string, htmlPath: string): object {
  const { exitCode, totals, elapsedMs, notes } = record;
  const counts = Object.fromEntries(VERDICTS.map((verdict) => [verdict, totals[verdict]]));
  return {
    type: 'summary',
    ...{ exitCode, totals: { cases: totals.cases, ...counts } },
    ...{ elapsedMs: Math.round(elapsedMs), folder, report: htmlPath, notes },
  };
}
