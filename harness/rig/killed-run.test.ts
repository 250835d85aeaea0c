import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { openRig } from './open-rig';
import { findRig } from './select-rigs';
import { Bench } from './testkit/bench';

jest.setTimeout(240_000);

const ROOT = join(__dirname, '..', '..');
let bench: Bench;
let child: ChildProcess | undefined;

beforeEach(async () => {
  bench = await Bench.start();
  process.env['ESPRIG_LOCKS'] = bench.folder;
});

afterEach(async () => {
  child?.kill('SIGKILL');
  await bench[Symbol.asyncDispose]();
  delete process.env['ESPRIG_LOCKS'];
});

/** Opens the rig in a process of its own, and kills that when it has said something. */
async function killedAt(file: string, pattern: RegExp): Promise<void> {
  const opener = spawn(
    process.execPath,
    ['-r', join(ROOT, 'harness', 'register.cjs'), join(__dirname, 'testkit', 'rig-opener.ts'), file],
    { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, ESPRIG_LOCKS: bench.folder } },
  );
  child = opener;
  let text = '';
  opener.stdout.setEncoding('utf8');
  for await (const piece of opener.stdout) {
    text += String(piece);
    if (!pattern.test(text)) continue;
    const gone = once(opener, 'exit');
    opener.kill('SIGKILL');
    await gone;
    return;
  }
  throw new Error(`the process ended first: ${text}`);
}

describe('the next run', () => {
  it.each([
    ['in the middle of flashing', /progress: write ota_0\.bin [1-9]/],
    ['when its rig was open', /^open$/m],
  ])('starts clean and at once after one that was killed %s', async (_when, pattern) => {
    const file = bench.usualRig();
    await killedAt(file, pattern);
    using deadline = bench.deadline(60_000);
    const { clock, bus } = bench;
    // Not a moment's wait for lease or port.
    await using rig = await openRig(findRig(file), {
      leaseOwner: 'the next',
      clock,
      bus,
      deadline,
      wait: false,
    });
    const status = (await (await fetch(`${rig.baseUrl}/status`)).json()) as { readonly running: string };
    expect(status.running).toBe('ota_0');
    const { slots } = await rig.readFlashState(deadline);
    expect(slots['ota_0']).toMatchObject({ isBootable: true });
  });
});
