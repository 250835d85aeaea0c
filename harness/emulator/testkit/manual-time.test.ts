import { describe, expect, it } from '@jest/globals';
import { Alarm } from '../event-queue';
import { createBench, ManualTime } from './manual-time';

describe('manual time', () => {
  it('fires each alarm at its own moment and then stands where it was told to', () => {
    const time = new ManualTime();
    const seen: number[] = [];
    const late = time.queue.register(new Alarm('late', () => seen.push(time.nowTicks)));
    const early = time.queue.register(new Alarm('early', () => seen.push(time.nowTicks)));
    time.queue.scheduleAt(late, 50);
    time.queue.scheduleAt(early, 20);
    time.runUntil(49);
    expect(seen).toEqual([20]);
    time.advanceBy(10);
    expect(seen).toEqual([20, 50]);
    expect(time.nowTicks).toBe(59);
  });

  it('serves an alarm of the past without going back', () => {
    const time = new ManualTime();
    time.runUntil(100);
    const seen: number[] = [];
    time.queue.scheduleAt(new Alarm('past', () => seen.push(time.nowTicks)), 40);
    time.advanceBy(0);
    expect(seen).toEqual([100]);
  });

  it('serves alarms late when it jumps over them', () => {
    const time = new ManualTime();
    const seen: number[] = [];
    time.queue.scheduleAt(new Alarm('jumped', () => seen.push(time.nowTicks)), 40);
    time.jumpTo(70);
    expect(seen).toEqual([70]);
  });

  it('repeats itself from a snapshot', () => {
    const { time } = createBench();
    const seen: number[] = [];
    const alarm = time.queue.register(new Alarm('again', () => seen.push(time.nowTicks)));
    time.queue.scheduleAt(alarm, 30);
    time.runUntil(10);
    const state = time.save();
    time.runUntil(40);
    time.restore(state);
    expect(time.nowTicks).toBe(10);
    time.runUntil(40);
    expect(seen).toEqual([30, 30]);
  });
});
