import { beforeEach, describe, expect, it } from '@jest/globals';
import { EmulatorFault } from '../fault';
import { PROGRAM_ADDR, ProgramBoard } from '../testkit/run-program';
import { assemble } from './assemble';

const guest = new ProgramBoard({ flashSizeBytes: 0x400000 });
const { board, cpu } = guest;

beforeEach(() => guest.rewind());

/** Cache_Read_Enable(map, segment, size) of the ROM. */
const cacheOn = (map: number, segment: number, size = 0): string => `
  movi a2, ${map}
  movi a3, ${segment}
  movi a4, ${size}
  l32r a8, =0x40004678
  callx0 a8
`;
const CACHE_OFF = 'l32r a8, =0x400047f0\ncallx0 a8\n';

/** Puts code into the flash array as it will be seen at `windowAddr`. */
function flashCode(flashOffset: number, windowAddr: number, source: string): ReadonlyMap<string, number> {
  const program = assemble(source, windowAddr);
  board.programFlash(flashOffset, program.bytes);
  return program.labels;
}

function faultOf(run: () => void): EmulatorFault {
  try {
    run();
  } catch (error) {
    if (error instanceof EmulatorFault) return error;
    throw error;
  }
  throw new Error(`no fault; pc 0x${cpu.pc.toString(16)}`);
}

describe('code in IRAM', () => {
  it('that is written over runs as it is then, wherever the instruction begins in the word', () => {
    // Patches each byte position of three consecutive instructions by word stores, after they have run once.
    for (let offset = 0; offset < 4; offset++) {
      guest.rewind();
      const nops = Array.from({ length: offset }, () => 'nop.n').join('\n');
      const old = assemble(`${nops}\nmovi a5, 1\nmovi a6, 1\nmovi a7, 1\nret`, 0x40103000).bytes;
      const fresh = assemble(`${nops}\nmovi a5, 2\nmovi a6, 3\nmovi a7, 4\nret`, 0x40103000).bytes;
      const words = (bytes: Uint8Array): number[] => {
        const padded = new Uint8Array(24);
        padded.set(bytes);
        return [...new Int32Array(padded.buffer)];
      };
      guest.load(`
        .literals
      begin:
        l32r a8, =0x40103000
        l32r a9, =0x3fff0000
        movi a10, 6
      first: l32i a11, a9, 0
        s32i a11, a8, 0
        addi a9, a9, 4
        addi a8, a8, 4
        addi a10, a10, -1
        bnez a10, first
        l32r a8, =0x40103000
        callx0 a8
      ran: movi a10, 6
        l32r a8, =0x40103000
      second: l32i a11, a9, 0
        s32i a11, a8, 0
        addi a9, a9, 4
        addi a8, a8, 4
        addi a10, a10, -1
        bnez a10, second
        l32r a8, =0x40103000
        callx0 a8
      end: j end
      `);
      [...words(old), ...words(fresh)].forEach((word, index) => guest.setWord(0x3fff0000 + 4 * index, word));
      guest.runTo('ran');
      expect([cpu.ar[5], cpu.ar[6], cpu.ar[7]]).toEqual([1, 1, 1]);
      guest.runTo('end');
      expect([cpu.ar[5], cpu.ar[6], cpu.ar[7]]).toEqual([2, 3, 4]);
    }
  });

  it('whose last byte alone is written over, in the next word, runs as it is then', () => {
    for (const nops of [1, 3]) {
      guest.rewind();
      // movi begins 2 bytes before the end of a word, or behind a three-byte instruction in its last byte.
      const head = nops === 1 ? 'nop.n' : 'nop';
      const old = assemble(`${head}\nmovi a5, 1\nret`, 0x40103000).bytes;
      const fresh = assemble(`${head}\nmovi a5, 0x155\nret`, 0x40103000).bytes;
      guest.setBytes(0x40103000, old);
      guest.setBytes(0x3fff0000, fresh);
      guest.runProgram(`
        .literals
      begin:
        l32r a8, =0x40103000
        callx0 a8
        mov a12, a5
        l32r a9, =0x3fff0000
        l32i a10, a9, 4
        s32i a10, a8, 4
        callx0 a8
      end: j end
      `);
      expect([cpu.ar[12], cpu.ar[5]! & 0xff]).toEqual([1, 0x55]);
    }
  });

  it('that writes over its own next instruction runs the new one', () => {
    const patched = new DataView(assemble('movi a5, 9\nnop.n', 0x40103000).bytes.buffer);
    guest.load(`
      j begin
      .align 4
    value: .word ${patched.getUint32(0, true) | 0}
    begin: movi a2, 1
      slli a2, a2, 30
      addmi a2, a2, 0x2000
      l32r a3, value
      movi a5, 0
      j go
      .align 4
    go: j go2
      .align 4
    go2: s32i.n a3, a4, 0
      nop.n
    patch: movi a5, 1
    end: j end
    `);
    cpu.ar[4] = 0;
    guest.cpu.pc = guest.addrOf('begin');
    guest.runTo('go2');
    cpu.ar[4] = guest.addrOf('patch');
    expect(guest.addrOf('patch') % 4).toBe(0);
    guest.runTo('end');
    expect(cpu.ar[5]).toBe(9);
  });

  it('that a ROM function copies there runs as it is then', () => {
    const routine = (value: number): Uint8Array => {
      const padded = new Uint8Array(64);
      padded.set(assemble(`movi a5, ${value}\nret`, 0x40103000).bytes);
      return padded;
    };
    guest.setBytes(0x3fff0000, routine(1));
    guest.setBytes(0x3fff0100, routine(2));
    guest.runProgram(`
      .literals
    begin:
      l32r a2, =0x40103000
      l32r a3, =0x3fff0000
      movi a4, 64
      l32r a8, =0x4000df48
      callx0 a8
      l32r a9, =0x40103000
      callx0 a9
      mov a12, a5
      l32r a2, =0x40103000
      l32r a3, =0x3fff0100
      movi a4, 64
      l32r a8, =0x4000df48
      callx0 a8
      callx0 a9
    end: j end
    `);
    expect([cpu.ar[12], cpu.ar[5]]).toEqual([1, 2]);
  });

  it('in a bank that the cache takes is gone, and is there again when the bank comes back', () => {
    const program = `
      .literals
    begin:
      l32r a9, =0x4010c000
      callx0 a9
    once:
      ${cacheOn(0, 0)}
      l32r a9, =0x40108000
      callx0 a9
    other: l32r a9, =0x4010c000
    gone: callx0 a9
    end: j end
    `;
    const routine = assemble('addi a5, a5, 1\nret', 0x4010c000).bytes;
    guest.setBytes(0x4010c000, routine);
    guest.setBytes(0x40108000, routine);
    guest.load(program);
    cpu.ar[5] = 0;
    guest.runTo('other');
    expect(cpu.ar[5]).toBe(2);
    // Nothing is there to be executed: cause 2, which the ROM has no handler for before the fatal ones.
    guest.runTo('gone');
    cpu.step();
    cpu.step();
    expect(cpu.pc).toBe(0x40000050);
    expect(cpu.regs[31]).toBe(2);
    const fault = faultOf(() => {
      cpu.pc = guest.addrOf('other');
      board.cpu.ar[9] = 0x4010c000;
      guest.load('l32i a3, a9, 0\nhere: j here', 0x40104000);
      guest.run(10);
    });
    expect([fault.code, fault.addr]).toEqual(['ESPRIG_EMU_UNMAPPED', 0x4010c000]);
    // Both banks with a 32 K cache; both back when DPORT+24 is cleared, content kept.
    guest.load(`
      .literals
    begin:
      ${cacheOn(0, 0, 1)}
      l32r a2, =0x3ff00024
      l32i a12, a2, 0
      movi a3, 0
      s32i a3, a2, 0
      l32r a9, =0x4010c000
      callx0 a9
      l32r a9, =0x40108000
      callx0 a9
    end: j end
    `);
    cpu.regs[20] = 0x20; // PS: out of the exception that was taken above
    cpu.ar[5] = 0;
    guest.runTo('end');
    expect([cpu.ar[12], cpu.ar[5]]).toEqual([0x18, 2]);
  });
});

describe('code in flash', () => {
  const WINDOW = 0x40200000;

  it('runs from the MB that is mapped: even, odd, each segment, and both with the 2 MB map', () => {
    for (let megabyte = 0; megabyte < 4; megabyte++) {
      flashCode(megabyte * 0x100000 + 0x40, WINDOW + 0x40, `movi a5, ${10 + megabyte}\nret`);
      // The upper half of the 2 MB map.
      flashCode(megabyte * 0x100000 + 0x80, WINDOW + 0x100080, `movi a6, ${20 + megabyte}\nret`);
    }
    guest.runProgram(`
      .literals
    begin:
      l32r a9, =0x40200040
      ${[0, 1, 2, 3]
        .map((megabyte) => `${cacheOn(megabyte & 1, megabyte >> 1)}\ncallx0 a9\nmov a${12 + megabyte}, a5\n`)
        .join('')}
      ${cacheOn(2, 1)}
      callx0 a9
      l32r a9, =0x40300080
      callx0 a9
    end: j end
    `);
    expect([12, 13, 14, 15].map((register) => cpu.ar[register])).toEqual([10, 11, 12, 13]);
    expect([cpu.ar[5], cpu.ar[6]]).toEqual([12, 23]);
  });

  it('reads as data what it is, through every mapping', () => {
    for (let megabyte = 0; megabyte < 4; megabyte++) {
      board.programFlash(megabyte * 0x100000 + 0x100, Uint8Array.of(megabyte, 0, 0, 0x77));
    }
    guest.runProgram(`
      .literals
    begin:
      l32r a9, =0x40200000
      ${[0, 1, 2, 3]
        .map((megabyte) => `${cacheOn(megabyte & 1, megabyte >> 1)}\nl32i a${12 + megabyte}, a9, 0x100\n`)
        .join('')}
    end: j end
    `);
    expect([12, 13, 14, 15].map((register) => cpu.ar[register]! >>> 0)).toEqual([
      0x77000000, 0x77000001, 0x77000002, 0x77000003,
    ]);
  });

  it('outside the mapped MB is no code and no data', () => {
    guest.load(`.literals\nbegin: ${cacheOn(0, 0)}\nl32r a9, =0x40300000\nhere: l32i a3, a9, 0\nend: j end`);
    const fault = faultOf(() => guest.runTo('end'));
    expect([fault.code, fault.addr, fault.pc]).toEqual([
      'ESPRIG_EMU_UNMAPPED',
      0x40300000,
      guest.addrOf('here'),
    ]);
  });

  it('that is programmed or erased through SPI while it is mapped runs as it is then', () => {
    flashCode(0x20000, WINDOW + 0x20000, 'movi a5, 1\nret\n.space 8');
    const fresh = assemble('movi a5, 2\nret', WINDOW + 0x20000).bytes;
    const page = new Uint8Array(16).fill(0xff);
    page.set(fresh);
    guest.setBytes(0x3fff0000, page);
    guest.runProgram(`
      .literals
    begin:
      ${cacheOn(0, 0)}
      l32r a9, =0x40220000
      callx0 a9
      mov a12, a5
      ${CACHE_OFF}
      movi a2, 32
      l32r a8, =0x40004a00
      callx0 a8
      l32r a2, =0x20000
      l32r a3, =0x3fff0000
      movi a4, 16
      l32r a8, =0x40004a4c
      callx0 a8
      mov a13, a2
      ${cacheOn(0, 0)}
      callx0 a9
    end: j end
    `);
    expect([cpu.ar[12], cpu.ar[13], cpu.ar[5]]).toEqual([1, 0, 2]);
  });

  it.each([
    ['a call', 'callx0 a9'],
    ['a jump', 'jx a9'],
    ['a return', 'mov a0, a9\nret'],
    ['rfe', 'wsr.epc1 a9\nrfe'],
    ['a data load', 'l32i a3, a9, 0'],
  ])('with the cache off is a loud fault for %s, also when it has run before', (_name, source) => {
    flashCode(0x30000, WINDOW + 0x30000, 'ret');
    guest.load(`
      .literals
    begin:
      ${cacheOn(0, 0)}
      l32r a9, =0x40230000
      callx0 a9
      ${CACHE_OFF}
      ${source}
    end: j end
    `);
    const fault = faultOf(() => guest.runTo('end'));
    expect([fault.code, fault.addr]).toEqual(['ESPRIG_EMU_CACHE_OFF', 0x40230000]);
  });

  it('that switches off the cache it runs from is stopped at its next instruction', () => {
    const labels = flashCode(
      0x30000,
      WINDOW + 0x30000,
      `
    entry: l32i a3, a10, 0
      and a3, a3, a11
      s32i a3, a10, 0
    next: nop
      bnez a12, next2
      ret
    next2: ret
    `,
    );
    guest.load(`
      .literals
    begin:
      ${cacheOn(0, 0)}
      l32r a9, =0x40230000
      l32r a10, =0x3ff0000c
      movi a11, -1
      callx0 a9
      l32r a11, =0xfffffeff
      callx0 a9
    end: j end
    `);
    const fault = faultOf(() => guest.runTo('end'));
    expect([fault.code, fault.pc]).toEqual(['ESPRIG_EMU_CACHE_OFF', labels.get('next')]);
  });

  it('keeps its breakpoints through remapping', () => {
    flashCode(0x40, WINDOW + 0x40, 'movi a5, 1\nret');
    flashCode(0x100040, WINDOW + 0x40, 'movi a5, 2\nret');
    guest.load(`.literals\nbegin: ${cacheOn(1, 0)}\nl32r a9, =0x40200040\ncallx0 a9\nend: j end`);
    cpu.codeTable.setBreakpoint(WINDOW + 0x40);
    expect(guest.run(1000)).toBe('stopped');
    expect(cpu.pc).toBe(WINDOW + 0x40);
    cpu.stepOffBreakpoint();
    expect(cpu.ar[5]).toBe(2);
    cpu.codeTable.clearBreakpoint(WINDOW + 0x40);
    guest.runTo('end');
    expect(PROGRAM_ADDR).toBeLessThan(cpu.pc);
  });
});
