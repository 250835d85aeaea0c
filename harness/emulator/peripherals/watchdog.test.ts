import { describe, expect, it } from '@jest/globals';
import { TICKS_PER_MICRO } from '../time';
import { createBench, type Bench } from '../testkit/manual-time';
import { Watchdog } from './watchdog';

const CTL = 0x00;
const OP = 0x04;
const OP_ND = 0x08;
const VALUE = 0x0c;
const STATUS = 0x10;
const RST = 0x14;
const FEED = 0x73;
const ENABLE = 0x39; // as the SDK sets it: enabled, interrupt then reset, reset length 7

const periodTicks = (n: number): number => 2 ** n * 800 * TICKS_PER_MICRO;

interface WatchdogBench extends Bench {
  readonly watchdog: Watchdog;
  readonly edges: number[];
  readonly resets: number[];
  readonly gate: { open: boolean };
}

function createWatchdogBench(): WatchdogBench {
  const bench = createBench();
  const edges: number[] = [];
  const resets: number[] = [];
  const gate = { open: true };
  const watchdog = new Watchdog(bench.context, {
    irq: (asserted) => {
      if (asserted) edges.push(bench.time.nowTicks);
    },
    edgeEnabled: () => gate.open,
    onStage2Reset: () => resets.push(bench.time.nowTicks),
  });
  return { ...bench, watchdog, edges, resets, gate };
}

function start(watchdog: Watchdog, stage1: number, stage2: number): void {
  watchdog.write32(CTL, 0);
  watchdog.write32(OP, stage1);
  watchdog.write32(OP_ND, stage2);
  watchdog.write32(CTL, ENABLE);
  watchdog.write32(RST, FEED);
}

describe('watchdog', () => {
  it('raises its interrupt after 6.55 s with n = 13 and resets the chip 1.64 s later with n = 11', () => {
    const { watchdog, time, edges, resets } = createWatchdogBench();
    start(watchdog, 13, 11);
    time.advanceBy(20 * periodTicks(13));
    expect(edges).toEqual([periodTicks(13)]);
    expect(resets).toEqual([periodTicks(13) + periodTicks(11)]);
    expect(periodTicks(13) / TICKS_PER_MICRO).toBe(6_553_600);
    expect(periodTicks(11) / TICKS_PER_MICRO).toBe(1_638_400);
  });

  it('starts again at stage 1 when it is fed, also during stage 2', () => {
    const { watchdog, time, edges, resets } = createWatchdogBench();
    start(watchdog, 5, 4);
    for (let i = 0; i < 10; i++) {
      time.advanceBy(periodTicks(5) - 1);
      watchdog.write32(RST, FEED);
    }
    expect(edges).toEqual([]);
    time.advanceBy(periodTicks(5) + periodTicks(4) - 1);
    expect([edges.length, watchdog.read32(STATUS)]).toEqual([1, 1]);
    watchdog.write32(RST, FEED);
    expect(watchdog.read32(STATUS)).toBe(0);
    time.advanceBy(periodTicks(5));
    expect([edges.length, resets.length]).toEqual([2, 0]);
  });

  it('takes no other value for food', () => {
    const { watchdog, time, resets } = createWatchdogBench();
    start(watchdog, 1, 1);
    time.advanceBy(periodTicks(1));
    watchdog.write32(RST, 0x37);
    time.advanceBy(periodTicks(1));
    expect(resets).toHaveLength(1);
  });

  it('still resets the chip when its interrupt is gated off', () => {
    const { watchdog, time, edges, resets, gate } = createWatchdogBench();
    gate.open = false;
    start(watchdog, 1, 1);
    time.advanceBy(2 * periodTicks(1));
    expect([edges.length, resets.length]).toEqual([0, 1]);
  });

  it('does nothing while disabled, and starts afresh when enabled', () => {
    const { watchdog, time, edges } = createWatchdogBench();
    start(watchdog, 3, 3);
    time.advanceBy(periodTicks(3) - 1);
    watchdog.write32(CTL, ENABLE & ~1);
    time.advanceBy(10 * periodTicks(3));
    expect(edges).toEqual([]);
    watchdog.write32(CTL, ENABLE);
    time.advanceBy(periodTicks(3) - 1);
    expect(edges).toEqual([]);
    time.advanceBy(1);
    expect(edges).toHaveLength(1);
  });

  it('is not restarted by a write to CTL that leaves it enabled', () => {
    const { watchdog, time, edges } = createWatchdogBench();
    start(watchdog, 3, 3);
    time.advanceBy(periodTicks(3) - 5);
    watchdog.write32(CTL, ENABLE);
    time.advanceBy(5);
    expect(edges).toHaveLength(1);
  });

  it('stands still without its clock and then goes on where it was', () => {
    const { watchdog, time, edges } = createWatchdogBench();
    start(watchdog, 3, 3);
    time.advanceBy(periodTicks(3) - 100);
    watchdog.setClockGated(true);
    expect([watchdog.running, watchdog.read32(VALUE)]).toEqual([false, 7]);
    time.advanceBy(10 * periodTicks(3));
    watchdog.setClockGated(false);
    time.advanceBy(99);
    expect(edges).toEqual([]);
    time.advanceBy(1);
    expect(edges).toHaveLength(1);
  });

  it('fires at once when the period is shortened below what has passed', () => {
    const { watchdog, time, edges } = createWatchdogBench();
    start(watchdog, 15, 11);
    time.advanceBy(periodTicks(4));
    watchdog.write32(OP, 1);
    time.advanceBy(0);
    expect(edges).toHaveLength(1);
  });

  it('forgets everything in a reset of the chip', () => {
    const { watchdog, time, edges, resets } = createWatchdogBench();
    start(watchdog, 1, 1);
    watchdog.setClockGated(true);
    watchdog.reset();
    time.advanceBy(100 * periodTicks(1));
    expect([edges.length, resets.length]).toEqual([0, 0]);
    expect([CTL, OP, OP_ND, VALUE, STATUS, RST].map((offset) => watchdog.read32(offset))).toEqual([
      0, 0, 0, 0, 0, 0,
    ]);
    start(watchdog, 1, 1);
    expect(watchdog.running).toBe(true);
  });

  it('repeats itself from a snapshot', () => {
    const { watchdog, time, edges, resets } = createWatchdogBench();
    start(watchdog, 2, 3);
    time.advanceBy(periodTicks(2) + 77);
    const saved = structuredClone({ watchdog: watchdog.save(), time: time.save() });
    const run = (): unknown => {
      edges.length = 0;
      resets.length = 0;
      time.advanceBy(1000);
      const value = watchdog.read32(VALUE);
      time.advanceBy(periodTicks(3));
      return [value, [...edges], [...resets], watchdog.read32(STATUS)];
    };
    const first = run();
    start(watchdog, 9, 9);
    watchdog.restore(saved.watchdog);
    time.restore(saved.time);
    expect(run()).toEqual(first);
    expect(resets).toHaveLength(1);
  });
});
