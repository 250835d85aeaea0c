import { beforeAll, describe, expect, test } from '@jest/globals';
import { PanicParser, type GuruMeditation, type Panic } from '../../harness/protocol/panic';
import { BootBoard } from './boot-board';
import { buildKernelProgram, type KernelProgram } from './kernel-programs';
import { toolsMissing } from './tool';

const suite = toolsMissing() === undefined ? describe : describe.skip;
const RESET_LIMIT_MICROS = 40_000_000;
const WATCHDOG_SECONDS = 26.2;

/*
 * Each way to die, on the emulated board: what is printed is read by the harness's own parser of panics, and the board must
 * be up again afterwards.
 */
suite('when a program goes wrong', () => {
  let program: KernelProgram;
  beforeAll(async () => {
    program = await buildKernelProgram('faults');
  });

  interface Death {
    readonly panics: readonly Panic[];
    readonly lines: readonly string[];
    readonly seconds: number;
  }

  /** Lets the program die in this way and start again. */
  function die(letter: string): Death {
    const board = new BootBoard(program.files);
    board.program('phy_init', Uint8Array.of(letter.charCodeAt(0), 0, 0, 0));
    board.board.powerOn();
    const text = board.serial.waitFor('kernel test done', RESET_LIMIT_MICROS);
    const lines = text.replaceAll('\r', '').split('\n');
    const parser = new PanicParser();
    const panics = [...lines.flatMap((each) => parser.feedLine(each)), ...parser.end()];
    return { panics, lines, seconds: board.board.nowNanos / 1e9 };
  }

  const guruOf = ({ panics }: Death): GuruMeditation => {
    const guru = panics.find((each) => each.kind === 'guru');
    if (guru === undefined) throw new Error('no panic was printed');
    return guru;
  };

  /** The function that an address lies in. */
  function functionAt(addr: number | undefined): string {
    let best = ['', 0] as [string, number];
    for (const [name, at] of program.elf.symbols)
      if (at <= (addr ?? 0) && at >= best[1] && !/^[._]/.test(name)) best = [name, at];
    return best[0];
  }

  test.each([
    ['s', 'StoreProhibited', 'innermost'],
    ['l', 'LoadProhibited', 'die'],
    ['i', 'IllegalInstruction', 'die'],
    ['u', 'LoadStoreAlignment', 'die'],
    ['f', 'LoadStoreError', 'die'],
  ])('fault %s is a panic %s at its place, then a reset by the watchdog', (letter, reason, place) => {
    const death = die(letter);
    const guru = guruOf(death);
    expect(guru).toMatchObject({ reason, isComplete: true, isTaskWatchdog: false });
    expect(guru.registers.size).toBe(20);
    expect(functionAt(guru.registers.get('PC'))).toBe(place);
    expect(death.lines).toContain('wdt reset');
    // By the SDK's rule: cause 4 is the watchdog, whatever the hint says.
    expect(death.lines).toContain('start 2, reason 7');
  });

  test('the backtrace goes through a function without a frame up to the task’s entry', () => {
    const guru = guruOf(die('s'));
    expect(guru.backtrace.map(({ pc }) => functionAt(pc))).toEqual([
      'innermost',
      'middle',
      'die',
      'app_main',
      'run_app',
      'enter',
    ]);
  });

  test('a call of nowhere names the caller', () => {
    const guru = guruOf(die('j'));
    expect(guru.reason).toBe('InstFetchProhibited');
    expect(guru.backtrace.map(({ pc }) => functionAt(pc)).slice(1, 3)).toEqual(['die', 'app_main']);
  });

  test('a fault in an interrupt is told with the interrupt’s stack', () => {
    const guru = guruOf(die('q'));
    expect(functionAt(guru.registers.get('PC'))).toBe('innermost');
    expect(guru.registers.get('A1')).toBeGreaterThan(0x3ffffc00);
    expect(guru.backtrace.map(({ pc }) => functionAt(pc))).toContain('kernel_dispatch');
  });

  test('a stack overflow names the task at the next switch', () => {
    expect(die('o').panics[0]).toEqual({
      ...{ kind: 'stack-overflow', task: 'small', backtrace: [] },
    });
  });

  test('abort, assert and ESP_ERROR_CHECK say where', () => {
    const [abort] = die('a').panics;
    expect(abort).toMatchObject({ kind: 'abort' });
    expect(functionAt(abort?.kind === 'abort' ? abort.pc : 0)).toBe('die');
    expect(die('t').panics[0]).toMatchObject({ kind: 'assert', expression: 's_zero == 1' });
    const checks = die('e').panics.filter((each) => each.kind === 'error-check');
    expect(checks).toEqual([
      expect.objectContaining({ code: 0x1102, codeName: 'ESP_ERR_NVS_NOT_FOUND', isFatal: false }),
      expect.objectContaining({ code: 0x1102, isFatal: true, expression: 'refuse()', function: 'die' }),
    ]);
  });

  test('a block freed twice, and waiting in a critical section, stop the program', () => {
    expect(die('d').lines.join('\n')).toMatch(/heap: 0x3ff\w+ is no block, was freed before/);
    expect(die('c').lines).toContain(
      'a task waits in an interrupt, in a critical section or with the scheduler suspended',
    );
  });

  test('a task that keeps the CPU starves the watchdog, which tells where it is and resets', () => {
    const death = die('h');
    const guru = guruOf(death);
    expect(guru.isTaskWatchdog).toBe(true);
    expect(functionAt(guru.registers.get('PC'))).toBe('hang');
    expect(death.seconds).toBeGreaterThan(WATCHDOG_SECONDS);
    expect(death.lines).toContain('start 2, reason 7');
  });

  test('one that masks interrupts as well is reset without a word', () => {
    const death = die('m');
    expect(death.panics).toEqual([]);
    expect(death.lines).toContain('wdt reset');
  });

  test('esp_restart calls the shutdown handlers, then ROM and bootloader start again with the old cause', () => {
    const death = die('r');
    expect(death.panics).toEqual([]);
    expect(death.lines).toContain('shutdown handler');
    expect(death.lines.filter((each) => each.includes('rst cause:1, boot mode:(3,6)'))).toHaveLength(2);
    expect(death.lines.filter((each) => each.includes('2nd stage bootloader'))).toHaveLength(2);
    // ESP_RST_SW: the hint in RTC memory.
    expect(death.lines).toContain('start 2, reason 3');
  });
});
