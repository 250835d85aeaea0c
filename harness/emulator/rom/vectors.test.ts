import { beforeEach, describe, expect, it } from '@jest/globals';
import { INTERRUPT } from '../../chip/esp8266';
import { SR } from '../cpu/special-registers';
import { ProgramBoard } from '../testkit/run-program';
import { RandomWords } from '../testkit/random-words';

const ETS_ISR_ATTACH = 0x40000f88;
const ETS_ISR_MASK = 0x40000f98;
const ETS_ISR_UNMASK = 0x40000fa8;
const SET_EXCEPTION_HANDLER = 0x40000454;
const MASK_SHADOW = 0x3fffc200;

const guest = new ProgramBoard();
const { board, cpu } = guest;

beforeEach(() => {
  guest.rewind();
  guest.setBytes(0x3fff0000, new Uint8Array(64));
});

/** Handlers at known places; each logs its argument. */
const HANDLERS = `
  .literals
log:                         // appends a2 to the list at 0x3fff0000
  l32r a3, =0x3fff0000
  l32i a4, a3, 0
  addi a4, a4, 1
  s32i a4, a3, 0
  addx4 a4, a4, a3
  s32i a2, a4, 0
  ssai 29                    // C code shifts; the interrupted program must not see it
  movi a5, 5
  movi a6, 6
  movi a7, 7
  movi a8, 8
  movi a9, 9
  movi a10, 10
  movi a11, 11
  ret
`;
const HANDLERS_ADDR = 0x40104000;

function loadHandlers(more = ''): void {
  guest.load(HANDLERS + more, HANDLERS_ADDR);
}

const logged = (): number[] =>
  Array.from({ length: guest.word(0x3fff0000) }, (_, index) => guest.word(0x3fff0004 + 4 * index));

describe('ets_isr_attach', () => {
  it('answers the handler before: 0 for none, and takes 0 to remove it', () => {
    expect(guest.call(ETS_ISR_ATTACH, [7, 0x40101111, 1])).toBe(0);
    expect(guest.call(ETS_ISR_ATTACH, [7, 0x40102222, 2])).toBe(0x40101111);
    expect(guest.call(ETS_ISR_ATTACH, [7, 0, 0])).toBe(0x40102222);
    expect(guest.call(ETS_ISR_ATTACH, [7, 0x40101111, 0])).toBe(0);
  });

  it('refuses numbers over 14', () => {
    expect(guest.call(ETS_ISR_ATTACH, [14, 0x40101111, 0])).toBe(0);
    expect(guest.call(ETS_ISR_ATTACH, [14, 0, 0])).toBe(0x40101111);
    expect(guest.call(ETS_ISR_ATTACH, [15, 0x40101111, 0])).toBe(0);
    expect(guest.call(ETS_ISR_ATTACH, [15, 0, 0])).toBe(0);
  });
});

describe('ets_isr_unmask and ets_isr_mask', () => {
  it('keep a shadow of INTENABLE and answer its old value', () => {
    expect([guest.word(MASK_SHADOW), cpu.readSpecial(SR.INTENABLE)]).toEqual([0x20, 0x20]);
    expect(guest.call(ETS_ISR_UNMASK, [0x281])).toBe(0x20);
    expect([guest.word(MASK_SHADOW), cpu.readSpecial(SR.INTENABLE)]).toEqual([0x2a1, 0x2a1]);
    expect(guest.call(ETS_ISR_MASK, [0x21])).toBe(0x2a1);
    expect([guest.word(MASK_SHADOW), cpu.readSpecial(SR.INTENABLE)]).toEqual([0x280, 0x280]);
  });

  it('go by the shadow, not by what somebody wrote to INTENABLE', () => {
    cpu.writeSpecial(SR.INTENABLE, 0);
    expect(guest.call(ETS_ISR_UNMASK, [0x80])).toBe(0x20);
    expect(cpu.readSpecial(SR.INTENABLE)).toBe(0xa0);
  });
});

describe('the dispatcher', () => {
  const attach = (number: number, argument: number, label = 'log'): void => {
    const addr = handlerAddrs.get(label)!;
    guest.call(ETS_ISR_ATTACH, [number, addr, argument]);
    guest.call(ETS_ISR_UNMASK, [1 << number]);
  };
  const handlerAddrs = new Map<string, number>();
  beforeEach(() => {
    loadHandlers(`
    frc1:
      addi a1, a1, -16
      s32i a0, a1, 0
      call0 log
      l32r a3, =0x60000600
      movi a4, 0
      s32i a4, a3, 0x0c
      l32i a0, a1, 0
      addi a1, a1, 16
      ret
    again:                     // raises the software interrupt once more, twice
      addi a1, a1, -16
      s32i a0, a1, 0
      call0 log
      l32r a3, =0x3fff0000
      l32i a4, a3, 0
      bgei a4, 3, again_done
      movi a4, 0x80
      wsr.interrupt a4
    again_done:
      l32i a0, a1, 0
      addi a1, a1, 16
      ret
    `);
    for (const label of ['log', 'frc1', 'again']) handlerAddrs.set(label, guest.addrOf(label));
  });

  it('calls the software interrupt’s handler with its argument', () => {
    attach(INTERRUPT.SOFTWARE, 0x1234);
    guest.runProgram('movi a2, 0x80\nwsr.interrupt a2\nnop\nend: j end');
    expect(logged()).toEqual([0x1234]);
    expect(cpu.readSpecial(SR.INTERRUPT) & 0x80).toBe(0);
  });

  it('calls FRC1’s handler at each round of the timer', () => {
    attach(INTERRUPT.FRC1, 0x77, 'frc1');
    guest.load(`
      .literals
    begin:
      l32r a2, =0x3ff00004
      movi a3, 2
      s32i a3, a2, 0
      l32r a2, =0x60000600
      l32r a3, =3250            // at 52 MHz / 16: 1 ms
      s32i a3, a2, 0
      movi a3, 0xc4
      s32i a3, a2, 8
    end: j end
    `);
    guest.run(5_500);
    expect(logged()).toEqual([0x77, 0x77, 0x77, 0x77, 0x77]);
  });

  it('calls a UART handler for each byte that arrives', () => {
    guest.load(
      `
      .literals
    taker: l32r a3, =0x60000000
      l32i a2, a3, 0
      movi a4, 0x1ff
      s32i a4, a3, 0x10
      l32r a3, =0x3fff0000
      l32i a4, a3, 0
      addi a4, a4, 1
      s32i a4, a3, 0
      addx4 a4, a4, a3
      s32i a2, a4, 0
      ret
    `,
      0x40105000,
    );
    const taker = guest.addrOf('taker');
    expect(guest.call(ETS_ISR_ATTACH, [INTERRUPT.UART, taker, 0])).not.toBe(0);
    guest.load('end: j end');
    for (const byte of [0x41, 0xc0, 0x00]) board.receiveByte(byte, 74880);
    guest.run(2_000);
    expect(logged()).toEqual([0x41, 0xc0, 0]);
  });

  it('serves the lowest number first, and all that are pending in one go', () => {
    attach(INTERRUPT.FRC2, 10);
    attach(INTERRUPT.SOFTWARE, 7);
    attach(INTERRUPT.WATCHDOG, 8);
    guest.load('rsil a2, 1\nready: nop\nrsil a2, 0\nafter: movi a6, 1\nend: j end');
    guest.runTo('ready');
    cpu.setInterruptLine(INTERRUPT.FRC2, true);
    cpu.setInterruptLine(INTERRUPT.FRC2, false);
    cpu.setInterruptLine(INTERRUPT.WATCHDOG, true);
    cpu.setInterruptLine(INTERRUPT.WATCHDOG, false);
    cpu.writeSpecial(SR.INTERRUPT, 0x80);
    guest.runTo('after', 20);
    expect(logged()).toEqual([7, 8, 10]);
  });

  it('serves what a handler raises before it goes back', () => {
    attach(INTERRUPT.SOFTWARE, 5, 'again');
    guest.load('movi a2, 0x80\nwsr.interrupt a2\nafter: movi a6, 1\nend: j end');
    guest.runTo('after', 50);
    expect(logged()).toEqual([5, 5, 5]);
  });

  it('masks an interrupt that nobody has a handler for instead of hanging in it', () => {
    guest.call(ETS_ISR_UNMASK, [1 << INTERRUPT.GPIO]);
    guest.load('end: addi a6, a6, 1\nj end');
    cpu.setInterruptLine(INTERRUPT.GPIO, true);
    guest.run(100);
    expect(cpu.readSpecial(SR.INTENABLE) & (1 << INTERRUPT.GPIO)).toBe(0);
    expect(guest.cpu.pc).toBeGreaterThanOrEqual(guest.addrOf('end'));
  });

  it('gives every register, SAR and PS back as they were, wherever it comes', () => {
    attach(INTERRUPT.SOFTWARE, 1);
    const random = new RandomWords(5);
    for (let round = 0; round < 20; round++) {
      guest.setBytes(0x3fff0000, new Uint8Array(64));
      guest.load('j loop\nloop: nop\nnop\nnop\nj loop');
      const registers = Array.from({ length: 16 }, () => random.next());
      registers[1] = 0x3fff8000 - 16 * random.below(64);
      registers.forEach((value, index) => (cpu.ar[index] = value));
      cpu.writeSpecial(SR.SAR, random.below(33));
      cpu.writeSpecial(SR.PS, 0x20);
      const sar = cpu.readSpecial(SR.SAR);
      guest.run(random.below(5));
      cpu.writeSpecial(SR.INTERRUPT, 0x80);
      guest.run(10);
      expect([...cpu.ar]).toEqual(registers);
      expect([cpu.readSpecial(SR.SAR), cpu.readSpecial(SR.PS)]).toEqual([sar, 0x20]);
      expect(logged()).toEqual([1]);
    }
  });
});

describe('_xtos_set_exception_handler', () => {
  it('has C handlers called with the frame and the cause; what they write into the frame is where it goes on', () => {
    guest.load(
      `
      .literals
    handler:
      l32r a4, =0x3fff0000
      s32i a3, a4, 0             // cause
      l32i a5, a2, 0             // the PC of the fault
      s32i a5, a4, 4
      addi a5, a5, 3
      s32i a5, a2, 0
      ret
    `,
      0x40105000,
    );
    const handler = guest.addrOf('handler');
    expect(guest.call(SET_EXCEPTION_HANDLER, [28, handler])).not.toBe(0); // the printing one
    expect(guest.call(SET_EXCEPTION_HANDLER, [28, handler])).toBe(handler);
    guest.runProgram('movi a6, 0\nmovi a7, 5\nhere: l32i a7, a6, 8\nmovi a6, 9\nend: j end');
    expect([guest.word(0x3fff0000), guest.word(0x3fff0004)]).toEqual([28, guest.addrOf('here')]);
    expect([cpu.ar[6], cpu.ar[7]]).toEqual([9, 5]);
    expect(cpu.readSpecial(SR.PS)).toBe(0x20);
  });

  it('serves an exception inside an interrupt handler, and the handler goes on', () => {
    guest.load(
      `
      .literals
    skip: l32i a5, a2, 0
      addi a5, a5, 3
      s32i a5, a2, 0
      ret
      .align 4
    faulty: movi a6, 0
      l32i a6, a6, 4
      l32r a3, =0x3fff0000
      movi a4, 1
      s32i a4, a3, 0
      ret
    `,
      0x40105000,
    );
    const [skip, faulty] = [guest.addrOf('skip'), guest.addrOf('faulty')];
    guest.call(SET_EXCEPTION_HANDLER, [28, skip]);
    guest.call(ETS_ISR_ATTACH, [7, faulty, 0]);
    guest.call(ETS_ISR_UNMASK, [0x80]);
    guest.runProgram('movi a2, 0x80\nwsr.interrupt a2\nnop\nend: j end');
    expect(guest.word(0x3fff0000)).toBe(1);
  });
});
