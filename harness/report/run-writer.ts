import { closeSync, openSync } from 'node:fs';
import { stripVTControlCharacters } from 'node:util';
import { basename, join } from 'node:path';
import type { Clock } from '../core/clock';
import { CaptureParts } from './capture-parts';
import { Masker } from './mask';
import { plainValue } from './plain-value';
import type { CaseStartEntry, RunEntry } from './run-entries';
import { PARTS_FOLDER, withReportErrors, type RunHandle } from './run-folder';
import type { CaseRecord, MetricRecord, RigRecord, TimelineRecord } from './run-record';
import { writeAll } from './write-all';

export interface RunWriterOptions {
  readonly run: RunHandle;
  readonly clock: Clock;
  /** Who writes: a short name for people, `worker-1`. */
  readonly worker: string;
  /** Masked in everything that is written from now on. */
  readonly secrets?: readonly string[];
  /** Of packets, for each rig of this process. */
  readonly captureLimitBytes?: number | undefined;
}

const CAPTURE_LIMIT_BYTES = 64_000_000;

/** A console that never ends its lines still gets written. */
const LONGEST_LINE_CHARS = 8192;
const MOST_FILES_A_PROCESS = 10_000;

/**
 * Writes what happens into the run's folder, line by line, at once: what was told before a `kill -9` is on disk, and at
 * most the last line is incomplete, which the reader passes over. Each writer has a file of its own.
 */
export class RunWriter implements Disposable {
  readonly path: string;
  readonly #folder: string;
  readonly #clock: Clock;
  readonly #fd: number;
  /** Run clock minus process clock. */
  readonly #offsetMs: number;
  readonly #captureLimitBytes: number;
  readonly #captures = new Map<string, CaptureParts>();
  #masker: Masker;
  #isOpen = true;
  /** The last line did not get its end: the disk was full. */
  #isTorn = false;
  readonly #heldSerial = new Map<string, { text: string; atMs: number }>();

  /** @throws EsprigError ESPRIG_USAGE_FILE, blame harness */
  constructor(options: RunWriterOptions) {
    const { run, clock, worker } = options;
    this.#folder = run.folder;
    this.#clock = clock;
    this.#masker = new Masker(options.secrets ?? []);
    this.#captureLimitBytes = options.captureLimitBytes ?? CAPTURE_LIMIT_BYTES;
    this.#offsetMs = clock.wallTimeMs() - run.startedAtWallMs - clock.nowMs();
    const stem = join(run.folder, PARTS_FOLDER, `${worker.replace(/[^\w.-]+/g, '-')}-${String(process.pid)}`);
    [this.path, this.#fd] = withReportErrors(run.folder, () => openFirstFree(stem));
    this.#write({ type: 'head', formatVersion: 1, worker, pid: process.pid });
  }

  /** Now, on the run clock. */
  nowMs(): number {
    return this.toRunMs(this.#clock.nowMs());
  }

  /** From this process's clock to the run's. */
  toRunMs(clockMs: number): number {
    return Math.max(0, clockMs + this.#offsetMs);
  }

  /** These are masked too from now on. */
  addSecrets(secrets: readonly string[]): void {
    this.#masker = this.#masker.with(secrets);
  }

  /** A text as it may be shown: without the secrets that are known. */
  mask(text: string): string {
    return this.#masker.text(text);
  }

  /** @throws EsprigError ESPRIG_USAGE_FILE, blame harness; so do all that follow */
  event(event: TimelineRecord): void {
    this.#write({ type: 'event', event });
  }

  /**
   * Console bytes as they came. The end of an unfinished line is held back as long as a secret could be, so one that
   * comes in two pieces is masked all the same.
   */
  serial(rig: string, bytes: Uint8Array, atMs: number = this.nowMs()): void {
    const held = this.#heldSerial.get(rig);
    const text =
      (held?.text ?? '') + Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
    const cut =
      text.length > LONGEST_LINE_CHARS + this.#masker.holdBackChars
        ? text.length
        : this.#masker.safeCut(text);
    const rest = text.slice(cut);
    if (rest === '') this.#heldSerial.delete(rig);
    else this.#heldSerial.set(rig, { text: rest, atMs: cut === 0 && held !== undefined ? held.atMs : atMs });
    if (cut > 0) this.#writeSerial(rig, text.slice(0, cut), held?.atMs ?? atMs);
  }

  /** A case begins. Its phases and events follow; should the worker die, this line says in which case. */
  startCase(started: CaseStartEntry['case']): void {
    this.#write({ type: 'case-start', case: started });
  }

  /** A case is over. A second record of the same id replaces the first. */
  case(record: CaseRecord): void {
    const failures = record.failures.map((failure) => ({
      ...failure,
      message: stripVTControlCharacters(failure.message),
      stack: failure.stack === undefined ? undefined : stripVTControlCharacters(failure.stack),
    }));
    this.#write({ type: 'case', case: { ...record, failures } });
    this.#captures.get(record.rig)?.endCase(record.verdict === 'failed' || record.verdict === 'broken');
  }

  rig(rig: RigRecord): void {
    this.#write({ type: 'rig', rig });
  }

  metric(metric: MetricRecord): void {
    this.#write({ type: 'metric', metric });
  }

  /** Something that a reader of the report should know and that belongs to no case. */
  note(note: string): void {
    this.#write({ type: 'note', note });
  }

  /** What went over a rig's air, as pcap records: secrets become asterisks, sizes stay. */
  packets(rig: string, records: Uint8Array): void {
    if (!this.#isOpen) return;
    const captures = this.#captures.get(rig) ?? this.#beginCaptures(rig);
    withReportErrors(this.#folder, () => captures.add(records, this.#masker));
  }

  /** Writes what was held back. */
  flush(): void {
    for (const [rig, { text, atMs }] of this.#heldSerial) this.#writeSerial(rig, text, atMs);
    this.#heldSerial.clear();
  }

  [Symbol.dispose](): void {
    if (!this.#isOpen) return;
    try {
      this.flush();
    } finally {
      this.#isOpen = false;
      for (const captures of this.#captures.values()) captures[Symbol.dispose]();
      closeSync(this.#fd);
    }
  }

  #beginCaptures(rig: string): CaptureParts {
    const limitBytes = this.#captureLimitBytes;
    const captures = new CaptureParts({
      folder: join(this.#folder, PARTS_FOLDER),
      stem: `${basename(this.path, '.ndjson')}-${String(this.#captures.size + 1)}`,
      limitBytes,
      onPart: (part) => this.#write({ type: 'capture', rig, part }),
      onCut: () =>
        this.note(
          `${rig}: one case alone has more packets than the capture may hold (${String(Math.round(limitBytes / 1e6))} MB, ESPRIG_PCAP_MB): the rest of them is missing.`,
        ),
    });
    this.#captures.set(rig, captures);
    return captures;
  }

  #writeSerial(rig: string, text: string, atMs: number): void {
    this.#write({ type: 'serial', atMs, rig, bytes: text }, this.#masker.latin1(text));
  }

  /** `serialText`: bytes that are masked by other rules than texts are. */
  #write(entry: RunEntry, serialText?: string): void {
    if (!this.#isOpen) return;
    const masked =
      serialText === undefined
        ? plainValue(entry, (text) => this.#masker.text(text))
        : { ...entry, bytes: serialText };
    const line = Buffer.from(`${this.#isTorn ? '\n' : ''}${JSON.stringify(masked)}\n`, 'utf8');
    withReportErrors(this.#folder, () => {
      // Torn until proven whole: a write may also throw in its middle.
      this.#isTorn = true;
      writeAll(this.#fd, line);
      this.#isTorn = false;
    });
  }
}

/** Append mode: whatever a forked child does with the descriptor, no line lies over another. */
function openFirstFree(stem: string): [path: string, fd: number] {
  for (let turn = 1; ; turn++) {
    const path = `${stem}-${String(turn)}.ndjson`;
    try {
      return [path, openSync(path, 'ax')];
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || turn >= MOST_FILES_A_PROCESS) throw error;
    }
  }
}
