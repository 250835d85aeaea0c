import { describe, expect, it } from '@jest/globals';
import { ALL_INTERRUPTS, AP_MAC, createMacBench, frameOf, PEER_MAC } from './testkit/mac-bench';
import { INT, MAC } from './mac-map';

const BROADCAST = new Uint8Array(6).fill(0xff);

describe('interrupt block', () => {
  it('drives the NMI with (RAW & ENA) behind the gate, and edges come from each of the three', () => {
    const { mac, time, line } = createMacBench();
    mac.write32(0x10d0 - 4, 500);
    mac.write32(0x10c8, 0x80000000);
    time.advanceByMicros(501);
    // RAW latches while mask and gate are closed.
    expect([mac.read32(MAC.INT_RAW), mac.read32(MAC.INT_ST), line]).toEqual([INT.TSF1, 0, []]);
    mac.write32(MAC.INT_ENA, ALL_INTERRUPTS);
    expect([mac.read32(MAC.INT_ST), line]).toEqual([INT.TSF1, []]);
    mac.setNmiGate(true);
    mac.setNmiGate(false);
    mac.setNmiGate(true);
    mac.write32(MAC.INT_ENA, 0);
    mac.write32(MAC.INT_ENA, INT.TSF1);
    mac.write32(MAC.INT_CLR, INT.TSF1);
    expect(line).toEqual([true, false, true, false, true, false]);
    expect(mac.read32(MAC.INT_RAW)).toBe(0);
  });

  it('clears only the bits written to INT_CLR and reads INT_ENA back at once', () => {
    const { mac, time } = createMacBench();
    for (const [alarm, enable] of [
      [0x109c, 0x1098],
      [0x10cc, 0x10c8],
    ] as const) {
      mac.write32(alarm, 100);
      mac.write32(enable, 0x80000000);
    }
    time.advanceByMicros(100);
    mac.write32(MAC.INT_CLR, INT.TSF0);
    expect(mac.read32(MAC.INT_RAW)).toBe(INT.TSF1);
    mac.write32(MAC.INT_ENA, 0x08000000);
    expect(mac.read32(MAC.INT_ENA)).toBe(0x08000000);
    expect(mac.read32(MAC.INT_ST)).toBe(0);
  });

  it('leaves RAW, status, ring pointers, TX status and the counters alone when they are written', () => {
    const { mac } = createMacBench();
    for (const register of [
      MAC.INT_RAW,
      MAC.INT_ST,
      MAC.RX_LAST,
      MAC.RX_NEXT,
      MAC.TX_STATUS,
      MAC.RX_END_COUNT,
    ]) {
      mac.write32(register, 0xffffffff);
      expect([register, mac.read32(register)]).toEqual([register, 0]);
    }
  });
});

describe('counters and storage', () => {
  it('counts microseconds, and the receive end counter only while the receiver is on', () => {
    const { mac, time } = createMacBench();
    time.advanceByMicros(1000);
    expect([mac.read32(MAC.SYS_TIME), mac.read32(MAC.RX_END_COUNT)]).toEqual([1000, 0]);
    mac.write32(MAC.RX_CONTROL, 0x80000000);
    time.advanceByMicros(1560);
    expect(mac.read32(MAC.RX_END_COUNT)).toBe(10);
    mac.write32(MAC.RX_CONTROL, 0);
    time.advanceByMicros(5000);
    expect(mac.read32(MAC.RX_END_COUNT)).toBe(10);
  });

  it('wraps the microsecond counter at 32 bits', () => {
    const { mac, time } = createMacBench();
    time.advanceByMicros(0x1_0000_0000 + 7);
    expect(mac.read32(MAC.SYS_TIME)).toBe(7);
  });

  it('stores what is not named, key slots to the last word, and refuses what lies behind the block', () => {
    const { mac } = createMacBench();
    for (const offset of [0x000, 0x06c, 0x800, 0x80c, 0xc14, 0x1400, 0x1400 + 0x28 * 25 - 4, 0x1ffc]) {
      mac.write32(offset, 0xdead0000 + offset);
      expect(mac.read32(offset)).toBe(0xdead0000 + offset);
    }
    expect(() => mac.read32(0x2000)).toThrow(/wdev/);
    expect(() => mac.write32(0x2000, 1)).toThrow(/wdev/);
  });

  it('gives another random number at each read, the same ones again from the same seed', () => {
    const read = (): number[] => {
      const { mac } = createMacBench();
      return [1, 2, 3].map(() => mac.read32(MAC.RANDOM));
    };
    const first = read();
    expect(new Set(first).size).toBe(3);
    expect(read()).toEqual(first);
  });

  it('calls only those registers steady that time does not change and whose reading acknowledges nothing', () => {
    const { mac } = createMacBench();
    const moving = [MAC.SYS_TIME, MAC.RX_LAST, MAC.RX_END_COUNT, MAC.RANDOM, 0x1004, 0x1008, 0x1048, 0x104c];
    expect(moving.map((offset) => mac.isSteady(offset))).toEqual(moving.map(() => false));
    for (const offset of [MAC.INT_RAW, MAC.INT_ST, MAC.INT_ENA, MAC.RX_NEXT, MAC.TX_STATUS, 0x800, 0xdc4])
      expect(mac.isSteady(offset)).toBe(true);
  });
});

describe('TSF timers', () => {
  const UNITS = [
    { base: 0x1004, load: 0x1018, enable: 0x1098, alarm: 0x109c, bit: INT.TSF0 },
    { base: 0x1048, load: 0x105c, enable: 0x10c8, alarm: 0x10cc, bit: INT.TSF1 },
  ] as const;

  it.each(UNITS)('count from the value loaded, over the 32-bit limit into the high word ($base)', (unit) => {
    const { mac, time } = createMacBench();
    mac.write32(unit.load, 0xfffffff0);
    mac.write32(unit.load + 4, 2);
    mac.write32(unit.load, 0xfffffff0);
    time.advanceByMicros(0x0f);
    expect([mac.read32(unit.base), mac.read32(unit.base + 4)]).toEqual([0xffffffff, 2]);
    time.advanceByMicros(1);
    expect([mac.read32(unit.base), mac.read32(unit.base + 4)]).toEqual([0, 3]);
  });

  it.each(UNITS)('fire once at the alarm value, to the microsecond ($base)', (unit) => {
    const { mac, time } = createMacBench();
    mac.write32(unit.load, 0);
    mac.write32(unit.alarm, 250);
    time.advanceByMicros(249);
    mac.write32(unit.enable, 0x80000000);
    expect(mac.read32(MAC.INT_RAW)).toBe(0);
    time.advanceByMicros(1);
    expect(mac.read32(MAC.INT_RAW)).toBe(unit.bit);
    mac.write32(MAC.INT_CLR, unit.bit);
    time.advanceByMicros(0x1_0000_0000);
    expect(mac.read32(MAC.INT_RAW)).toBe(0);
  });

  it.each(UNITS)(
    'an alarm in the past fires after one microsecond, the value alone arms nothing ($base)',
    (unit) => {
      const { mac, time } = createMacBench();
      time.advanceByMicros(5000);
      mac.write32(unit.alarm, 10);
      time.advanceByMicros(100);
      expect(mac.read32(MAC.INT_RAW)).toBe(0);
      mac.write32(unit.enable, 0x80000000);
      time.advanceByMicros(1);
      expect(mac.read32(MAC.INT_RAW)).toBe(unit.bit);
    },
  );

  it.each(UNITS)('a load moves an alarm that waits; a cleared enable bit silences it ($base)', (unit) => {
    const { mac, time } = createMacBench();
    mac.write32(unit.alarm, 1000);
    mac.write32(unit.enable, 0x80000000);
    time.advanceByMicros(900);
    mac.write32(unit.load, 0);
    time.advanceByMicros(999);
    expect(mac.read32(MAC.INT_RAW)).toBe(0);
    time.advanceByMicros(1);
    expect(mac.read32(MAC.INT_RAW)).toBe(unit.bit);
    mac.write32(MAC.INT_CLR, unit.bit);
    mac.write32(unit.alarm, 2000);
    mac.write32(unit.enable, 0x80000000);
    mac.write32(unit.enable, 0);
    time.advanceByMicros(5000);
    expect(mac.read32(MAC.INT_RAW)).toBe(0);
  });
});

describe('reset', () => {
  it('of the MAC alone clears everything but the microsecond counter, and tells once that the device vanished', () => {
    const bench = createMacBench();
    const { mac, time } = bench;
    bench.ring(4);
    bench.own(1, AP_MAC);
    mac.write32(MAC.INT_ENA, ALL_INTERRUPTS);
    mac.write32(0x109c, 500);
    mac.write32(0x1098, 0x80000000);
    bench.start(0, frameOf(0x80, 0, [BROADCAST, AP_MAC, AP_MAC]));
    bench.hear(frameOf(0xb0, 0, [AP_MAC, PEER_MAC, AP_MAC], 6));
    time.advanceByMicros(50);
    mac.clearByRestart();
    time.advanceByMicros(10_000);
    const registers = [MAC.INT_RAW, MAC.INT_ENA, MAC.RX_CONTROL, MAC.RX_NEXT, MAC.TX_STATUS, 0xdc4, MAC.OWN];
    expect(registers.map((offset) => mac.read32(offset))).toEqual(registers.map(() => 0));
    expect(mac.read32(MAC.SYS_TIME)).toBe(10_050);
    expect([bench.vanished, mac.isUp, mac.counts.delivered, mac.counts.sent]).toEqual([1, false, 0, 0]);
    mac.clearByRestart();
    expect(bench.vanished).toBe(1);
  });

  it('of the chip starts the microsecond counter anew', () => {
    const { mac, time } = createMacBench();
    time.advanceByMicros(77);
    mac.reset();
    expect(mac.read32(MAC.SYS_TIME)).toBe(0);
  });

  it('drops the interrupt line', () => {
    const { mac, time, line } = createMacBench();
    mac.setNmiGate(true);
    mac.write32(MAC.INT_ENA, INT.TSF0);
    mac.write32(0x1098, 0x80000000);
    time.advanceByMicros(1);
    mac.reset();
    expect(line).toEqual([true, false]);
  });
});

describe('snapshot', () => {
  it('repeats itself: alarms, frames in the receiver, a frame on the air', () => {
    const original = createMacBench();
    original.ring(4);
    original.own(1, AP_MAC);
    original.mac.write32(MAC.INT_ENA, ALL_INTERRUPTS);
    original.mac.write32(0x10cc, 2000);
    original.mac.write32(0x10c8, 0x80000000);
    original.start(2, frameOf(0x08, 2, [PEER_MAC, AP_MAC, AP_MAC], 100));
    original.hear(frameOf(0xb0, 0, [AP_MAC, PEER_MAC, AP_MAC], 6));
    original.time.advanceByMicros(40);
    const [mac, time, dram] = [
      structuredClone(original.mac.save()),
      original.time.save(),
      original.dram.slice(),
    ] as const;
    const run = (bench: ReturnType<typeof createMacBench>): unknown[] => {
      const seen: unknown[] = [];
      for (let i = 0; i < 30; i++) {
        bench.time.advanceByMicros(100);
        seen.push(
          bench.mac.read32(MAC.INT_RAW),
          bench.mac.read32(MAC.TX_STATUS),
          bench.mac.read32(MAC.RX_NEXT),
        );
        seen.push(bench.flags(0), bench.mac.read32(0x1048));
        bench.mac.write32(MAC.INT_CLR, 0xffffffff);
      }
      return seen;
    };
    const first = run(original);
    const other = createMacBench();
    other.dram.set(dram);
    other.mac.restore(mac);
    other.time.restore(time);
    other.mac.restored();
    expect(run(other)).toEqual(first);
    expect(first).toContain(0x50002200);
    expect(other.mac.mac).toEqual(AP_MAC);
  });

  it('refuses the state of another version', () => {
    const { mac } = createMacBench();
    expect(() => mac.restore({ ...mac.save(), version: 1 })).toThrow(/version 1, expected 2/);
  });
});
