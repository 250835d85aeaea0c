import { describe, expect, test } from '@jest/globals';
import { describePanic, PanicParser, type Panic } from './panic';
import { readTestdata } from './testkit/slices';

function parse(text: string): Panic[] {
  const parser = new PanicParser();
  return [...text.split(/\r?\n/).flatMap((line) => parser.feedLine(line)), ...parser.end()];
}

const text = readTestdata('panic.log');
const panics = (): Panic[] => parse(text);

describe('the printouts of a crash', () => {
  test('come out in order', () => {
    expect(panics().map((panic) => panic.kind)).toEqual([
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
    const guru = panics()[1]!;
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
    expect(panics()[2]).toMatchObject({ kind: 'guru', isTaskWatchdog: true });
  });

  test('the fatal exception of the boot ROM has cause and addresses', () => {
    expect(panics()[3]).toEqual({
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
    expect(panics()[4]).toEqual({
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
    expect(panics()[5]).toMatchObject({ code: 0xffffffff, codeName: undefined, isFatal: false });
  });

  test('each is one sentence', () => {
    expect(panics().map(describePanic)).toEqual([
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

describe('the task watchdog', () => {
  const PANIC = "Guru Meditation Error: Core  0 panic'ed (LoadProhibited). Exception was unhandled.";
  const isWatchdogs = (...lines: readonly string[]): unknown =>
    parse(lines.join('\n')).map((panic) => panic.kind === 'guru' && panic.isTaskWatchdog);

  test('is what panics within two lines of saying so', () => {
    const said = 'Task watchdog got triggered.';
    expect(isWatchdogs(PANIC)).toEqual([false]);
    expect(isWatchdogs(said, PANIC)).toEqual([true]);
    expect(isWatchdogs(said, '', PANIC)).toEqual([true]);
    expect(isWatchdogs(said, '', '', PANIC)).toEqual([false]);
    expect(isWatchdogs('x', said, PANIC)).toEqual([true]);
    expect(isWatchdogs('x', 'x', 'x', 'x', 'x', said, '', PANIC)).toEqual([true]);
  });

  test('counts for one panic only', () => {
    const whole = [PANIC, 'Backtrace: 0x40210000:0x3ffe8000'];
    expect(isWatchdogs('Task watchdog got triggered.', ...whole, 'a', 'b', ...whole)).toEqual([true, false]);
  });
});

describe('a parser', () => {
  test('is open while a printout goes on, and only then', () => {
    const parser = new PanicParser();
    const isOpenAfter = (line: string): boolean => {
      parser.feedLine(line);
      return parser.isOpen;
    };
    expect(isOpenAfter('hello')).toBe(false);
    expect(isOpenAfter('abort() was called at PC 0x40212340')).toBe(false);
    expect(isOpenAfter('Fatal exception (28): ')).toBe(true);
    expect(isOpenAfter('')).toBe(true);
    expect(isOpenAfter('something else')).toBe(false);
    expect(isOpenAfter('ESP_ERROR_CHECK failed: esp_err_t 0x101 at 0x40211ffd')).toBe(true);
    expect(isOpenAfter('func: app_main')).toBe(true);
    expect(isOpenAfter('expression: x()')).toBe(false);
  });

  test('takes nothing for a crash that only quotes one', () => {
    for (const line of [
      ' abort() was called at PC 0x40212340',
      'he said: abort() was called at PC 0x40212340',
      'last=abort() was called at PC 0x40212340',
      'W (310) crashlog: "abort() was called at PC 0x40212340 on core 0"',
      "W (310) crashlog: Guru Meditation Error: Core  0 panic'ed (LoadProhibited). Exception was unhandled.",
      'E (310) rtos: Stack canary watchpoint triggered (uiT)',
      'I (310) app: Backtrace: 0x40212345:0x3ffea5b0',
      'I (310) app: Core 0 register dump:',
      'Backtrace:',
      'Backtrace: on',
      'I (310) app: a Fatal exception (28) is nothing to joke about',
      ' Fatal exception (28):',
      '  Task watchdog got triggered.',
    ]) {
      expect(parse(line)).toEqual([]);
    }
    const parser = new PanicParser();
    parser.feedLine(' Fatal exception (28):');
    expect(parser.isOpen).toBe(false);
  });

  test('does without colours and spaces at the end', () => {
    expect(parse('\x1b[0;31mabort() was called at PC 0x4\x1b[0m  ')).toEqual([{ kind: 'abort', pc: 4 }]);
  });

  test('gives a check that another line ends as far as it came', () => {
    const check = 'ESP_ERROR_CHECK failed: esp_err_t 0x101 at 0x40211ffd';
    const bare = { file: undefined, line: undefined, function: undefined, expression: undefined };
    expect(parse(check)).toMatchObject([{ kind: 'error-check', code: 0x101, ...bare }]);
    expect(parse(`${check}\nfunc: main\nabort() was called at PC 0x4`)).toMatchObject([
      { kind: 'error-check', ...bare, function: 'main' },
      { kind: 'abort' },
    ]);
    expect(parse(`${check}\nI (1) a: func: main`)).toMatchObject([bare]);
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

  test('may have its backtrace in the seventeenth line behind the first, and not later', () => {
    const [first = ''] = guruLines;
    const behind = (lines: number): Panic[] =>
      parse([first, ...Array.from({ length: lines }, () => 'x'), 'Backtrace: 0x1:0x2'].join('\n'));
    expect(behind(16)).toMatchObject([{ isComplete: true, backtrace: [{ pc: 1, sp: 2 }] }]);
    // Later it is a crash of its own, of which no more is known.
    expect(behind(17)).toMatchObject([{ isComplete: false, backtrace: [] }, { reason: 'unknown reason' }]);
  });

  test('a fatal exception without its registers is dropped for what follows', () => {
    expect(parse('Fatal exception (29): \nabort() was called at PC 0x40212340 on core 0')).toEqual([
      { kind: 'abort', pc: 0x40212340 },
    ]);
  });
});

describe('a stack that runs over its watchpoint', () => {
  const CANARY = 'Stack canary watchpoint triggered (uiT)';
  const BACKTRACE = 'Backtrace: 0x40212345:0x3ffea5b0 0x4021230a:0x3ffea5d0 ';
  const frames = [
    { pc: 0x40212345, sp: 0x3ffea5b0 },
    { pc: 0x4021230a, sp: 0x3ffea5d0 },
  ];

  test('is an overflow of that task, with the backtrace that follows an empty line', () => {
    const [overflow, ...more] = parse(
      `${CANARY}\n\r\n${BACKTRACE}\r\n ets Jan  8 2013,rst cause:4, boot mode:(3,6)`,
    );
    expect(overflow).toEqual({ kind: 'stack-overflow', task: 'uiT', backtrace: frames });
    expect(more).toEqual([]);
    expect(describePanic(overflow!)).toBe('stack overflow in task uiT at 0x40212345');
  });

  test('is told without a backtrace where none comes', () => {
    const bare = { kind: 'stack-overflow', task: 'uiT', backtrace: [] };
    expect(parse(CANARY)).toEqual([bare]);
    expect(parse(`${CANARY}\nI (12) app: goes on`)).toEqual([bare]);
    expect(describePanic(parse(CANARY)[0]!)).toBe('stack overflow in task uiT');
  });

  test('is a panic of unknown reason where only its backtrace is printed', () => {
    const [panic, ...more] = parse(`I (12) app: hello\r\n\r\n${BACKTRACE}\r\n`);
    expect(panic).toEqual({
      kind: 'guru',
      reason: 'unknown reason',
      registers: new Map(),
      backtrace: frames,
      isTaskWatchdog: false,
      isComplete: true,
    });
    expect(more).toEqual([]);
    expect(describePanic(panic!)).toBe('panic: unknown reason at 0x40212345');
  });
});

describe('a crash in the middle of a line of the log', () => {
  const HALF = 'I (5123) app: 42 byt';
  const guruLines = text.split('\r\n').slice(1, 10);
  const onlyGuru = panics()[1]!;

  test('is as complete as one at the begin of a line', () => {
    expect(parse(HALF + guruLines.join('\n'))).toEqual([onlyGuru]);
    const fatal =
      'Fatal exception (29): \r\nepc1=0x40100123, epc2=0x00000000, epc3=0x00000000, excvaddr=0x00000000, depc=0x00000000';
    expect(parse(HALF + fatal)).toEqual([panics()[3]]);
    expect(parse(`${HALF}abort() was called at PC 0x40212340 on core 0`)).toEqual([panics()[0]]);
    expect(parse(`${HALF}Stack canary watchpoint triggered (uiT)`)).toMatchObject([{ task: 'uiT' }]);
    expect(parse(`${HALF}***ERROR*** A stack overflow in task uiT has been detected.`)).toEqual([
      panics()[7],
    ]);
    expect(parse(`${HALF}ESP_ERROR_CHECK failed: esp_err_t 0x101 at 0x40211ffd`)).toMatchObject([
      { code: 0x101 },
    ]);
    expect(parse(`${HALF}assertion "q" failed: file "queue.c", line 7, function: f`)).toMatchObject([
      { kind: 'assert', file: 'queue.c' },
    ]);
  });

  test('looks like a quotation behind a space, and is believed for the lines that follow', () => {
    expect(parse(`I (5123) app: 42 ${guruLines.join('\n')}`)).toEqual([onlyGuru]);
    const fatal =
      'Fatal exception (29): \r\nepc1=0x40100123, epc2=0x00000000, epc3=0x00000000, excvaddr=0x00000000, depc=0x00000000';
    expect(parse(`I (5123) app: 42 ${fatal}`)).toEqual([panics()[3]]);
  });

  test('keeps its registers when its first line is lost', () => {
    expect(parse(guruLines.slice(1).join('\n'))).toEqual([{ ...onlyGuru, reason: 'unknown reason' }]);
  });
});

test('an ordinary log holds no panic', () => {
  expect(parse(readTestdata('esp8266-boot.log'))).toEqual([]);
});
