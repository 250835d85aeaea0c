import { describe, expect, test } from '@jest/globals';
import { network } from '../../emulator/air/testkit/network';
import { AirCapture } from './air-capture';

const START_MS = Date.UTC(2026, 10, 22);

function begin() {
  const net = network(3);
  let wallMs = START_MS;
  let skewNanos = 0;
  const capture = new AirCapture(net.medium, {
    boardNanos: () => net.clock.nowSeconds * 1e9 + skewNanos,
    wallMs: () => wallMs,
  });
  net.ap.start();
  return {
    net,
    capture,
    /** Both times go on. */
    pass: (boardMs: number, machineMs: number): void => {
      net.clock.runFor(boardMs / 1000);
      wallMs += machineMs;
    },
    /** As a snapshot does: the board's time jumps, nothing else happens. */
    jump: (millis: number) => void (skewNanos += millis * 1e6),
  };
}

/** [since START_MS, TSFT, length] of each record. */
function recordsOf(bytes: Uint8Array | undefined): readonly (readonly [number, number, number])[] {
  const buffer = Buffer.from(bytes ?? new Uint8Array());
  const found: [number, number, number][] = [];
  for (let at = 0; at < buffer.length;) {
    const lengthBytes = buffer.readUInt32LE(at + 8);
    expect(buffer.readUInt32LE(at + 12)).toBe(lengthBytes);
    const ms = buffer.readUInt32LE(at) * 1000 - START_MS + buffer.readUInt32LE(at + 4) / 1e6;
    found.push([ms, Number(buffer.readBigUInt64LE(at + 16 + 8)), lengthBytes]);
    at += 16 + lengthBytes;
  }
  return found;
}

describe('a capture of the air', () => {
  test('has the time of this machine, and beside it the board’s', () => {
    const { capture, pass } = begin();
    expect(capture.take()).toBeUndefined();
    pass(400, 400);
    const records = recordsOf(capture.take());
    expect(records.length).toBeGreaterThan(2);
    for (const [ms, tsftMicros] of records) {
      expect(ms).toBeGreaterThan(0);
      expect(ms).toBeLessThanOrEqual(400);
      // The frame began before its record's time, by as long as it took on the air.
      expect(ms - tsftMicros / 1000).toBeGreaterThan(0);
      expect(ms - tsftMicros / 1000).toBeLessThan(3);
    }
    expect(capture.take()).toBeUndefined();
  });

  test('draws idle time that was jumped over into the time there was', () => {
    const { capture, pass } = begin();
    pass(100, 100);
    capture.take();
    pass(5000, 10);
    const times = recordsOf(capture.take()).map(([ms]) => ms);
    expect(times.length).toBeGreaterThan(20);
    expect(times[0]).toBeGreaterThanOrEqual(100);
    expect(times.at(-1)).toBeLessThanOrEqual(110);
    expect(times.at(-1)! - times[0]!).toBeGreaterThan(8);
  });

  test('never goes back, also when the board’s time does', () => {
    const { capture, pass, jump } = begin();
    pass(300, 300);
    const before = recordsOf(capture.take()).map(([ms]) => ms);
    jump(-250);
    pass(200, 200);
    const after = recordsOf(capture.take()).map(([ms]) => ms);
    expect(after.length).toBeGreaterThan(0);
    expect([...before, ...after]).toEqual([...before, ...after].sort((a, b) => a - b));
    expect(after.at(-1)).toBeLessThanOrEqual(500);
  });

  test('ends when it is told to', () => {
    const { capture, pass } = begin();
    capture.stop();
    pass(300, 300);
    expect(capture.take()).toBeUndefined();
  });
});
