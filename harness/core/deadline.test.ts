import { describe, expect, test } from '@jest/globals';
import { ManualClock } from './clock';
import { Deadline } from './deadline';
import { DeadlineError } from './errors';

function setUp(budgetMs: number, signal?: AbortSignal) {
  const clock = new ManualClock(1000);
  const deadline = new Deadline({ clock, budgetMs, phase: 'flash', blame: 'rig', signal });
  return { clock, deadline };
}

const never = new Promise<never>(() => undefined);

/** The reason a promise rejects with; a promise that is kept fails the test. */
async function reasonOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => {
      throw new Error(`resolved with ${String(value)}`);
    },
    (error: unknown) => error,
  );
}

describe('the time that is left', () => {
  test('is the budget less what was spent, never below zero', () => {
    const { clock, deadline } = setUp(500);
    clock.advanceBy(200);
    expect([deadline.spentMs(), deadline.remainingMs(), deadline.expired]).toEqual([200, 300, false]);
    clock.advanceBy(400);
    expect([deadline.spentMs(), deadline.remainingMs(), deadline.expired]).toEqual([600, 0, true]);
  });

  test('a share is never longer than what its parent has left, and is named after both', () => {
    const { clock, deadline } = setUp(500);
    clock.advanceBy(400);
    const share = deadline.sub({ phase: 'sync', budgetMs: 3000 });
    expect([share.phase, share.budgetMs]).toEqual(['flash/sync', 100]);
    expect(deadline.sub({ phase: 'erase', budgetMs: 50 }).budgetMs).toBe(50);
    expect(deadline.sub({ phase: 'all' }).budgetMs).toBe(100);
  });

  test('a share blames whom its parent blames unless told otherwise', () => {
    const { deadline } = setUp(500);
    expect(deadline.sub({ phase: 'sync' }).blame).toBe('rig');
    expect(deadline.sub({ phase: 'boot', blame: 'dut' }).error('banner').blame).toBe('dut');
  });

  test('check passes while there is time and throws with the evidence when there is none', () => {
    const { clock, deadline } = setUp(500);
    expect(() => deadline.check('reply')).not.toThrow();
    clock.advanceBy(500);
    expect(() => deadline.check('reply', () => ({ lastSeen: 'c0 00', hint: 'Press reset.' }))).toThrow(
      expect.objectContaining({
        message: 'flash: no reply within 500 ms (waited 500 ms); last seen: c0 00',
        hint: 'Press reset.',
        blame: 'rig',
      }),
    );
  });

  test('no budget at all is a wait without end', async () => {
    const { clock, deadline } = setUp(Infinity);
    clock.advanceBy(1e9);
    expect(deadline.expired).toBe(false);
    await expect(deadline.wait(Promise.resolve('x'), 'x')).resolves.toBe('x');
    expect(clock.pendingAlarms).toBe(0);
  });
});

describe('waiting', () => {
  test('hands back what came in time and leaves no alarm behind', async () => {
    const { clock, deadline } = setUp(500);
    const waiting = deadline.wait(
      new Promise((resolve) => clock.after(100, () => resolve('banner'))),
      'banner',
    );
    await clock.advanceSettled(100);
    await expect(waiting).resolves.toBe('banner');
    expect(clock.pendingAlarms).toBe(0);
  });

  test('ends when the time is up, asking only then what was seen last', async () => {
    const { clock, deadline } = setUp(500);
    let lastSeen = 'early';
    const reason = reasonOf(deadline.wait(never, 'banner', () => ({ lastSeen })));
    lastSeen = 'late';
    await clock.advanceSettled(500);
    const error = (await reason) as DeadlineError;
    expect(error).toBeInstanceOf(DeadlineError);
    expect(error.details).toEqual({
      awaited: 'banner',
      phase: 'flash',
      budgetMs: 500,
      spentMs: 500,
      lastSeen: 'late',
    });
    expect(clock.pendingAlarms).toBe(0);
  });

  test('does not end a moment early', async () => {
    const { clock, deadline } = setUp(500);
    let ended = false;
    const reason = reasonOf(deadline.wait(never, 'banner')).finally(() => (ended = true));
    await clock.advanceSettled(499);
    expect(ended).toBe(false);
    await clock.advanceSettled(1);
    await reason;
    expect(ended).toBe(true);
  });

  test('passes on what the promise rejects with', async () => {
    const { clock, deadline } = setUp(500);
    const cause = new Error('unplugged');
    expect(await reasonOf(deadline.wait(Promise.reject(cause), 'banner'))).toBe(cause);
    expect(clock.pendingAlarms).toBe(0);
  });

  test('something that is there already is taken even when the time is up', async () => {
    const { clock, deadline } = setUp(500);
    clock.advanceBy(600);
    await expect(deadline.wait(Promise.resolve(1), 'x')).resolves.toBe(1);
  });

  test('a share ends with its parent although its own budget is longer', async () => {
    const { clock, deadline } = setUp(500);
    const reason = reasonOf(deadline.sub({ phase: 'sync', budgetMs: 3000 }).wait(never, 'reply'));
    await clock.advanceSettled(500);
    expect(await reason).toMatchObject({ details: { phase: 'flash/sync', budgetMs: 500 } });
  });

  test('sleeping takes its time', async () => {
    const { clock, deadline } = setUp(500);
    let awake = false;
    const sleeping = deadline.sleep(100, 'the supply to settle').then(() => (awake = true));
    await clock.advanceSettled(99);
    expect(awake).toBe(false);
    await clock.advanceSettled(1);
    await sleeping;
    expect(awake).toBe(true);
  });

  test('sleeping longer than there is time fails at once', async () => {
    const { clock, deadline } = setUp(500);
    const reason = reasonOf(deadline.sleep(501, 'the supply to settle'));
    expect(await reason).toMatchObject({ code: 'ESPRIG_DEADLINE' });
    expect(clock.nowMs()).toBe(1000);
  });
});

describe('cancelling', () => {
  test('ends a wait, a sleep and the signal at once, and is told apart from an expired time', async () => {
    const person = new AbortController();
    const { clock, deadline } = setUp(500, person.signal);
    const waits = [
      reasonOf(deadline.wait(never, 'banner')),
      reasonOf(deadline.sleep(100, 'the supply')),
      reasonOf(deadline.sub({ phase: 'sync' }).wait(never, 'reply')),
    ];
    const { signal } = deadline;
    person.abort('ctrl-c');
    for (const reason of await Promise.all(waits)) {
      expect(reason).toMatchObject({ code: 'ESPRIG_CANCELLED', blame: 'case', cause: 'ctrl-c' });
    }
    expect(signal.aborted).toBe(true);
    expect(signal.reason).toMatchObject({ code: 'ESPRIG_CANCELLED' });
    expect(() => deadline.check('x')).toThrow(expect.objectContaining({ code: 'ESPRIG_CANCELLED' }));
    deadline[Symbol.dispose]();
    expect(clock.pendingAlarms).toBe(0);
  });

  test('ends a share that has a signal of its own by either, and the parent by its own only', async () => {
    const person = new AbortController();
    const enough = new AbortController();
    const { deadline } = setUp(500, person.signal);
    const share = reasonOf(deadline.sub({ phase: 'ask', signal: enough.signal }).wait(never, 'answer'));
    enough.abort();
    expect(await share).toMatchObject({ code: 'ESPRIG_CANCELLED' });
    expect(deadline.cancelled).toBe(false);
    const other = deadline.sub({ phase: 'ask', signal: new AbortController().signal });
    person.abort();
    expect(other.cancelled).toBe(true);
    expect(setUp(500).deadline.sub({ phase: 'ask', signal: enough.signal }).cancelled).toBe(true);
  });

  test('a wait begun after it ends at once', async () => {
    const { deadline } = setUp(500, AbortSignal.abort());
    expect(await reasonOf(deadline.wait(never, 'banner'))).toMatchObject({ code: 'ESPRIG_CANCELLED' });
    expect(await reasonOf(deadline.sleep(900, 'x'))).toMatchObject({ code: 'ESPRIG_CANCELLED' });
    expect(deadline.signal.aborted).toBe(true);
  });
});

describe('the signal', () => {
  test('aborts when the time is up, with the error to throw as its reason', () => {
    const { clock, deadline } = setUp(500);
    const { signal } = deadline;
    expect(deadline.signal).toBe(signal);
    clock.advanceBy(499);
    expect(signal.aborted).toBe(false);
    clock.advanceBy(1);
    expect(signal.aborted).toBe(true);
    expect(signal.reason).toMatchObject({ code: 'ESPRIG_DEADLINE' });
  });

  test('is aborted from the start when there is no time left', () => {
    const { deadline } = setUp(0);
    expect(deadline.signal.aborted).toBe(true);
  });

  test('disposing gives back the alarms of the deadline and of all its shares', () => {
    const { clock, deadline } = setUp(500);
    const watched = [deadline.signal, deadline.sub({ phase: 'a' }).sub({ phase: 'b' }).signal];
    expect(watched.map((signal) => signal.aborted)).toEqual([false, false]);
    expect(clock.pendingAlarms).toBe(2);
    deadline[Symbol.dispose]();
    expect(clock.pendingAlarms).toBe(0);
  });
});
