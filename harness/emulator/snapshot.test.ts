import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { Board, type BoardSnapshot } from './board';
import { REG, REGISTER_WORDS } from './cpu/registers';
import { RandomWords } from './testkit/random-words';
import { ProgramBoard } from './testkit/run-program';
import { SerialText, type SentByte } from './testkit/serial-text';
import { microsToTicks } from './time';

const FLASH_BYTES = 0x80000;
const SEED = 31;

/**
 * Everything at once: a tick by CCOMPARE0, FRC1 by the ROM's dispatcher, the ROM's receive interrupt, printing, flash
 * erased, written and read by the ROM's functions, the random number generator, WAITI now and then.
 */
const BUSY = `
  .literals
begin:
  movi a2, 6
  l32r a3, =tick
  movi a4, 0
  l32r a8, =0x40000f88
  callx0 a8
  movi a2, 9
  l32r a3, =frc1
  movi a4, 0
  l32r a8, =0x40000f88
  callx0 a8
  l32r a2, =0x240
  l32r a8, =0x40000fa8
  callx0 a8
  l32r a2, =0x3ff00004
  movi a3, 2
  s32i a3, a2, 0
  l32r a2, =0x60000600
  l32r a3, =2345
  s32i a3, a2, 0
  movi a3, 0xc4            // run, reload, / 16
  s32i a3, a2, 8
  rsr.ccount a3
  addmi a3, a3, 0x1000
  wsr.ccompare0 a3
  l32r a14, =0x3fff0000
  movi a13, 0
main:
  addi a13, a13, 1
  l32r a2, =0x3fff2000
  mov a3, a13
  l32i a4, a14, 0
  l32i a5, a14, 4
  l32r a8, =0x400024cc
  callx0 a8
  l32r a8, =0x40003b8c     // whatever the receive ring has
  addi a2, a14, 16
  callx0 a8
  l32r a2, =0x3ff20e44
  l32i a3, a2, 0
  s32i a3, a14, 20
  extui a2, a13, 0, 3
  addi a2, a2, 32
  l32r a8, =0x40004a00     // SPIEraseSector
  callx0 a8
  extui a2, a13, 0, 3
  addi a2, a2, 32
  slli a2, a2, 12
  mov a12, a2
  l32r a3, =0x3ffe8000
  movi a4, 300
  l32r a8, =0x40004a4c     // SPIWrite
  callx0 a8
  mov a2, a12
  l32r a3, =0x3fff1000
  movi a4, 333
  l32r a8, =0x40004b1c     // SPIRead
  callx0 a8
  extui a2, a13, 0, 2
  bnez a2, main
  waiti 0
  j main
  .align 4
tick:
  l32r a2, =0x3fff0000
  l32i a3, a2, 0
  addi a3, a3, 1
  s32i a3, a2, 0
  rsr.ccompare0 a4
  addmi a4, a4, 0x4d00
  wsr.ccompare0 a4
  ret
frc1:
  l32r a2, =0x3fff0004
  l32i a3, a2, 0
  addi a3, a3, 3
  s32i a3, a2, 0
  movi a3, 0
  l32r a2, =0x60000600
  s32i a3, a2, 0x0c
  ret
`;

interface Incoming {
  readonly atTicks: number;
  readonly byte: number;
}

function loadBusy(guest: ProgramBoard): void {
  guest.load(BUSY);
  // Not in IRAM: the ROM's printf reads bytes.
  guest.setBytes(0x3fff0000, new Uint8Array(32));
  guest.setText(0x3fff2000, 'turn %d, %u ticks, 0x%08x\n');
}

/** Lets the board run to `untilTicks` while bytes come in at their times. */
function drive(board: Board, untilTicks: number, incoming: readonly Incoming[]): void {
  const fromTicks = board.nowTicks;
  for (const { atTicks, byte } of incoming) {
    if (atTicks <= fromTicks || atTicks > untilTicks) continue;
    board.runUntil(atTicks);
    board.receiveByte(byte, 74880);
  }
  board.runUntil(untilTicks);
}

function sha1(bytes: Uint8Array): string {
  return createHash('sha1').update(bytes).digest('hex');
}

function picture(board: Board): unknown {
  const { cpu, memory } = board;
  return {
    ticks: board.nowTicks,
    cycles: cpu.nowCycles,
    ccount: cpu.time.ccount,
    registers: [...cpu.regs.subarray(0, REGISTER_WORDS)].filter((_, index) => index !== REG.LEFT),
    memories: (['dram', 'iram', 'rtc', 'flash'] as const).map((name) => sha1(memory.region(name))),
    // Every peripheral to its last field.
    parts: sha1(Buffer.from(JSON.stringify(board.save().peripherals))),
  };
}

const after = (sent: readonly SentByte[], atTicks: number): readonly SentByte[] =>
  sent.filter((byte) => byte.atTicks > atTicks);

describe('a snapshot', () => {
  it('taken at random moments of a busy program goes on the same to the cycle in a fresh board', () => {
    const random = new RandomWords(SEED);
    const guest = new ProgramBoard({ flashSizeBytes: FLASH_BYTES });
    const { board, serial } = guest;
    loadBusy(guest);
    guest.setBytes(0x3ffe8000, random.bytes(0x1000));
    const startTicks = board.nowTicks;
    const endTicks = startTicks + microsToTicks(60_000);
    const incoming = Array.from({ length: 60 }, (_, index) => ({
      atTicks: startTicks + microsToTicks(900 * index + random.below(900)),
      byte: random.below(256),
    }));
    const moments = Array.from({ length: 24 }, () => startTicks + random.below(endTicks - startTicks)).sort(
      (a, b) => a - b,
    );
    const snapshots: { readonly snapshot: BoardSnapshot; readonly atTicks: number }[] = [];
    let busyFlash = 0;
    let sending = 0;
    let inHandler = 0;
    for (const moment of moments) {
      drive(board, moment, incoming);
      snapshots.push({ snapshot: structuredClone(board.save()), atTicks: board.nowTicks });
      if ((board.parts.flash.save() as { engine: { wip: boolean } }).engine.wip) busyFlash++;
      if (!board.parts.uart0.txIdle) sending++;
      if ((board.cpu.regs[REG.PS]! & 0x1f) !== 0) inHandler++;
    }
    drive(board, endTicks, incoming);
    const expected = picture(board);
    // The moments are worth it: flash operations under way, bytes on the line, the inside of handlers.
    expect(sending).toBeGreaterThan(10);
    expect(busyFlash + inHandler).toBeGreaterThan(0);
    expect(serial.text).toMatch(/turn 12, \d+ ticks, 0x/);
    expect(board.memory.words[board.bus.locate(0x3fff0004) >> 2]).toBeGreaterThan(60);

    const other = new Board({ flashSizeBytes: FLASH_BYTES });
    snapshots.forEach(({ snapshot, atTicks }, index) => {
      // The first few in boards that were never used, the rest in one that ran something else before.
      const fresh = index < 4 ? new Board({ flashSizeBytes: FLASH_BYTES }) : other;
      fresh.restore(snapshot);
      const heard = new SerialText(fresh);
      expect(fresh.nowTicks).toBe(atTicks);
      drive(fresh, endTicks, incoming);
      expect(picture(fresh)).toEqual(expected);
      expect(heard.sent).toEqual(after(serial.sent, atTicks));
    });
  });

  it('of a board that is off, or held in reset, or settling, restores to that', () => {
    const board = new Board({ flashSizeBytes: FLASH_BYTES });
    const other = new Board({ flashSizeBytes: FLASH_BYTES });
    const off = board.save();
    board.powerOn();
    board.runFor(3e6);
    board.setEnable(false);
    board.runFor(1e6);
    const held = board.save();
    board.setEnable(true);
    board.runFor(1e6);
    const settling = board.save();

    other.restore(off);
    expect([other.isPowered, other.runFor(1e6)]).toEqual([false, 'power-off']);
    other.restore(held);
    const serial = new SerialText(other);
    other.runFor(100e6);
    expect(serial.text).toBe('');
    other.setEnable(true);
    expect(serial.waitFor('rst cause:2')).toContain('ets');
    other.restore(settling);
    const resets: number[] = [];
    other.onReset = (_kind, atTicks) => resets.push(atTicks);
    other.runFor(100e6);
    expect(resets).toEqual([settling.cpu.nowTicks + microsToTicks(19_000)]);
  });

  it('keeps an armed power cut', () => {
    const guest = new ProgramBoard({ flashSizeBytes: FLASH_BYTES });
    loadBusy(guest);
    guest.board.armPowerCut({ operation: 5, seed: 3 });
    const snapshot = guest.board.save();
    const other = new Board({ flashSizeBytes: FLASH_BYTES });
    other.restore(snapshot);
    expect(other.runFor(1e9)).toBe('power-off');
  });
});

describe('a snapshot that does not fit', () => {
  const board = new Board({ flashSizeBytes: FLASH_BYTES });
  const good = board.save();
  // Spoilt by each refusal, but good enough to refuse the next one.
  const target = new Board({ flashSizeBytes: FLASH_BYTES });
  const refused = (snapshot: unknown): string => {
    try {
      target.restore(snapshot as BoardSnapshot);
    } catch (error) {
      const { code, message } = error as { code?: string; message: string };
      return `${code ?? 'no code'}: ${message}`;
    }
    return 'taken';
  };

  it.each([
    ['another version', { ...good, version: 2 }, 'snapshot of version 2; this is 1'],
    ['another flash size', { ...good, flashSizeBytes: 0x100000 }, 'snapshot of a board with 1048576 bytes'],
    [
      'a part missing',
      { ...good, peripherals: { ...good.peripherals, rtc: undefined } },
      'snapshot without rtc',
    ],
    [
      'a part of another version',
      { ...good, peripherals: { ...good.peripherals, gpio: { ...good.peripherals.gpio, version: 9 } } },
      'snapshot of gpio: version 9',
    ],
    [
      'a core of another version',
      { ...good, cpu: { ...good.cpu, version: 2 } },
      'snapshot of cpu: version 2',
    ],
    [
      'a queue of another version',
      { ...good, queue: { ...good.queue, version: 2 } },
      'snapshot of the alarms: version 2',
    ],
    [
      'an alarm that does not exist here',
      { ...good, queue: { ...good.queue, alarms: { nothing: { atTicks: 1, order: 1 } } } },
      'unknown alarm nothing',
    ],
    [
      'a memory of another size',
      { ...good, memories: { ...good.memories, dram: new Uint8Array(4) } },
      'memory dram',
    ],
  ])('because of %s is refused', (_name, snapshot, message) => {
    expect(refused(snapshot)).toMatch(/^ESPRIG_EMU_SNAPSHOT: /);
    expect(refused(snapshot)).toContain(message);
  });

  it('is the only kind that is refused', () => {
    expect(refused(good)).toBe('taken');
  });
});
