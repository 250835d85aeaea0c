import { beforeEach, describe, expect, it } from '@jest/globals';
import { EmulatorFault } from '../fault';
import { ProgramBoard } from '../testkit/run-program';
import { SR } from './special-registers';

const guest = new ProgramBoard({ flashSizeBytes: 0x400000 });
const { board, cpu } = guest;

beforeEach(() => {
  cpu.data.trapNarrowAccess = true;
  board.bus.lenient = false;
  board.bus.unmappedCount = 0;
  guest.rewind();
});

/** Own vectors at 0x40102000; a program that runs into one of them has its cause, EPC1 and EXCVADDR there. */
const WITH_VECTORS = `
  .literals
begin:
  l32r a2, =0x40102000
  wsr.vecbase a2
  call0 body
`;
const VECTORS = `
  .org 0x40102030
kernel: j kernel
  .org 0x40102050
user: j user
  .org 0x40102070
double: j double
`;

interface Trapped {
  readonly at: string;
  readonly cause: number;
  readonly epc1: number;
  readonly excvaddr: number;
}

/** Runs `source` at label `body` until a vector is reached. */
function trap(source: string): Trapped {
  guest.load(`${WITH_VECTORS}\nbody:\n${source}\nstay: j stay\n${VECTORS}`);
  guest.run(100);
  const at = ['user', 'kernel', 'double', 'stay'].find((label) => guest.addrOf(label) === cpu.pc) ?? 'lost';
  return {
    at,
    cause: cpu.readSpecial(SR.EXCCAUSE),
    epc1: cpu.readSpecial(SR.EPC1) >>> 0,
    excvaddr: cpu.readSpecial(SR.EXCVADDR) >>> 0,
  };
}

function faultOf(source: string): EmulatorFault {
  try {
    trap(source);
  } catch (error) {
    if (error instanceof EmulatorFault) return error;
    throw error;
  }
  throw new Error(`no fault; pc 0x${cpu.pc.toString(16)}`);
}

/** Address in a7, as the programs below use it. */
const point = (addr: number): string => `j over\n.align 4\nplace: .word ${addr}\nover: l32r a7, place`;

/** Switches the cache on by the ROM: even MB of segment 0. */
const CACHE_ON = `
  movi a2, 0
  movi a3, 0
  movi a4, 0
  l32r a8, =0x40004678
  callx0 a8
`;

describe('narrow access', () => {
  const PLACES = [
    ['IRAM', 0x40100100, ''],
    ['ROM', 0x40001000, ''],
    ['mapped flash', 0x40200010, CACHE_ON],
  ] as const;
  const ACCESSES = [
    'l8ui a3, a7, 1',
    'l16ui a3, a7, 2',
    'l16si a3, a7, 2',
    's8i a3, a7, 3',
    's16i a3, a7, 2',
  ];

  it.each(
    PLACES.flatMap(([name, addr, prepare]) =>
      ACCESSES.map((access) => [access, name, addr, prepare] as const),
    ),
  )('%s in %s raises cause 3 with the address', (access, _name, addr, prepare) => {
    const result = trap(`${prepare}\n${point(addr)}\nmovi a3, 77\nhere: ${access}`);
    const offset = Number(/(\d)$/.exec(access)![1]);
    expect(result).toEqual({ at: 'user', cause: 3, epc1: guest.addrOf('here'), excvaddr: addr + offset });
    expect(cpu.ar[3]).toBe(77);
  });

  it.each(PLACES)('reads what is there once the switch is off, in %s', (_name, addr, prepare) => {
    cpu.data.trapNarrowAccess = false;
    board.programFlash(0x10, Uint8Array.of(0x11, 0x82, 0x93, 0xa4));
    guest.load('nop', 0x40100100);
    const word = (): number => guest.word(addr);
    expect(
      trap(`${prepare}\n${point(addr)}\nl8ui a3, a7, 1\nl16ui a4, a7, 2\nl16si a5, a7, 2\nl8ui a6, a7, 3`).at,
    ).toBe('stay');
    expect([cpu.ar[3], cpu.ar[4], cpu.ar[5], cpu.ar[6]]).toEqual([
      (word() >>> 8) & 0xff,
      word() >>> 16,
      word() >> 16,
      word() >>> 24,
    ]);
  });

  it('writes IRAM once the switch is off, and the bytes around stay', () => {
    cpu.data.trapNarrowAccess = false;
    guest.setWord(0x40103000, 0x11223344);
    trap(`${point(0x40103000)}\nmovi a3, 0x55\ns8i a3, a7, 2\ns16i a3, a7, 0`);
    expect(guest.word(0x40103000)).toBe(0x11550055);
  });

  it.each([
    ['ROM', 0x40001000, ''],
    ['mapped flash', 0x40200010, CACHE_ON],
  ])('a word store to %s raises cause 3: nothing there can be written', (_name, addr, prepare) => {
    const before = board.memory.flash[0x10];
    expect(trap(`${prepare}\n${point(addr)}\nhere: s32i a7, a7, 0`)).toEqual({
      at: 'user',
      cause: 3,
      epc1: guest.addrOf('here'),
      excvaddr: addr,
    });
    expect(board.memory.flash[0x10]).toBe(before);
  });

  it.each([
    ['l32i a3, a7, 0', 0x3fff0001],
    ['l32i a3, a7, 0', 0x40100002],
    ['l16ui a3, a7, 0', 0x3fff0001],
    ['s32i a3, a7, 0', 0x3fff0003],
    ['s16i a3, a7, 0', 0x3fff0001],
    ['l32i a3, a7, 0', 0x60000301],
  ])('%s at %i raises cause 9', (access, addr) => {
    expect(trap(`${point(addr)}\nhere: ${access}`)).toEqual({
      at: 'user',
      cause: 9,
      epc1: guest.addrOf('here'),
      excvaddr: addr,
    });
  });

  it('reads lanes of registers, which take narrow loads', () => {
    trap(`${point(0x60000078)}\nl8ui a3, a7, 1\nl16ui a4, a7, 2\nl8ui a5, a7, 2`);
    expect([cpu.ar[3], cpu.ar[4], cpu.ar[5]]).toEqual([0x20, 6, 6]); // DATE 0x00062000
  });
});

describe('region protection', () => {
  it.each([
    ['a load', 'here: l32i a3, a7, 8', 28, 8],
    ['a byte load', 'here: l8ui a3, a7, 5', 28, 5],
    ['a store', 'here: s32i a3, a7, 12', 29, 12],
    ['a byte store', 'here: s8i a3, a7, 1', 29, 1],
  ])('makes %s near the null pointer cause %s', (_name, source, cause, excvaddr) => {
    expect(trap(`movi a7, 0\n${source}`)).toEqual({
      at: 'user',
      cause,
      epc1: guest.addrOf('here'),
      excvaddr,
    });
  });

  it.each([
    ['jx a7', 0],
    ['callx0 a7', 0x100000],
    ['jx a7', 0x10],
    ['jx a7', 0x50],
    ['mov a0, a7\nret', 0x102050],
    // Places that look like decoded code when only their low bits are looked at.
    ['wsr.epc1 a7\nrfe', 0x101004],
    ['wsr.epc3 a7\nmovi a6, 0x20\nwsr.eps3 a6\nrfi 3', 0x101004],
    ['movi a6, 0x30\nwsr.ps a6\nwsr.depc a7\nmovi a6, 0x20\nwsr.eps3 a6\nwsr.epc3 a7\nrfi 3', 0x101004],
  ])('makes %s to %i cause 20', (source, addr) => {
    expect(trap(`${point(addr)}\n${source}`)).toEqual({ at: 'user', cause: 20, epc1: addr, excvaddr: addr });
  });

  it.each([0x3fff0000, 0x60001000, 0x50000000, 0x40180000])(
    'leaves a jump to %i cause 2: no code can be there',
    (addr) => {
      expect(trap(`${point(addr)}\njx a7`)).toEqual({ at: 'user', cause: 2, epc1: addr, excvaddr: addr });
    },
  );

  it('makes a ROM function that returns to nothing cause 20', () => {
    const result = trap('movi a0, 0\nmovi a2, 1\nmovi a3, 1\nl32r a8, =0x4000e21c\njx a8');
    expect(result).toEqual({ at: 'user', cause: 20, epc1: 0, excvaddr: 0 });
    guest.rewind();
    const alias = trap(`${point(0x101004)}\nmov a0, a7\nmovi a2, 1\nmovi a3, 1\nl32r a8, =0x4000e21c\njx a8`);
    expect(alias).toEqual({ at: 'user', cause: 20, epc1: 0x101004, excvaddr: 0x101004 });
  });
});

describe('what has nothing behind it', () => {
  it.each([
    ['load', 'here: l32i a3, a7, 0', 0x50000000, 'load with nothing behind the address'],
    ['store', 'here: s32i a3, a7, 0', 0x50000000, 'store with nothing behind the address'],
    ['byte load', 'here: l8ui a3, a7, 0', 0x6007ff00, 'load with nothing behind the address'],
    ['load beyond DRAM', 'here: l32i a3, a7, 0', 0x3ffe7ffc, 'load with nothing behind'],
    ['unknown register', 'here: l32i a3, a7, 0', 0x60000034, 'uart0 has no register at +0x34'],
    ['write of an unknown register', 'here: s32i a3, a7, 0', 0x60000034, 'uart0 has no register at +0x34'],
  ])('is a fault with PC and address: %s', (_name, source, addr, message) => {
    const fault = faultOf(`${point(addr)}\n${source}`);
    expect(fault.message).toContain(message);
    expect([fault.code, fault.pc, fault.addr]).toEqual(['ESPRIG_EMU_UNMAPPED', guest.addrOf('here'), addr]);
    // The state is that of the moment: PC stands on the instruction.
    expect(cpu.pc).toBe(guest.addrOf('here'));
  });

  it('reads zero when lenient, and is counted', () => {
    board.bus.lenient = true;
    const result = trap(
      `${point(0x50000000)}\nmovi a3, 5\nl32i a3, a7, 0\ns32i a7, a7, 4\nl32r a6, =0x60000034\nmovi a4, 5\nl32i a4, a6, 0\ns32i a4, a6, 0`,
    );
    expect(result.at).toBe('stay');
    expect([cpu.ar[3], cpu.ar[4], board.bus.unmappedCount]).toEqual([0, 0, 4]);
  });

  it('in the ROM is a fault that names the address and the caller', () => {
    const fault = faultOf('l32r a8, =0x40002000\nhere: callx0 a8');
    expect(fault.code).toBe('ESPRIG_EMU_UNKNOWN_ROM_CALL');
    expect(fault.message).toContain('0x40002000');
    expect(fault.message).toContain('called from 0x' + (guest.addrOf('here') + 3).toString(16));
    expect(fault.pc).toBe(0x40002000);
  });

  it('leaves the switch for narrow access as it was when a ROM function runs into it', () => {
    // memcpy from nowhere, with VECBASE in RAM: the ROM function reads bytes for the app.
    expect(
      faultOf(
        `${point(0x50000000)}\nmov a3, a7\nl32r a2, =0x3fff0000\nmovi a4, 8\nl32r a8, =0x4000df48\ncallx0 a8`,
      ).code,
    ).toBe('ESPRIG_EMU_UNMAPPED');
    expect(cpu.data.trapNarrowAccess).toBe(true);
  });
});

describe('L32R', () => {
  it('finds its literal behind LITBASE once bit 0 enables that, also where it ran before', () => {
    guest.setWord(0x40103ff0, 0xcafe);
    trap(
      `
      j code
      .align 4
      .word 1, 2, 3
      code: nop
      .align 4
      near: .word 0x1111
      .word 0, 0, 0
      movi a5, 2
      mov a6, a0
    again:
      call0 get
      mov a9, a2
      l32r a4, =0x40104001
      wsr.litbase a4
      isync
      call0 get
      mov a10, a2
      movi a4, 0
      wsr.litbase a4
      call0 get
      j stay
      .align 4
    literal: .word 0x2222
      .space 12
    get: l32r a2, literal      // 16 bytes back from where its literals would begin
      ret
    `.replace('j code', 'j again'),
    );
    expect([cpu.ar[9], cpu.ar[10], cpu.ar[2]]).toEqual([0x2222, 0xcafe, 0x2222]);
  });
});

describe('CCOUNT and CCOMPARE0', () => {
  it('CCOUNT counts cycles and can be set', () => {
    trap('movi a3, 100\nwsr.ccount a3\nnop\nnop\nrsr.ccount a4\nrsr.ccount a5');
    expect(cpu.ar[5]! - cpu.ar[4]!).toBe(1);
    expect(cpu.ar[4]).toBe(103);
  });

  it('CCOUNT wraps after 2^32', () => {
    trap('movi a3, -2\nwsr.ccount a3\nnop\nnop\nnop\nrsr.ccount a4');
    expect(cpu.ar[4]).toBe(2);
  });

  it('CCOMPARE0 sets bit 6 at the very cycle at which CCOUNT reaches it, a write clears it', () => {
    const reads = [5, 6, 7, 8, 9, 10, 11, 12].map((register) => `rsr.interrupt a${register}`).join('\n');
    for (let delta = 3; delta < 8; delta++) {
      guest.rewind();
      trap(`
        rsil a2, 15
        rsr.ccount a2
        addi a3, a2, ${delta}
        wsr.ccompare0 a3
        ${reads}
        wsr.ccompare0 a3
        rsr.interrupt a13
        rsr.ccount a14
      `);
      // The instruction that ends at CCOUNT = a2 + n is number n behind the rsr.ccount; the read is number 3, 4…
      const seen = [5, 6, 7, 8, 9, 10, 11, 12].map((register) => (cpu.ar[register]! >>> 6) & 1);
      expect(seen).toEqual([3, 4, 5, 6, 7, 8, 9, 10].map((number) => Number(number > delta)));
      expect((cpu.ar[13]! >>> 6) & 1).toBe(0);
      expect(cpu.ar[14]! - cpu.ar[2]!).toBe(13);
    }
  });

  it('CCOMPARE0 comes again after 2^32 cycles, without anybody writing it', () => {
    guest.load('rsil a2, 15\nhere: waiti 15\nj here');
    cpu.writeSpecial(SR.CCOUNT, 0);
    cpu.writeSpecial(SR.CCOMPARE0, 1000);
    guest.run(100);
    expect(cpu.readSpecial(SR.INTERRUPT) & 64).toBe(64);
    cpu.regs[34]! &= ~64;
    const untilMicros = (2 ** 32 - 10_000) / 52;
    guest.run(untilMicros - 100);
    expect(cpu.readSpecial(SR.INTERRUPT) & 64).toBe(0);
    guest.run(400);
    expect(cpu.readSpecial(SR.INTERRUPT) & 64).toBe(64);
  });

  it('CCOMPARE0 moves with a CCOUNT that is written', () => {
    trap(`
      rsil a2, 15
      movi a3, 0
      wsr.ccount a3
      movi a4, 1000
      wsr.ccompare0 a4
      movi a3, 990
      wsr.ccount a3
      rsr.interrupt a5
      nop
      nop
      nop
      nop
      nop
      nop
      nop
      nop
      nop
      rsr.interrupt a6
    `);
    expect([(cpu.ar[5]! >>> 6) & 1, (cpu.ar[6]! >>> 6) & 1]).toEqual([0, 1]);
  });
});

describe('the clock', () => {
  it('doubled and halved keeps time continuous, cycles whole and the UART at its speed', () => {
    guest.load(`
      .literals
    begin:
      l32r a2, =0x3ff00014
      movi a3, 1
      movi a4, 0
      nop
    fast: s32i a3, a2, 0
      nop
      nop
    slow: s32i a4, a2, 0
      nop
    end: j end
    `);
    guest.runTo('fast');
    const at = board.nowTicks;
    const cycles = cpu.nowCycles;
    cpu.step();
    expect([board.nowTicks - at, cpu.nowCycles - cycles]).toEqual([40, 1]);
    cpu.step();
    cpu.step();
    expect([board.nowTicks - at, cpu.nowCycles - cycles]).toEqual([80, 3]);
    expect(board.parts.uart0.baud).toBe(74928);
    cpu.step();
    cpu.step();
    expect([board.nowTicks - at, cpu.nowCycles - cycles]).toEqual([140, 5]);
  });

  it('at 80 and 160 MHz reaches CCOMPARE0 at the right moment', () => {
    const { clocks } = board.parts;
    guest.load('rsil a2, 15\nhere: waiti 15\nj here');
    cpu.writeSpecial(SR.CCOMPARE0, cpu.time.ccount + 10_000);
    const start = board.nowTicks;
    guest.run(10);
    clocks.setPllRegister1(136);
    expect(cpu.time.ticksPerCycle).toBe(26);
    guest.run(10);
    clocks.setCpuDoubled(true);
    expect(cpu.time.ticksPerCycle).toBe(13);
    // 10 µs at 52 MHz are 520 cycles, 10 µs at 80 MHz are 800; 8680 are left at 160 MHz: 54.25 µs.
    guest.run(54);
    expect(cpu.readSpecial(SR.INTERRUPT) & 64).toBe(0);
    guest.run(0.3);
    expect(cpu.readSpecial(SR.INTERRUPT) & 64).toBe(64);
    expect((board.nowTicks - start) / 2080).toBeLessThan(74.4);
  });
});
