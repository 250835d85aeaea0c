import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { FLASH_CHIPS } from '../../chip/flash-chips';
import { TICKS_PER_MICRO, TICKS_PER_MILLI } from '../time';
import { address, FlashBench } from './flash-testbench';

const WIP = 0x01;
const WEL = 0x02;

/** Deterministic bytes that are neither all-ones nor all-zeros. */
function pattern(content: Uint8Array): void {
  for (let i = 0; i < content.length; i++) content[i] = (i * 31 + (i >> 8) * 7 + 3) & 0xff;
}

describe('identification', () => {
  it.each(FLASH_CHIPS)(
    'answers RDID of a $name with manufacturer, type and capacity, again and again',
    (fact) => {
      const bench = new FlashBench({ sizeBytes: fact.sizeBytes });
      const [m, t, c] = [fact.jedecId & 0xff, (fact.jedecId >> 8) & 0xff, fact.jedecId >> 16];
      expect(bench.send([0x9f], 7)).toEqual([m, t, c, m, t, c, m]);
      expect(2 ** c).toBe(fact.sizeBytes);
    },
  );

  it('answers the older identification commands and its unique number', () => {
    const bench = new FlashBench({ sizeBytes: 0x400000, uniqueId: [1, 2, 3, 4, 5, 6, 7, 8] });
    expect(bench.send([0x90, 0, 0, 0], 4)).toEqual([0xef, 0x15, 0xef, 0x15]);
    expect(bench.send([0x90, 0, 0, 1], 2)).toEqual([0x15, 0xef]);
    expect(bench.send([0xab, 0, 0, 0], 1)).toEqual([0x15]);
    expect(bench.send([0x4b, 0, 0, 0, 0], 8)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it('refuses a size that no chip has', () => {
    expect(() => new FlashBench({ sizeBytes: 0x90000 })).toThrow('no flash chip has 589824 bytes');
  });
});

describe('reading', () => {
  it.each([
    ['03', [0x03], []],
    ['0B', [0x0b], [0]],
    ['3B', [0x3b], [0]],
    ['6B', [0x6b], [0]],
    ['BB', [0xbb], [0xff]],
    ['EB', [0xeb], [0xff, 0, 0]],
  ])('delivers the content by %s and wraps at the end of the chip', (_name, opcode, dummies) => {
    const bench = new FlashBench();
    pattern(bench.content);
    const expected = [...bench.content.subarray(-3), ...bench.content.subarray(0, 3)];
    expect(bench.send([...opcode, ...address(0x7fffd), ...dummies], 6)).toEqual(expected);
    expect(bench.send([...opcode, ...address(0x87fffd), ...dummies], 6)).toEqual(expected);
  });

  it('shifts the answer by the bytes of dummies that are missing or too many', () => {
    const bench = new FlashBench();
    pattern(bench.content);
    const [a, b, c] = bench.content;
    expect(bench.send([0x0b, 0, 0, 0], 3)).toEqual([0xff, a, b]);
    expect(bench.send([0x03, 0, 0, 0, 0], 2)).toEqual([b, c]);
  });

  it('delivers all-ones over four lines while QE is clear', () => {
    const bench = new FlashBench({ statusRegisters: 0 });
    bench.content[0] = 0x12;
    expect(bench.send([0x6b, 0, 0, 0, 0], 1)).toEqual([0xff]);
    expect(bench.chip.isFetchable(true)).toBe(false);
    bench.write([0x01, 0x00, 0x02]);
    expect(bench.send([0x6b, 0, 0, 0, 0], 1)).toEqual([0x12]);
    expect(bench.chip.isFetchable(true)).toBe(true);
  });
});

describe('write enable', () => {
  it('is set by WREN, cleared by WRDI, and needed by everything that changes the chip', () => {
    const bench = new FlashBench();
    pattern(bench.content);
    const before = bench.content.slice();
    for (const tx of [
      [0x02, 0, 0, 0, 0],
      [0x20, 0, 0, 0],
      [0x52, 0, 0, 0],
      [0xd8, 0, 0, 0],
      [0xc7],
      [0x60],
      [0x01, 0x1c],
    ]) {
      bench.send(tx);
      expect(bench.status()).toBe(0);
    }
    bench.send([0x06]);
    expect(bench.status()).toBe(WEL);
    bench.send([0x04]);
    expect(bench.status()).toBe(0);
    bench.send([0x20, 0, 0, 0]);
    expect(bench.operations).toEqual([]);
    expect(Buffer.compare(bench.content, before)).toBe(0);
  });

  it('is spent by the operation, at its end', () => {
    const bench = new FlashBench();
    bench.send([0x06]);
    bench.send([0x02, 0, 0, 0, 0x00]);
    expect(bench.status()).toBe(WIP | WEL);
    bench.advanceTo(400 * TICKS_PER_MICRO - 1);
    expect(bench.status()).toBe(WIP | WEL);
    expect(bench.content[0]).toBe(0xff);
    bench.advanceTo(400 * TICKS_PER_MICRO);
    expect(bench.status()).toBe(0);
    expect(bench.content[0]).toBe(0x00);
  });
});

describe('an operation', () => {
  it.each([
    ['page program', [0x02, 0, 0, 0, 0], 0.4],
    ['quad page program', [0x32, 0, 0, 0, 0], 0.4],
    ['sector erase', [0x20, 0, 0, 0], 45],
    ['32 KiB erase', [0x52, 0, 0, 0], 120],
    ['64 KiB erase', [0xd8, 0, 0, 0], 150],
    ['chip erase', [0xc7], 10_000],
    ['chip erase by its other code', [0x60], 10_000],
    ['status write', [0x01, 0], 10],
  ])('keeps the chip busy for the typical time of a %s', (_name, tx, millis) => {
    const bench = new FlashBench({ sizeBytes: 0x400000 });
    bench.send([0x06]);
    bench.send(tx);
    bench.advanceTo(millis * TICKS_PER_MILLI - 1);
    expect(bench.status() & WIP).toBe(WIP);
    bench.advanceTo(millis * TICKS_PER_MILLI);
    expect(bench.status()).toBe(0);
  });

  it('makes the chip deaf to everything but the status registers', () => {
    const bench = new FlashBench();
    bench.content[0] = 0x12;
    bench.write([0x31, 0x02]);
    bench.send([0x06]);
    bench.send([0x20, 0x01, 0, 0]);
    for (const tx of [[0x03, 0, 0, 0], [0x9f], [0xab, 0, 0, 0], [0x5a, 0, 0, 0, 0]]) {
      expect(bench.send(tx, 2)).toEqual([0xff, 0xff]);
    }
    for (const tx of [[0x04], [0x20, 0, 0, 0], [0xb9], [0x66], [0x99], [0x50], [0x01, 0x1c]]) bench.send(tx);
    expect(bench.status()).toBe(WIP | WEL);
    expect(bench.status(2)).toBe(0x02);
    expect(bench.chip.isFetchable(false)).toBe(false);
    bench.finish();
    expect(bench.status()).toBe(0);
    expect(bench.content[0]).toBe(0x12);
    expect(bench.operations.map((operation) => operation.kind)).toEqual(['write-status', 'erase-sector']);
    expect(bench.chip.isFetchable(false)).toBe(true);
  });

  it('is numbered since power-on and in total, and reported with its place and time', () => {
    const bench = new FlashBench();
    bench.write([0x02, ...address(0x1234), 1, 2, 3]);
    const atTicks = bench.nowTicks;
    bench.write([0xd8, ...address(0x2abcd)]);
    bench.chip.powerOff();
    bench.chip.powerOn();
    bench.write([0xc7]);
    expect(bench.operations).toMatchObject([
      { number: 1, total: 1, kind: 'program', addr: 0x1234, length: 3, atTicks: 0 },
      { number: 2, total: 2, kind: 'erase-block', addr: 0x20000, length: 0x10000, atTicks },
      { number: 1, total: 3, kind: 'erase-chip', addr: 0, length: 0x80000 },
    ]);
    expect(bench.changes).toEqual([
      [0x1200, 0x100],
      [0x20000, 0x10000],
      [0, 0x80000],
    ]);
    expect(bench.chip.operationsSincePowerOn).toBe(1);
    expect(bench.chip.operationsTotal).toBe(3);
  });

  it('is over at once for a command that is queued behind its end', () => {
    const bench = new FlashBench();
    bench.send([0x06]);
    bench.send([0x20, 0, 0, 0]);
    const rx = new Uint8Array(1);
    const end = 45 * TICKS_PER_MILLI;
    bench.chip.transfer(Uint8Array.of(0x05), 8, rx, 1, end - 100, end + 1);
    expect(rx[0]).toBe(0);
    bench.chip.transfer(Uint8Array.of(0x06), 8, rx, 0, end, end + 20);
    expect(bench.status()).toBe(WEL);
    expect(bench.queue.nextAtTicks).toBe(Infinity);
  });
});

describe('programming and erasing', () => {
  it('programs by AND and wraps inside the page', () => {
    const bench = new FlashBench();
    bench.content.fill(0xf0, 0x1f0, 0x310);
    bench.write([0x02, ...address(0x2fe), 0x3c, 0x0f, 0x77, 0x11]);
    expect([...bench.content.subarray(0x2fe, 0x301)]).toEqual([0x30, 0x00, 0xf0]);
    expect([...bench.content.subarray(0x1ff, 0x203)]).toEqual([0xf0, 0x70, 0x10, 0xf0]);
  });

  it('takes the last 256 of more than 256 bytes', () => {
    const bench = new FlashBench();
    bench.write([0x02, ...address(0x100), ...Array.from({ length: 258 }, (_, i) => (i < 256 ? 0xaa : 0x55))]);
    expect([...bench.content.subarray(0x100, 0x104)]).toEqual([0x55, 0x55, 0xaa, 0xaa]);
    expect(bench.content[0x200]).toBe(0xff);
  });

  it.each([
    [0x20, 0x1000],
    [0x52, 0x8000],
    [0xd8, 0x10000],
  ])('erases the aligned area around an address by %i', (opcode, areaBytes) => {
    const bench = new FlashBench();
    pattern(bench.content);
    const before = bench.content.slice();
    const addr = 0x3_5678;
    const start = addr - (addr % areaBytes);
    bench.write([opcode, ...address(addr)]);
    before.fill(0xff, start, start + areaBytes);
    expect(Buffer.compare(bench.content, before)).toBe(0);
  });

  it('wraps addresses beyond the chip', () => {
    const bench = new FlashBench();
    bench.write([0x02, ...address(0xf80010), 0x5a]);
    expect(bench.content[0x10]).toBe(0x5a);
  });

  it('does nothing when chip select rises too early or too late', () => {
    const bench = new FlashBench();
    for (const tx of [
      [0x02, 0, 0, 0],
      [0x20, 0, 0],
      [0x20, 0, 0, 0, 0],
      [0xc7, 0],
      [0x01],
      [0x01, 1, 2, 3],
      [0x31, 1, 2],
    ]) {
      bench.send([0x06]);
      bench.send(tx);
    }
    bench.chip.transfer(Uint8Array.of(0x02, 0, 0, 0, 0, 0), 44, new Uint8Array(1), 0, 0, 0);
    expect(bench.operations).toEqual([]);
  });

  it('agrees with a plain model of NOR flash over random commands', () => {
    const command = fc.oneof(
      fc.record({
        kind: fc.constant('program' as const),
        addr: fc.nat(0xffffff),
        data: fc.uint8Array({ minLength: 1, maxLength: 300 }),
      }),
      fc.record({
        kind: fc.constantFrom(...(['sector', 'block32', 'block64'] as const)),
        addr: fc.nat(0xffffff),
      }),
      fc.record({ kind: fc.constant('refused' as const), addr: fc.nat(0xffffff) }),
    );
    fc.assert(
      fc.property(fc.array(command, { maxLength: 12 }), (commands) => {
        const bench = new FlashBench({ timing: 'fast' });
        pattern(bench.content);
        const model = bench.content.slice();
        for (const entry of commands) {
          const addr = entry.addr % 0x80000;
          if (entry.kind === 'program') {
            bench.write([0x02, ...address(entry.addr), ...entry.data]);
            const page = addr - (addr % 256);
            const latch = new Map<number, number>();
            entry.data.forEach((byte, i) => latch.set((addr - page + i) % 256, byte));
            for (const [at, byte] of latch) model[page + at]! &= byte;
          } else if (entry.kind === 'refused') {
            bench.send([0x02, ...address(entry.addr), 0]);
            bench.finish();
          } else {
            const [opcode, size] =
              entry.kind === 'sector'
                ? [0x20, 0x1000]
                : entry.kind === 'block32'
                  ? [0x52, 0x8000]
                  : [0xd8, 0x10000];
            bench.write([opcode, ...address(entry.addr)]);
            model.fill(0xff, addr - (addr % size), addr - (addr % size) + size);
          }
        }
        expect(Buffer.compare(bench.content, model)).toBe(0);
      }),
      { seed: 5, numRuns: 40 },
    );
  });
});

describe('status registers', () => {
  it('keeps what WRSR wrote, by one byte or two, over power loss', () => {
    const bench = new FlashBench({ statusRegisters: 0 });
    bench.write([0x01, 0x1c, 0x02]);
    expect([bench.status(1), bench.status(2)]).toEqual([0x1c, 0x02]);
    bench.write([0x01, 0x00]);
    expect([bench.status(1), bench.status(2)]).toEqual([0x00, 0x02]);
    bench.write([0x11, 0x60]);
    bench.write([0x31, 0x00]);
    bench.chip.powerOff();
    bench.chip.powerOn();
    expect([bench.status(1), bench.status(2), bench.status(3)]).toEqual([0, 0, 0x60]);
  });

  it('cannot be made to show WIP, WEL or reserved bits', () => {
    const bench = new FlashBench({ statusRegisters: 0 });
    bench.write([0x01, 0xff, 0xff]);
    bench.write([0x11, 0xff]);
    expect([bench.status(1), bench.status(2), bench.status(3)]).toEqual([0xfc, 0x7b, 0xe4]);
  });

  it('takes a volatile write at once, without WEL, and forgets it at power-on', () => {
    const bench = new FlashBench({ statusRegisters: 0 });
    bench.send([0x50]);
    bench.send([0x31, 0x02]);
    expect([bench.status(1), bench.status(2)]).toEqual([0, 0x02]);
    expect(bench.operations).toEqual([]);
    bench.chip.powerOff();
    bench.chip.powerOn();
    expect(bench.status(2)).toBe(0);
  });

  it('does not make a volatile setting lasting by writing another register', () => {
    const bench = new FlashBench({ statusRegisters: 0 });
    bench.send([0x50]);
    bench.send([0x31, 0x02]);
    bench.write([0x11, 0x60]);
    bench.chip.powerOff();
    bench.chip.powerOn();
    expect([bench.status(1), bench.status(2), bench.status(3)]).toEqual([0, 0, 0x60]);
  });

  it('starts with QE set, as the usual parts do', () => {
    expect(new FlashBench().status(2)).toBe(0x02);
  });

  it.each([
    // SR1, SR2, then the first address that may be erased and one that may not (4 MiB chip)
    ['upper 1/64', 0x04, 0, 0x3e0000, 0x3f0000],
    ['upper half', 0x18, 0, 0x1f0000, 0x200000],
    ['lower 1/32', 0x28, 0, 0x020000, 0x010000],
    ['top 4 KiB', 0x44, 0, 0x3fe000, 0x3ff000],
    ['bottom 32 KiB', 0x70, 0, 0x008000, 0x007000],
    ['all but the upper 1/64', 0x04, 0x40, 0x3f0000, 0x3e0000],
  ])('protects the %s', (_name, sr1, sr2, open, closed) => {
    const bench = new FlashBench({ sizeBytes: 0x400000, statusRegisters: sr1 | (sr2 << 8) });
    bench.write([0x20, ...address(closed)]);
    bench.write([0x02, ...address(closed), 0]);
    bench.write([0xc7]);
    expect(bench.operations).toEqual([]);
    expect(bench.status() & WEL).toBe(0);
    bench.write([0x20, ...address(open)]);
    expect(bench.operations).toMatchObject([{ addr: open }]);
  });

  it('protects everything with all three bits, nothing with none', () => {
    const bench = new FlashBench({ statusRegisters: 0x1c });
    bench.write([0x20, 0, 0, 0]);
    expect(bench.operations).toEqual([]);
    bench.write([0x01, 0x00]);
    bench.write([0xc7]);
    expect(bench.operations.map((operation) => operation.kind)).toEqual(['write-status', 'erase-chip']);
  });
});

describe('power-down and reset commands', () => {
  it('sleeps after B9 until AB, and takes the XMC and mode-reset codes without a word', () => {
    const bench = new FlashBench();
    const unknown: number[] = [];
    bench.chip.onUnknownCommand = (opcode) => unknown.push(opcode);
    bench.send([0xb9]);
    bench.send([0x79]);
    bench.send([0xff]);
    expect(bench.send([0x9f], 3)).toEqual([0xff, 0xff, 0xff]);
    expect(bench.status()).toBe(0xff);
    expect(bench.chip.isFetchable(false)).toBe(false);
    bench.send([0xab]);
    bench.send([0x79]);
    bench.send([0xff]);
    expect(bench.send([0x9f], 1)).toEqual([0xef]);
    expect(unknown).toEqual([]);
    bench.send([0x75]);
    expect(unknown).toEqual([0x75]);
  });

  it('resets by 66 and 99 in a row only', () => {
    const bench = new FlashBench();
    bench.send([0x06]);
    bench.send([0x99]);
    expect(bench.status()).toBe(WEL);
    bench.send([0x66]);
    bench.send([0x03, 0, 0, 0], 1);
    bench.send([0x99]);
    expect(bench.status()).toBe(WEL);
    bench.send([0x66]);
    bench.send([0x99]);
    expect(bench.status()).toBe(0);
  });

  it('is silent without power', () => {
    const bench = new FlashBench();
    bench.chip.powerOff();
    expect(bench.send([0x9f], 3)).toEqual([0xff, 0xff, 0xff]);
    bench.write([0x20, 0, 0, 0]);
    expect(bench.operations).toEqual([]);
    bench.chip.powerOn();
    expect(bench.send([0x9f], 1)).toEqual([0xef]);
  });
});
