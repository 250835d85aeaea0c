import { beforeEach, describe, expect, it } from '@jest/globals';
import { EmulatorFault } from '../fault';
import type { Peripheral } from '../peripherals/peripheral';
import { StorageBlock } from '../peripherals/storage';
import { Bus, CACHE_OFF, NOT_MEMORY } from './bus';
import { DRAM_AT, FLASH_AT, GuestMemory, IRAM_AT, ROM_AT, RTC_AT } from './guest-memory';

let bus = new Bus();
let window = { live: false, windowSize: 0x100000, physicalOffset: (offset: number) => offset };

beforeEach(() => {
  bus = new Bus();
  window = { live: false, windowSize: 0x100000, physicalOffset: (offset) => (offset + 0x100) & 0xfffff };
  bus.attachFlashWindow(window);
});

describe('the address map', () => {
  it.each([
    ['first byte of DRAM', 0x3ffe8000, DRAM_AT],
    ['last byte of DRAM', 0x3fffffff, DRAM_AT + 0x17fff],
    ['below DRAM', 0x3ffe7fff, NOT_MEMORY],
    ['first byte of ROM', 0x40000000, ROM_AT],
    ['last byte of ROM', 0x4000ffff, ROM_AT + 0xffff],
    ['behind ROM', 0x40010000, NOT_MEMORY],
    ['below IRAM', 0x400fffff, NOT_MEMORY],
    ['first byte of IRAM', 0x40100000, IRAM_AT],
    ['last byte of IRAM', 0x4010ffff, IRAM_AT + 0xffff],
    ['behind IRAM', 0x40110000, NOT_MEMORY],
    ['flash while the cache is off', 0x40200000, CACHE_OFF],
    ['the upper MB of the window while the cache is off', 0x40300000, CACHE_OFF],
    ['behind the window', 0x40400000, NOT_MEMORY],
    ['first byte of RTC memory', 0x60001000, RTC_AT],
    ['last byte of RTC memory', 0x600013ff, RTC_AT + 0x3ff],
    ['behind RTC memory', 0x60001400, NOT_MEMORY],
    ['registers', 0x60000000, NOT_MEMORY],
    ['nothing', 0x00000000, NOT_MEMORY],
    ['the end of the address space', 0xffffffff, NOT_MEMORY],
  ])('knows %s', (_name, addr, at) => {
    expect(bus.locate(addr)).toBe(at);
    // Addresses come signed from guest registers.
    expect(bus.locate(addr | 0)).toBe(at);
  });

  it('shows flash through the window, as far as it reaches', () => {
    window.live = true;
    expect(bus.locate(0x40200000)).toBe(FLASH_AT + 0x100);
    expect(bus.locate(0x402fffff)).toBe(FLASH_AT + 0xff);
    expect(bus.locate(0x40300000)).toBe(NOT_MEMORY);
    window.windowSize = 0x200000;
    expect(bus.locate(0x40300000)).toBe(FLASH_AT + 0x100);
  });

  it.each([
    [false, false, [true, true]],
    [true, false, [false, true]],
    [false, true, [true, false]],
    [true, true, [false, false]],
  ])('takes IRAM banks away for the cache: %s, %s', (bank1, bank2, present) => {
    bus.setCacheBanks(bank1, bank2);
    const isThere = (addr: number): boolean => bus.locate(addr) >= 0;
    expect([isThere(0x40108000), isThere(0x4010c000)]).toEqual(present);
    expect([isThere(0x4010bfff), isThere(0x4010ffff)]).toEqual(present);
    expect(isThere(0x40107fff)).toBe(true);
  });
});

describe('register blocks', () => {
  const block = (name: string): StorageBlock => new StorageBlock({ name, sizeBytes: 0x200 });

  it('get offsets from their base, over all of their pages', () => {
    const storage = block('two-pages');
    bus.attach(storage, 0x60000a00, 0x200);
    bus.writeRegister(0x60000b04, 0x89abcdef | 0, 0);
    expect(storage.read32(0x104)).toBe(0x89abcdef);
    expect(bus.readRegister(0x60000b04, 0)).toBe(0x89abcdef | 0);
  });

  it('may lie in the low and in the high register space, nowhere else', () => {
    bus.attach(block('low'), 0x3ff00000, 0x100);
    bus.attach(block('high'), 0x6007ff00, 0x100);
    expect(() => bus.attach(block('stray'), 0x50000000, 0x100)).toThrow(
      'stray is outside the register space',
    );
    expect(() => bus.attach(block('stray'), 0x3ff80000, 0x100)).toThrow('outside');
  });

  it('replace what was there before', () => {
    const [first, second] = [block('first'), block('second')];
    bus.attach(first, 0x60000a00, 0x100);
    bus.attach(second, 0x60000a00, 0x100);
    bus.writeRegister(0x60000a00, 1, 0);
    expect([first.read32(0), second.read32(0)]).toEqual([0, 1]);
  });
});

describe('strictness', () => {
  const fault = (run: () => unknown): EmulatorFault => {
    try {
      run();
    } catch (error) {
      if (error instanceof EmulatorFault) return error;
      throw error;
    }
    throw new Error('no fault');
  };

  it('makes an access to nothing a fault with PC and address', () => {
    const load = fault(() => bus.readRegister(0x60000a00, 0x40101234));
    expect([load.code, load.pc, load.addr]).toEqual(['ESPRIG_EMU_UNMAPPED', 0x40101234, 0x60000a00]);
    expect(load.message).toBe('load with nothing behind the address at pc 0x40101234, address 0x60000a00');
    expect(fault(() => bus.writeRegister(0x10, 1, 0x40101234)).message).toContain('store with nothing');
  });

  it('adds PC and address to the refusal of a block', () => {
    bus.attach(new StorageBlock({ name: 'small', sizeBytes: 0x10 }), 0x60000a00, 0x100);
    const refused = fault(() => bus.readRegister(0x60000a20, 0x40101234));
    expect([refused.pc, refused.addr]).toEqual([0x40101234, 0x60000a20]);
    expect(refused.message).toContain('small');
  });

  it('passes on what is no refusal', () => {
    const broken: Peripheral = {
      name: 'broken',
      read32: () => {
        throw new TypeError('a bug');
      },
      write32: () => undefined,
      reset: () => undefined,
      save: () => ({}),
      restore: () => undefined,
    };
    bus.attach(broken, 0x60000a00, 0x100);
    bus.lenient = true;
    expect(() => bus.readRegister(0x60000a00, 0)).toThrow(TypeError);
  });

  it('reads zero and counts when lenient', () => {
    bus.lenient = true;
    expect(bus.readRegister(0x60000a00, 0)).toBe(0);
    bus.writeRegister(0x60000a00, 1, 0);
    expect(bus.unmappedCount).toBe(2);
  });
});

describe('what a poll may be skipped on', () => {
  it('is memory, and registers whose block says so', () => {
    const steady: Peripheral = {
      name: 'steady',
      read32: () => 0,
      write32: () => undefined,
      isSteady: (offset) => offset === 4,
      reset: () => undefined,
      save: () => ({}),
      restore: () => undefined,
    };
    bus.attach(steady, 0x60000a00, 0x100);
    bus.attach(new StorageBlock({ name: 'silent', sizeBytes: 0x100 }), 0x60000b00, 0x100);
    expect(
      [0x60000a04, 0x60000a08, 0x60000b00, 0x60000c00, 0x3ffe8000].map((addr) => bus.isSteady(addr)),
    ).toEqual([true, false, false, false, true]);
  });
});

describe('guest memory', () => {
  it('keeps its regions apart, and loses RAM but not flash with the power', () => {
    const memory = new GuestMemory(0x80000);
    const marks = memory.regions.map(({ name }, index) => {
      memory.region(name).fill(index + 1);
      return name;
    });
    marks.forEach((name, index) => expect(new Set(memory.region(name))).toEqual(new Set([index + 1])));
    memory.losePower();
    const first = (name: 'dram' | 'iram' | 'rom' | 'rtc' | 'flash'): number => memory.region(name)[0]!;
    expect([first('dram'), first('iram'), first('rtc')]).toEqual([0xa5, 0xa5, 0xa5]);
    expect([first('rom'), first('flash')]).toEqual([marks.indexOf('rom') + 1, marks.indexOf('flash') + 1]);
  });

  it.each([0x40000, 0x60000, 0x2000000, 0])('refuses a flash of %i bytes', (sizeBytes) => {
    expect(() => new GuestMemory(sizeBytes)).toThrow('512 KB to 16 MB');
  });
});
