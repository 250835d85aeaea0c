import { describe, expect, it } from '@jest/globals';
import { ProgramBoard } from '../testkit/run-program';
import { dumpRegisters, instructionAt } from './dump';
import { romSymbols } from './rom-symbols';
import { SymbolTable } from './symbols';

const guest = new ProgramBoard();

describe('a register dump', () => {
  it('shows where the board is, its registers, the last exception and the stack, by name', () => {
    guest.rewind();
    guest.load(`
      .literals
    begin:
      l32r a2, =0x400024cc
      s32i a2, a1, 4
      movi a3, 28
      wsr.exccause a3
      l32r a0, =begin
      wsr.epc1 a0
    end: l32i a4, a2, 8`);
    guest.runTo('end');
    const symbols = new SymbolTable([
      ...romSymbols(),
      { name: 'main', addr: guest.addrOf('begin'), sizeBytes: 0x40 },
    ]);
    const lines = dumpRegisters(guest.board, symbols);
    const text = lines.join('\n');
    expect(lines[0]).toMatch(/^pc 0x4010\w{4} <main\+0x12>: l32i a4, a2, 8$/);
    expect(lines[1]).toMatch(/^called from 0x4010\w{4} <main>$/);
    expect(text).toMatch(/ a2 0x400024cc /);
    expect(text).toMatch(/^last exception: cause 28 LoadProhibited, epc1 0x4010\w{4} <main>, excvaddr /m);
    expect(text).toContain('stack at 0x3fffa000:');
    expect(text).toMatch(/^0x3fffa000: \w{8} 400024cc \w{8} \w{8} {2}ets_printf$/m);
  });

  it('says where there is nothing to show', () => {
    guest.rewind();
    guest.cpu.ar[1] = 0x10;
    guest.cpu.pc = 0x20000000;
    const text = dumpRegisters(guest.board).join('\n');
    expect(text).toContain('pc 0x20000000: nothing to execute here');
    expect(text).toContain('(no memory there)');
  });

  it('names a ROM function that is no guest code', () => {
    expect(instructionAt(guest.board, 0x4000e21c)).toBe('ROM function __udivsi3');
  });
});
