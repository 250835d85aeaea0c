import { describe, expect, it } from '@jest/globals';
import { createBench, type Bench } from '../testkit/manual-time';
import { TICKS_PER_SECOND } from '../time';
import type { ResetKind } from './peripheral';
import { Rtc } from './rtc';
import { RTC_PERIOD_TICKS } from './rtc-clock';

const CTRL = 0x00;
const TARGET = 0x04;
const SLEEP = 0x08;
const CAUSE = 0x14;
const WAKE = 0x18;
const COUNTER = 0x1c;
const INT_ENA = 0x20;
const INT_CLR = 0x24;
const STATUS = 0x28;
const SCRATCH0 = 0x30;
const OPTIONS = 0x44;
const SLEEP_START = 1 << 20;
const TIMER_WAKES = 8;

interface RtcBench extends Bench {
  readonly rtc: Rtc;
  readonly log: (string | number)[][];
}

function createRtcBench(wakeWired = true): RtcBench {
  const bench = createBench();
  const log: (string | number)[][] = [];
  const rtc = new Rtc(
    bench.context,
    {
      irq: (asserted) => {
        if (asserted) log.push(['irq']);
      },
      onSoftwareReset: () => log.push(['software reset']),
      onLightSleep: (untilTicks) => log.push(['light', untilTicks]),
      onDeepSleep: (untilTicks) => log.push(['deep', untilTicks]),
      onDeepSleepWake: () => log.push(['wake', bench.time.nowTicks]),
      onGpio16: (level, driven) => {
        if (driven) log.push(['gpio16', Number(level)]);
      },
    },
    { wakeWired },
  );
  return { ...bench, rtc, log };
}

describe('RTC', () => {
  it('shows the cause of each kind of reset', () => {
    const { rtc } = createRtcBench();
    const kinds: readonly ResetKind[] = ['power-on', 'external', 'software', 'watchdog'];
    const causes = kinds.map((kind) => {
      rtc.reset(kind);
      return rtc.read32(CAUSE) & 0xf;
    });
    expect(causes).toEqual([1, 2, 3, 4]);
  });

  it('keeps the scratch words and the counter over everything but power-on', () => {
    const { rtc, time } = createRtcBench();
    rtc.write32(SCRATCH0, 0xdeadbeef);
    rtc.write32(0x3c, 7);
    rtc.write32(0x40, 1);
    time.advanceBy(100 * RTC_PERIOD_TICKS);
    for (const kind of ['external', 'software', 'watchdog'] as const) {
      rtc.reset(kind);
      expect([rtc.read32(SCRATCH0), rtc.read32(0x3c), rtc.read32(COUNTER), rtc.read32(0x40)]).toEqual([
        0xdeadbeef, 7, 100, 0,
      ]);
    }
    rtc.reset('power-on');
    expect([rtc.read32(SCRATCH0), rtc.read32(0x3c), rtc.read32(COUNTER)]).toEqual([0, 0, 0]);
  });

  it('counts at about 174 kHz', () => {
    const { rtc, time } = createRtcBench();
    time.advanceBy(TICKS_PER_SECOND);
    expect(rtc.read32(COUNTER)).toBe(173_913);
    rtc.write32(COUNTER, 0);
    expect(rtc.read32(COUNTER)).toBe(173_913);
  });

  it('asks for a reset when CTRL bit 31 is written', () => {
    const { rtc, log } = createRtcBench();
    rtc.write32(CTRL, 0x30);
    expect(log).toEqual([]);
    rtc.write32(CTRL, 0x80000030);
    expect(log).toEqual([['software reset']]);
  });

  it('cannot be told its reset cause', () => {
    const { rtc } = createRtcBench();
    rtc.reset('watchdog');
    rtc.write32(CAUSE, 0xfffffff1);
    expect(rtc.read32(CAUSE)).toBe(0xfffffff4);
  });

  it('has a wake status that is not 0 before anything slept', () => {
    const { rtc } = createRtcBench();
    rtc.reset('power-on');
    rtc.write32(INT_CLR, 0xffffffff);
    expect(rtc.read32(STATUS) & 3).not.toBe(0);
  });

  it('sleeps lightly until its counter reaches the target', () => {
    const { rtc, time, log } = createRtcBench();
    time.advanceBy(10.5 * RTC_PERIOD_TICKS);
    rtc.write32(INT_CLR, 0xffffffff);
    rtc.write32(WAKE, TIMER_WAKES);
    rtc.write32(TARGET, rtc.read32(COUNTER) + 1000);
    rtc.write32(SLEEP, rtc.read32(SLEEP) | SLEEP_START);
    expect(log).toEqual([['light', 1010 * RTC_PERIOD_TICKS]]);
    expect([rtc.sleeping, rtc.read32(STATUS) & 3]).toEqual(['light', 0]);
    time.runUntil(1010 * RTC_PERIOD_TICKS - 1);
    expect(rtc.read32(STATUS) & 3).toBe(0);
    time.advanceBy(1);
    expect([rtc.sleeping, rtc.read32(STATUS) & 3, rtc.read32(COUNTER)]).toEqual(['awake', 1, 1010]);
    expect((rtc.read32(WAKE) >>> 8) & 0x3f).toBe(8);
    expect(rtc.read32(SLEEP) & SLEEP_START).toBe(0);
  });

  it('wakes at once for a target that has passed', () => {
    const { rtc, time } = createRtcBench();
    time.advanceBy(1000 * RTC_PERIOD_TICKS);
    rtc.write32(WAKE, TIMER_WAKES);
    rtc.write32(TARGET, 999);
    rtc.write32(SLEEP, SLEEP_START);
    time.advanceBy(0);
    expect(rtc.sleeping).toBe('awake');
  });

  it('raises its interrupt on waking only if it is enabled, until it is cleared', () => {
    const { rtc, time, log } = createRtcBench();
    rtc.write32(INT_ENA, 1);
    rtc.write32(WAKE, TIMER_WAKES);
    rtc.write32(TARGET, 10);
    rtc.write32(SLEEP, SLEEP_START);
    time.advanceBy(10 * RTC_PERIOD_TICKS);
    expect(log.filter(([what]) => what === 'irq')).toHaveLength(1);
    rtc.write32(INT_CLR, 1);
    rtc.write32(INT_ENA, 1);
    expect(log.filter(([what]) => what === 'irq')).toHaveLength(1);
  });

  it('wakes from deep sleep through the reset pin, with cause 5 and the timer as its reason', () => {
    const { rtc, time, log } = createRtcBench();
    rtc.reset('power-on');
    rtc.write32(SCRATCH0, 77);
    rtc.write32(OPTIONS, 0x20);
    rtc.write32(WAKE, TIMER_WAKES);
    rtc.write32(TARGET, 5000);
    rtc.write32(SLEEP, SLEEP_START);
    expect(log).toEqual([['deep', 5000 * RTC_PERIOD_TICKS]]);
    time.advanceBy(TICKS_PER_SECOND);
    expect(log[1]).toEqual(['wake', 5000 * RTC_PERIOD_TICKS]);
    rtc.reset('external');
    expect([rtc.read32(CAUSE) & 0xf, (rtc.read32(WAKE) >>> 8) & 0x3f, rtc.read32(SCRATCH0)]).toEqual([
      5, 8, 77,
    ]);
    rtc.reset('external');
    expect([rtc.read32(CAUSE) & 0xf, rtc.read32(WAKE)]).toEqual([2, 0]);
  });

  it('shows cause 2 when the reset pin ends a deep sleep before the timer', () => {
    const { rtc, time, log } = createRtcBench();
    rtc.write32(OPTIONS, 0x20);
    rtc.write32(WAKE, TIMER_WAKES);
    rtc.write32(TARGET, 5000);
    rtc.write32(SLEEP, SLEEP_START);
    rtc.reset('external');
    time.advanceBy(TICKS_PER_SECOND);
    expect(rtc.read32(CAUSE) & 0xf).toBe(2);
    expect(log.some(([what]) => what === 'wake')).toBe(false);
  });

  it('sleeps for ever when nothing can wake it', () => {
    for (const [wired, wakes] of [
      [true, 0],
      [false, TIMER_WAKES],
    ] as const) {
      const { rtc, time, log } = createRtcBench(wired);
      rtc.write32(OPTIONS, 0x20);
      rtc.write32(WAKE, wakes);
      rtc.write32(TARGET, 50);
      rtc.write32(SLEEP, SLEEP_START);
      time.advanceBy(10 * TICKS_PER_SECOND);
      expect(log).toEqual([['deep', Infinity]]);
      expect(rtc.sleeping).toBe('deep');
    }
  });

  it('drives GPIO16 or reads it', () => {
    const { rtc, log } = createRtcBench();
    rtc.setGpio16Input(true);
    expect(rtc.read32(0x8c)).toBe(1);
    rtc.write32(0x74, 1);
    expect(rtc.read32(0x8c)).toBe(0);
    rtc.write32(0x68, 1);
    expect(rtc.read32(0x8c)).toBe(1);
    expect(log).toEqual([
      ['gpio16', 0],
      ['gpio16', 1],
    ]);
  });

  it('repeats itself from a snapshot taken while asleep', () => {
    const { rtc, time, log } = createRtcBench();
    time.advanceBy(12345);
    rtc.write32(OPTIONS, 0x20);
    rtc.write32(WAKE, TIMER_WAKES);
    rtc.write32(TARGET, 100);
    rtc.write32(SLEEP, SLEEP_START);
    const saved = structuredClone({ rtc: rtc.save(), time: time.save() });
    const run = (): unknown => {
      log.length = 0;
      time.advanceBy(200 * RTC_PERIOD_TICKS);
      rtc.reset('external');
      return [[...log], rtc.read32(CAUSE), rtc.read32(COUNTER)];
    };
    const first = run();
    rtc.reset('power-on');
    rtc.restore(saved.rtc);
    time.restore(saved.time);
    expect(run()).toEqual(first);
    expect(() => rtc.read32(0x100)).toThrow('rtc has no register');
  });
});
