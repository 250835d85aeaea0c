/** A small project in a folder of its own, run by real Jest. */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { boundLife } from '../../core/testkit/bound-life';
import { cleanEnv } from '../../core/testkit/clean-env';
import type { CaseRecord, RunRecord } from '../../report/run-record';

const ROOT = resolve(__dirname, '../../..');
const JEST = join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js');
/** For a run to its end, and for one that a test does something to. */
const RUN_LIMIT_MS = 60_000;
const LIFE_LIMIT_MS = 100_000;

export interface ProjectOptions {
  /** Test files by name; `import` of the harness's door is added. */
  readonly files: Readonly<Record<string, string>>;
  /** One Jest project each. */
  readonly rigs?: readonly string[];
  readonly budgets?: Readonly<Record<string, number>>;
  readonly maxWorkers?: number;
}

export interface Outcome {
  readonly exitCode: number | null;
  readonly output: string;
  /** The part of it that a script would read. */
  readonly stdout: string;
  /** Of the newest report. */
  readonly record: RunRecord | undefined;
  /** The verdicts, by the last title and rig. */
  readonly verdicts: Readonly<Record<string, string>>;
  readonly case: (title: string) => CaseRecord;
}

type Ended = [exitCode: number | null, output: string, stdout: string];

export interface Started {
  readonly child: ChildProcessWithoutNullStreams;
  readonly ended: Promise<Ended>;
  /** All of it so far. */
  readonly said: () => string;
}

export class Project implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'esprig-jest-'));
  readonly traces = join(this.folder, 'traces');
  readonly #children: ChildProcessWithoutNullStreams[] = [];

  constructor({ files, rigs = ['fake-1'], budgets = {}, maxWorkers = 2 }: ProjectOptions) {
    mkdirSync(this.traces);
    const preset = join(ROOT, 'harness/jest/preset.cjs');
    const projects = rigs.map((rig) => ({
      preset,
      rootDir: this.folder,
      displayName: rig,
      testMatch: ['<rootDir>/**/*.case.ts'],
      // Under the system's folder for temporary files, which the checkout is not in.
      testEnvironmentOptions: { rig, rigProvider: join(__dirname, 'fake-rigs.cjs'), budgets },
    }));
    const config = {
      rootDir: this.folder,
      projects,
      maxWorkers,
      reporters: ['default', join(ROOT, 'harness/jest/reporter.cjs')],
    };
    this.write('jest.config.json', JSON.stringify(config));
    this.write('package.json', '{}');
    for (const [name, text] of Object.entries(files)) this.write(name, withDoor(text));
  }

  write(name: string, text: string): void {
    const path = join(this.folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }

  /** Runs Jest to its end. */
  async run(args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Promise<Outcome> {
    const { child, ended } = this.start(args, env);
    boundLife(child, RUN_LIMIT_MS);
    return this.outcome(...(await ended));
  }

  /** Starts Jest, for whoever wants to do something to it. */
  start(args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Started {
    return this.#spawn([process.execPath, JEST, ...args], env);
  }

  /**
   * The same in a terminal of its own, that of util-linux `script`: what is written to stdin are keys. Somebody
   * sits at it: where `CI` is set, Jest would take a terminal for a log and not say when it waits for keys.
   */
  startInTerminal(args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Started {
    const line = [process.execPath, JEST, ...args].map((word) => `'${word}'`).join(' ');
    return this.#spawn(['script', '-qefc', line, '/dev/null'], { TERM: 'xterm', CI: 'false', ...env });
  }

  #spawn([program = '', ...args]: readonly string[], env: Readonly<Record<string, string>>): Started {
    const child = spawn(program, args, {
      cwd: this.folder,
      env: { ...cleanEnv(), FAKE_RIG_TRACES: this.traces, ...env },
      stdio: 'pipe',
    });
    let output = '';
    let stdout = '';
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
      output += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stdin.on('error', () => undefined);
    this.#children.push(child);
    boundLife(child, LIFE_LIMIT_MS);
    const ended = new Promise<Ended>((done) => {
      child.on('close', (exitCode) => done([exitCode, output, stdout]));
    });
    return { child, ended, said: () => output };
  }

  outcome(exitCode: number | null, output: string, stdout = ''): Outcome {
    const path = join(this.folder, 'reports', 'latest', 'run.json');
    const record = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as RunRecord) : undefined;
    const cases = record?.cases ?? [];
    const several = new Set(cases.map(({ rig }) => rig)).size > 1;
    const nameOf = ({ titlePath, rig }: CaseRecord): string =>
      `${titlePath.at(-1) ?? ''}${several ? ` [${rig}]` : ''}`;
    return {
      exitCode,
      output,
      stdout,
      record,
      verdicts: Object.fromEntries(cases.map((row) => [nameOf(row), row.verdict])),
      case: (title) => {
        const found = cases.find((row) => nameOf(row) === title);
        if (found === undefined) throw new Error(`no case '${title}' in the report\n${output}`);
        return found;
      },
    };
  }

  /** What the rigs did, by whatever process: `open-fake-1-<pid>-<n>`. */
  traceOf(what: string): readonly string[] {
    return readdirSync(this.traces).filter((name) => name.startsWith(what));
  }

  [Symbol.dispose](): void {
    for (const child of this.#children) child.kill('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Every name that the door has, in one line, so that lines of the case keep their numbers but for one. */
function withDoor(text: string): string {
  const names = 'beforeAll, beforeEach, afterAll, describe, expect, images, phase, rig, skip, test';
  const door = JSON.stringify(join(ROOT, 'harness', 'index'));
  const [, comment = '', rest = text] = /^(\/\*\*.*?\*\/\s*)?([^]*)$/.exec(text) ?? [];
  return `${comment}import { ${names} } from ${door};\n${rest}`;
}
