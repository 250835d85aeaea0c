import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';

/** Whether a program is installed; tests that need it are skipped by name when it is not. */
export function hasProgram(program: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
}

/** A helper program of a test: ended, and waited for, when the test is over. */
export class Child implements AsyncDisposable {
  readonly process: ChildProcess;
  output = '';

  constructor(program: string, args: readonly string[]) {
    this.process = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.process.stdout?.on('data', (text: Buffer) => (this.output += text.toString()));
    this.process.stderr?.on('data', (text: Buffer) => (this.output += text.toString()));
    this.process.on('error', (error) => (this.output += error.message));
  }

  /** Ends the program; escalates when it does not listen. */
  async [Symbol.asyncDispose](): Promise<void> {
    const child = this.process;
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 1500);
    await gone;
    clearTimeout(timer);
  }
}

/** Runs a program to its end, within a time limit. */
export async function runToEnd(
  program: string,
  args: readonly string[],
  limitMs: number,
): Promise<{ status: number | null; output: string }> {
  const child = new Child(program, args);
  const timer = setTimeout(() => child.process.kill('SIGKILL'), limitMs);
  // 'close', not 'exit': the pipes have been read to their end by then.
  await new Promise<void>((resolve) => child.process.once('close', () => resolve()));
  clearTimeout(timer);
  return { status: child.process.exitCode, output: child.output };
}
