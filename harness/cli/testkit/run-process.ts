import { execFile } from 'node:child_process';
import { join } from 'node:path';

export const BIN = join(__dirname, '..', 'bin.cjs');

export interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly ended: Promise<Ended>;
  /** Until the command has said it; rejects when it ends before. */
  says(pattern: RegExp): Promise<void>;
  /** Ctrl-C. */
  interrupt(): void;
}

/** Starts the command as a process, without the devices that this machine's environment may name. */
export function startEsprig(args: readonly string[], env: Readonly<Record<string, string>> = {}): Running {
  const clean = { ESPRIG_PORT: '', ESPRIG_URL: '', ESPRIG_TOKEN: '', ESPRIG_RIG: '', NO_COLOR: '' };
  let said = '';
  const waiting = new Set<() => void>();
  const { promise: ended, resolve } = deferred<Ended>();
  const child = execFile(
    process.execPath,
    [BIN, ...args],
    { env: { ...process.env, ...clean, ...env }, timeout: 110_000, maxBuffer: 16 * 1024 * 1024 },
    (error, stdout, stderr) =>
      resolve({ exitCode: error === null ? 0 : Number(error.code ?? -1), stdout, stderr }),
  );
  child.stdin?.end();
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (text: string) => {
      said += text;
      for (const look of waiting) look();
    });
  }
  return {
    ended,
    interrupt: () => void child.kill('SIGINT'),
    says: (pattern) =>
      new Promise((found, failed) => {
        const look = (): void => {
          if (pattern.test(said)) found();
        };
        waiting.add(look);
        look();
        void ended.then(() => failed(new Error(`it ended without ${String(pattern)}: ${said}`)));
      }),
  };
}

function deferred<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((done) => (resolve = done));
  return { promise, resolve };
}

/** Runs the command to its end. */
export function esprigProcess(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  return startEsprig(args, env).ended;
}

/** Every line of stdout as the JSON value that it has to be. */
export function valuesOf({ stdout }: Ended): readonly Readonly<Record<string, unknown>>[] {
  const lines = stdout.split('\n');
  if (lines.pop() !== '') throw new Error(`stdout does not end with its line: ${stdout.slice(-200)}`);
  return lines.map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
}

/** `[exit code, ESPRIG_*]` of a command that said one message. */
export function mistakeOf({ exitCode, stderr }: Ended): readonly [number, string] {
  const messages = stderr.match(/^esprig: /gm)?.length ?? 0;
  const code = /^ {2}\((ESPRIG_\w+)\)$/m.exec(stderr)?.[1] ?? `no code in: ${stderr}`;
  return [exitCode, messages === 1 ? code : `${messages} messages: ${stderr}`];
}
