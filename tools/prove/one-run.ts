import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { CaseRecord, RunRecord } from '../../harness/report/run-record';

const ROOT = resolve(__dirname, '../..');
/** More than any of these runs takes; a run that needs it is told as one that came to no end. */
const TIMEOUT_S = 150;
const KILL_AFTER_MS = 30_000;

export interface RunRequest {
  readonly rig: string;
  /** Regular expression on case files. */
  readonly file: string;
  /** Regular expression on titles. */
  readonly title?: string | undefined;
  /** Folder with a firmware.json. */
  readonly firmware?: string | undefined;
  /** Folder that the report goes to. */
  readonly report: string;
  readonly timeoutS?: number | undefined;
  readonly workers?: number | undefined;
}

export interface RunResult {
  readonly exitCode: number;
  /** Undefined: the run left none. */
  readonly record: RunRecord | undefined;
  /** Last lines of what it said, for when something else than expected came out. */
  readonly said: readonly string[];
  readonly command: string;
  readonly elapsedMs: number;
}

/** `esprig run` in a process of its own, and the report that it left. */
export async function runOnce(request: RunRequest): Promise<RunResult> {
  const { rig, file, title, firmware, report, timeoutS = TIMEOUT_S, workers = 1 } = request;
  const args = [
    'run',
    ...['--rig', rig, '--case', file],
    ...(title === undefined ? [] : ['--title', title]),
    ...(firmware === undefined ? [] : ['--firmware', firmware]),
    ...['--report', report, '--workers', String(workers), '--timeout', String(timeoutS), '--json'],
  ];
  const startedMs = performance.now();
  const { exitCode, stdout, stderr } = await runChild(args, timeoutS * 1000 + KILL_AFTER_MS);
  return {
    exitCode,
    record: recordOf(stdout),
    said: [...stderr.split('\n'), ...stdout.split('\n')].filter((line) => line.trim() !== '').slice(-12),
    command: ['esprig', ...args].join(' '),
    elapsedMs: performance.now() - startedMs,
  };
}

interface ChildEnd {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

function runChild(args: readonly string[], limitMs: number): Promise<ChildEnd> {
  return new Promise((done, failed) => {
    const child = spawn(process.execPath, [join(ROOT, 'harness/cli/bin.cjs'), ...args], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const alarm = setTimeout(() => child.kill('SIGKILL'), limitMs);
    child.on('error', (error) => {
      clearTimeout(alarm);
      failed(error);
    });
    child.on('close', (code) => {
      clearTimeout(alarm);
      done({ exitCode: code ?? -1, stdout, stderr });
    });
  });
}

/** The last line of stdout names the folder with run.json. */
function recordOf(stdout: string): RunRecord | undefined {
  const line = stdout.trimEnd().split('\n').at(-1) ?? '';
  if (!line.startsWith('{')) return undefined;
  const { folder } = JSON.parse(line) as { readonly folder?: string };
  const path = folder === undefined ? undefined : join(folder, 'run.json');
  if (path === undefined || !existsSync(path)) return undefined;
  return JSON.parse(readFileSync(path, 'utf8')) as RunRecord;
}

/** The same case in two runs. */
export function keyOf({ file, titlePath, rig }: CaseRecord): string {
  return [file, ...titlePath, rig].join(' › ');
}

/** What a case's first failure says, in one line. */
export function messageOf(record: CaseRecord): string {
  const text = record.failures[0]?.message ?? '';
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('expect('));
  return lines.slice(0, 2).join('; ');
}
