import { describe, expect, it } from '@jest/globals';
import { createBench } from '../testkit/manual-time';
import { DEFAULT_GPIO_CONFIG, Gpio } from './gpio';

const OUT = 0x00;
const OUT_SET = 0x04;
const OUT_CLEAR = 0x08;
const ENABLE = 0x0c;
const ENABLE_SET = 0x10;
const ENABLE_CLEAR = 0x14;
const IN = 0x18;
const STATUS = 0x1c;
const STATUS_SET = 0x20;
const STATUS_CLEAR = 0x24;
const pin = (n: number): number => 0x28 + 4 * n;
const interruptType = (type: number): number => type << 7;

function create(): { gpio: Gpio; outputs: [number, boolean, boolean][]; irq: { level: boolean } } {
  const outputs: [number, boolean, boolean][] = [];
  const irq = { level: false };
  const gpio = new Gpio(
    createBench().context,
    {
      irq: (asserted) => {
        irq.level = asserted;
      },
      onOutput: (n, level, driven) => outputs.push([n, level, driven]),
    },
    DEFAULT_GPIO_CONFIG,
  );
  return { gpio, outputs, irq };
}

describe('GPIO straps', () => {
  it('show (3,6) for a board that boots from flash', () => {
    const { gpio } = create();
    gpio.reset('power-on');
    expect((gpio.read32(IN) >>> 16) & 7).toBe(3);
    expect(gpio.read32(IN) >>> 29).toBe(6);
    expect(gpio.bootStraps).toBe(3);
  });

  it('show 1 when GPIO0 is held low through a reset of the pin, and keep it when it is released', () => {
    const { gpio } = create();
    gpio.setInput(0, false);
    gpio.reset('external');
    gpio.setInput(0, true);
    expect((gpio.read32(IN) >>> 16) & 7).toBe(1);
    expect(gpio.read32(IN) & 1).toBe(1);
  });

  it('are not sampled again by the watchdog or by software', () => {
    const { gpio } = create();
    gpio.reset('power-on');
    gpio.setInput(0, false);
    gpio.reset('watchdog');
    gpio.reset('software');
    expect(gpio.bootStraps).toBe(3);
    gpio.latchStraps();
    expect(gpio.bootStraps).toBe(1);
  });

  it('put GPIO2 in bit 0, GPIO0 in bit 1 and GPIO15 in bit 2', () => {
    const { gpio } = create();
    for (const [n, value] of [
      [2, 1],
      [0, 2],
      [15, 4],
    ] as const) {
      for (const each of [0, 2, 15]) gpio.setInput(each, each === n);
      gpio.latchStraps();
      expect(gpio.bootStraps).toBe(value);
    }
  });
});

describe('GPIO pins', () => {
  it('drive what OUT says once they are enabled, and tell of each change', () => {
    const { gpio, outputs } = create();
    gpio.write32(OUT_SET, 1 << 5);
    expect(outputs).toEqual([]);
    gpio.write32(ENABLE_SET, 1 << 5);
    gpio.write32(OUT_CLEAR, 1 << 5);
    gpio.write32(OUT_CLEAR, 1 << 5);
    gpio.write32(ENABLE_CLEAR, 1 << 5);
    expect(outputs).toEqual([
      [5, true, true],
      [5, false, true],
      [5, false, false],
    ]);
  });

  it('read the driven level, or else the one from outside', () => {
    const { gpio } = create();
    gpio.setInput(4, true);
    expect(gpio.read32(IN) & 0x10).toBe(0x10);
    gpio.write32(ENABLE, 0x10);
    expect(gpio.read32(IN) & 0x10).toBe(0);
    gpio.write32(OUT, 0xffff0010);
    expect([gpio.read32(IN) & 0x10, gpio.read32(OUT)]).toEqual([0x10, 0x10]);
    gpio.setInput(4, false);
    expect(gpio.read32(IN) & 0x10).toBe(0x10);
  });

  it('let go of an open drain that is high', () => {
    const { gpio, outputs } = create();
    gpio.write32(pin(4), 4);
    gpio.write32(ENABLE, 0x10);
    gpio.write32(OUT_SET, 0x10);
    expect(outputs).toEqual([
      [4, false, true],
      [4, false, false],
    ]);
    gpio.setInput(4, true);
    expect(gpio.read32(IN) & 0x10).toBe(0x10);
  });

  it('let go of everything on reset', () => {
    const { gpio, outputs } = create();
    gpio.write32(ENABLE, 0x30);
    gpio.write32(OUT, 0x20);
    outputs.length = 0;
    gpio.reset('software');
    expect(outputs).toEqual([
      [4, false, false],
      [5, false, false],
    ]);
    expect([gpio.read32(OUT), gpio.read32(ENABLE)]).toEqual([0, 0]);
  });
});

describe('GPIO interrupts', () => {
  it.each([
    [1, [false, true, false], [0, 1, 0]],
    [2, [false, true, false], [0, 0, 1]],
    [3, [false, true, false], [0, 1, 1]],
    [0, [false, true, false], [0, 0, 0]],
  ])('type %i latches its edges', (type, levels, expected) => {
    const { gpio, irq } = create();
    gpio.write32(pin(5), interruptType(type));
    const seen = levels.map((level) => {
      gpio.setInput(5, level);
      const status = (gpio.read32(STATUS) >>> 5) & 1;
      expect(irq.level).toBe(status === 1);
      gpio.write32(STATUS_CLEAR, 1 << 5);
      return status;
    });
    expect(seen).toEqual(expected);
    expect(irq.level).toBe(false);
  });

  it('of the level types come back as long as the level stands', () => {
    for (const [type, active] of [
      [4, false],
      [5, true],
    ] as const) {
      const { gpio, irq } = create();
      gpio.setInput(5, !active);
      gpio.write32(pin(5), interruptType(type));
      expect(irq.level).toBe(false);
      gpio.setInput(5, active);
      gpio.write32(STATUS_CLEAR, 0xffff);
      expect([irq.level, gpio.read32(STATUS)]).toEqual([true, 0x20]);
      gpio.setInput(5, !active);
      gpio.write32(STATUS_CLEAR, 0xffff);
      expect([irq.level, gpio.read32(STATUS)]).toEqual([false, 0]);
    }
  });

  it('can be set and written by software', () => {
    const { gpio, irq } = create();
    gpio.write32(STATUS_SET, 0x6);
    expect([gpio.read32(STATUS), irq.level]).toEqual([6, true]);
    gpio.write32(STATUS, 0);
    expect(irq.level).toBe(false);
  });

  it('are made by the pin that the chip itself drives', () => {
    const { gpio } = create();
    gpio.write32(pin(4), interruptType(1));
    gpio.write32(ENABLE, 0x10);
    gpio.write32(OUT_SET, 0x10);
    expect(gpio.read32(STATUS)).toBe(0x10);
  });
});

describe('GPIO block', () => {
  it('has the RTC calibration done, with the value that belongs to 26 MHz', () => {
    const { gpio } = create();
    gpio.write32(0x6c, 0x80000101);
    expect(gpio.read32(0x6c)).toBe(0x80000101);
    expect(gpio.read32(0x70)).toBe(0x80009580);
  });

  it('has sixteen pin registers and nothing behind the calibration', () => {
    const { gpio } = create();
    gpio.write32(pin(15), 0x7ff);
    expect(gpio.read32(pin(15))).toBe(0x7ff);
    gpio.write32(0x68, 0x10101);
    expect(gpio.read32(0x68)).toBe(0x10101);
    expect(() => gpio.read32(0x74)).toThrow('gpio has no register at +0x74');
  });

  it('repeats itself from a snapshot', () => {
    const { gpio, outputs, irq } = create();
    gpio.write32(ENABLE, 0x20);
    gpio.write32(pin(4), interruptType(3));
    gpio.setInput(4, true);
    const saved = structuredClone(gpio.save());
    const run = (): unknown => {
      outputs.length = 0;
      gpio.write32(OUT_SET, 0x30);
      gpio.write32(STATUS_CLEAR, 0x10);
      gpio.setInput(4, false);
      return [[...outputs], gpio.read32(STATUS), gpio.read32(IN), irq.level];
    };
    const first = run();
    gpio.reset('power-on');
    gpio.restore(saved);
    expect(irq.level).toBe(true);
    expect(run()).toEqual(first);
  });
});
