import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { HOST_SERVER } from './host-build';

/** What `= state` says of the flash in the server's memory. */
export interface HostState {
  readonly running: string;
  readonly boot: string;
  readonly erases: number;
  readonly writes: number;
  readonly isMisused: boolean;
  /** SHA-256 of each slot's bytes. */
  readonly slots: readonly [string, string];
}

const WAIT_MS = 10_000;

/** The server on the host port, as a process. It ends with its stdin, so with this process at the latest. */
export class HostServer implements AsyncDisposable {
  readonly port: number;
  /** All lines of stdout: the console, and `= …` between. */
  readonly lines: readonly string[];
  private readonly child: ChildProcessWithoutNullStreams;
  private readonly onLine: Set<() => void>;

  private constructor(
    child: ChildProcessWithoutNullStreams,
    lines: readonly string[],
    onLine: Set<() => void>,
    port: number,
  ) {
    this.child = child;
    this.lines = lines;
    this.onLine = onLine;
    this.port = port;
  }

  /** @throws Error when it does not come up */
  static async start(args: readonly string[] = [], program = HOST_SERVER): Promise<HostServer> {
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    const lines: string[] = [];
    const onLine = new Set<() => void>();
    const wake = (): void => onLine.forEach((each) => each());
    createInterface({ input: child.stdout }).on('line', (line) => {
      lines.push(line);
      wake();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      lines.push(`! ${chunk.toString('utf8')}`);
      wake();
    });
    child.on('error', (error) => lines.push(`! ${error.message}`));
    try {
      const ready = await awaitLine(lines, onLine, /^= ready (\d+)$/, 0);
      return new HostServer(child, lines, onLine, Number(ready[1]));
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    }
  }

  /** First line from number `from` on that matches. @throws Error with the output when none comes */
  waitFor(pattern: RegExp, from = 0): Promise<RegExpExecArray> {
    return awaitLine(this.lines, this.onLine, pattern, from);
  }

  order(line: string): void {
    this.child.stdin.write(`${line}\n`);
  }

  async state(): Promise<HostState> {
    const from = this.lines.length;
    this.order('state');
    const pattern =
      /^= state running=(\S+) boot=(\S+) erases=(\d+) writes=(\d+) misused=(\d) slot0=(\w+) slot1=(\w+)$/;
    const [, running, boot, erases, writes, misused, slot0, slot1] = await this.waitFor(pattern, from);
    return {
      running: running!,
      boot: boot!,
      erases: Number(erases),
      writes: Number(writes),
      isMisused: misused !== '0',
      slots: [slot0!, slot1!],
    };
  }

  /** SHA-256 of the first bytes of a slot, by its number. */
  async digest(slot: number, lengthBytes: number): Promise<string> {
    const from = this.lines.length;
    this.order(`digest ${slot} ${lengthBytes}`);
    return (await this.waitFor(/^= digest (\w{64})$/, from))[1]!;
  }

  connect(): Socket {
    return connect({ port: this.port, host: '127.0.0.1' });
  }

  /** Ends it at once, whatever it is doing. */
  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const closed = new Promise((resolve) => this.child.once('close', resolve));
    this.child.kill('SIGKILL');
    await closed;
  }

  /** Exit code, and what the sanitizers said on the way. */
  async stop(): Promise<{ readonly code: number | null; readonly complaints: readonly string[] }> {
    const closed = new Promise<number | null>((resolve) => {
      if (this.child.exitCode !== null) resolve(this.child.exitCode);
      else this.child.once('close', resolve);
    });
    const limit = setTimeout(() => this.child.kill('SIGKILL'), WAIT_MS);
    this.child.stdin.end();
    const code = await closed;
    clearTimeout(limit);
    return { code, complaints: this.lines.filter((line) => line.startsWith('! ')) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

async function awaitLine(
  lines: readonly string[],
  onLine: Set<() => void>,
  pattern: RegExp,
  from: number,
): Promise<RegExpExecArray> {
  return new Promise((resolve, reject) => {
    let at = from;
    const finish = (): void => {
      clearTimeout(limit);
      onLine.delete(look);
    };
    const look = (): void => {
      for (; at < lines.length; at += 1) {
        const match = pattern.exec(lines[at]!);
        if (match === null) continue;
        finish();
        resolve(match);
        return;
      }
    };
    const limit = setTimeout(() => {
      finish();
      reject(
        new Error(`no line ${String(pattern)} within ${WAIT_MS} ms; last:\n${lines.slice(-20).join('\n')}`),
      );
    }, WAIT_MS);
    onLine.add(look);
    look();
  });
}
