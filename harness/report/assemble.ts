import { exitCodeFor, type ExitCode } from '../core/errors';
import type { Captures } from './captures';
import { derivedMetrics } from './derived-metrics';
import type { SerialEntry } from './run-entries';
import type { RunParts } from './run-reader';
import type { CaseRecord, RunRecord, TimelineRecord, Totals } from './run-record';
import { SerialLines } from './serial-lines';

/** Why a run ended before all was done. */
export interface CutShort {
  readonly reason: string;
  /** As `--bail` does: what had not been judged by then was not wanted. Otherwise the run proves nothing. */
  readonly isWanted: boolean;
}

export interface RunFacts {
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  /** Default: up to the last thing that was told. */
  readonly elapsedMs?: number | undefined;
  readonly command: string;
  readonly esprigVersion?: string | undefined;
  readonly nodeVersion?: string | undefined;
  /** Cases that no worker told of, broken with their file, or that went wrong when they had been told as passed. */
  readonly extraCases?: readonly CaseRecord[] | undefined;
  readonly notes?: readonly string[] | undefined;
  readonly cutShort?: CutShort | undefined;
  readonly captures?: Captures | undefined;
}

export interface AssembledRun {
  readonly record: RunRecord;
  /** All rigs, by time, console lines among it. */
  readonly timeline: readonly TimelineRecord[];
  readonly serial: readonly SerialEntry[];
}

/**
 * One record from what the workers wrote. What a worker told of a case counts more than an extra case of the same id, but
 * for one that it called passed: what came after that counts.
 */
export function assembleRun(parts: RunParts, facts: RunFacts): AssembledRun {
  const told = new Map(parts.cases.map(({ id, verdict }) => [id, verdict]));
  const extra = (facts.extraCases ?? []).filter(({ id }) => (told.get(id) ?? 'passed') === 'passed');
  const late = new Set(extra.map(({ id }) => id));
  const others = parts.cases.filter(({ id }) => !late.has(id));
  const { cutShort } = facts;
  const { captures } = facts;
  const cases = [...others, ...extra]
    .map((one) => {
      const capture = captures?.fileOfCase.get(one.id);
      return capture === undefined ? one : { ...one, capture };
    })
    .map((one) => (cutShort?.isWanted === true ? withoutJudgement(one, cutShort.reason) : one))
    .sort((a, b) => a.startedAtMs - b.startedAtMs);
  return {
    record: {
      formatVersion: 1,
      startedAt: facts.startedAt,
      elapsedMs: facts.elapsedMs ?? parts.lastAtMs,
      command: facts.command,
      esprigVersion: facts.esprigVersion,
      nodeVersion: facts.nodeVersion,
      rigs: parts.rigs,
      cases,
      totals: totalsOf(cases),
      exitCode: cutShort?.isWanted === false ? exitCodeFor('harness') : exitCodeOfRun(cases),
      cutShort: cutShort?.isWanted === false ? cutShort.reason : undefined,
      metrics: [...parts.metrics, ...derivedMetrics({ cases, rigs: parts.rigs }, parts.events)],
      captures: captures?.records,
      notes: [
        ...parts.notes,
        ...(captures?.notes ?? []),
        ...(facts.notes ?? []),
        ...(cutShort === undefined ? [] : [cutShort.reason]),
      ],
    },
    timeline: withConsoleLines(parts.events, parts.serial),
    serial: parts.serial,
  };
}

/** A case that was ended in its middle, and not for anything that happened in it. */
function withoutJudgement(one: CaseRecord, reason: string): CaseRecord {
  if (one.code !== 'ESPRIG_CANCELLED') return one;
  return {
    ...one,
    ...{ verdict: 'skipped', skipReason: reason, failures: [] },
    ...{ blame: undefined, code: undefined },
  };
}

export function totalsOf(cases: readonly CaseRecord[]): Totals {
  const totals = { passed: 0, failed: 0, broken: 0, skipped: 0, cases: cases.length };
  for (const { verdict } of cases) totals[verdict] += 1;
  return totals;
}

/**
 * The worst case decides: a run whose rig broke proves nothing about the firmware, so 3 hides 1. A mistake in a case
 * counts as broken, not as wrong usage: the command line was right. No case at all is wrong usage.
 */
export function exitCodeOfRun(cases: readonly CaseRecord[]): ExitCode {
  if (cases.length === 0) return exitCodeFor('case');
  if (cases.some(({ verdict }) => verdict === 'broken')) return exitCodeFor('harness');
  return cases.some(({ verdict }) => verdict === 'failed') ? exitCodeFor('dut') : 0;
}

/** Console lines from the raw bytes, for each rig that has not told its lines itself. */
function withConsoleLines(
  events: readonly TimelineRecord[],
  serial: readonly SerialEntry[],
): readonly TimelineRecord[] {
  const tellsItself = new Set(
    events.filter(({ lane, name }) => lane === 'serial' && name === 'line').map(({ rig }) => rig),
  );
  const lines = new Map<string, SerialLines>();
  const made: TimelineRecord[] = [];
  const add = (rig: string, found: readonly { atMs: number; text: string }[]): void => {
    for (const line of found) made.push({ ...line, rig, lane: 'serial', name: 'line' });
  };
  for (const { rig, atMs, bytes } of serial) {
    if (tellsItself.has(rig)) continue;
    const reader = lines.get(rig) ?? new SerialLines();
    lines.set(rig, reader);
    add(rig, reader.feed(bytes, atMs));
  }
  for (const [rig, reader] of lines) add(rig, reader.end());
  return made.length === 0 ? events : [...events, ...made].sort((a, b) => a.atMs - b.atMs);
}
