import { beforeEach, describe, expect, it } from '@jest/globals';
import { INTERRUPT } from '../../chip/esp8266';
import { ProgramBoard } from '../testkit/run-program';
import { REG } from './registers';
import { PS, SR } from './special-registers';

const guest = new ProgramBoard();
const { board, cpu } = guest;

beforeEach(() => guest.rewind());

/** Vectors of our own at 0x40102000; `frame` saves nothing: the programs below leave a8-a15 to the handlers. */
function load(source: string, handlers: { user?: string; nmi?: string; debug?: string } = {}): void {
  guest.load(`
    .literals
  begin:
    l32r a2, =0x40102000
    wsr.vecbase a2
    movi a2, 0
    wsr.intenable a2
    movi a2, 0x20
    wsr.ps a2
    movi a8, 0
    movi a9, 0
    movi a10, 0
  body:
    ${source}
  stay: j stay
    .org 0x40102010
  debug: j ${handlers.debug === undefined ? 'debug' : 'debug_handler'}
    .org 0x40102020
  nmi: j ${handlers.nmi === undefined ? 'nmi' : 'nmi_handler'}
    .org 0x40102030
  kernel: j kernel
    .org 0x40102050
  user: j ${handlers.user === undefined ? 'user' : 'user_handler'}
    .org 0x40102070
  double: j double
    .org 0x40102100
  debug_handler: ${handlers.debug ?? 'nop'}
  nmi_handler: ${handlers.nmi ?? 'nop'}
  user_handler: ${handlers.user ?? 'nop'}
  `);
}

const stateOfPs = (): number => cpu.readSpecial(SR.PS);

describe('a level-1 interrupt', () => {
  it('enters the user vector with EPC1 on the next instruction, cause 4 and EXCM', () => {
    load(`
      movi a3, 0x80
      wsr.intenable a3
      wsr.interrupt a3
    next: movi a4, 1
    `);
    guest.runTo('user', 100);
    expect(cpu.readSpecial(SR.EPC1) >>> 0).toBe(guest.addrOf('next'));
    expect(cpu.readSpecial(SR.EXCCAUSE)).toBe(4);
    expect(stateOfPs()).toBe(PS.UM | PS.EXCM);
    expect(cpu.ar[4]).not.toBe(1);
  });

  it('enters the kernel vector when PS.UM is 0', () => {
    load(`
      movi a3, 0
      wsr.ps a3
      movi a3, 0x80
      wsr.intenable a3
      wsr.interrupt a3
      nop
    `);
    guest.runTo('kernel', 100);
    expect(stateOfPs()).toBe(PS.EXCM);
  });

  it.each([
    ['PS.INTLEVEL 1', 0x21],
    ['PS.INTLEVEL 3', 0x23],
    ['PS.INTLEVEL 15', 0x2f],
    ['PS.EXCM', 0x30],
  ])('waits while %s masks it, and is taken by the wsr.ps that opens', (_name, ps) => {
    load(`
      movi a3, 0x80
      movi a5, ${ps}
      wsr.ps a5
      wsr.intenable a3
      wsr.interrupt a3
      nop
      nop
    masked: movi a4, 0x20
      wsr.ps a4
    next: movi a6, 1
    `);
    guest.runTo('masked', 100);
    guest.runTo('user', 100);
    expect(cpu.readSpecial(SR.EPC1) >>> 0).toBe(guest.addrOf('next'));
  });

  it.each([
    ['rsil', 'rsil a5, 0', 'next'],
    ['wsr.intenable', 'movi a3, 0x80\nwsr.intenable a3', 'next'],
    ['xsr.ps', 'movi a5, 0x20\nxsr.ps a5', 'next'],
    ['waiti', 'waiti 0', 'next'],
  ])('is taken right behind the %s that lets it in', (name, source, label) => {
    load(`
      rsil a5, 2
      movi a3, ${name === 'wsr.intenable' ? 0 : 0x80}
      wsr.intenable a3
      movi a3, 0x80
      wsr.interrupt a3
      ${name === 'wsr.intenable' ? 'rsil a5, 0' : ''}
      nop
    masked: nop
      ${source}
    next: movi a6, 1
    `);
    guest.runTo('masked', 100);
    guest.runTo('user', 100);
    expect(cpu.readSpecial(SR.EPC1) >>> 0).toBe(guest.addrOf(label));
  });

  it('that is pending is taken right behind rfe, before the interrupted instruction runs', () => {
    load(
      `
      movi a3, 0xc0
      wsr.intenable a3
      movi a3, 0x80
      wsr.interrupt a3
    next: movi a6, 1
      `,
      {
        // First time: forget the software interrupt, raise it again: rfe must come straight back.
        user: `
        addi a8, a8, 1
        movi a11, 0x80
        wsr.intclear a11
        beqi a8, 3, user_done
        wsr.interrupt a11
      user_done: rfe
        `,
      },
    );
    cpu.ar[6] = 0;
    guest.runTo('stay', 100);
    expect([cpu.ar[8], cpu.ar[6]]).toEqual([3, 1]);
    expect(cpu.readSpecial(SR.EPC1) >>> 0).toBe(guest.addrOf('next'));
  });

  it('INTSET sets the software bit and no other; INTCLEAR clears edge and software bits, no level', () => {
    load(`
      rsil a2, 15
      movi a3, -1
      wsr.interrupt a3
      rsr.interrupt a4
    set: nop
      rsr.interrupt a5
      wsr.intclear a3
      rsr.interrupt a6
    `);
    guest.runTo('set', 100);
    expect(cpu.ar[4]).toBe(0x80);
    cpu.setInterruptLine(INTERRUPT.GPIO, true);
    cpu.setInterruptLine(INTERRUPT.FRC1, true);
    cpu.setInterruptLine(INTERRUPT.FRC1, false);
    cpu.writeSpecial(SR.CCOMPARE0, cpu.time.ccount + 1);
    guest.runTo('stay', 100);
    expect(cpu.ar[5]).toBe((1 << INTERRUPT.GPIO) | (1 << INTERRUPT.FRC1) | 0xc0);
    expect(cpu.ar[6]).toBe((1 << INTERRUPT.GPIO) | 0x40);
    cpu.setInterruptLine(INTERRUPT.GPIO, false);
    expect(cpu.readSpecial(SR.INTERRUPT)).toBe(0x40);
  });

  it('that falls before it is served is gone when the input is level-triggered, and stays when it is an edge', () => {
    load('rsil a2, 15');
    guest.runTo('stay', 100);
    cpu.setInterruptLine(INTERRUPT.UART, true);
    cpu.setInterruptLine(INTERRUPT.UART, false);
    cpu.setInterruptLine(INTERRUPT.WATCHDOG, true);
    cpu.setInterruptLine(INTERRUPT.WATCHDOG, false);
    expect(cpu.readSpecial(SR.INTERRUPT)).toBe(1 << INTERRUPT.WATCHDOG);
  });
});

describe('the NMI', () => {
  const nmi = (): void => {
    cpu.setInterruptLine(INTERRUPT.NMI, true);
    cpu.setInterruptLine(INTERRUPT.NMI, false);
  };

  it.each([0x20, 0x23, 0x2f, 0x30, 0x3f])('is taken at PS %i, INTENABLE 0, with EPC3 and EPS3', (ps) => {
    load(`movi a3, ${ps}\nwsr.ps a3\nopen: nop\nnext: nop`);
    guest.runTo('open', 100);
    nmi();
    guest.runTo('nmi', 100);
    expect(cpu.readSpecial(SR.EPC3) >>> 0).toBe(guest.addrOf('open'));
    expect(cpu.readSpecial(SR.EPS3)).toBe(ps);
    expect(stateOfPs()).toBe((ps & PS.UM) | PS.EXCM | 3);
  });

  it('is not nested before rfi 3, however the handler sets PS; what came meanwhile is taken right behind it', () => {
    load('loop: addi a10, a10, 1\nj loop', {
      nmi: `
        addi a8, a8, 1
        movi a9, 0x20
        wsr.ps a9
        rsil a9, 0
        nop
      inside: nop
        nop
        rfi 3
      `,
    });
    guest.run(3);
    nmi();
    guest.runTo('inside', 100);
    expect(cpu.ar[8]).toBe(1);
    nmi();
    nmi();
    const interrupted = cpu.readSpecial(SR.EPC3) >>> 0;
    const counted = cpu.ar[10]!;
    cpu.step();
    cpu.step();
    cpu.step();
    expect(cpu.ar[8]).toBe(1);
    expect(cpu.pc).toBe(interrupted);
    cpu.step();
    // Not one instruction of the program came in between; two edges are one pending NMI.
    expect(cpu.readSpecial(SR.EPC3) >>> 0).toBe(interrupted);
    expect(cpu.ar[10]).toBe(counted);
    guest.run(10);
    expect(cpu.ar[8]).toBe(2);
    nmi();
    guest.run(10);
    expect(cpu.ar[8]).toBe(3);
  });

  it('comes before a level-1 interrupt that is due at the same moment, and that one after it', () => {
    load('movi a3, 0x80\nwsr.intenable a3\nready: nop\nnop', {
      nmi: 'addi a8, a8, 1\nmov a11, a9\nrfi 3',
      user: 'addi a9, a9, 1\nmovi a12, 0x80\nwsr.intclear a12\nrfe',
    });
    guest.runTo('ready', 100);
    nmi();
    cpu.writeSpecial(SR.INTERRUPT, 0x80);
    guest.runTo('stay', 100);
    expect([cpu.ar[8], cpu.ar[9], cpu.ar[11]]).toEqual([1, 1, 0]);
  });

  it('may interrupt the start of a level-1 handler, and returns to it with EXCM as it was', () => {
    load('movi a3, 0x80\nwsr.intenable a3\nwsr.interrupt a3\nnop', {
      user: 'first: addi a9, a9, 1\nmovi a12, 0x80\nwsr.intclear a12\nrfe',
      nmi: 'addi a8, a8, 1\nrfi 3',
    });
    guest.runTo('first', 100);
    nmi();
    guest.runTo('stay', 100);
    expect([cpu.ar[8], cpu.ar[9], stateOfPs()]).toEqual([1, 1, 0x20]);
  });

  it('rises with the line only: a line that stays high is one NMI', () => {
    load('loop: addi a10, a10, 1\nj loop', { nmi: 'addi a8, a8, 1\nrfi 3' });
    guest.run(3);
    cpu.setInterruptLine(INTERRUPT.NMI, true);
    guest.run(50);
    expect(cpu.ar[8]).toBe(1);
    cpu.setInterruptLine(INTERRUPT.NMI, false);
    guest.run(5);
    expect(cpu.ar[8]).toBe(1);
  });
});

describe('WAITI', () => {
  it('wakes by an interrupt above its level only', () => {
    load('movi a3, 0x80\nwsr.intenable a3\nwaiti 1\nnext: nop');
    guest.run(10);
    expect(cpu.waiting).toBe(true);
    cpu.writeSpecial(SR.INTERRUPT, 0x80);
    guest.run(10);
    expect(cpu.waiting).toBe(true);
    cpu.setInterruptLine(INTERRUPT.NMI, true);
    guest.runTo('nmi', 10);
    expect(cpu.readSpecial(SR.EPC3) >>> 0).toBe(guest.addrOf('next'));
  });

  it('skips an hour of virtual time without working through it', () => {
    load('waiti 0\nnext: nop');
    guest.run(10);
    const executed = cpu.nowCycles - cpu.time.idledCycles;
    const start = process.hrtime.bigint();
    board.runFor(3600e9);
    const wallMillis = Number(process.hrtime.bigint() - start) / 1e6;
    expect(cpu.nowCycles - cpu.time.idledCycles).toBe(executed);
    expect(cpu.waiting).toBe(true);
    expect(wallMillis).toBeLessThan(500);
  });

  it('is left at the very cycle of the interrupt', () => {
    load('movi a3, 0x40\nwsr.intenable a3\nwaiti 0\nnext: nop');
    guest.run(10);
    cpu.writeSpecial(SR.CCOMPARE0, cpu.time.ccount + 123_456);
    const cycles = cpu.nowCycles;
    guest.runTo('user', 10_000);
    expect(cpu.nowCycles - cycles).toBe(123_456);
  });
});

describe('BREAK', () => {
  it('enters the debug vector at level 2 with its cause; RFI 2 returns', () => {
    load('movi a4, 0\nhere: break 1, 2\nbreak.n 3\nmovi a4, 1', {
      debug: `
      rsr.debugcause a11
      or a8, a8, a11
      rsr.epc2 a11
      addi a11, a11, 3
      wsr.epc2 a11
      addi a9, a9, 1
      beqi a9, 1, debug_done
      addi a11, a11, -1
      wsr.epc2 a11
    debug_done: rfi 2
      `,
    });
    guest.runTo('stay', 100);
    expect([cpu.ar[8], cpu.ar[9], cpu.ar[4], stateOfPs()]).toEqual([0x18, 2, 1, 0x20]);
  });

  it('is passed over at level 2 and above', () => {
    load('rsil a3, 2\nbreak 1, 2\nbreak.n 1\nmovi a4, 7');
    guest.runTo('stay', 100);
    expect(cpu.ar[4]).toBe(7);
  });
});

describe('a second exception while EXCM is set', () => {
  it('goes to the double vector with the place in DEPC, EPC1 untouched', () => {
    load(`
      movi a3, 0x123
      wsr.epc1 a3
      movi a3, 0x30
      wsr.ps a3
    here: ill
    `);
    guest.runTo('double', 100);
    expect(cpu.readSpecial(SR.DEPC) >>> 0).toBe(guest.addrOf('here'));
    expect(cpu.readSpecial(SR.EPC1)).toBe(0x123);
    expect(cpu.regs[REG.EXCCAUSE]).toBe(0);
  });
});
