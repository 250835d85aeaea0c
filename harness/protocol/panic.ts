/**
 * Crash printouts, line by line: the SDK's panic dump, `abort()`, ESP_ERROR_CHECK, assert, stack overflow, and the boot
 * ROM's own fatal exception. Formats: ESP8266_RTOS_SDK `components/freertos/port/esp8266/panic.c`, `port.c`,
 * `components/newlib/src/syscall.c`; chip.md 5.2 step 9.
 */
import { stripAnsi } from './boot-log';

export interface BacktraceFrame {
  readonly pc: number;
  readonly sp: number;
}

/** The panic dump. Printed for every unhandled exception, a failed abort() included. */
export interface GuruMeditation {
  readonly kind: 'guru';
  readonly reason: string;
  /** By name: PC, PS, A0 to A15, SAR, EXCCAUSE. */
  readonly registers: ReadonlyMap<string, number>;
  readonly backtrace: readonly BacktraceFrame[];
  /** The task watchdog announced itself before. */
  readonly isTaskWatchdog: boolean;
  /** False when the printout ended before its backtrace. */
  readonly isComplete: boolean;
}

/** `Fatal exception (29):` and a line with epc1 to depc, from the boot ROM's handlers. */
export interface RomFatal {
  readonly kind: 'rom-fatal';
  readonly cause: number;
  readonly epc1: number;
  readonly epc2: number;
  readonly epc3: number;
  readonly excvaddr: number;
  readonly depc: number;
}

export interface AbortCall {
  readonly kind: 'abort';
  readonly pc: number;
}

export interface ErrorCheck {
  readonly kind: 'error-check';
  readonly code: number;
  readonly codeName: string | undefined;
  readonly pc: number;
  /** Without abort: the program goes on. */
  readonly isFatal: boolean;
  readonly file: string | undefined;
  readonly line: number | undefined;
  readonly function: string | undefined;
  readonly expression: string | undefined;
}

export interface FailedAssert {
  readonly kind: 'assert';
  readonly expression: string;
  readonly file: string;
  readonly line: number;
}

export interface StackOverflow {
  readonly kind: 'stack-overflow';
  readonly task: string;
}

export type Panic = GuruMeditation | RomFatal | AbortCall | ErrorCheck | FailedAssert | StackOverflow;

const GURU = /^Guru Meditation Error: Core +\d+ panic'ed \((.*)\)\. Exception was unhandled\.$/;
const REGISTER = /([A-Z][A-Z0-9]*) *: 0x([0-9a-f]{8})/g;
const BACKTRACE = /^Backtrace:(.*)$/;
const FRAME = /0x([0-9a-f]{1,8}):0x([0-9a-f]{1,8})/g;
const FATAL = /^Fatal exception \((\d+)\): *$/;
const FATAL_REGISTERS =
  /^epc1=0x([0-9a-f]{8}), epc2=0x([0-9a-f]{8}), epc3=0x([0-9a-f]{8}), excvaddr=0x([0-9a-f]{8}), depc=0x([0-9a-f]{8})$/;
const ABORT = /^abort\(\) was called at PC 0x([0-9a-f]{1,8})(?: on core \d+)?$/;
const ERROR_CHECK =
  /^ESP_ERROR_CHECK(_WITHOUT_ABORT)? failed: esp_err_t 0x([0-9a-f]+)(?: \((\w+)\))? at 0x([0-9a-f]{8})$/;
const ERROR_FILE = /^file: "(.*)" line (\d+)$/;
const ASSERT = /^assertion "(.*)" failed: file "(.*)", line (\d+)/;
const OVERFLOW = /^\*\*\*ERROR\*\*\* A stack overflow in task (.*) has been detected\.$/;
const TASK_WATCHDOG = 'Task watchdog got triggered.';

/** Twenty registers come in five lines; more lines than this without a backtrace end a dump. */
const MAX_DUMP_LINES = 16;

type Open =
  | { kind: 'guru'; reason: string; registers: Map<string, number>; isTaskWatchdog: boolean; lines: number }
  | { kind: 'fatal'; cause: number }
  | { kind: 'error-check'; check: ErrorCheck };

/**
 * Takes lines and tells of each crash when its printout is complete. `isOpen` is true from the first line on, so that a
 * wait can fail at once.
 */
export class PanicParser {
  private open: Open | undefined;
  /** Lines left in which a panic counts as the task watchdog's. */
  private watchdogLines = 0;

  /** A printout has begun and is not complete. */
  get isOpen(): boolean {
    return this.open !== undefined;
  }

  /** Crashes that this line completes; usually none. */
  feedLine(line: string): Panic[] {
    const plain = stripAnsi(line).trimEnd();
    const done: Panic[] = [];
    if (this.open !== undefined && this.continue(plain, done)) return done;
    this.close(done);
    this.begin(plain, done);
    return done;
  }

  /** The end of the log: what was begun comes out as it is. */
  end(): Panic[] {
    const done: Panic[] = [];
    this.close(done);
    return done;
  }

  private begin(line: string, done: Panic[]): void {
    if (line === TASK_WATCHDOG) {
      this.watchdogLines = 3;
      return;
    }
    this.watchdogLines = Math.max(0, this.watchdogLines - 1);
    const guru = GURU.exec(line);
    if (guru !== null) {
      const isTaskWatchdog = this.watchdogLines > 0;
      this.open = { kind: 'guru', reason: guru[1]!, registers: new Map(), isTaskWatchdog, lines: 0 };
      return;
    }
    const fatal = FATAL.exec(line);
    if (fatal !== null) this.open = { kind: 'fatal', cause: Number(fatal[1]) };
    const abort = ABORT.exec(line);
    if (abort !== null) done.push({ kind: 'abort', pc: parseInt(abort[1]!, 16) });
    const overflow = OVERFLOW.exec(line);
    if (overflow !== null) done.push({ kind: 'stack-overflow', task: overflow[1]! });
    const assert = ASSERT.exec(line);
    if (assert !== null) {
      done.push({ kind: 'assert', expression: assert[1]!, file: assert[2]!, line: Number(assert[3]) });
    }
    const check = ERROR_CHECK.exec(line);
    if (check !== null) this.open = { kind: 'error-check', check: newCheck(check) };
  }

  /** False when the line does not belong to the open printout. */
  private continue(line: string, done: Panic[]): boolean {
    const open = this.open!;
    switch (open.kind) {
      case 'fatal':
        return this.continueFatal(open.cause, line, done);
      case 'guru':
        return this.continueGuru(open, line, done);
      case 'error-check':
        return this.continueCheck(open, line, done);
    }
  }

  private continueFatal(cause: number, line: string, done: Panic[]): boolean {
    if (line === '') return true;
    const match = FATAL_REGISTERS.exec(line);
    if (match === null) return false;
    this.open = undefined;
    const [epc1, epc2, epc3, excvaddr, depc] = match.slice(1).map((digits) => parseInt(digits, 16)) as [
      number,
      number,
      number,
      number,
      number,
    ];
    done.push({ kind: 'rom-fatal', cause, epc1, epc2, epc3, excvaddr, depc });
    return true;
  }

  private continueGuru(open: Open & { kind: 'guru' }, line: string, done: Panic[]): boolean {
    const backtrace = BACKTRACE.exec(line);
    if (backtrace !== null) {
      done.push(guruOf(open, framesOf(backtrace[1]!), true));
      this.open = undefined;
      return true;
    }
    open.lines += 1;
    if (open.lines > MAX_DUMP_LINES || GURU.test(line) || line.startsWith(' ets ')) return false;
    for (const match of line.matchAll(REGISTER)) open.registers.set(match[1]!, parseInt(match[2]!, 16));
    return true;
  }

  private continueCheck(open: Open & { kind: 'error-check' }, line: string, done: Panic[]): boolean {
    const file = ERROR_FILE.exec(line);
    if (file !== null) {
      open.check = { ...open.check, file: file[1]!, line: Number(file[2]) };
    } else if (line.startsWith('func: ')) {
      open.check = { ...open.check, function: line.slice('func: '.length) };
    } else if (line.startsWith('expression: ')) {
      done.push({ ...open.check, expression: line.slice('expression: '.length) });
      this.open = undefined;
    } else {
      return false;
    }
    return true;
  }

  private close(done: Panic[]): void {
    const open = this.open;
    this.open = undefined;
    if (open?.kind === 'guru') done.push(guruOf(open, [], false));
    if (open?.kind === 'error-check') done.push(open.check);
  }
}

function newCheck(match: RegExpExecArray): ErrorCheck {
  return {
    kind: 'error-check',
    code: parseInt(match[2]!, 16),
    codeName: match[3],
    pc: parseInt(match[4]!, 16),
    isFatal: match[1] === undefined,
    file: undefined,
    line: undefined,
    function: undefined,
    expression: undefined,
  };
}

function guruOf(
  open: Open & { kind: 'guru' },
  backtrace: readonly BacktraceFrame[],
  isComplete: boolean,
): GuruMeditation {
  const { reason, registers, isTaskWatchdog } = open;
  return { kind: 'guru', reason, registers, backtrace, isTaskWatchdog, isComplete };
}

function framesOf(text: string): BacktraceFrame[] {
  return Array.from(text.matchAll(FRAME), (match) => ({
    pc: parseInt(match[1]!, 16),
    sp: parseInt(match[2]!, 16),
  }));
}

/** One line for a message: what crashed, where. */
export function describePanic(panic: Panic): string {
  const hex = (value: number | undefined) => `0x${(value ?? 0).toString(16).padStart(8, '0')}`;
  switch (panic.kind) {
    case 'guru': {
      const who = panic.isTaskWatchdog ? 'task watchdog' : panic.reason;
      return `panic: ${who} at ${hex(panic.registers.get('PC'))}`;
    }
    case 'rom-fatal':
      return `fatal exception ${panic.cause} at ${hex(panic.epc1)}, address ${hex(panic.excvaddr)}`;
    case 'abort':
      return `abort() at ${hex(panic.pc)}`;
    case 'error-check':
      return `ESP_ERROR_CHECK failed: ${panic.codeName ?? `0x${panic.code.toString(16)}`} at ${hex(panic.pc)}`;
    case 'assert':
      return `assertion "${panic.expression}" failed, ${panic.file}:${panic.line}`;
    case 'stack-overflow':
      return `stack overflow in task ${panic.task}`;
  }
}
