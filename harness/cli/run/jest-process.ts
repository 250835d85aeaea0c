/** Jest in a process of its own, which ends in order when we are asked to end, and at once when we are asked again. */
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import type { Cancel, Clock } from '../../core/clock';
import { onEndSignals, PARENT_ENV, type EndRequest } from '../../jest/run-end';

export interface JestEnd {
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** Why it was asked to end before its time, for the report. */
  readonly cutShort: string | undefined;
}

export interface JestStart {
  readonly root: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** For all of it. */
  readonly timeoutMs: number;
  readonly clock: Clock;
}

/** From asking Jest to end until it is ended: it gives its workers ten seconds. */
const KILL_AFTER_MS = 15_000;

/** Runs Jest to its end, by itself or by a signal to this process or by its time. */
export async function runJest(start: JestStart): Promise<JestEnd> {
  const child = spawn(
    process.execPath,
    [join(start.root, 'node_modules', 'jest', 'bin', 'jest.js'), ...start.args],
    {
      cwd: start.root,
      // What Jest says is progress, and a script may read our stdout. By the channel it sees that we are gone.
      stdio: ['ignore', 2, 2, 'ipc'],
      env: { ...start.env, [PARENT_ENV]: 'run' },
    },
  );
  const ending = new Ending(child, start.clock);
  const seconds = String(Math.round(start.timeoutMs / 1000));
  const stopAlarm = start.clock.after(start.timeoutMs, () =>
    ending.ask(`The run's time (${seconds} s) was over.`),
  );
  const leaveSignals = onEndSignals({
    isEnding: () => ending.reason !== undefined,
    end: (reason) => ending.ask(reason),
    kill: () => void child.kill('SIGKILL'),
  });
  try {
    return await new Promise<JestEnd>((done, failed) => {
      child.on('error', failed);
      child.on('exit', (exitCode, signal) => done({ exitCode, signal, cutShort: ending.reason }));
    });
  } finally {
    stopAlarm();
    ending.over();
    leaveSignals();
  }
}

/** The wish that Jest may end, and what is done when it does not. */
class Ending {
  readonly #child: ChildProcess;
  readonly #clock: Clock;
  #reason: string | undefined;
  #stopAlarm: Cancel = () => undefined;

  constructor(child: ChildProcess, clock: Clock) {
    this.#child = child;
    this.#clock = clock;
  }

  get reason(): string | undefined {
    return this.#reason;
  }

  ask(reason: string): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    const request: EndRequest = { type: 'esprig-end', reason };
    // It may have gone a moment ago; its exit is told then.
    if (this.#child.connected) this.#child.send(request, () => undefined);
    this.#stopAlarm = this.#clock.after(KILL_AFTER_MS, () => this.#child.kill('SIGKILL'));
  }

  over(): void {
    this.#stopAlarm();
  }
}
