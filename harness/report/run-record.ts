/**
 * What a run leaves behind, as values: `run.json` is a RunRecord; everything else in the folder is made from it and from
 * the entries that the workers wrote (run-entries.ts).
 *
 * Times are on the run clock: milliseconds since the run began, the same for every worker process.
 */
import type { Blame, ExitCode } from '../core/errors';

/** passed; failed: the firmware must act; broken: rig, harness or case must; skipped: with the reason. */
export type Verdict = 'passed' | 'failed' | 'broken' | 'skipped';

export const VERDICTS = ['failed', 'broken', 'passed', 'skipped'] as const satisfies readonly Verdict[];

/** The tracks of the one timeline, in the order in which they are drawn. */
export const LANES = ['step', 'serial', 'sse', 'http', 'flash', 'reset', 'power', 'air', 'rig'] as const;

export type Lane = (typeof LANES)[number];

/**
 * Something that happened at a moment, or from a moment on for `data.elapsedMs` (until it, for what is told at its end:
 * TOLD_AT_THEIR_END in page-data.ts).
 *
 * What the pages understand: lane `serial` name `line` is a console line (`text`); lane `sse` name `log` is the same line
 * as the device streamed it; any `sse` record with a number `data.progress` is a point of the progress plot; an `http`
 * record with numbers `data.sentBytes` and `data.totalBytes` is a point of the upload plot; `data.lost` / `data.cut` /
 * `data.reordered` = true mark an SSE line that differs from the console.
 */
export interface TimelineRecord {
  readonly atMs: number;
  readonly rig: string;
  readonly lane: Lane;
  /** Kebab-case: `line`, `progress`, `request`, `flash-block`, `line-change`. */
  readonly name: string;
  /** What a person reads. */
  readonly text?: string | undefined;
  readonly data?: Readonly<Record<string, unknown>> | undefined;
}

export interface EvidenceRecord {
  readonly title: string;
  readonly lines: readonly string[];
}

export interface FailureRecord {
  /** As the matcher or the error said it; both sides are in it. ANSI colours are taken out when it is written. */
  readonly message: string;
  readonly blame?: Blame | undefined;
  /** ESPRIG_* where an error of ours was thrown. */
  readonly code?: string | undefined;
  readonly hint?: string | undefined;
  /** Shown side by side, where the matcher knows them. */
  readonly expected?: string | undefined;
  readonly received?: string | undefined;
  /** Frames of the case's own file come first. */
  readonly stack?: string | undefined;
  readonly evidence: readonly EvidenceRecord[];
}

export interface PhaseRecord {
  /** lease, flash, boot, body, teardown. */
  readonly name: string;
  readonly atMs: number;
  readonly elapsedMs: number;
}

/** An earlier try of the same case: nothing is retried silently. */
export interface AttemptRecord {
  readonly verdict: Verdict;
  readonly elapsedMs: number;
  readonly message?: string | undefined;
}

export interface CaseRecord {
  /** The same case on the same rig has the same id in every run: see caseId(). */
  readonly id: string;
  /** From the project's folder, with forward slashes. */
  readonly file: string;
  /** describe titles, then the test's own. */
  readonly titlePath: readonly string[];
  /** Name of the rig; empty when none was opened. */
  readonly rig: string;
  readonly verdict: Verdict;
  readonly blame?: Blame | undefined;
  readonly code?: string | undefined;
  readonly startedAtMs: number;
  readonly elapsedMs: number;
  readonly phases: readonly PhaseRecord[];
  readonly failures: readonly FailureRecord[];
  readonly skipReason?: string | undefined;
  /** Capabilities that the case asked for. */
  readonly needs: readonly string[];
  /** A shell line that runs this case alone. */
  readonly repeatCommand: string;
  readonly attempts?: readonly AttemptRecord[] | undefined;
  /** The capture file that has its packets. */
  readonly capture?: string | undefined;
}

export interface ImageSegmentRecord {
  /** Where it is loaded or mapped. */
  readonly addr: number;
  readonly sizeBytes: number;
  /** `irom`, `dram` and such. */
  readonly name?: string | undefined;
}

export interface ImageRecord {
  /** Slot it is meant for. */
  readonly slot: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly elfSha256?: string | undefined;
  readonly segments?: readonly ImageSegmentRecord[] | undefined;
}

export interface FirmwareRecord {
  readonly app: string;
  readonly version: string;
  /** `open-runtime`, `rtos-sdk 3.4`, `unknown`. */
  readonly runtime?: string | undefined;
  readonly images: readonly ImageRecord[];
}

export interface RigRecord {
  readonly name: string;
  readonly kind: 'virtual' | 'serial';
  readonly capabilities: readonly string[];
  readonly layout?: string | undefined;
  readonly mac?: string | undefined;
  readonly baseUrl?: string | undefined;
  readonly firmware?: FirmwareRecord | undefined;
  /** Things a reader should know: leniencies of the emulator, retries of the link. */
  readonly notes?: readonly string[] | undefined;
}

/** A number worth following from run to run: `boot time`, `upload speed`, `lowest heap`. */
export interface MetricRecord {
  readonly name: string;
  readonly value: number;
  /** `ms`, `kB/s`, `bytes`. */
  readonly unit: string;
  readonly rig: string;
  /** Which way is good; without it a change is told and not judged. */
  readonly better?: 'less' | 'more' | undefined;
  /** Id of the case that measured it. */
  readonly caseId?: string | undefined;
}

/** A capture file: packets with times of this machine; `startedAt` of the run is 0 of the timeline. */
export interface CaptureRecord {
  /** In the run's folder. */
  readonly file: string;
  readonly rig: string;
  readonly packets: number;
  readonly sizeBytes: number;
  /** First and last packet, on the run clock. */
  readonly fromMs: number;
  readonly toMs: number;
}

/** Against the runs before, by ids of cases. */
export interface NewsRecord {
  /** Cases of this run that an earlier one had, too. */
  readonly comparedCases: number;
  /** Folder of the run before. */
  readonly lastRun: string;
  /** Than when they were last judged: those that passed, above all. */
  readonly worse: readonly string[];
  readonly better: readonly string[];
  /** Passed and failed with the same images. */
  readonly flaky: readonly string[];
}

export type Totals = Readonly<Record<Verdict, number>> & { readonly cases: number };

export interface RunRecord {
  readonly formatVersion: 1;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly elapsedMs: number;
  /** What was typed. */
  readonly command: string;
  readonly esprigVersion?: string | undefined;
  readonly nodeVersion?: string | undefined;
  readonly rigs: readonly RigRecord[];
  readonly cases: readonly CaseRecord[];
  readonly totals: Totals;
  readonly exitCode: ExitCode;
  /** Why the run ended before its time, for which it proves nothing. Absent: it did not, or was meant to (`--bail`). */
  readonly cutShort?: string | undefined;
  readonly metrics: readonly MetricRecord[];
  /** One for each board whose air was captured. */
  readonly captures?: readonly CaptureRecord[] | undefined;
  /** Absent: there was no run before. */
  readonly news?: NewsRecord | undefined;
  /** What went wrong with the report itself or outside any case: a worker that died, lines that could not be read. */
  readonly notes: readonly string[];
}

/** Stable over runs and machines: file, titles and rig, in a form that fits into a URL fragment. */
export function caseId(file: string, titlePath: readonly string[], rig: string): string {
  const text = [file, ...titlePath, rig].join('\u0000');
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(text)) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  }
  return `c${hash.toString(16).padStart(16, '0')}`;
}
