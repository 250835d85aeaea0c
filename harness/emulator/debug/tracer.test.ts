import { beforeEach, describe, expect, it } from '@jest/globals';
import { Board } from '../board';
import { EmulatorFault } from '../fault';
import { ProgramBoard } from '../testkit/run-program';
import { romNames, romSymbols } from './rom-symbols';
import { SymbolTable } from './symbols';
import { Tracer } from './tracer';

const guest = new ProgramBoard();
const { board } = guest;

beforeEach(() => {
  board.sliceRunner = board.cpu;
  guest.rewind();
});

/** Puts a tracer before the CPU; its lines without the column of cycles. */
function trace(last?: number): { readonly tracer: Tracer; readonly lines: string[] } {
  const lines: string[] = [];
  const symbols = new SymbolTable([
    ...romSymbols(),
    { name: 'main', addr: guest.addrOf('begin'), sizeBytes: 0x100 },
  ]);
  const onLine =
    last === undefined ? (line: string) => lines.push(line.replace(/^ *\d+ {2}/, '')) : undefined;
  const tracer = new Tracer(board, { symbols, romNames: romNames(), onLine, last });
  board.sliceRunner = tracer;
  return { tracer, lines };
}

/** Loads a program, traces it to its label `end`. */
function traced(source: string): string[] {
  guest.load(source);
  const { lines } = trace();
  guest.runTo('end');
  return lines;
}

const squeeze = (line: string): string => line.replace(/ +/g, ' ');

describe('a trace', () => {
  it('shows PC, place, instruction, what changed and where memory was touched', () => {
    const lines = traced(`
      .literals
    begin:
      movi a2, 5
      ssai 3
      l32r a3, =0x3ffe9000
      addi a4, a2, -6
      s16i a4, a3, 2
      l8ui a5, a3, 3
    end: j end`);
    const begin = guest.addrOf('begin').toString(16);
    const after = (offset: number): string => (guest.addrOf('begin') + offset).toString(16);
    expect(lines.map(squeeze)).toEqual([
      `${begin} main movi a2, 5 a2=00000005`,
      `${after(3)} main+0x3 ssai 3 sar=00000003`,
      expect.stringMatching(new RegExp(`^${after(6)} main\\+0x6 l32r a3, 0x4010\\w{4} a3=3ffe9000$`)),
      `${after(9)} main+0x9 addi a4, a2, -6 a4=ffffffff`,
      `${after(12)} main+0xc s16i a4, a3, 2 [3ffe9002]=ffff`,
      `${after(15)} main+0xf l8ui a5, a3, 3 a5=000000ff [3ffe9003]`,
    ]);
  });

  it('names a ROM function in the emulator’s language with arguments and result', () => {
    const lines = traced(`
      .literals
    begin:
      movi a2, 100
      movi a3, 7
      l32r a0, =0x4000e21c   // __udivsi3
      callx0 a0
    end: j end`);
    expect(lines.at(-1)).toMatch(
      /^-- ROM __udivsi3\(00000064, 00000007, \w{8}, \w{8}\) from 4010\w{4} <main\+0x9> = 0000000e$/,
    );
  });

  it('names a ROM function that is guest code when it is entered and when it comes back', () => {
    guest.setText(0x3ffe9000, 'n=%d');
    const lines = traced(`
      .literals
    begin:
      l32r a2, =0x3ffe9000
      movi a3, 42
      l32r a0, =0x400024cc   // ets_printf
      callx0 a0
    end: j end`);
    const calls = lines.filter((line) => line.startsWith('-- ROM ets_printf') || line.startsWith('400024cc'));
    expect(calls).toHaveLength(3);
    expect(calls[0]).toMatch(/^-- ROM ets_printf\(3ffe9000, 0000002a, .* from 4010\w{4} <main/);
    expect(squeeze(calls[1]!)).toMatch(/^400024cc ets_printf j 0x4000\w{4}/);
    expect(lines.at(-1)).toMatch(/^-- ROM ets_printf = 0000000[04]$/);
  });

  it('gives exceptions a line with cause, address and both places', () => {
    const lines = traced(`
      .literals
    begin:
      l32r a2, =vectors
      wsr.vecbase a2
      movi a3, 0x20
      wsr.ps a3
      l32r a4, =0x3ffe9001
      l32i a5, a4, 0
      .org 0x40102000
    vectors: nop
      .org 0x40102050
    end: j end`);
    expect(lines.slice(-2).map(squeeze)).toEqual([
      expect.stringMatching(/ l32i a5, a4, 0 \[3ffe9001\]$/),
      expect.stringMatching(
        /^-- exception 9 LoadStoreAlignment, address 3ffe9001, epc1 4010\w{4} <main\+0x\w+>, to 40102050/,
      ),
    ]);
  });

  it('gives interrupts a line with their names', () => {
    const lines = traced(`
      .literals
    begin:
      l32r a2, =vectors
      wsr.vecbase a2
      movi a3, 0x80
      wsr.intenable a3
      wsr.interrupt a3
      movi a4, 0x20
      wsr.ps a4
      nop
      .org 0x40102000
    vectors: nop
      .org 0x40102050
    end: j end`);
    expect(lines.at(-1)).toMatch(/^-- interrupt \(SOFTWARE\) before 4010\w{4} <main\+0x\w+>, to 40102050$/);
  });

  it('leaves the guest’s run the same to the cycle, and writes a wait once', () => {
    const plain = new Board();
    const watched = new Board();
    const sent: [number, number][][] = [[], []];
    plain.onTransmit = (_uart, byte, _baud, atTicks) => sent[0]!.push([byte, atTicks]);
    watched.onTransmit = (_uart, byte, _baud, atTicks) => sent[1]!.push([byte, atTicks]);
    let lines = 0;
    let waits = 0;
    watched.sliceRunner = new Tracer(watched, {
      onLine: (line) => {
        lines++;
        if (line.startsWith('-- the same again for ')) waits++;
      },
    });
    for (const each of [plain, watched]) {
      each.powerOn();
      each.runFor(20e6);
    }
    expect(sent[0]!.length).toBeGreaterThan(50);
    expect(sent[1]).toEqual(sent[0]);
    expect(watched.cpu.nowCycles).toBe(plain.cpu.nowCycles);
    expect(watched.cpu.save()).toEqual(plain.cpu.save());
    expect(Buffer.compare(watched.memory.bytes, plain.memory.bytes)).toBe(0);
    // Most of a boot is waiting for the line; a million instructions were executed.
    expect(waits).toBeGreaterThan(20);
    expect(lines).toBeLessThan(40_000);
  });

  it('sees every instruction of a loop that does something, however long it takes', () => {
    const lines = traced(`
    begin:
      movi a2, 500
    again:
      addi a2, a2, -1
      bnez a2, again
    end: j end`);
    expect(lines).toHaveLength(1 + 2 * 500);
  });

  it('stops at a breakpoint before the instruction under it', () => {
    guest.load('begin: movi a2, 1\nmovi a2, 2\nend: j end');
    const { lines } = trace();
    board.cpu.codeTable.setBreakpoint(guest.addrOf('begin') + 3);
    try {
      expect(guest.run(1000)).toBe('stopped');
    } finally {
      board.cpu.codeTable.clearBreakpoint(guest.addrOf('begin') + 3);
    }
    expect(board.cpu.ar[2]).toBe(1);
    expect(lines).toHaveLength(1);
  });
});

describe('the last steps', () => {
  it('are kept without writing anything, the oldest first, up to the one that did not end', () => {
    guest.load(`
      .literals
    begin:
      movi a2, 100
    again:
      addi a2, a2, -1
      bnez a2, again
      l32r a3, =0x3ff70000
      l32i a4, a3, 0
    end: j end`);
    const { tracer, lines } = trace(4);
    expect(() => guest.run(1000)).toThrow(EmulatorFault);
    expect(lines).toEqual([]);
    expect(tracer.lastLines().map((line) => squeeze(line.replace(/^ *\d+ {2}/, '')))).toEqual([
      expect.stringMatching(/ addi a2, a2, -1 a2=00000000$/),
      expect.stringMatching(/ bnez a2, 0x4010\w{4} <main\+0x3>$/),
      expect.stringMatching(/ l32r a3, .* a3=3ff70000$/),
      expect.stringMatching(/ l32i a4, a3, 0 \[3ff70000\]$/),
      '-- the emulator stopped in this instruction',
    ]);
  });

  it('hold notes too', () => {
    guest.load('begin: nop\nend: j end');
    const { tracer } = trace(2);
    guest.runTo('end');
    tracer.note('reset (watchdog)');
    expect(tracer.lastLines().at(-1)).toBe('-- reset (watchdog)');
  });
});
