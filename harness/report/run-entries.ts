/**
 * What the processes of a run write while it goes on, one JSON value a line: the side channel from tests to the report.
 * Jest gives a worker no other way to tell a reporter something, and a file survives the worker.
 */
import type { CaseRecord, MetricRecord, RigRecord, TimelineRecord } from './run-record';

/** First line of each file: who writes it. */
export interface HeadEntry {
  readonly type: 'head';
  readonly formatVersion: 1;
  readonly worker: string;
  readonly pid: number;
}

/** A case has begun; without a `case` entry of the same id behind it, its worker died in the middle. */
export interface CaseStartEntry {
  readonly type: 'case-start';
  readonly case: Pick<
    CaseRecord,
    'id' | 'file' | 'titlePath' | 'rig' | 'startedAtMs' | 'needs' | 'repeatCommand'
  >;
}

/** The last `case` entry of an id counts. */
export interface CaseEntry {
  readonly type: 'case';
  readonly case: CaseRecord;
}

/** Raw console bytes: latin-1 text, so that JSON carries each byte. */
export interface SerialEntry {
  readonly type: 'serial';
  readonly atMs: number;
  readonly rig: string;
  readonly bytes: string;
}

/** A file of the parts folder was begun for packets of a rig's air (pcap records), up to the end of the next case. */
export interface CaptureEntry {
  readonly type: 'capture';
  readonly rig: string;
  readonly part: string;
}

export type RunEntry =
  | HeadEntry
  | CaseStartEntry
  | CaseEntry
  | SerialEntry
  | CaptureEntry
  | { readonly type: 'rig'; readonly rig: RigRecord }
  | { readonly type: 'event'; readonly event: TimelineRecord }
  | { readonly type: 'metric'; readonly metric: MetricRecord }
  | { readonly type: 'note'; readonly note: string };
