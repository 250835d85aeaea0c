import { gzipSync } from 'node:zlib';
import { stripVTControlCharacters } from 'node:util';
import { sidesOf, teaserOf } from './failure-sides';
import { LANES, type CaseRecord, type RunRecord, type TimelineRecord } from './run-record';
import { kindOf } from './timeline-kinds';
import type { Trend } from './trend';

/**
 * The timeline of one case in columns, as the page reads it (page/data.js). Packed per case and unpacked when the case
 * is opened, so that a page with hundreds of thousands of events still opens at once.
 */
export interface TimelineChunk {
  /** Begin of the case, on the run clock. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Microseconds since the record before; the first since `fromMs`. */
  readonly deltaUs: readonly number[];
  /** Index into LANES. */
  readonly lane: readonly number[];
  /** Index into `names`. */
  readonly name: readonly number[];
  readonly names: readonly string[];
  readonly text: readonly string[];
  /** By place: what else is known, as JSON text; the length of a bar, below 0 when it ends there; a progress. Sparse. */
  readonly detail: Readonly<Record<number, string>>;
  readonly lengthMs: Readonly<Record<number, number>>;
  /** Places of console lines, and of lines of the event stream. */
  readonly console: readonly number[];
  readonly stream: readonly number[];
  readonly progress: readonly (readonly [place: number, percent: number, status: string])[];
  readonly sent: readonly (readonly [place: number, percent: number])[];
}

/** Their `elapsedMs` is the time before them. */
const TOLD_AT_THEIR_END: ReadonlySet<string> = new Set([
  'phase-ended',
  'flashed',
  'http-connect',
  'http-answer',
  'http-failed',
]);

const LONGEST_TEXT_CHARS = 1000;
const LONGEST_DETAIL_CHARS = 2000;

/** What is shown without opening a case. */
export function pageSummary(
  record: RunRecord,
  chunks: ReadonlyMap<string, TimelineChunk>,
  trend?: Trend,
): unknown {
  return {
    ...record,
    lanes: LANES,
    trend,
    cases: record.cases.map((one) => ({
      ...one,
      events: chunks.get(one.id)?.lane.length ?? 0,
      failures: one.failures.map((failure) => ({
        ...failure,
        ...sidesOf(failure),
        message: showable(failure.message, Infinity),
        teaser: teaserOf(failure),
        evidence: failure.evidence.map(({ title, lines }) => ({
          title,
          lines: lines.map((line) => showable(line)),
        })),
      })),
    })),
    between: record.rigs.map(({ name }) => ({
      rig: name,
      events: chunks.get(betweenId(name))?.lane.length ?? 0,
    })),
  };
}

/** The chunk of what happened on a rig outside of its cases. */
export function betweenId(rig: string): string {
  return `between-${rig}`;
}

/** One chunk a case, and one a rig for what lies between its cases; empty ones are left out. */
export function timelineChunks(
  record: RunRecord,
  timeline: readonly TimelineRecord[],
): ReadonlyMap<string, TimelineChunk> {
  const byRig = new Map<string, TimelineRecord[]>();
  for (const event of timeline) {
    const list = byRig.get(event.rig);
    if (list === undefined) byRig.set(event.rig, [event]);
    else list.push(event);
  }
  const chunks = new Map<string, TimelineChunk>();
  for (const [rig, events] of byRig) {
    const windows = record.cases
      .filter((one) => one.rig === rig)
      .map((one) => ({ id: one.id, ...windowOf(one) }))
      .sort((a, b) => a.fromMs - b.fromMs);
    let at = 0;
    const between: TimelineRecord[] = [];
    for (const { id, fromMs, toMs } of windows) {
      while (at < events.length && events[at]!.atMs < fromMs) between.push(events[at++]!);
      const begin = at;
      while (at < events.length && events[at]!.atMs <= toMs) at += 1;
      if (at > begin) chunks.set(id, packTimeline(events.slice(begin, at), fromMs, toMs));
    }
    between.push(...events.slice(at));
    const last = between.at(-1);
    if (last !== undefined) chunks.set(betweenId(rig), packTimeline(between, between[0]!.atMs, last.atMs));
  }
  return chunks;
}

/** A case's phases may begin before it: the lease of the first case of a file does. */
function windowOf(one: CaseRecord): { readonly fromMs: number; readonly toMs: number } {
  const begins = [one.startedAtMs, ...one.phases.map(({ atMs }) => atMs)];
  const ends = [
    one.startedAtMs + one.elapsedMs,
    ...one.phases.map(({ atMs, elapsedMs }) => atMs + elapsedMs),
  ];
  return { fromMs: Math.min(...begins), toMs: Math.max(...ends) };
}

/** Records by time, in columns. */
export function packTimeline(
  records: readonly TimelineRecord[],
  fromMs: number,
  toMs: number,
): TimelineChunk {
  const names = new Map<string, number>();
  const chunk = {
    fromMs,
    toMs,
    deltaUs: [] as number[],
    lane: [] as number[],
    name: [] as number[],
    names: [] as string[],
    text: [] as string[],
    detail: {} as Record<number, string>,
    lengthMs: {} as Record<number, number>,
    console: [] as number[],
    stream: [] as number[],
    progress: [] as [number, number, string][],
    sent: [] as [number, number][],
  };
  let beforeUs = 0;
  records.forEach((record, place) => {
    const atUs = Math.round((record.atMs - fromMs) * 1000);
    chunk.deltaUs.push(atUs - beforeUs);
    beforeUs = atUs;
    chunk.lane.push(LANES.indexOf(record.lane));
    if (!names.has(record.name)) names.set(record.name, names.size);
    chunk.name.push(names.get(record.name)!);
    const kind = kindOf(record);
    chunk.text.push(showable(kind.kind === 'stream-line' ? kind.line : (record.text ?? '')));
    if (kind.kind === 'console-line') chunk.console.push(place);
    if (kind.kind === 'stream-line') chunk.stream.push(place);
    if (kind.kind === 'progress') chunk.progress.push([place, kind.percent, kind.status]);
    if (kind.kind === 'sent') chunk.sent.push([place, Math.round(kind.percent * 100) / 100]);
    const { data } = record;
    if (data === undefined || Object.keys(data).length === 0) return;
    chunk.detail[place] = JSON.stringify(data).slice(0, LONGEST_DETAIL_CHARS);
    const { elapsedMs } = data;
    if (typeof elapsedMs !== 'number' || elapsedMs <= 0) return;
    chunk.lengthMs[place] = TOLD_AT_THEIR_END.has(record.name) ? -elapsedMs : elapsedMs;
  });
  chunk.names.push(...names.keys());
  return chunk;
}

/** Packed for a page: gzip, which every browser of the last years unpacks, as base64, which no markup minds. */
export function packChunk(chunk: TimelineChunk): string {
  return gzipSync(Buffer.from(JSON.stringify(chunk), 'utf8'), { level: 6 }).toString('base64');
}

/** Colours out, other control characters as pictures of themselves. */
function showable(text: string, longestChars = LONGEST_TEXT_CHARS): string {
  const plain = stripVTControlCharacters(text).replace(
    // eslint-disable-next-line no-control-regex -- control characters are what is looked for
    /[\u0000-\u0008\u000b-\u001f\u007f]/g,
    (control) => (control === '\u007f' ? '\u2421' : String.fromCharCode(0x2400 + control.charCodeAt(0))),
  );
  return plain.length > longestChars ? `${plain.slice(0, longestChars)}…` : plain;
}
