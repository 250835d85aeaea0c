import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { join } from 'node:path';
import { readProjectOptions } from './options';
import { script, type Opening } from './testkit/scripted-rigs';
import { WorkerSession } from './worker-session';

const OPTIONS = readProjectOptions({
  rootDir: __dirname,
  testEnvironmentOptions: { rig: 'fake-1', rigProvider: join(__dirname, 'testkit', 'scripted-rigs.ts') },
});

let session: WorkerSession;
beforeEach(() => {
  session = new WorkerSession();
  Object.assign(script, { openings: [], atOnce: 0, mostAtOnce: 0 });
});
afterEach(() => session.close());

async function hold(): Promise<string> {
  try {
    const held = await session.hold(OPTIONS, 'a test');
    held.isBroken = true;
    return 'open';
  } catch (error) {
    return (error as Error).message;
  }
}

describe('a rig that breaks', () => {
  const [FAILS, OPENS]: [Opening, Opening] = [{ fails: true }, {}];

  test('is opened anew three times in a row, and then no more', async () => {
    script.openings = [OPENS, FAILS, FAILS, FAILS, OPENS];
    const said = [await hold(), await hold(), await hold(), await hold(), await hold()];
    expect(said.slice(0, 4)).toEqual(['open', ...Array<string>(3).fill('unplugged just now')]);
    expect(said[4]).toMatch(
      /^fake-1 could not be opened 3 times in a row; the last time: unplugged just now$/,
    );
  });

  test('and is mended each time may break as often as it likes', async () => {
    script.openings = [FAILS, OPENS, FAILS, OPENS, FAILS, OPENS, FAILS, OPENS];
    for (let turn = 1; turn <= 4; turn++) {
      expect([turn, await hold(), await hold()]).toEqual([turn, 'unplugged just now', 'open']);
    }
  });

  test('is opened once, whoever else asks for it meanwhile', async () => {
    let go: () => void = () => undefined;
    script.openings = [{ first: new Promise<void>((resolve) => (go = resolve)) }];
    const asked = [session.hold(OPTIONS, 'one'), session.hold(OPTIONS, 'another')];
    go();
    const [one, another] = await Promise.all(asked);
    expect(another).toBe(one);
    expect(script.mostAtOnce).toBe(1);
  });
});
