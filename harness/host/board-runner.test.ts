import { describe, expect, it } from '@jest/globals';
import { performance } from 'node:perf_hooks';
import { BoardRunner } from './board-runner';
import type { Pacing } from './board-messages';

const LEAP_NANOS = 5e9;
const LOOK_MS = 300;
/** Nobody sleeps through a wait for what never comes. */
const LIMIT_MS = 20_000;

/** An idle board with nobody attached, running until `done`. */
async function runAlone(pacing: Pacing, done: (runner: BoardRunner) => Promise<void>): Promise<void> {
  const runner = new BoardRunner({ config: {}, pacing, longestLeapNanos: LEAP_NANOS }, () => undefined);
  runner.receive({ kind: 'act', id: 1, name: 'power-on', argument: undefined });
  const ran = runner.run();
  try {
    await done(runner);
  } finally {
    runner.receive({ kind: 'close' });
    await ran;
  }
}

/** Wall time until so much virtual time has passed. */
async function wallMsFor({ board }: BoardRunner, nanos: number): Promise<number> {
  const startMs = performance.now();
  const untilNanos = board.nowNanos + nanos;
  while (board.nowNanos < untilNanos) {
    if (performance.now() - startMs > LIMIT_MS) throw new Error(`not within ${LIMIT_MS} ms`);
    await pause(5);
  }
  return performance.now() - startMs;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Virtual time that passes in LOOK_MS of wall time, as a multiple of it. */
async function speed({ board }: BoardRunner): Promise<number> {
  const startMs = performance.now();
  const startNanos = board.nowNanos;
  await pause(LOOK_MS);
  return (board.nowNanos - startNanos) / 1e6 / (performance.now() - startMs);
}

describe('a board with nobody attached', () => {
  it('skips idle time up to its longest leap and walks from there, until somebody asks for something', async () => {
    await runAlone('auto', async (runner) => {
      expect(await wallMsFor(runner, LEAP_NANOS)).toBeLessThan(LEAP_NANOS / 1e6);
      expect(await speed(runner)).toBeLessThan(1.5);
      runner.receive({ kind: 'act', id: 2, name: 'status', argument: undefined });
      expect(await wallMsFor(runner, LEAP_NANOS / 2)).toBeLessThan(LEAP_NANOS / 2 / 1e6);
    });
  });

  it('skips without end when it was told to be fast', async () => {
    await runAlone('fast', async (runner) => {
      await wallMsFor(runner, 3 * LEAP_NANOS);
      expect(await speed(runner)).toBeGreaterThan(1.5);
    });
  });
});
