import { beforeEach, describe, expect, it } from '@jest/globals';
import { RTC_MEMORY_BASE } from '../chip/esp8266';
import { Board } from './board';
import type { ResetKind } from './peripherals';
import { driveResetCircuit } from './reset-circuit';
import { ProgramBoard } from './testkit/run-program';

const SCRATCH0 = 0x60000730;
const SETTLE_MICROS = 20_000;
const BANNER_START = '\r\n ets Jan  8 2013,rst cause:';

const guest = new ProgramBoard({ lineSettleMicros: SETTLE_MICROS });
const { board } = guest;
let resets: ResetKind[] = [];

beforeEach(() => {
  // Whatever a test left: power, lines and pins as at the start.
  board.setPin(0, true);
  board.setPin(2, true);
  board.setPin(15, false);
  guest.rewind();
  resets = [];
  board.onReset = (kind) => resets.push(kind);
  board.onPowerCut = undefined;
});

/** Runs until the banner is out and answers its cause and mode. */
function banner(forMicros = 200_000): string {
  const said = guest.serial.waitFor(')\r\n', forMicros);
  const found = /rst cause:(\d), boot mode:\((\d,\d)\)/.exec(said);
  return found ? `${found[1]!} (${found[2]!})` : said;
}

/** A program that writes marks into RAM, RTC memory, a scratch word and the RTC's neighbour registers. */
const MARK = `
  .literals
begin:
  l32r a2, =0x600011fc
  l32r a3, =0x12345678
  s32i a3, a2, 0
  l32r a2, =0x60000730
  s32i a3, a2, 0
  l32r a2, =0x3fff0000
  s32i a3, a2, 0
end: j end
`;

describe('power', () => {
  it('off and on loses RAM, RTC memory and scratch, keeps the flash, and shows cause 1', () => {
    guest.runProgram(MARK);
    expect(guest.word(0x600011fc)).toBe(0x12345678);
    const flash = Buffer.from(board.memory.flash);
    board.powerOff();
    expect(board.isPowered).toBe(false);
    expect(board.runFor(1e6)).toBe('power-off');
    guest.serial.clear();
    board.powerOn();
    expect(resets).toEqual(['power-on']);
    expect([guest.word(0x3fff0000), guest.word(0x600011fc)]).toEqual([0xa5a5a5a5, 0xa5a5a5a5]);
    expect(board.bus.readRegister(SCRATCH0, 0)).toBe(0);
    expect(banner()).toBe('1 (3,6)');
    expect(flash.equals(board.memory.flash)).toBe(true);
  });

  it('coming while EN is low starts nothing; EN high then shows cause 1 all the same', () => {
    board.powerOff();
    board.setEnable(false);
    guest.serial.clear();
    board.powerOn();
    board.runFor(100e6);
    expect([resets, guest.serial.text]).toEqual([[], '']);
    board.setEnable(true);
    expect(banner()).toBe('1 (3,6)');
    expect(resets).toEqual(['power-on']);
    board.pressReset();
    guest.serial.clear();
    expect(banner()).toBe('2 (3,6)');
  });

  it('switched twice in a row is switched once', () => {
    board.powerOn();
    expect(resets).toEqual([]);
    board.powerOff();
    board.powerOff();
    board.powerOn();
    board.powerOn();
    expect(resets).toEqual(['power-on']);
  });

  it('erasing is a third act: the flash is FF, the program in RAM runs on', () => {
    guest.runProgram(MARK);
    board.eraseFlash();
    expect(board.memory.flash.every((byte) => byte === 0xff)).toBe(true);
    expect(resets).toEqual([]);
    board.runFor(1e6);
    expect(guest.word(0x3fff0000)).toBe(0x12345678);
    board.pressReset();
    guest.serial.clear();
    expect(guest.serial.waitFor('ets_main.c')).toContain('rst cause:2, boot mode:(3,6)');
  });

  it('refuses to program what does not fit the flash', () => {
    expect(() => board.programFlash(0xfffff, new Uint8Array(2))).toThrow('do not fit');
    expect(() => board.programFlash(-1, new Uint8Array(2))).toThrow('do not fit');
  });
});

describe('reset by EN', () => {
  it('keeps RTC memory, scratch, RAM and flash, and shows cause 2', () => {
    guest.runProgram(MARK);
    const flash = Buffer.from(board.memory.flash);
    guest.serial.clear();
    board.pressReset();
    expect(banner()).toBe('2 (3,6)');
    expect(guest.word(0x600011fc)).toBe(0x12345678);
    expect(board.bus.readRegister(SCRATCH0, 0)).toBe(0x12345678);
    expect(guest.word(0x3fff0000)).toBe(0x12345678);
    expect(flash.equals(board.memory.flash)).toBe(true);
    expect(resets).toEqual(['external']);
  });

  it('stops the chip while EN is low: nothing runs, nothing is sent, no watchdog bites', () => {
    guest.load(`
      .literals
    begin:
      l32r a2, =0x60000900
      movi a3, 4
      s32i a3, a2, 4
      s32i a3, a2, 8
      movi a3, 1
      s32i a3, a2, 0           // watchdog: 13 ms a stage
      l32r a4, =0x60000000
      movi a5, 85
      movi a6, 100
    fill:
      s32i a5, a4, 0
      addi a6, a6, -1
      bnez a6, fill
      movi a7, 0
    count: addi a7, a7, 1
      j count
    `);
    guest.run(5_000);
    const sent = guest.serial.sent.length;
    expect(sent).toBeGreaterThan(20);
    board.setEnable(false);
    const counted = board.cpu.ar[7]!;
    board.runFor(500e6);
    expect(guest.serial.sent).toHaveLength(sent);
    expect(board.cpu.ar[7]).toBe(counted);
    expect(resets).toEqual([]);
    guest.serial.clear();
    board.setEnable(true);
    expect(banner()).toBe('2 (3,6)');
    expect(resets).toEqual(['external']);
  });

  it('releases the pins that the program drove', () => {
    const pins: string[] = [];
    board.onPin = (pin, level, driven) => pins.push(`${pin} ${driven ? Number(level) : 'z'}`);
    guest.runProgram(`
      .literals
    begin:
      l32r a2, =0x60000300
      movi a3, 32
      s32i a3, a2, 4
      s32i a3, a2, 16
    end: j end
    `);
    board.setEnable(false);
    board.onPin = undefined;
    expect(pins).toContain('5 1');
    expect(pins.at(-1)).toMatch(/ z$/);
    board.setEnable(true);
  });

  it('samples the straps only once EN has been high for the settle time', () => {
    board.setEnable(false);
    board.setPin(0, false);
    board.setEnable(true);
    board.runFor((SETTLE_MICROS - 1) * 1000);
    expect(resets).toEqual([]);
    guest.serial.clear();
    board.runFor(2_000);
    expect(resets).toEqual(['external']);
    expect(banner()).toBe('2 (1,6)');
    // Straps are not looked at again: GPIO0 going up changes nothing.
    board.setPin(0, true);
    board.runFor(50e6);
    expect((board.bus.readRegister(0x60000318, 0) >>> 16) & 7).toBe(1);
  });

  it('starts the wait anew when a strap moves while EN settles', () => {
    board.setEnable(false);
    board.setEnable(true);
    board.runFor(15e6);
    board.setPin(0, false);
    board.runFor(15e6);
    expect(resets).toEqual([]);
    guest.serial.clear();
    expect(banner()).toBe('2 (1,6)');
  });

  it('forgets a reset that was on its way', () => {
    guest.runProgram(`
      .literals
    begin:
      l32r a2, =0x60000700
      l32r a3, =0x80000000
    end: s32i a3, a2, 0
    `);
    board.cpu.step();
    board.setEnable(false);
    board.runFor(1e6);
    expect(resets).toEqual([]);
    guest.serial.clear();
    board.setEnable(true);
    board.runFor(30e6);
    expect(resets).toEqual(['external']);
  });
});

describe('DTR and RTS through the reset circuit', () => {
  const drive = (dtr: boolean, rts: boolean, forMicros: number): void => {
    driveResetCircuit(board, dtr, rts);
    board.runFor(forMicros * 1000);
  };

  it.each([
    ['within the settle time of each other', 300],
    ['with the intermediate state of 10 ms', 10_000],
    ['as slowly as pyserial asks a serial server', 100_000],
  ])('enter the loader by ClassicReset, lines moving %s', (_name, betweenMicros) => {
    drive(false, true, 100_000); // EN low
    guest.serial.clear();
    drive(true, true, betweenMicros); // DTR first: EN goes high while GPIO0 still is
    drive(true, false, 50_000); // GPIO0 low
    drive(false, false, 100_000);
    expect(resets).toEqual(['external']);
    expect(banner(1)).toBe('2 (1,6)');
  });

  it('enter the loader by the tight form that moves both lines at once', () => {
    drive(false, false, 1);
    drive(true, true, 1);
    drive(false, true, 100_000);
    guest.serial.clear();
    drive(true, false, 50_000);
    drive(false, false, 50_000);
    expect(banner(1)).toBe('2 (1,6)');
  });

  it('boot the flash by a hard reset', () => {
    drive(false, true, 100_000);
    guest.serial.clear();
    drive(false, false, 100_000);
    expect(banner(1)).toBe('2 (3,6)');
  });

  it('leave a running board alone when both are asserted, as terminals do', () => {
    drive(true, true, 100_000);
    drive(false, false, 100_000);
    expect(resets).toEqual([]);
  });
});

describe('resets that the program causes', () => {
  it('software_reset shows cause 3, keeps the straps and boots the flash', () => {
    guest.runProgram(MARK);
    board.setPin(0, false);
    guest.load('.literals\nbegin: l32r a2, =0x4000264c\n callx0 a2\n here: j here');
    guest.serial.clear();
    expect(banner()).toBe('3 (3,6)');
    expect(resets).toEqual(['software']);
    expect(guest.word(0x600011fc)).toBe(0x12345678);
    expect(guest.serial.waitFor('csum 0x')).toContain('load 0x40100000');
  });

  it('the watchdog shows cause 4 and says so, straps as they were', () => {
    board.setPin(0, false);
    guest.load(`
      .literals
    begin:
      l32r a2, =0x60000900
      movi a3, 1
      s32i a3, a2, 4
      s32i a3, a2, 8
      s32i a3, a2, 0
    here: j here
    `);
    guest.serial.clear();
    expect(banner()).toBe('4 (3,6)');
    expect(resets).toEqual(['watchdog']);
    expect(guest.serial.waitFor('wdt reset\r\n')).toContain('boot mode:(3,6)\r\n\r\nwdt reset\r\n');
    expect(guest.serial.waitFor('csum 0x')).toContain('load 0x40100000');
  });

  it('a jump to the reset vector is none: the cause stays, the straps stay, the watchdog goes on', () => {
    board.pressReset();
    guest.serial.clear();
    expect(banner()).toBe('2 (3,6)');
    board.runFor(100e6);
    resets = [];
    board.setPin(0, false);
    guest.load(`
      .literals
    begin:
      l32r a2, =0x60000900
      movi a3, 7
      s32i a3, a2, 4
      s32i a3, a2, 8
      movi a3, 1
      s32i a3, a2, 0
      l32r a2, =0x40000080
      jx a2
    `);
    guest.serial.clear();
    expect(banner()).toBe('2 (3,6)');
    expect(resets).toEqual([]);
    guest.serial.clear();
    expect(banner(400_000)).toBe('4 (3,6)');
    expect(resets).toEqual(['watchdog']);
  });

  it('a board that was flashed and never reset stays in the loader after a restart', () => {
    board.setEnable(false);
    board.setPin(0, false);
    board.setEnable(true);
    board.runFor(100e6);
    board.setPin(0, true);
    guest.load('.literals\nbegin: l32r a2, =0x40000080\n jx a2');
    guest.serial.clear();
    expect(banner()).toBe('2 (1,6)');
    board.runFor(500e6);
    expect(guest.serial.text).not.toContain('load');
  });

  const DEEP_SLEEP = `
    .literals
  begin:
    l32r a2, =0x60000900     // a watchdog of 13 ms, which must not bite in the sleep
    movi a3, 4
    s32i a3, a2, 4
    s32i a3, a2, 8
    movi a3, 1
    s32i a3, a2, 0
    l32r a2, =0x600011fc
    l32r a3, =0x12345678
    s32i a3, a2, 0
    l32r a2, =0x60000700
    movi a3, 8
    s32i a3, a2, 0x18        // the timer may wake
    l32i a3, a2, 0x1c
    l32r a4, =20000
    add a3, a3, a4
    s32i a3, a2, 4           // 20000 slow periods: about 0.12 s
    movi a3, 32
    s32i a3, a2, 0x44
    l32r a3, =0x00100000
    s32i a3, a2, 8
  here: j here
  `;

  it('deep sleep ends with cause 5, RTC memory kept, no watchdog in between', () => {
    guest.load(DEEP_SLEEP);
    guest.serial.clear();
    const asleepTicks = board.nowTicks;
    expect(banner(500_000)).toBe('5 (3,6)');
    expect(resets).toEqual(['external']);
    expect(guest.word(0x600011fc)).toBe(0x12345678);
    expect((board.nowTicks - asleepTicks) / 2080).toBeGreaterThan(100_000);
  });

  it('deep sleep without the wire to EN lasts until the button', () => {
    const alone = new ProgramBoard({ wakeWired: false });
    alone.load(DEEP_SLEEP);
    alone.run(2_000_000);
    expect(alone.serial.text).toBe('');
    alone.board.pressReset();
    expect(alone.serial.waitFor('boot mode')).toContain(BANNER_START + '2');
  });
});

describe('time', () => {
  it('passes by exactly what was asked when nothing runs, and to the end of an instruction when something does', () => {
    board.setEnable(false);
    const before = board.nowTicks;
    board.runFor(1e6);
    expect(board.nowTicks - before).toBe(2080_000);
    board.setEnable(true);
    guest.rewind();
    guest.load('here: j here');
    const at = board.nowTicks;
    board.runUntil(at + 41);
    expect(board.nowTicks - at).toBe(80);
  });

  it('ends a run at stop(), from a callback in the middle of it', () => {
    board.pressReset();
    expect(guest.serial.waitFor('ets')).toMatch(/ets$/);
    expect(board.runFor(1e6)).toBe('time');
  });

  it('knows how much of it the guest only waited', () => {
    guest.load('waiti 0\nhere: j here');
    board.takeIdledNanos();
    board.runFor(10e6);
    expect(board.takeIdledNanos()).toBeGreaterThan(9.99e6);
    expect(board.takeIdledNanos()).toBe(0);
  });
});

describe('a board', () => {
  it.each([
    [{ flashSizeBytes: 0x180000 }, 'power of two'],
    [{ crystalHz: 24_000_000 }, 'crystal'],
    [{ romImage: new Uint8Array(10) }, '65536 bytes'],
  ])('with the configuration %j is refused', (config, message) => {
    expect(() => new Board(config)).toThrow(message);
  });

  it('runs a ROM of the user instead of ours', () => {
    const romImage = new Uint8Array(0x10000);
    romImage.set([0x22, 0xa0, 0x55, 0x06, 0xff, 0xff], 0x80); // movi a2, 0x55 · j .
    const own = new Board({ romImage });
    own.powerOn();
    own.runFor(1000);
    expect([own.cpu.ar[2], own.cpu.pc]).toEqual([0x55, 0x40000083]);
  });

  it('has its MAC in the efuse, where the serial loader reads it', () => {
    expect(board.bus.readRegister(0x3ff00050, 0) >>> 24).toBe(0x45);
    expect(RTC_MEMORY_BASE).toBe(0x60001000);
  });
});
