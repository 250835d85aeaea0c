/**
 * Verdicts while a run goes on: the processes of a run write each case into the run's folder as it ends (RunWriter), one
 * JSON value a line, secrets masked. This reads along.
 */
import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import type { Cancel, Clock } from '../../core/clock';
import type { RunEntry } from '../../report/run-entries';
import { PARTS_FOLDER } from '../../report/run-folder';
import type { CaseRecord } from '../../report/run-record';

const LOOK_EVERY_MS = 200;
const CHUNK_BYTES = 256 * 1024;
/** How the line of a case begins; the many other lines need not be parsed. */
const CASE_LINE = '{"type":"case",';

export class RunFollower implements Disposable {
  readonly #folder: string;
  readonly #clock: Clock;
  readonly #tell: (record: CaseRecord) => void;
  readonly #files = new Map<string, { offset: number; rest: string }>();
  /** What has been told of each case: a later record of the same one may say something else. */
  readonly #told = new Map<string, string>();
  readonly #chunk = Buffer.alloc(CHUNK_BYTES);
  #stop: Cancel = () => undefined;

  constructor(folder: string, clock: Clock, tell: (record: CaseRecord) => void) {
    this.#folder = join(folder, PARTS_FOLDER);
    this.#clock = clock;
    this.#tell = tell;
    this.#lookAgain();
  }

  /** The run is over: tells what has not been told, or has become something else in the report. */
  finish(cases: readonly CaseRecord[]): void {
    this[Symbol.dispose]();
    for (const record of cases) this.#take(record);
  }

  [Symbol.dispose](): void {
    this.#stop();
  }

  #lookAgain(): void {
    this.#stop = this.#clock.after(
      LOOK_EVERY_MS,
      () => {
        this.#look();
        this.#lookAgain();
      },
      { background: true },
    );
  }

  #look(): void {
    for (const name of this.#names()) {
      const file = this.#files.get(name) ?? { offset: 0, rest: '' };
      this.#files.set(name, file);
      const lines = (file.rest + this.#readOn(name, file)).split('\n');
      file.rest = lines.pop() ?? '';
      for (const line of lines) {
        const record = line.startsWith(CASE_LINE) ? caseOf(line) : undefined;
        if (record !== undefined) this.#take(record);
      }
    }
  }

  /** The folder goes when the report is complete: then there is nothing more to read along. */
  #names(): readonly string[] {
    try {
      return readdirSync(this.#folder).filter((name) => name.endsWith('.ndjson'));
    } catch {
      return [];
    }
  }

  /** Whole lines are read as latin-1 and decoded later: a piece may end within a character. */
  #readOn(name: string, file: { offset: number }): string {
    let fd: number;
    try {
      fd = openSync(join(this.#folder, name), 'r');
    } catch {
      return '';
    }
    try {
      let text = '';
      for (;;) {
        const length = readSync(fd, this.#chunk, 0, CHUNK_BYTES, file.offset);
        if (length === 0) return text;
        file.offset += length;
        text += this.#chunk.toString('latin1', 0, length);
      }
    } finally {
      closeSync(fd);
    }
  }

  #take(record: CaseRecord): void {
    const said = `${record.verdict} ${String(record.startedAtMs)}`;
    if (this.#told.get(record.id) === said) return;
    this.#told.set(record.id, said);
    this.#tell(record);
  }
}

/** Undefined: a line that was torn by the death of its process. */
function caseOf(latin1: string): CaseRecord | undefined {
  try {
    const entry = JSON.parse(Buffer.from(latin1, 'latin1').toString('utf8')) as RunEntry;
    return entry.type === 'case' ? entry.case : undefined;
  } catch {
    return undefined;
  }
}
