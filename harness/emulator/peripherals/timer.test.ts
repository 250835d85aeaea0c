import { describe, expect, it } from '@jest/globals';
import { createBench, type Bench } from '../testkit/manual-time';
import { TimerBlock } from './timer';

const LOAD1 = 0x00;
const COUNT1 = 0x04;
const CTRL1 = 0x08;
const INT1 = 0x0c;
const LOAD2 = 0x20;
const COUNT2 = 0x24;
const CTRL2 = 0x28;
const INT2 = 0x2c;
const ALARM2 = 0x30;

const RUN = 0x80;
const RELOAD = 0x40;
const LEVEL = 0x01;
const BY_16 = 0x04;
const BY_256 = 0x08;

/** Ticks of one count at 52 MHz, prescale 16. */
const TICKS_52_BY_16 = 16 * 40;
const TICKS_80_BY_16 = 16 * 26;

interface TimerBench extends Bench {
  readonly timer: TimerBlock;
  /** Moments of the edges that reached the CPU. */
  readonly edges1: number[];
  readonly edges2: number[];
  readonly gates: { frc1: boolean; frc2: boolean };
}

function createTimerBench(): TimerBench {
  const bench = createBench();
  const edges1: number[] = [];
  const edges2: number[] = [];
  const gates = { frc1: true, frc2: true };
  const timer = new TimerBlock(bench.context, {
    frc1: {
      irq: (asserted) => {
        if (asserted) edges1.push(bench.time.nowTicks);
      },
      edgeEnabled: () => gates.frc1,
    },
    frc2: {
      irq: (asserted) => {
        if (asserted) edges2.push(bench.time.nowTicks);
      },
      edgeEnabled: () => gates.frc2,
    },
  });
  return { ...bench, timer, edges1, edges2, gates };
}

describe('FRC1', () => {
  it('counts down from LOAD at the prescaled APB clock', () => {
    const { timer, time } = createTimerBench();
    timer.write32(CTRL1, RUN | BY_16);
    timer.write32(LOAD1, 1000);
    time.advanceBy(10 * TICKS_52_BY_16 - 1);
    expect(timer.read32(COUNT1)).toBe(991);
    time.advanceBy(1);
    expect(timer.read32(COUNT1)).toBe(990);
    expect(timer.read32(LOAD1)).toBe(1000);
  });

  it('with RELOAD makes an edge exactly every LOAD counts', () => {
    const { timer, time, edges1 } = createTimerBench();
    timer.write32(CTRL1, RUN | RELOAD | BY_16);
    timer.write32(LOAD1, 500);
    time.advanceBy(3.5 * 500 * TICKS_52_BY_16);
    expect(edges1).toEqual([1, 2, 3].map((n) => n * 500 * TICKS_52_BY_16));
    expect(timer.read32(COUNT1)).toBe(250);
  });

  it('keeps its period when an edge is served late', () => {
    const { timer, time, edges1 } = createTimerBench();
    timer.write32(CTRL1, RUN | RELOAD | BY_16);
    timer.write32(LOAD1, 500);
    const period = 500 * TICKS_52_BY_16;
    time.jumpTo(period + 12_345);
    expect(edges1).toEqual([period + 12_345]);
    time.runUntil(3 * period);
    expect(edges1.slice(1)).toEqual([2 * period, 3 * period]);
  });

  it('without RELOAD goes on from 0x7fffff after zero', () => {
    const { timer, time, edges1 } = createTimerBench();
    timer.write32(CTRL1, RUN | BY_16);
    timer.write32(LOAD1, 5);
    time.advanceBy(5 * TICKS_52_BY_16);
    expect([timer.read32(COUNT1), edges1.length]).toEqual([0, 1]);
    time.advanceBy(TICKS_52_BY_16);
    expect(timer.read32(COUNT1)).toBe(0x7fffff);
    time.advanceBy((0x7fffff - 1) * TICKS_52_BY_16);
    expect(edges1).toHaveLength(1);
    time.advanceBy(TICKS_52_BY_16);
    expect(edges1).toHaveLength(2);
  });

  it('has 23 bits', () => {
    const { timer } = createTimerBench();
    timer.write32(LOAD1, 0xffffffff);
    expect([timer.read32(LOAD1), timer.read32(COUNT1)]).toEqual([0x7fffff, 0x7fffff]);
  });

  it('stands still while stopped and goes on from there', () => {
    const { timer, time, edges1 } = createTimerBench();
    timer.write32(LOAD1, 100);
    time.advanceBy(1e6);
    expect(timer.read32(COUNT1)).toBe(100);
    timer.write32(CTRL1, RUN | BY_256);
    time.advanceBy(10 * 256 * 40);
    timer.write32(CTRL1, BY_256);
    time.advanceBy(1e9);
    expect([timer.read32(COUNT1), edges1.length]).toEqual([90, 0]);
    timer.write32(CTRL1, RUN | BY_256);
    time.advanceBy(90 * 256 * 40);
    expect(edges1).toHaveLength(1);
  });

  it('in level mode makes one edge until software clears the status', () => {
    const { timer, time, edges1 } = createTimerBench();
    timer.write32(CTRL1, RUN | RELOAD | LEVEL | BY_16);
    timer.write32(LOAD1, 10);
    time.advanceBy(35 * TICKS_52_BY_16);
    expect(edges1).toHaveLength(1);
    expect(timer.read32(CTRL1) & 0x100).toBe(0x100);
    timer.write32(INT1, 1);
    expect(timer.read32(CTRL1) & 0x100).toBe(0x100);
    timer.write32(INT1, 0);
    expect(timer.read32(CTRL1) & 0x100).toBe(0);
    time.advanceBy(10 * TICKS_52_BY_16);
    expect(edges1).toHaveLength(2);
  });

  it('reaches the CPU only through its gate', () => {
    const { timer, time, edges1, gates } = createTimerBench();
    gates.frc1 = false;
    timer.write32(CTRL1, RUN | RELOAD | BY_16);
    timer.write32(LOAD1, 10);
    time.advanceBy(15 * TICKS_52_BY_16);
    expect(edges1).toEqual([]);
    gates.frc1 = true;
    time.advanceBy(5 * TICKS_52_BY_16);
    expect(edges1).toHaveLength(1);
  });

  it('keeps its count when the APB clock changes and goes on at the new rate', () => {
    const { timer, time, clocks, edges1 } = createTimerBench();
    timer.write32(CTRL1, RUN | BY_16);
    timer.write32(LOAD1, 1000);
    time.advanceBy(400 * TICKS_52_BY_16);
    clocks.setPllRegister1(136);
    expect(timer.read32(COUNT1)).toBe(600);
    time.advanceBy(100 * TICKS_80_BY_16);
    expect(timer.read32(COUNT1)).toBe(500);
    time.advanceBy(500 * TICKS_80_BY_16);
    expect(edges1).toEqual([400 * TICKS_52_BY_16 + 600 * TICKS_80_BY_16]);
  });
});

describe('FRC2', () => {
  it('counts up and wraps at 32 bits', () => {
    const { timer, time } = createTimerBench();
    timer.write32(CTRL2, RUN | BY_16);
    timer.write32(LOAD2, 0xfffffff0);
    time.advanceBy(0x20 * TICKS_52_BY_16);
    expect(timer.read32(COUNT2)).toBe(0x10);
  });

  it('makes its edge in the moment COUNT becomes ALARM', () => {
    const { timer, time, edges2 } = createTimerBench();
    timer.write32(ALARM2, 0);
    timer.write32(CTRL2, RUN | BY_16);
    timer.write32(LOAD2, 0);
    edges2.length = 0;
    timer.write32(ALARM2, 1000);
    time.advanceBy(1000 * TICKS_52_BY_16 - 1);
    expect(edges2).toEqual([]);
    time.advanceBy(1);
    expect(edges2).toEqual([1000 * TICKS_52_BY_16]);
    expect(timer.read32(COUNT2)).toBe(1000);
  });

  it('fires at once for an ALARM equal to COUNT', () => {
    const { timer, time, edges2 } = createTimerBench();
    timer.write32(CTRL2, RUN | BY_16);
    time.advanceBy(77 * TICKS_52_BY_16);
    edges2.length = 0;
    timer.write32(ALARM2, 77);
    expect(edges2).toEqual([time.nowTicks]);
  });

  it('fires one whole wrap later for an ALARM already passed', () => {
    const { timer, time, edges2 } = createTimerBench();
    timer.write32(CTRL2, RUN | BY_16);
    time.advanceBy(77 * TICKS_52_BY_16);
    edges2.length = 0;
    timer.write32(ALARM2, 76);
    time.runUntil((0x100000000 + 76) * TICKS_52_BY_16 - 1);
    expect(edges2).toEqual([]);
    time.advanceBy(1);
    expect(edges2).toHaveLength(1);
  });

  it('fires again after each wrap', () => {
    const { timer, time, edges2 } = createTimerBench();
    timer.write32(CTRL2, RUN);
    timer.write32(ALARM2, 5);
    time.runUntil(2 * 0x100000000 * 40 + 5 * 40);
    expect(edges2).toEqual([5 * 40, (0x100000000 + 5) * 40, (2 * 0x100000000 + 5) * 40]);
  });

  it('fires when LOAD makes COUNT equal to ALARM', () => {
    const { timer, time, edges2 } = createTimerBench();
    timer.write32(CTRL2, RUN | BY_16);
    timer.write32(ALARM2, 5000);
    time.advanceBy(TICKS_52_BY_16);
    timer.write32(LOAD2, 5000);
    expect(edges2).toEqual([time.nowTicks]);
  });

  it('goes through its own gate', () => {
    const { timer, time, edges2, gates } = createTimerBench();
    gates.frc2 = false;
    timer.write32(CTRL2, RUN | BY_16);
    timer.write32(ALARM2, 5);
    time.advanceBy(1e6);
    expect(edges2).toEqual([]);
  });

  it('keeps its count when the APB clock changes', () => {
    const { timer, time, clocks, edges2 } = createTimerBench();
    timer.write32(CTRL2, RUN | BY_16);
    timer.write32(ALARM2, 300);
    time.advanceBy(100 * TICKS_52_BY_16);
    clocks.setPllRegister1(136);
    expect(timer.read32(COUNT2)).toBe(100);
    time.advanceBy(200 * TICKS_80_BY_16);
    expect(edges2).toEqual([100 * TICKS_52_BY_16 + 200 * TICKS_80_BY_16]);
  });

  it('clears a held status like FRC1', () => {
    const { timer, time } = createTimerBench();
    timer.write32(CTRL2, RUN | LEVEL | BY_16);
    timer.write32(ALARM2, 5);
    time.advanceBy(5 * TICKS_52_BY_16);
    expect(timer.read32(CTRL2) & 0x100).toBe(0x100);
    timer.write32(INT2, 0);
    expect(timer.read32(CTRL2) & 0x100).toBe(0);
  });
});

describe('the timer block', () => {
  it('stops both timers on reset', () => {
    const { timer, time, edges1, edges2 } = createTimerBench();
    timer.write32(CTRL1, RUN | RELOAD);
    timer.write32(LOAD1, 100);
    timer.write32(CTRL2, RUN);
    timer.write32(ALARM2, 100);
    timer.reset();
    time.advanceBy(1e6);
    expect([...edges1, ...edges2]).toEqual([]);
    expect([LOAD1, COUNT1, CTRL1, LOAD2, COUNT2, CTRL2, ALARM2].map((o) => timer.read32(o))).toEqual([
      0, 0, 0, 0, 0, 0, 0,
    ]);
    expect(() => timer.read32(0x34)).toThrow('timer has no register at +0x34');
  });

  it('repeats itself from a snapshot', () => {
    const { timer, time, edges1, edges2, clocks } = createTimerBench();
    timer.write32(CTRL1, RUN | RELOAD | BY_16);
    timer.write32(LOAD1, 333);
    timer.write32(CTRL2, RUN | LEVEL | BY_256);
    timer.write32(ALARM2, 50);
    time.advanceBy(12345);
    const saved = structuredClone({ timer: timer.save(), time: time.save(), clocks: clocks.save() });
    const run = (): unknown => {
      edges1.length = 0;
      edges2.length = 0;
      time.advanceBy(400_000);
      clocks.setPllRegister1(136);
      time.advanceBy(400_001);
      return [[...edges1], [...edges2], timer.read32(COUNT1), timer.read32(COUNT2), timer.read32(CTRL2)];
    };
    const first = run();
    timer.write32(LOAD1, 5);
    timer.write32(INT2, 0);
    clocks.restore(saved.clocks);
    timer.restore(saved.timer);
    time.restore(saved.time);
    expect(run()).toEqual(first);
    expect(edges1.length).toBeGreaterThan(2);
  });
});
