import { describe, expect, it } from '@jest/globals';
import { FakeRomGuest } from '../testkit/fake-rom-guest';
import { RandomWords } from '../testkit/random-words';
import {
  PRINTF_STATE_WORDS,
  loadPrintfState,
  nextPrintfCharacter,
  savePrintfState,
  startPrintf,
} from './printf-format';
import type { PrintfState } from './printf-format';
import { RomTrap } from './rom-call';

const FORMAT = 0x3ffe8000;
const TEXTS = 0x3ffe9000;
const REGISTERS = 0x3ffea000;
const STACK = 0x3ffeb000;
const STATE = 0x3ffec000;

type Argument = number | bigint | string | null;

/**
 * Lays a call `printf(format, ...args)` out as xtensa-lx106-elf-gcc 12.2 does (read from its assembly): a2-a7 first, a
 * 64-bit argument in an even pair and never half on the stack, then the stack with 64-bit arguments at multiples of 8.
 */
function layOut(guest: FakeRomGuest, format: string, args: readonly Argument[]): PrintfState {
  guest.pokeString(FORMAT, format);
  let text = TEXTS;
  let register = 1;
  let stack = 0;
  const put = (addr: number, value: bigint): void =>
    guest.poke(
      addr,
      [0, 8, 16, 24].map((shift) => Number((value >> BigInt(shift)) & 0xffn)),
    );
  for (const arg of args) {
    let value: bigint;
    if (typeof arg === 'string') {
      value = BigInt(text);
      text = guest.pokeString(text, arg);
    } else value = BigInt(arg ?? 0);
    const words = typeof arg === 'bigint' ? 2 : 1;
    if (words === 2) register += register & 1;
    let addr: number;
    if (register + words <= 6) {
      addr = REGISTERS + register * 4;
      register += words;
    } else {
      register = 6;
      if (words === 2) stack = (stack + 7) & ~7;
      addr = STACK + stack;
      stack += words * 4;
    }
    put(addr, value);
    if (words === 2) put(addr + 4, value >> 32n);
  }
  return startPrintf(FORMAT, STACK - 32, REGISTERS, 4);
}

interface Output {
  readonly text: string;
  readonly count: number;
}

/** Runs to the end; `keep` passes the state through guest memory after every character. */
function run(guest: FakeRomGuest, start: PrintfState, keep: boolean): Output {
  let state = start;
  let text = '';
  for (let char = nextPrintfCharacter(guest, state); char >= 0; char = nextPrintfCharacter(guest, state)) {
    text += String.fromCharCode(char);
    if (text.length > 5000) throw new Error('no end');
    if (!keep) continue;
    savePrintfState(guest, STATE, state);
    state = loadPrintfState(guest, STATE);
  }
  return { text, count: state.count };
}

const shared = new FakeRomGuest();

function print(format: string, ...args: readonly Argument[]): string {
  const guest = shared;
  guest.accesses.length = 0;
  const whole = run(guest, layOut(guest, format, args), false);
  const resumed = run(guest, layOut(guest, format, args), true);
  if (resumed.text !== whole.text) throw new Error(`resumed: ${resumed.text} instead of ${whole.text}`);
  if (whole.count !== whole.text.length || resumed.count !== whole.count)
    throw new Error(`count ${whole.count}`);
  return whole.text;
}

describe('the conversions measured on the ROM', () => {
  it.each<readonly [string, readonly Argument[], string]>([
    ['plain text, 100 percent\n', [], 'plain text, 100 percent\n'],
    ['%d %d %d', [0, -1, 2147483647], '0 -1 2147483647'],
    ['%d', [-2147483648], '-2147483648'],
    ['%u %u', [7, -1], '7 4294967295'],
    ['%x %X', [0xdeadbeef, 0xdeadbeef], 'deadbeef DEADBEEF'],
    ['%p', [0x1234], '0x00001234'],
    ['%s', ['esprig'], 'esprig'],
    ['[%10s] [%-10s] [%.3s]', ['abc', 'abc', 'abcdef'], '[       abc] [abc       ] [abc]'],
    ['%s', [null], '<null>'],
    ['%c%c', [0x41, 0x142], 'AB'],
    ['100%%', [], '100%'],
    ['%08x|%5d|%-5d|%05d', [0xabc, 42, 42, -42], '00000abc|   42|42   |-0042'],
    ['%ld %lu %lx', [-5, 5, 255], '-5 5 ff'],
    ['%lld', [-5_000_000_000n], '-5000000000'],
    ['%llx', [0x123456789abcdef0n], '123456789abcdef0'],
    ['%i', [5], '%i '],
    ['%+d', [5], '%+ d'],
    ['%f', [5], '%f'],
  ])('%j with %j prints %j', (format, args, expected) => {
    expect(print(format, ...args)).toBe(expected);
  });

  it('unknown specifications take no argument', () => {
    expect(print('%i%f%d', 7)).toBe('%i %f7');
    expect(print('%*d', 7)).toBe('%* d');
  });

  it('prints the lines of the boot log', () => {
    expect(print('\n ets %s,rst cause:%d, boot mode:(%d,%d)\n\n', 'Jan  8 2013', 2, 3, 6)).toBe(
      '\n ets Jan  8 2013,rst cause:2, boot mode:(3,6)\n\n',
    );
    expect(print('load 0x%08x, len %d, room %d \n', 0x40100000, 5860, 16)).toBe(
      'load 0x40100000, len 5860, room 16 \n',
    );
    expect(print('chksum 0x%02x\n', 0x62)).toBe('chksum 0x62\n');
    expect(
      print('epc1=0x%08x, epc2=0x%08x, epc3=0x%08x, excvaddr=0x%08x, depc=0x%08x\n', 1, 2, 3, 4, 5),
    ).toBe('epc1=0x00000001, epc2=0x00000002, epc3=0x00000003, excvaddr=0x00000004, depc=0x00000005\n');
    // A partition row of the second-stage bootloader: six arguments after the format, so the last are on the stack.
    expect(print('%2d %-16s %-16s %02x %02x %08x %08x\n', 0, 'nvs', 'WiFi data', 1, 2, 0x9000, 0x6000)).toBe(
      ' 0 nvs              WiFi data        01 02 00009000 00006000\n',
    );
  });
});

describe('the decisions where nothing was measured', () => {
  it.each<readonly [string, readonly Argument[], string]>([
    ['%.5d|%.3x|%8.3d', [42, 0xabcd, -7], '00042|abcd|    -007'],
    ['%-05d|', [42], '42   |'],
    ['%3c|%-3c|', [0x41, 0x42], '  A|B  |'],
    ['%b', [10], '1010'],
    ['%08b', [5], '00000101'],
    ['%q', [1], '%q '],
    ['50%', [], '50%'],
    ['%5', [], '%'],
    ['%.3s|%10s', [null, null], '<nu|    <null>'],
    ['%.0s|', ['abc'], '|'],
    ['%12p|%-12p|', [1, 2], '  0x00000001|0x00000002  |'],
  ])('%j with %j prints %j', (format, args, expected) => {
    expect(print(format, ...args)).toBe(expected);
  });
});

describe('arguments', () => {
  it('finds every one across registers and stack, 64-bit ones aligned and never split', () => {
    const random = new RandomWords(51);
    for (let round = 0; round < 500; round++) {
      const args: (number | bigint)[] = [];
      let format = '';
      let expected = '';
      for (let left = random.below(10); left > 0; left--) {
        if (random.below(2) === 0) {
          const value = random.next();
          args.push(value);
          format += '%d;';
          expected += `${value};`;
        } else {
          const value = (BigInt(random.next()) << 32n) | BigInt(random.next() >>> 0);
          args.push(value);
          format += '%lld;';
          expected += `${value};`;
        }
      }
      expect(print(format, ...args)).toBe(expected);
    }
  });

  it('agrees with C on random widths, flags and values', () => {
    const random = new RandomWords(52);
    for (let round = 0; round < 500; round++) {
      const value = random.next() >> random.below(32);
      const width = random.below(16);
      const flags = random.pick(['', '-', '0']);
      const letter = random.pick(['d', 'u', 'x', 'X']);
      let digits = value.toString();
      if (letter === 'u') digits = (value >>> 0).toString();
      if (letter === 'x') digits = (value >>> 0).toString(16);
      if (letter === 'X') digits = (value >>> 0).toString(16).toUpperCase();
      let expected = digits.padStart(width);
      if (flags === '-') expected = digits.padEnd(width);
      if (flags === '0') {
        expected = digits.startsWith('-')
          ? '-' + digits.slice(1).padStart(width - 1, '0')
          : digits.padStart(width, '0');
      }
      const spec = `%${flags}${width === 0 ? '' : String(width)}${letter}`;
      expect([spec, value, print(spec, value)]).toEqual([spec, value, expected]);
    }
  });

  it('pads texts at every width and precision, without looking behind the precision', () => {
    for (const text of ['', 'a', 'abcdef']) {
      for (let width = 0; width < 9; width++) {
        for (let precision = -1; precision < 8; precision++) {
          const dot = precision < 0 ? '' : `.${precision}`;
          const cut = precision < 0 ? text : text.slice(0, precision);
          const digits = width === 0 ? '' : String(width);
          expect(print(`%${digits}${dot}s|`, text)).toBe(`${cut.padStart(width)}|`);
          expect(print(`%-${digits}${dot}s|`, text)).toBe(`${cut.padEnd(width)}|`);
        }
      }
    }
    const guest = new FakeRomGuest();
    guest.poke(0x3ffffffe, [0x68, 0x69]);
    const state = layOut(guest, '%.2s', [0x3ffffffe]);
    expect(run(guest, state, true).text).toBe('hi');
  });
});

describe('the state between two characters', () => {
  it('is the whole state: six words in guest memory', () => {
    const guest = new FakeRomGuest();
    guest.poke(STATE, new Uint8Array(PRINTF_STATE_WORDS * 4 + 4).fill(0xee));
    const state = { format: 1, vaStack: -2, vaRegisters: 3, vaIndex: 4, index: 5, count: 6 };
    savePrintfState(guest, STATE, state);
    expect(loadPrintfState(guest, STATE)).toEqual(state);
    expect(guest.peek32(STATE + PRINTF_STATE_WORDS * 4)).toBe(0xeeeeeeee);
  });

  it('two outputs may interleave', () => {
    const guest = new FakeRomGuest();
    const first = startPrintf(FORMAT, STACK - 32, REGISTERS, 4);
    layOut(guest, '%08x-%d.', [0xab, -3]);
    const second = startPrintf(FORMAT, STACK - 32, REGISTERS, 4);
    let left = '';
    let right = '';
    for (let char = nextPrintfCharacter(guest, first); char >= 0; char = nextPrintfCharacter(guest, first)) {
      left += String.fromCharCode(char);
      right += String.fromCharCode(nextPrintfCharacter(guest, second));
    }
    expect([left, right]).toEqual(['000000ab--3.', '000000ab--3.']);
  });

  it('survives a trap in the middle: the repeated call goes on where it was', () => {
    const guest = new FakeRomGuest();
    guest.pokeString(0x40200001, 'flash');
    const state = layOut(guest, 'in %s', [0x40200001]);
    let text = '';
    expect(() => {
      for (;;) text += String.fromCharCode(nextPrintfCharacter(guest, state));
    }).toThrow(RomTrap);
    expect(text).toBe('in ');
    guest.trapsHandled = true;
    expect(text + run(guest, state, true).text).toBe('in flash');
  });
});
