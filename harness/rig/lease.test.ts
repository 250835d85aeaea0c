import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RealClock } from '../core/clock';
import { Deadline } from '../core/deadline';
import { boardLockName, describeHolder, leaseHolder, portLockName, takeLease, type Lease } from './lease';

const ROOT = join(__dirname, '..', '..');
const clock = new RealClock();
let locks: string;
const children: ChildProcess[] = [];

/** A holder in a process of its own. */
class Holder {
  readonly child: ChildProcess;
  #text = '';
  #wake: () => void = () => undefined;

  constructor(name: string, owner: string, how: 'wait' | 'refuse' = 'refuse') {
    this.child = spawn(
      process.execPath,
      [
        '-r',
        join(ROOT, 'harness', 'register.cjs'),
        join(__dirname, 'testkit', 'lease-holder.ts'),
        name,
        owner,
        how,
      ],
      { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, ESPRIG_LOCKS: locks } },
    );
    children.push(this.child);
    this.child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.#text += text;
      this.#wake();
    });
  }

  async says(pattern: RegExp): Promise<string> {
    using limit = deadline(30_000);
    for (;;) {
      const found = pattern.exec(this.#text);
      if (found) return found[0];
      await limit.wait(
        new Promise<void>((resolve) => (this.#wake = resolve)),
        `${String(pattern)} from the process`,
        () => ({ lastSeen: this.#text }),
      );
    }
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    const gone = once(this.child, 'exit');
    this.child.kill(signal);
    await gone;
  }
}

function deadline(budgetMs: number): Deadline {
  return new Deadline({ clock, budgetMs, phase: 'lease', blame: 'rig' });
}

function take(name: string, wait = false, budgetMs = 20_000): Promise<Lease> {
  return takeLease({ names: [name], rig: 'bench-1', owner: 'this test', wait, clock }, deadline(budgetMs));
}

/** Does the work with a program of this shell text in the place of `flock`. */
async function withFlock(script: string, work: () => Promise<void>): Promise<void> {
  const bin = mkdtempSync(join(tmpdir(), 'esprig-flock-'));
  const { PATH } = process.env;
  writeFileSync(join(bin, 'flock'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  process.env['PATH'] = `${bin}:${PATH ?? ''}`;
  try {
    await work();
  } finally {
    process.env['PATH'] = PATH;
    rmSync(bin, { recursive: true, force: true });
  }
}

beforeEach(() => {
  locks = mkdtempSync(join(tmpdir(), 'esprig-locks-'));
  process.env['ESPRIG_LOCKS'] = locks;
});

afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }
  delete process.env['ESPRIG_LOCKS'];
  rmSync(locks, { recursive: true, force: true });
});

describe('a lease', () => {
  it('is held by one process; another is told by whom, since when and what for', async () => {
    const name = boardLockName('5C:CF:7F:01:23:45');
    const holder = new Holder(name, 'boot/cold.test.ts');
    await holder.says(/mine/);
    await expect(take(name)).rejects.toMatchObject({
      code: 'ESPRIG_RIG_LEASE_HELD',
      blame: 'rig',
      message: expect.stringMatching(
        new RegExp(
          `bench-1 is taken by process ${holder.child.pid} of \\S+ on \\S+, since \\d{4}-\\d\\d-\\d\\d [\\d:]{8} UTC, for boot/cold\\.test\\.ts`,
        ),
      ),
    });
    expect(await leaseHolder(name)).toMatchObject({ pid: holder.child.pid, owner: 'boot/cold.test.ts' });
    // Other boards are free.
    using other = await take(boardLockName('5c:cf:7f:01:23:46'));
    expect(other.names).toEqual(['board-5ccf7f012346']);
  });

  it('ends at once with a holder that is killed', async () => {
    const holder = new Holder('board-1', 'a run');
    await holder.says(/mine/);
    await holder.end('SIGKILL');
    expect(await leaseHolder('board-1')).toBeUndefined();
    using mine = await take('board-1');
    expect(mine.names).toEqual(['board-1']);
  });

  it('stays with a holder that is only stopped', async () => {
    const holder = new Holder('board-1', 'a run');
    await holder.says(/mine/);
    holder.child.kill('SIGSTOP');
    await expect(take('board-1')).rejects.toMatchObject({ code: 'ESPRIG_RIG_LEASE_HELD' });
    holder.child.kill('SIGCONT');
  });

  it('passes to the one who waits when its holder is killed, and never to two', async () => {
    const first = new Holder('board-1', 'the first');
    await first.says(/mine/);
    const waiting = [new Holder('board-1', 'the second', 'wait'), new Holder('board-1', 'the third', 'wait')];
    for (const each of waiting)
      await each.says(/waiting: bench-1 is taken by process \d+ .* for the first; waiting/);
    await first.end('SIGKILL');
    const next = await Promise.race(waiting.map(async (each) => (await each.says(/mine/), each)));
    const other = waiting.find((each) => each !== next)!;
    const now = await leaseHolder('board-1');
    expect(now).toMatchObject({ pid: next.child.pid });
    await next.end('SIGKILL');
    await other.says(/mine/);
  });

  it('is awaited no longer than there is time, and nothing of the wait is left', async () => {
    const holder = new Holder('board-1', 'a long run');
    await holder.says(/mine/);
    await expect(take('board-1', true, 300)).rejects.toMatchObject({
      code: 'ESPRIG_DEADLINE',
      message: expect.stringContaining('for a long run'),
    });
    await holder.end('SIGKILL');
    // Had the waiting program lived on, it would have the lock now.
    using mine = await take('board-1');
    expect(mine.names).toEqual(['board-1']);
  });

  it('is given back with its descriptor, also within one process', async () => {
    const mine = await take('board-1');
    await expect(take('board-1')).rejects.toMatchObject({ code: 'ESPRIG_RIG_LEASE_HELD' });
    mine[Symbol.dispose]();
    expect(await leaseHolder('board-1')).toBeUndefined();
    (await take('board-1'))[Symbol.dispose]();
  });

  it('is not had by one whose waiting ends in another way than with the lock', async () => {
    const file = join(locks, 'board-1.lock');
    writeFileSync(file, 'what the holder says');
    await withFlock('[ "$1" = -n ] && exit 1; kill -TERM $$', async () => {
      await expect(take('board-1', true)).rejects.toMatchObject({
        code: 'ESPRIG_RIG_LEASE_FAILED',
        blame: 'rig',
        message: expect.stringMatching(
          /^the lock \S+board-1\.lock could not be waited for: flock .* SIGTERM$/,
        ),
        hint: expect.any(String),
      });
    });
    expect(readFileSync(file, 'utf8')).toBe('what the holder says');
  });

  it('that cannot be asked for is not taken for one that somebody holds', async () => {
    await withFlock('echo "flock: 3: Function not implemented" >&2; exit 71', async () => {
      const failed = {
        code: 'ESPRIG_RIG_LEASE_FAILED',
        message: expect.stringMatching(/flock ended with 71: flock: 3: Function not implemented$/),
      };
      await expect(take('board-1')).rejects.toMatchObject(failed);
      await expect(leaseHolder('board-1')).rejects.toMatchObject(failed);
    });
  });

  it('of several locks is all or nothing', async () => {
    using port = await take(portLockName('/dev/ttyUSB0'));
    const both = {
      names: ['board-1', ...port.names],
      rig: 'bench-1',
      owner: 'this test',
      wait: false,
      clock,
    };
    await expect(takeLease(both, deadline(10_000))).rejects.toMatchObject({ code: 'ESPRIG_RIG_LEASE_HELD' });
    expect(await leaseHolder('board-1')).toBeUndefined();
  });

  it('of somebody who has said nothing is a lease all the same', () => {
    expect(describeHolder('unknown')).toBe('a process that has not said who it is');
    expect(portLockName('/dev/serial/by-id/usb-1a86')).toBe('port-_dev_serial_by_id_usb_1a86');
  });
});
