import { describe, expect, test } from '@jest/globals';
import { describePanic, PanicParser, type Panic } from './panic';
import { readTestdata } from './testkit/slices';

function parse(text: string): Panic[] {
  const parser = new PanicParser();
  return [...text.split(/\r?\n/).flatMap((line) => parser.feedLine(line)), ...parser.end()];
}

const text = readTestdata('panic.log');
const panics = parse(text);

describe('the printouts of a crash', () => {
  test('come out in order', () => {
    expect(panics.map((panic) => panic.kind)).toEqual([
      'abort',
      'guru',
      'guru',
      'rom-fatal',
      'error-check',
      'error-check',
      'assert',
      'stack-overflow',
    ]);
  });

  test('a panic has its reason, all twenty registers and the backtrace', () => {
    const guru = panics[1]!;
    if (guru.kind !== 'guru') throw new Error(guru.kind);
    expect(guru).toMatchObject({ reason: 'StoreProhibited', isComplete: true, isTaskWatchdog: false });
    expect([...guru.registers.keys()].join(' ')).toBe(
      'PC PS A0 A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11 A12 A13 A14 A15 SAR EXCCAUSE',
    );
    expect(guru.registers.get('PC')).toBe(0x40212345);
    expect(guru.registers.get('A15')).toBe(12);
    expect(guru.registers.get('EXCCAUSE')).toBe(29);
    expect(guru.backtrace).toEqual([
      { pc: 0x40212345, sp: 0x3ffea5b0 },
      { pc: 0x4021230a, sp: 0x3ffea5d0 },
      { pc: 0x40210c11, sp: 0x3ffea5f0 },
    ]);
  });

  test('a panic of the task watchdog is told apart', () => {
    expect(panics[2]).toMatchObject({ kind: 'guru', isTaskWatchdog: true });
  });

  test('the fatal exception of the boot ROM has cause and addresses', () => {
    expect(panics[3]).toEqual({
      kind: 'rom-fatal',
      cause: 29,
      epc1: 0x40100123,
      epc2: 0,
      epc3: 0,
      excvaddr: 0,
      depc: 0,
    });
  });

  test('a failed check has its code, place and expression', () => {
    expect(panics[4]).toEqual({
      kind: 'error-check',
      code: 0x1102,
      codeName: 'ESP_ERR_NVS_NOT_FOUND',
      pc: 0x40211ffd,
      isFatal: true,
      file: 'main.c',
      line: 42,
      function: 'app_main',
      expression: 'nvs_open("a", 0, &h)',
    });
    expect(panics[5]).toMatchObject({ code: 0xffffffff, codeName: undefined, isFatal: false });
  });

  test('each is one sentence', () => {
    expect(panics.map(describePanic)).toEqual([
      'abort() at 0x40212340',
      'panic: StoreProhibited at 0x40212345',
      'panic: task watchdog at 0x40212345',
      'fatal exception 29 at 0x40100123, address 0x00000000',
      'ESP_ERROR_CHECK failed: ESP_ERR_NVS_NOT_FOUND at 0x40211ffd',
      'ESP_ERROR_CHECK failed: 0xffffffff at 0x40211ffd',
      'assertion "q != NULL" failed, queue.c:7',
      'stack overflow in task uiT',
    ]);
  });
});

describe('a printout that does not end', () => {
  const guruLines = text.split('\r\n').slice(1, 5);

  test('is open from its first line on', () => {
    const parser = new PanicParser();
    expect(parser.feedLine(guruLines[0]!)).toEqual([]);
    expect(parser.isOpen).toBe(true);
  });

  test('comes out incomplete at the end of the log', () => {
    const [guru] = parse(guruLines.join('\n'));
    expect(guru).toMatchObject({ kind: 'guru', isComplete: false, backtrace: [] });
    expect(guru!.kind === 'guru' && guru!.registers.get('A1')).toBe(0x3ffea5b0);
  });

  test('comes out incomplete when the board starts again, or crashes again in the middle', () => {
    const banner = ' ets Jan  8 2013,rst cause:4, boot mode:(3,6)';
    expect(parse([...guruLines, banner, 'x'].join('\n'))).toMatchObject([
      { kind: 'guru', isComplete: false },
    ]);
    expect(parse([...guruLines, ...guruLines].join('\n'))).toMatchObject([
      { kind: 'guru', isComplete: false },
      { kind: 'guru', isComplete: false },
    ]);
  });

  test('ends by itself after a bounded number of lines', () => {
    const chatter = Array.from({ length: 40 }, (_, index) => `line ${index}`);
    const parser = new PanicParser();
    const done = [...guruLines, ...chatter].flatMap((line) => parser.feedLine(line));
    expect(done).toHaveLength(1);
    expect(parser.isOpen).toBe(false);
  });

  test('a fatal exception without its registers is dropped for what follows', () => {
    expect(parse('Fatal exception (29): \nabort() was called at PC 0x40212340 on core 0')).toEqual([
      { kind: 'abort', pc: 0x40212340 },
    ]);
  });
});

test('an ordinary log holds no panic', () => {
  expect(parse(readTestdata('esp8266-boot.log'))).toEqual([]);
});
