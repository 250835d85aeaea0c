import { beforeEach, describe, expect, it } from '@jest/globals';
import { EmulatorFault } from '../fault';
import { ProgramBoard } from '../testkit/run-program';

const ETS_PRINTF = 0x400024cc;
const ETS_VPRINTF = 0x40001f00;
const INSTALL_PUTC1 = 0x4000242c;
const INSTALL_UART_PRINTF = 0x40002438;
const TX_ONE_CHAR = 0x40003b30;
const RX_ONE_CHAR = 0x40003b8c;
const UART_INIT = 0x40003a14;
const UART_ATTACH = 0x4000383c;

const FORMAT = 0x3fff0000;
const TEXTS = 0x3fff0400;

const guest = new ProgramBoard();
const { board, cpu } = guest;

beforeEach(() => guest.rewind());

/** Calls ets_printf in the guest; strings go to RAM. Answers what came out and the result. */
function printf(format: string, ...args: readonly (number | string)[]): readonly [string, number] {
  guest.serial.clear();
  guest.setText(FORMAT, format);
  let textAddr = TEXTS;
  const words = args.map((arg) => {
    if (typeof arg === 'number') return arg;
    const addr = textAddr;
    guest.setText(addr, arg);
    textAddr += arg.length + 1;
    return addr;
  });
  const count = guest.call(ETS_PRINTF, [FORMAT, ...words]);
  board.runFor(1e6); // the last two characters are still on the line
  return [guest.serial.text, count];
}

describe('ets_printf through the guest', () => {
  it.each([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10])(
    'takes %i arguments, those behind the fifth from the stack',
    (count) => {
      const args = Array.from({ length: count }, (_, index) => 100 + 11 * index);
      const format = args.map(() => '%d').join(',') + '.';
      expect(printf(format, ...args)).toEqual([args.join(',') + '.', format.length + count]);
    },
  );

  it('prints strings and characters', () => {
    expect(printf('[%s|%5s|%-5s|%.2s|%c]', 'abc', 'de', 'fg', 'hijk', 0x21)).toEqual([
      '[abc|   de|fg   |hi|!]',
      22,
    ]);
    expect(printf('%s', 0)[0]).toBe('<null>');
  });

  it('sends CR LF for LF and drops a lone CR; its result counts what the format gave', () => {
    expect(printf('a\r\nb\rc\n')).toEqual(['a\r\nbc\r\n', 7]);
  });

  it('prints a string from mapped flash once the app has vectors of its own', () => {
    board.programFlash(
      0x1001,
      Uint8Array.from('flash text\0', (character) => character.charCodeAt(0)),
    );
    guest.load(`
      .literals
    begin:
      movi a2, 0
      movi a3, 0
      movi a4, 0
      l32r a8, =0x40004678
      callx0 a8
      l32r a2, =0x40102000
      wsr.vecbase a2
      l32r a2, =0x3fff0000
      l32r a3, =0x40201001
      l32r a8, =0x400024cc
      callx0 a8
    end: j end
      .org 0x40102050
    user: j user
    `);
    guest.setText(FORMAT, '<%s>\n');
    guest.runTo('end');
    board.runFor(1e6);
    expect(guest.serial.text).toBe('<flash text>\r\n');
  });

  it('takes the trap for it while the ROM’s own vectors are in charge', () => {
    guest.load(`
      .literals
    begin:
      movi a2, 0
      movi a3, 0
      movi a4, 0
      l32r a8, =0x40004678
      callx0 a8
      l32r a2, =0x3fff0000
      l32r a3, =0x40201001
      l32r a8, =0x400024cc
      callx0 a8
    end: j end
    `);
    guest.setText(FORMAT, '<%s>\n');
    guest.serial.clear();
    expect(guest.serial.waitFor('depc')).toMatch(
      /^<Fatal exception \(3\): \r\nepc1=0x4000f[0-9a-f]{3},.*excvaddr=0x40201001/,
    );
  });

  it('faults, and does not print zeros, when a string lies nowhere', () => {
    expect(() => printf('%s', 0x50000000)).toThrow(EmulatorFault);
  });

  it('is interrupted like any other code: a tick comes in on time while it prints', () => {
    guest.setText(FORMAT, 'twenty characters..\n');
    guest.load(`
      .literals
    begin:
      movi a2, 6
      l32r a3, =tick
      movi a4, 0
      l32r a8, =0x40000f88
      callx0 a8
      movi a2, 0x40
      l32r a8, =0x40000fa8
      callx0 a8
      l32r a3, =0x3fff1000
      movi a4, 0
      s32i a4, a3, 0
      s32i a4, a3, 4
      rsr.ccount a3
      addmi a3, a3, 0x1000
      wsr.ccompare0 a3
      l32r a2, =0x3fff0000
      l32r a8, =0x400024cc
      callx0 a8
    end: j end
      .align 4
    tick:
      l32r a3, =0x3fff1000
      rsr.ccount a4
      rsr.ccompare0 a5
      sub a4, a4, a5
      l32i a6, a3, 0
      bgeu a6, a4, tick_not_worse
      s32i a4, a3, 0             // the worst delay
    tick_not_worse:
      l32i a6, a3, 4
      addi a6, a6, 1
      s32i a6, a3, 4
      addmi a5, a5, 0x1000
      wsr.ccompare0 a5
      ret
    `);
    guest.runTo('end');
    // 20 characters of 6940 cycles each, a tick every 4096.
    expect(guest.word(0x3fff1004)).toBeGreaterThan(25);
    expect(guest.word(0x3fff1000)).toBeLessThan(150);
  });
});

describe('putc', () => {
  it('can be the program’s own, and the UART’s again', () => {
    guest.load(
      `
      .literals
    own: l32r a3, =0x3fff1000
      l32i a4, a3, 0
      addi a4, a4, 1
      s32i a4, a3, 0
      add a4, a4, a3
      s8i a2, a4, 3
      ret
    `,
      0x40105000,
    );
    const own = guest.addrOf('own');
    guest.setBytes(0x3fff1000, new Uint8Array(64));
    guest.call(INSTALL_PUTC1, [own]);
    expect(printf('%d\n', 42)).toEqual(['', 3]);
    expect(guest.word(0x3fff1000)).toBe(3);
    // Newlines are the UART putc's business, not printf's.
    expect(Buffer.from(guest.bytes(0x3fff1004, 3)).toString('latin1')).toBe('42\n');
    guest.call(INSTALL_UART_PRINTF);
    expect(printf('%d\n', 42)).toEqual(['42\r\n', 3]);
    guest.call(INSTALL_PUTC1, [0]);
    expect(printf('%d\n', 42)).toEqual(['', 3]);
  });

  it('of ets_vprintf is its first argument; the va_list comes by value', () => {
    guest.load('.literals\nown: l32r a3, =0x60000000\ns32i a2, a3, 0\nret', 0x40105000);
    const own = guest.addrOf('own');
    guest.setText(FORMAT, '%u-%x');
    // __va_stk, __va_reg, __va_ndx: two register arguments behind two named ones.
    guest.setWord(0x3fff1000 + 8, 7);
    guest.setWord(0x3fff1000 + 12, 0xabc);
    guest.serial.clear();
    expect(guest.call(ETS_VPRINTF, [own, FORMAT, 0x3fff2000, 0x3fff1000, 8])).toBe(5);
    board.runFor(2e6);
    expect(guest.serial.text).toBe('7-abc');
  });
});

describe('the serial line', () => {
  it('paces uart_tx_one_char: a byte each ten bit times, one in the FIFO at most', () => {
    guest.load(`
      .literals
    begin:
      movi a12, 20
    next: addi a2, a12, 64
      l32r a8, =0x40003b30
      callx0 a8
      addi a12, a12, -1
      bnez a12, next
    end: j end
    `);
    guest.serial.clear();
    guest.runTo('end');
    const queued = (board.bus.readRegister(0x6000001c, 0) >>> 16) & 0xff;
    expect(queued).toBe(1);
    board.runFor(1e6);
    const times = guest.serial.sent.map(({ atTicks }) => atTicks);
    expect(times).toHaveLength(20);
    times.slice(1).forEach((atTicks, index) => expect(atTicks - times[index]!).toBe(694 * 10 * 40));
    expect(cpu.ar[2]).toBe(0);
  });

  it('goes to UART1 when the device structure says so', () => {
    const sent: string[] = [];
    const previous = board.onTransmit;
    board.onTransmit = (uart, byte) => sent.push(`${uart}:${byte}`);
    guest.call(UART_INIT, [1]);
    guest.setWord(0x3fffde10 + 64, 1);
    guest.call(TX_ONE_CHAR, [65]);
    board.runFor(1e6);
    board.onTransmit = previous;
    expect(sent).toEqual(['1:65']);
  });

  it('hands received bytes out one by one: 0 and the byte, 1 when there is none', () => {
    const take = (): readonly number[] => {
      guest.setWord(0x3fff1000, 0);
      const status = guest.call(RX_ONE_CHAR, [0x3fff1000]);
      return [status, guest.word(0x3fff1000)];
    };
    expect(take()).toEqual([1, 0]);
    for (const byte of [0x31, 0xff, 0]) board.receiveByte(byte, 74880);
    guest.load('end: j end');
    guest.run(1_000);
    expect([take(), take(), take(), take()]).toEqual([
      [0, 0x31],
      [0, 0xff],
      [0, 0],
      [1, 0],
    ]);
  });

  it('keeps 255 received bytes and drops what comes on top', () => {
    guest.load('end: j end');
    for (let index = 0; index < 300; index++) board.receiveByte(index & 0xff, 74880);
    guest.run(50_000);
    const taken: number[] = [];
    for (let index = 0; index < 300; index++) {
      if (guest.call(RX_ONE_CHAR, [0x3fff1000]) !== 0) break;
      taken.push(guest.word(0x3fff1000) & 0xff);
    }
    expect(taken).toEqual(Array.from({ length: 255 }, (_, index) => index));
  });

  it('starts as Uart_Init leaves it: 8N1, divisor 694, an interrupt for each byte', () => {
    board.bus.writeRegister(0x60000014, 100, 0);
    guest.setWord(0x3fffde10, 0);
    guest.call(UART_ATTACH);
    guest.call(UART_INIT, [0]);
    const register = (offset: number): number => board.bus.readRegister(0x60000000 + offset, 0);
    expect([register(0x14), register(0x20) & 0x3f, register(0x24) & 0x7f, register(0x0c) & 1]).toEqual([
      694, 0x1c, 1, 1,
    ]);
    expect(guest.word(0x3fffde10)).toBe(115200);
  });
});
