import { createReadStream, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { CapturePart } from './captures';
import type { HeadEntry, RunEntry, SerialEntry } from './run-entries';
import { PARTS_FOLDER } from './run-folder';
import type { CaseRecord, MetricRecord, RigRecord, TimelineRecord } from './run-record';

/** What the processes of a run have written, put together again. */
export interface RunParts {
  readonly cases: readonly CaseRecord[];
  readonly rigs: readonly RigRecord[];
  readonly events: readonly TimelineRecord[];
  readonly serial: readonly SerialEntry[];
  readonly metrics: readonly MetricRecord[];
  readonly captures: readonly CapturePart[];
  readonly notes: readonly string[];
  /** The latest time that any entry names: how long a run lasted whose end nobody wrote. */
  readonly lastAtMs: number;
}

const TYPES: ReadonlySet<unknown> = new Set<RunEntry['type']>([
  'head',
  'case-start',
  'case',
  'serial',
  'capture',
  'rig',
  'event',
  'metric',
  'note',
]);

/**
 * Reads every part of a run's folder. A line that is no entry (the last one of a killed process) is passed over and
 * told in the notes; a case that began and did not end is broken.
 */
export async function readRunParts(folder: string): Promise<RunParts> {
  const gathered = new Gathered();
  for (const name of partNames(folder)) {
    const input = createReadStream(join(folder, PARTS_FOLDER, name), { encoding: 'utf8' });
    gathered.beginFile(name);
    for await (const line of createInterface({ input, crlfDelay: Infinity })) gathered.takeLine(line);
    gathered.endFile();
  }
  return gathered.result();
}

function partNames(folder: string): readonly string[] {
  try {
    return readdirSync(join(folder, PARTS_FOLDER))
      .filter((name) => name.endsWith('.ndjson'))
      .sort();
  } catch {
    return [];
  }
}

class Gathered {
  readonly #cases = new Map<string, CaseRecord>();
  readonly #rigs = new Map<string, RigRecord>();
  readonly #events: TimelineRecord[] = [];
  readonly #serial: SerialEntry[] = [];
  readonly #metrics: MetricRecord[] = [];
  readonly #captures: CapturePart[] = [];
  readonly #notes: string[] = [];
  #lastAtMs = 0;
  #file = '';
  #head: HeadEntry | undefined;
  #unreadable = 0;
  /** Begun in this file and not over; cases of one worker run one after the other. */
  #open = new Map<string, Extract<RunEntry, { type: 'case-start' }>['case']>();
  #lastAtMsOfFile = 0;
  /** Begun in this file, by rig; the next case of the rig is theirs. */
  #openCaptures = new Map<string, CapturePart>();

  beginFile(name: string): void {
    this.#file = name;
    this.#head = undefined;
    this.#unreadable = 0;
    this.#open = new Map();
    this.#lastAtMsOfFile = 0;
    this.#openCaptures = new Map();
  }

  takeLine(line: string): void {
    if (line === '') return;
    const entry = parseEntry(line);
    if (entry === undefined) this.#unreadable += 1;
    else this.#take(entry);
  }

  endFile(): void {
    const worker = this.#head === undefined ? this.#file : `${this.#head.worker} (pid ${this.#head.pid})`;
    if (this.#unreadable > 0) {
      this.#notes.push(`${worker}: ${this.#unreadable} incomplete line(s) passed over in ${this.#file}`);
    }
    for (const started of this.#open.values()) this.#endCapture(started.rig, started.id);
    this.#captures.push(...this.#openCaptures.values());
    for (const started of this.#open.values()) {
      if (this.#cases.has(started.id)) continue;
      this.#notes.push(`${worker} ended in the middle of: ${started.titlePath.join(' › ')}`);
      this.#cases.set(started.id, unfinishedCase(started, this.#lastAtMsOfFile, worker));
    }
  }

  result(): RunParts {
    const byTime = (a: { atMs: number }, b: { atMs: number }): number => a.atMs - b.atMs;
    return {
      cases: [...this.#cases.values()].sort((a, b) => a.startedAtMs - b.startedAtMs),
      rigs: [...this.#rigs.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
      events: this.#events.sort(byTime),
      serial: this.#serial.sort(byTime),
      metrics: this.#metrics,
      captures: this.#captures.sort((a, b) => (a.part < b.part ? -1 : 1)),
      notes: this.#notes,
      lastAtMs: this.#lastAtMs,
    };
  }

  #take(entry: RunEntry): void {
    switch (entry.type) {
      case 'head':
        this.#head = entry;
        return;
      case 'case-start':
        this.#open.set(entry.case.id, entry.case);
        return this.#passed(entry.case.startedAtMs);
      case 'case':
        this.#open.delete(entry.case.id);
        this.#cases.set(entry.case.id, entry.case);
        this.#endCapture(entry.case.rig, entry.case.id);
        return this.#passed(entry.case.startedAtMs + entry.case.elapsedMs);
      case 'serial':
        this.#serial.push(entry);
        return this.#passed(entry.atMs);
      case 'event':
        this.#events.push(entry.event);
        return this.#passed(entry.event.atMs);
      case 'rig':
        // A rig that was opened for several files tells the same each time; what it tells last counts.
        this.#rigs.set(entry.rig.name, entry.rig);
        return;
      case 'capture': {
        const { rig, part } = entry;
        this.#endCapture(rig, undefined);
        this.#openCaptures.set(rig, { rig, part, worker: this.#file, caseId: undefined });
        return;
      }
      case 'metric':
        this.#metrics.push(entry.metric);
        return;
      case 'note':
        this.#notes.push(entry.note);
    }
  }

  #endCapture(rig: string, caseId: string | undefined): void {
    const part = this.#openCaptures.get(rig);
    if (part === undefined) return;
    this.#captures.push({ ...part, caseId });
    this.#openCaptures.delete(rig);
  }

  #passed(atMs: number): void {
    this.#lastAtMs = Math.max(this.#lastAtMs, atMs);
    this.#lastAtMsOfFile = Math.max(this.#lastAtMsOfFile, atMs);
  }
}

/** Enough of a check that nothing after it can throw: the file is our own, only its lines may be torn. */
function parseEntry(line: string): RunEntry | undefined {
  try {
    const entry = JSON.parse(line) as unknown;
    if (typeof entry !== 'object' || entry === null || !('type' in entry)) return undefined;
    return TYPES.has(entry.type) ? (entry as RunEntry) : undefined;
  } catch {
    return undefined;
  }
}

function unfinishedCase(
  started: Extract<RunEntry, { type: 'case-start' }>['case'],
  lastAtMs: number,
  worker: string,
): CaseRecord {
  return {
    ...started,
    verdict: 'broken',
    blame: 'harness',
    code: 'ESPRIG_INTERNAL',
    elapsedMs: Math.max(0, lastAtMs - started.startedAtMs),
    phases: [],
    failures: [
      {
        message: `${worker} ended before the case did: it was killed, or it crashed`,
        blame: 'harness',
        code: 'ESPRIG_INTERNAL',
        hint: 'The timeline shows what happened last. The firmware was not judged.',
        evidence: [],
      },
    ],
  };
}
