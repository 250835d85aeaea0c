import { describe, expect, it } from '@jest/globals';
import { TICKS_PER_SECOND } from '../time';
import { AnalogI2c } from './analog-i2c';
import { ClockTree } from './clocks';

describe('clocks', () => {
  it('run at 52 MHz with a 26 MHz crystal until the PLL is told of it, then at 80', () => {
    const clocks = new ClockTree({ crystalHz: 26_000_000 });
    expect([clocks.apbHz, clocks.cpuHz]).toEqual([52e6, 52e6]);
    clocks.setPllRegister1(136);
    expect([clocks.apbHz, clocks.cpuHz]).toEqual([80e6, 80e6]);
    clocks.setCpuDoubled(true);
    expect([clocks.apbHz, clocks.cpuHz]).toEqual([80e6, 160e6]);
    clocks.setPllRegister1(8);
    expect([clocks.apbHz, clocks.cpuHz]).toEqual([52e6, 104e6]);
  });

  it('run at 80 MHz from the start with a 40 MHz crystal', () => {
    const clocks = new ClockTree({ crystalHz: 40_000_000 });
    expect(clocks.apbHz).toBe(80e6);
  });

  it('have whole ticks per cycle at every frequency they can reach', () => {
    for (const hz of [52e6, 80e6, 104e6, 160e6]) expect(TICKS_PER_SECOND % hz).toBe(0);
    expect(() => new ClockTree({ crystalHz: 24_000_000 })).toThrow('crystal of 24000000 Hz');
  });

  it('announce changes and only changes', () => {
    const clocks = new ClockTree({ crystalHz: 26_000_000 });
    const seen: number[] = [];
    clocks.onChange(() => seen.push(clocks.cpuHz));
    clocks.setPllRegister1(8);
    clocks.setCpuDoubled(false);
    clocks.setPllRegister1(136);
    clocks.setPllRegister1(136);
    clocks.setCpuDoubled(true);
    expect(seen).toEqual([80e6, 160e6]);
  });

  it('return to a snapshot without announcing it', () => {
    const clocks = new ClockTree({ crystalHz: 26_000_000 });
    clocks.setPllRegister1(136);
    const state = clocks.save();
    clocks.setPllRegister1(8);
    let announced = 0;
    clocks.onChange(() => announced++);
    clocks.restore(state);
    expect([clocks.apbHz, announced]).toEqual([80e6, 0]);
  });
});

describe('analogue I²C', () => {
  const write = (block: number, register: number, data: number): number =>
    block | (register << 8) | (data << 16) | (1 << 24);
  const read = (block: number, register: number): number => block | (register << 8);

  function create(): { i2c: AnalogI2c; pll: [number, number][]; macResets: () => number } {
    const pll: [number, number][] = [];
    let macResets = 0;
    const i2c = new AnalogI2c({
      onPllRegister: (register, value) => pll.push([register, value]),
      onMacReset: () => macResets++,
    });
    return { i2c, pll, macResets: () => macResets };
  }

  it('keeps a byte per host, block and register and is never busy', () => {
    const { i2c } = create();
    i2c.write32(0x10, write(0x6b, 3, 0xa5));
    expect(i2c.read32(0x10) & (1 << 25)).toBe(0);
    i2c.write32(0x04, write(0x6b, 3, 0x11));
    i2c.write32(0x10, write(0x6b, 4, 0x22));
    i2c.write32(0x10, read(0x6b, 3));
    expect(i2c.read32(0x10)).toBe(0x6b | (3 << 8) | (0xa5 << 16));
    i2c.write32(0x04, read(0x6b, 3));
    expect((i2c.read32(0x04) >>> 16) & 0xff).toBe(0x11);
  });

  it('tells of PLL registers and has the 40 MHz values after reset', () => {
    const { i2c, pll } = create();
    i2c.write32(0x10, read(0x67, 1));
    expect((i2c.read32(0x10) >>> 16) & 0xff).toBe(8);
    expect(pll).toEqual([]);
    i2c.write32(0x10, write(0x67, 1, 136));
    i2c.write32(0x10, write(0x67, 2, 145));
    i2c.write32(0x0c, write(0x67, 1, 99)); // another host
    expect(pll).toEqual([
      [1, 136],
      [2, 145],
    ]);
    i2c.reset();
    expect(pll.slice(2)).toEqual([
      [1, 8],
      [2, 129],
    ]);
  });

  it('shows the PLLs locked and the converter ready', () => {
    const { i2c } = create();
    i2c.write32(0x04, read(0x62, 7));
    expect((i2c.read32(0x04) >>> 16) & 0x80).toBe(0x80);
    i2c.write32(0x04, read(0x62, 6));
    expect((i2c.read32(0x04) >>> 16) & 0x80).toBe(0);
    i2c.write32(0x50, 0xffffffff);
    expect(i2c.read32(0x50) & 0x07000000).toBe(0);
    expect(i2c.read32(0x4c) & 0x01000000).toBe(0x01000000);
    i2c.write32(0x40, 0x12345678);
    expect(i2c.read32(0x40)).toBe(0x12345678);
  });

  it('reports a MAC reset when its bit rises', () => {
    const { i2c, macResets } = create();
    i2c.write32(0x48, 2);
    i2c.write32(0x48, 2);
    i2c.write32(0x48, 0);
    i2c.write32(0x48, 3);
    expect(macResets()).toBe(2);
  });

  it('returns to a snapshot', () => {
    const { i2c } = create();
    i2c.write32(0x10, write(0x6a, 9, 0x77));
    i2c.write32(0x44, 5);
    const state = structuredClone(i2c.save());
    i2c.write32(0x10, write(0x6a, 9, 0));
    i2c.reset();
    i2c.restore(state);
    i2c.write32(0x10, read(0x6a, 9));
    expect((i2c.read32(0x10) >>> 16) & 0xff).toBe(0x77);
    expect(i2c.read32(0x44)).toBe(5);
  });
});
