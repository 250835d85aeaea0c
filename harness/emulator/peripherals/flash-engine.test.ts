import { describe, expect, it } from '@jest/globals';
import { EmulatorFault } from '../fault';
import { nanosToTicks, TICKS_PER_MICRO } from '../time';
import { address, FlashBench } from './flash-testbench';

function filled(sizeBytes: number, seed: number): Uint8Array {
  return Uint8Array.from({ length: sizeBytes }, (_, i) => (i * 29 + seed * 83 + (i >> 6)) & 0xff);
}

function bitsBetween(got: Uint8Array, low: Uint8Array, high: Uint8Array): boolean {
  return got.every((byte, i) => (byte & ~high[i]!) === 0 && (byte & low[i]!) === low[i]);
}

describe('an armed power cut', () => {
  it('lets the operations before it finish and stops inside its own', () => {
    const bench = new FlashBench();
    bench.content.fill(0, 0, 0x2000);
    bench.chip.armPowerCut({ operation: 2, afterNanos: 20_000_000, seed: 9 });
    bench.write([0x20, ...address(0)]);
    expect(bench.cuts).toEqual([]);
    const startTicks = bench.nowTicks;
    bench.write([0x20, ...address(0x1000)]);
    expect(bench.cuts).toEqual([
      {
        operation: {
          number: 2,
          total: 2,
          kind: 'erase-sector',
          addr: 0x1000,
          length: 0x1000,
          atTicks: startTicks,
        },
        elapsedTicks: nanosToTicks(20_000_000),
        durationTicks: nanosToTicks(45_000_000),
      },
    ]);
    expect(bench.nowTicks).toBe(startTicks + nanosToTicks(20_000_000));
    expect(bench.content.subarray(0, 0x1000).every((byte) => byte === 0xff)).toBe(true);
    const cut = bench.content.subarray(0x1000, 0x2000);
    expect(cut.some((byte) => byte !== 0xff)).toBe(true);
    expect(cut.some((byte) => byte !== 0)).toBe(true);
    expect(bench.changes).toContainEqual([0x1000, 0x1000]);
    expect(bench.chip.isPowered).toBe(false);
    expect(bench.send([0x05], 1)).toEqual([0xff]);
    bench.chip.powerOn();
    expect(bench.status()).toBe(0);
    bench.write([0x20, ...address(0x1000)]);
    expect(bench.cuts).toHaveLength(1);
    expect(cut.every((byte) => byte === 0xff)).toBe(true);
    bench.write([0x20, ...address(0x1000)]);
    expect(bench.cuts).toHaveLength(1);
    expect(bench.chip.isPowered).toBe(true);
  });

  it('at the very start changes nothing, at the end or later leaves the whole effect', () => {
    for (const [afterNanos, expected] of [
      [0, 0x5a],
      [45_000_000, 0xff],
      [1e12, 0xff],
    ] as const) {
      const bench = new FlashBench();
      bench.content.fill(0x5a, 0, 0x1000);
      bench.chip.armPowerCut({ operation: 1, afterNanos, seed: 1 });
      bench.write([0x20, 0, 0, 0]);
      expect(bench.cuts).toHaveLength(1);
      expect(bench.cuts[0]!.elapsedTicks).toBe(Math.min(nanosToTicks(afterNanos), nanosToTicks(45_000_000)));
      expect(bench.content.subarray(0, 0x1000).every((byte) => byte === expected)).toBe(true);
      expect(bench.chip.isPowered).toBe(false);
    }
  });

  it('chooses a moment inside by its seed when none is given, and repeats itself exactly', () => {
    const run = (seed: number): string => {
      const bench = new FlashBench();
      bench.chip.armPowerCut({ operation: 1, seed });
      bench.write([0x02, 0, 0, 0, ...new Array<number>(64).fill(0)]);
      const { elapsedTicks, durationTicks } = bench.cuts[0]!;
      expect(elapsedTicks).toBeGreaterThan(0);
      expect(elapsedTicks).toBeLessThan(durationTicks);
      return `${elapsedTicks} ${bench.content.subarray(0, 64).join()}`;
    };
    expect(run(1)).toBe(run(1));
    expect(new Set(Array.from({ length: 20 }, (_, seed) => run(seed))).size).toBe(20);
  });

  it('counts over power-offs when asked to', () => {
    const bench = new FlashBench({ timing: 'fast' });
    bench.chip.armPowerCut({ operation: 3, counted: 'total', afterNanos: 1000, seed: 1 });
    for (let round = 0; round < 3; round++) {
      bench.write([0x20, 0, 0, 0]);
      bench.chip.powerOff();
      bench.chip.powerOn();
    }
    expect(bench.cuts.map((cut) => cut.operation)).toMatchObject([{ number: 1, total: 3 }]);
  });

  it('can be called off, and cannot be armed for the past', () => {
    const bench = new FlashBench({ timing: 'fast' });
    bench.chip.armPowerCut({ operation: 1, seed: 1 });
    bench.chip.disarmPowerCut();
    bench.write([0x20, 0, 0, 0]);
    expect(bench.cuts).toEqual([]);
    for (const operation of [0, 1, NaN]) {
      expect(() => bench.chip.armPowerCut({ operation, seed: 1 })).toThrow(EmulatorFault);
    }
    expect(() => bench.chip.armPowerCut({ operation: 2, afterNanos: -1, seed: 1 })).toThrow(
      expect.objectContaining({ code: 'ESPRIG_EMU_BAD_CONFIG' }),
    );
  });

  it('leaves of a status write a mix of old and new bits, over power loss', () => {
    const seen = new Set<number>();
    for (let seed = 0; seed < 40; seed++) {
      const bench = new FlashBench({ statusRegisters: 0x1c });
      bench.chip.armPowerCut({ operation: 1, seed });
      bench.write([0x01, 0x00, 0x02]);
      bench.chip.powerOn();
      const status = bench.status(1) | (bench.status(2) << 8);
      expect(status & ~0x021c).toBe(0);
      seen.add(status);
    }
    expect(seen.size).toBeGreaterThan(4);
  });
});

describe('a power cut at every operation of erasing and writing a 64 KiB block', () => {
  const BASE = 0x10000;
  const CHUNK = 64;
  const PROGRAMS = 0x10000 / CHUNK;

  it('leaves exactly what the model promises, whichever operation it hits and whenever', () => {
    const data = filled(0x10000, 5);
    const old = filled(0x80000, 1);
    const content = old.slice();
    const expected = old.slice();
    let wrong = 0;
    let torn = 0;
    for (let n = 1; n <= 1 + PROGRAMS; n++) {
      const [start, length] = n === 1 ? [BASE, 0x10000] : [BASE + (n - 2) * CHUNK, CHUNK];
      const chunk = data.subarray(start - BASE, start - BASE + CHUNK);
      const command =
        n === 1
          ? [0xd8, ...address(BASE)]
          : [0x02, ...address(start), ...data.subarray(start - BASE, start - BASE + CHUNK)];
      for (const afterNanos of [0, undefined, 1e12]) {
        content.set(expected);
        const bench = new FlashBench({ content, timing: 'fast' });
        bench.chip.armPowerCut({
          operation: 1,
          seed: n,
          ...(afterNanos === undefined ? {} : { afterNanos }),
        });
        bench.write(command);
        const before = expected.slice(start, start + length);
        const after = n === 1 ? new Uint8Array(length).fill(0xff) : before.map((byte, i) => byte & chunk[i]!);
        const got = content.slice(start, start + length);
        const right =
          bench.cuts.length === 1 &&
          (afterNanos === 0
            ? Buffer.compare(got, before) === 0
            : afterNanos !== undefined
              ? Buffer.compare(got, after) === 0
              : n === 1
                ? bitsBetween(got, before, after) && !isSame(got, before) && !isSame(got, after)
                : bitsBetween(got, after, before));
        if (!right) wrong++;
        if (afterNanos === undefined && !isSame(got, before) && !isSame(got, after)) torn++;
        content.set(before, start);
        if (!isSame(content, expected)) wrong++;
      }
      expected.set(n === 1 ? new Uint8Array(length).fill(0xff) : chunk, start);
    }
    expect(wrong).toBe(0);
    expect(torn).toBeGreaterThan(PROGRAMS * 0.9);
    expect(isSame(expected.subarray(BASE, BASE + 0x10000), data)).toBe(true);
  });
});

describe('power taken away without a request', () => {
  it('in the middle of an operation leaves it torn, and the next power-on finds the chip idle', () => {
    const bench = new FlashBench();
    bench.content.fill(0, 0, 0x1000);
    bench.send([0x06]);
    bench.send([0x20, 0, 0, 0]);
    bench.advanceTo(20_000 * TICKS_PER_MICRO);
    bench.chip.powerOff();
    expect(bench.cuts).toEqual([]);
    expect(bench.queue.nextAtTicks).toBe(Infinity);
    const area = bench.content.subarray(0, 0x1000);
    expect(area.some((byte) => byte !== 0) && area.some((byte) => byte !== 0xff)).toBe(true);
    bench.chip.powerOn();
    expect(bench.status()).toBe(0);
  });

  it('before an armed moment uses the request up', () => {
    const bench = new FlashBench();
    bench.chip.armPowerCut({ operation: 1, afterNanos: 40_000_000, seed: 1 });
    for (let round = 0; round < 2; round++) {
      bench.send([0x06]);
      bench.send([0x20, 0, 0, 0]);
      bench.advanceTo(bench.nowTicks + 1000);
      bench.chip.powerOff();
      bench.chip.powerOn();
    }
    bench.write([0x20, 0, 0, 0]);
    expect(bench.cuts).toEqual([]);
  });

  it('at the moment an operation ends finds it done', () => {
    const bench = new FlashBench();
    bench.content.fill(0, 0, 0x1000);
    bench.send([0x06]);
    bench.send([0x20, 0, 0, 0]);
    bench.nowTicks = 45_000 * TICKS_PER_MICRO;
    bench.chip.powerOff();
    expect(bench.content.subarray(0, 0x1000).every((byte) => byte === 0xff)).toBe(true);
  });
});

describe('a snapshot', () => {
  it('taken in the middle of a program goes on to the same end on another board', () => {
    const first = new FlashBench();
    first.write([0x01, 0x20, 0x02]);
    first.send([0x50]);
    first.send([0x11, 0x20]);
    first.chip.armPowerCut({ operation: 3, afterNanos: 100_000, seed: 4 });
    first.send([0x06]);
    first.send([0x02, ...address(0x4567), 1, 2, 3, 4]);
    first.advanceTo(first.nowTicks + 1000);
    const saved = structuredClone({ chip: first.chip.save(), queue: first.queue.save() });

    const second = new FlashBench({ content: first.content.slice() });
    second.nowTicks = first.nowTicks;
    second.queue.register(second.chip.alarm);
    second.chip.restore(saved.chip);
    second.queue.restore(saved.queue);
    expect(second.status()).toBe(first.status());
    for (const bench of [first, second]) {
      bench.finish();
      bench.write([0xd8, ...address(0x4000)]);
    }
    expect(second.status(3)).toBe(first.status(3));
    expect(second.cuts).toEqual(first.cuts);
    expect(second.cuts).toHaveLength(1);
    expect(second.nowTicks).toBe(first.nowTicks);
    expect(isSame(second.content, first.content)).toBe(true);
    expect(second.chip.save()).toEqual(first.chip.save());
  });

  it('of another chip, another version or with holes is refused', () => {
    const bench = new FlashBench();
    const saved = bench.chip.save();
    for (const bad of [
      { ...saved, version: 2 },
      { ...saved, sizeBytes: 0x100000 },
      { ...saved, wel: undefined },
      { ...saved, engine: { ...(saved['engine'] as object), latch: [1, 2, 3] } },
      { ...saved, engine: { ...(saved['engine'] as object), operationKind: 'melt' } },
    ]) {
      expect(() => bench.chip.restore(bad)).toThrow(expect.objectContaining({ code: 'ESPRIG_EMU_SNAPSHOT' }));
    }
  });
});

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
