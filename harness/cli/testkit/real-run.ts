/** Runs as a person starts them, in processes of their own, for tests that kill something in the middle. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { cleanEnv } from '../../core/testkit/clean-env';
import { until } from '../../core/testkit/until';
import type { RunRecord } from '../../report/run-record';

export const ROOT = resolve(__dirname, '../../..');
const BIN = join(ROOT, 'harness', 'cli', 'bin.cjs');
const JEST = join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js');
/** For one condition; a busy machine takes its time. */
const LIMIT_MS = 90_000;

/** Two files, so that Jest has workers; the title chooses one case: it uploads a good image and waits for the restart. */
const CASE_FILES = 'cases/(ota-good/update|boot/boot)';
const CASE_TITLE = 'is installed, and the board restarts into it';

/** What a run's workers write at moments worth killing something at. */
export const WHILE = {
  /** Of the large part of a test's firmware set. */
  flashing: /flash-progress phase=write name=blob/,
  flashingSlot: /flash-progress phase=write name=ota_0/,
  uploading: /"name":"http-sent"/,
} as const;

export interface RealRunOptions {
  readonly reports: string;
  readonly rig: string;
  readonly firmware?: string | undefined;
  readonly locks?: string | undefined;
}

export interface RunEnd {
  readonly exitCode: number | null;
  readonly said: string;
}

/** A run that was started and may be waited for, or killed. */
export class RealRun {
  readonly child: ChildProcess;
  readonly ended: Promise<RunEnd>;
  readonly #reports: string;
  readonly #before: ReadonlySet<string>;
  readonly #read = new Map<string, Part>();
  #said = '';

  private constructor(args: readonly string[], env: NodeJS.ProcessEnv, reports: string) {
    this.#reports = reports;
    this.#before = new Set(namesIn(reports));
    const child = spawn(process.execPath, args, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (this.#said += text));
    }
    this.ended = new Promise((done) => {
      child.on('exit', (exitCode) => done({ exitCode, said: this.#said }));
    });
  }

  /** `esprig run` */
  static esprig({ reports, rig, firmware, locks }: RealRunOptions, more: readonly string[] = []): RealRun {
    const which = ['--rig', rig, '--case', CASE_FILES, '-t', CASE_TITLE, '--report', reports];
    const set = firmware === undefined ? [] : ['--firmware', firmware];
    return new RealRun([BIN, 'run', ...which, ...set, ...more], envWith({ ESPRIG_LOCKS: locks }), reports);
  }

  /** `npx jest` in the checkout. */
  static jest({ reports, rig, firmware, locks }: RealRunOptions): RealRun {
    const env = envWith({
      ...{ ESPRIG_RIG: rig, ESPRIG_FIRMWARE: firmware, ESPRIG_REPORTS: reports, ESPRIG_LOCKS: locks },
    });
    return new RealRun([JEST, CASE_FILES, '-t', CASE_TITLE, '--selectProjects', 'virtual'], env, reports);
  }

  /** The folder of its report, once it has one. */
  get folder(): string | undefined {
    const [name] = namesIn(this.#reports).filter((each) => !this.#before.has(each));
    return name === undefined ? undefined : join(this.#reports, name);
  }

  /** Waits until a worker has written it; answers its process number. */
  async reaches(pattern: RegExp): Promise<number> {
    let pid = 0;
    await until(
      () => {
        const found = this.#parts().find(({ text }) => pattern.test(text));
        pid = found === undefined ? 0 : pidOf(found.name);
        if (pid === 0 && this.child.exitCode !== null)
          throw new Error(`the run ended before ${String(pattern)}: ${this.#said}`);
        return pid !== 0;
      },
      () => `${String(pattern)} in the run: ${this.#said}`,
      LIMIT_MS,
    );
    return pid;
  }

  /** This process and all that it has started. */
  get processes(): readonly number[] {
    const workers = this.#parts().map(({ name }) => pidOf(name));
    const parents = workers.map((pid) => parentOf(pid) ?? 0);
    const all = [this.child.pid ?? 0, ...parents, ...workers];
    return [...new Set(all)].filter((pid) => pid > 1 && pid !== process.pid);
  }

  get record(): RunRecord {
    return JSON.parse(readFileSync(join(this.folder ?? '', 'run.json'), 'utf8')) as RunRecord;
  }

  /** kill -9 of its first process; resolves with all that must be gone by and by. */
  async kill(): Promise<readonly number[]> {
    const all = this.processes;
    this.child.kill('SIGKILL');
    await this.ended;
    return all;
  }

  /** What its workers have written; of what is known already only the size is asked for. */
  #parts(): readonly Part[] {
    const folder = join(this.folder ?? '', 'parts');
    if (this.folder === undefined) return [];
    for (const name of namesIn(folder, /^worker.*\.ndjson$/)) {
      const file = join(folder, name);
      const known = this.#read.get(name);
      try {
        if (statSync(file).size !== known?.sizeBytes) {
          const bytes = readFileSync(file);
          this.#read.set(name, { name, sizeBytes: bytes.length, text: bytes.toString('latin1') });
        }
      } catch {
        // The report is whole by now.
      }
    }
    return [...this.#read.values()];
  }
}

interface Part {
  readonly name: string;
  readonly sizeBytes: number;
  readonly text: string;
}

function pidOf(part: string): number {
  return Number(/-(\d+)-\d+\.ndjson$/.exec(part)?.[1]);
}

/** All of them have ended; a zombie that nobody has asked after counts as ended. */
export async function untilGone(pids: readonly number[]): Promise<void> {
  const isGone = (pid: number): boolean => statOf(pid) === undefined || /^[ZX]/.test(statOf(pid) ?? '');
  await until(
    () => pids.every(isGone),
    () => `the end of ${pids.filter((pid) => !isGone(pid)).join(', ')}`,
    LIMIT_MS,
  );
}

function parentOf(pid: number): number | undefined {
  const stat = statOf(pid);
  return stat === undefined ? undefined : Number(stat.split(' ')[1]);
}

/** `/proc/<pid>/stat` from the state on. */
function statOf(pid: number): string | undefined {
  try {
    const text = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2);
  } catch {
    return undefined;
  }
}

function namesIn(folder: string, pattern = /^\d/): readonly string[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => pattern.test(name));
  return names.sort();
}

function envWith(more: Readonly<Record<string, string | undefined>>): NodeJS.ProcessEnv {
  const given = Object.entries(more).filter(([, value]) => value !== undefined);
  return { ...cleanEnv(), ...Object.fromEntries(given) };
}
