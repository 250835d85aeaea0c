import { describe, expect, test } from '@jest/globals';
import { ManualClock, RealClock } from './clock';

describe('the manual clock', () => {
  test('stands still until it is told to move, and moves by differences', () => {
    const clock = new ManualClock(100, 5000);
    expect([clock.nowMs(), clock.wallTimeMs()]).toEqual([100, 5000]);
    clock.advanceBy(10);
    clock.advanceBy(10);
    expect([clock.nowMs(), clock.wallTimeMs()]).toEqual([120, 5020]);
  });

  test('calls alarms at their own time, earliest first, equals in the order they were set', () => {
    const clock = new ManualClock();
    const seen: string[] = [];
    const note = (name: string) => () => seen.push(`${name}@${clock.nowMs()}`);
    clock.after(30, note('c'));
    clock.after(10, note('a1'));
    clock.after(10, note('a2'));
    clock.advanceBy(29);
    expect(seen).toEqual(['a1@10', 'a2@10']);
    clock.advanceBy(1);
    expect(seen).toEqual(['a1@10', 'a2@10', 'c@30']);
    expect(clock.nowMs()).toBe(30);
  });

  test('an alarm set by an alarm falls due in the same run', () => {
    const clock = new ManualClock();
    const seen: number[] = [];
    const again = (): void => {
      seen.push(clock.nowMs());
      if (seen.length < 3) clock.after(10, again);
    };
    clock.after(10, again);
    clock.advanceBy(100);
    expect(seen).toEqual([10, 20, 30]);
  });

  test('a cancelled alarm never rings, and cancelling twice does no harm', () => {
    const clock = new ManualClock();
    let rang = 0;
    const cancel = clock.after(10, () => rang++);
    expect(clock.pendingAlarms).toBe(1);
    cancel();
    cancel();
    clock.advanceBy(100);
    expect([rang, clock.pendingAlarms]).toEqual([0, 0]);
  });

  test('an alarm never rings inside the call that sets it', () => {
    const clock = new ManualClock();
    let rang = 0;
    clock.after(0, () => rang++);
    clock.after(-5, () => rang++);
    expect(rang).toBe(0);
    clock.advanceBy(0);
    expect(rang).toBe(2);
  });

  test('never goes back', () => {
    const clock = new ManualClock(50);
    clock.runUntil(10);
    expect(clock.nowMs()).toBe(50);
  });

  test('stops a program whose alarms set each other without time passing', () => {
    const clock = new ManualClock();
    const again = (): void => void clock.after(0, again);
    again();
    expect(() => clock.advanceBy(1)).toThrow('time stands still');
  });

  test('lets code that awaits set its next alarm on the way', async () => {
    const clock = new ManualClock();
    const seen: number[] = [];
    const work = (async () => {
      for (let turn = 0; turn < 3; turn++) {
        await new Promise<void>((resolve) => clock.after(10, resolve));
        seen.push(clock.nowMs());
      }
    })();
    await clock.advanceSettled(30);
    await work;
    expect(seen).toEqual([10, 20, 30]);
  });
});

describe('the real clock', () => {
  test('grows, and rings once after the delay', async () => {
    const clock = new RealClock();
    const startMs = clock.nowMs();
    await new Promise<void>((resolve) => clock.after(5, resolve));
    expect(clock.nowMs() - startMs).toBeGreaterThanOrEqual(4);
    expect(Math.abs(clock.wallTimeMs() - Date.now())).toBeLessThan(1000);
  });

  test('a delay longer than a timer can hold does not ring at once', async () => {
    const clock = new RealClock();
    let rang = false;
    const cancel = clock.after(2 ** 40, () => (rang = true), { background: true });
    await new Promise<void>((resolve) => clock.after(5, resolve));
    cancel();
    expect(rang).toBe(false);
  });
});
