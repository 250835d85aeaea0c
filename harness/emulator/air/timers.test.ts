import { describe, expect, test } from '@jest/globals';
import { Random } from './random';
import { VirtualClock } from './testkit/virtual-clock';
import { Timer, Timers } from './timers';

describe('timers of the air', () => {
  test('fire in the order of their moments, equal moments in the order they were set', () => {
    const clock = new VirtualClock();
    const timers = new Timers(clock.queue, 'air');
    const random = new Random(1);
    const fired: [number, number][] = [];
    const expected: [number, number][] = [];
    for (let index = 0; index < 2000; index++) {
      const atTicks = random.below(500);
      const timer = new Timer(() => fired.push([atTicks, index]));
      timers.setAt(timer, atTicks);
      if (random.below(3) === 0) timers.clear(timer);
      else expected.push([atTicks, index]);
    }
    expected.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
    clock.runFor(1);
    expect(fired).toEqual(expected);
    expect(timers.size).toBe(0);
    expect(clock.queue.nextAtTicks).toBe(Infinity);
  });

  test('a timer can be set again, earlier or later, also from its own callback', () => {
    const clock = new VirtualClock();
    const timers = new Timers(clock.queue, 'air');
    const fired: number[] = [];
    const timer: Timer = new Timer(() => {
      fired.push(clock.nowTicks);
      if (fired.length < 3) timers.setIn(timer, 10);
    });
    timers.setAt(timer, 1000);
    timers.setAt(timer, 50);
    timers.setAt(timer, 70);
    clock.runFor(0.001);
    expect(fired).toEqual([70, 80, 90]);
    expect(timer.isSet).toBe(false);
  });
});

describe('the random source', () => {
  test('repeats itself from a seed and from a saved state, and forks independent streams', () => {
    const one = new Random(42);
    const two = new Random(42);
    const numbers = Array.from({ length: 20 }, () => one.nextU32());
    expect(Array.from({ length: 20 }, () => two.nextU32())).toEqual(numbers);
    const saved = one.save();
    const after = one.nextU32();
    two.restore(saved);
    expect(two.nextU32()).toBe(after);
    expect(new Random(43).nextU32()).not.toBe(numbers[0]);
    const fork = one.fork();
    expect(fork.nextU32()).not.toBe(one.nextU32());
  });

  test('is even: fractions and bytes spread over their range', () => {
    const random = new Random(5);
    const counts = new Array<number>(16).fill(0);
    for (let index = 0; index < 16_000; index++) counts[random.below(16)]!++;
    for (const value of random.bytes(16_000)) counts[value >> 4]!++;
    for (const count of counts) expect(Math.abs(count - 2000)).toBeLessThan(250);
  });
});
