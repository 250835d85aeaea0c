/**
 * Crash printouts, line by line: the SDK's panic dump, `abort()`, ESP_ERROR_CHECK, assert, stack overflow, and the boot
 * ROM's own fatal exception. Formats: ESP8266_RTOS_SDK `components/freertos/port/esp8266/panic.c`, `port.c`,
 * `components/newlib/src/syscall.c`; chip.md 5.2 step 9.
 */
import { stripAnsi } from './boot-log';
import { describePanic } from './panic-kinds';
import type { BacktraceFrame, ErrorCheck, GuruMeditation, Panic } from './panic-kinds';
import { backtraceIn, checkIn, fatalIn, firstLineIn, wholeIn } from './panic-lines';

export { describePanic } from './panic-kinds';
export type { BacktraceFrame, GuruMeditation, Panic } from './panic-kinds';

const GURU = /Guru Meditation Error: Core +\d+ panic'ed \((.*)\)\. Exception was unhandled\.$/;
/** The second line of a panic dump: what comes in it can be read without the first. */
const DUMP = /^Core +\d+ register dump:$/;
const REGISTER = /([A-Z][A-Z0-9]*) *: 0x([0-9a-f]{8})/g;
const FATAL = /Fatal exception \((\d+)\): *$/;
const ERROR_FILE = /^file: "(.*)" line (\d+)$/;
/** CONFIG_FREERTOS_WATCHPOINT_END_OF_STACK, on by default: no registers follow, only an empty line and the backtrace. */
const CANARY = /^Stack canary watchpoint triggered \((.*)\)$/;
const TASK_WATCHDOG = 'Task watchdog got triggered.';
const UNKNOWN = 'unknown reason';

/** Twenty registers come in five lines; more lines than this without a backtrace end a dump. */
const MAX_DUMP_LINES = 16;

interface OpenGuru {
  kind: 'guru';
  reason: string;
  registers: Map<string, number>;
  isTaskWatchdog: boolean;
  lines: number;
}

type Open =
  | OpenGuru
  | { kind: 'fatal'; cause: number }
  | { kind: 'canary'; task: string }
  | { kind: 'error-check'; check: ErrorCheck };

/**
 * Takes lines and tells of each crash when its printout is complete. `isOpen` is true from the first line on, so that a
 * wait can fail at once.
 */
export class PanicParser {
  private open: Open | undefined;
  private news: string | undefined;
  /** The last line that was not empty and began nothing: it may quote a first line, or be one. */
  private before = '';
  /** Lines left in which a panic counts as the task watchdog's. */
  private watchdogLines = 0;

  /** A printout has begun and is not complete. */
  get isOpen(): boolean {
    return this.open !== undefined;
  }

  /** One line for a message about the crash that the last line was the first to tell of; most lines tell of none. */
  get begun(): string | undefined {
    return this.news;
  }

  /** Crashes that this line completes; usually none. */
  feedLine(line: string): Panic[] {
    const plain = stripAnsi(line).trimEnd();
    const done: Panic[] = [];
    this.news = undefined;
    if (this.open !== undefined && this.continue(plain, done)) return done;
    this.close(done);
    this.begin(plain, done);
    if (plain !== '') this.before = this.open === undefined ? plain : '';
    return done;
  }

  /** The end of the log: what was begun comes out as it is. */
  end(): Panic[] {
    const done: Panic[] = [];
    this.close(done);
    return done;
  }

  private begin(line: string, done: Panic[]): void {
    const first = firstLineIn(line);
    if (first === TASK_WATCHDOG) {
      this.watchdogLines = 3;
      return;
    }
    this.watchdogLines = Math.max(0, this.watchdogLines - 1);
    this.open = this.opened(first) ?? this.openedLate(line);
    const whole = wholeIn(first) ?? this.wholeLate(line);
    if (whole !== undefined) done.push(whole);
    this.news = this.open === undefined ? whole && describePanic(whole) : newsOf(this.open);
  }

  /** What the first line of a printout begins. */
  private opened(first: string): Open | undefined {
    const guru = GURU.exec(first);
    if (guru !== null) return this.newGuru(guru[1]!);
    const fatal = FATAL.exec(first);
    if (fatal !== null) return { kind: 'fatal', cause: Number(fatal[1]) };
    const canary = CANARY.exec(first);
    if (canary !== null) return { kind: 'canary', task: canary[1]! };
    const check = checkIn(first);
    return check && { kind: 'error-check', check };
  }

  /** A dump whose first line was lost, or was taken for a quotation. */
  private openedLate(line: string): Open | undefined {
    return DUMP.test(line) ? this.newGuru(GURU.exec(this.before)?.[1] ?? UNKNOWN) : undefined;
  }

  /** The same of what has one line only, or only one that is left. */
  private wholeLate(line: string): Panic | undefined {
    const cause = FATAL.exec(this.before)?.[1];
    const fatal = cause === undefined ? undefined : fatalIn(line, Number(cause));
    if (fatal !== undefined) return fatal;
    const backtrace = backtraceIn(line) ?? [];
    return backtrace.length === 0 ? undefined : guruOf(this.newGuru(UNKNOWN), backtrace, true);
  }

  private newGuru(reason: string): OpenGuru {
    return { kind: 'guru', reason, registers: new Map(), isTaskWatchdog: this.watchdogLines > 0, lines: 0 };
  }

  /** False when the line does not belong to the open printout. */
  private continue(line: string, done: Panic[]): boolean {
    const open = this.open!;
    switch (open.kind) {
      case 'fatal':
        return this.continueFatal(open.cause, line, done);
      case 'canary':
        return this.continueCanary(open.task, line, done);
      case 'guru':
        return this.continueGuru(open, line, done);
      case 'error-check':
        return this.continueCheck(open, line, done);
    }
  }

  private continueFatal(cause: number, line: string, done: Panic[]): boolean {
    if (line === '') return true;
    const fatal = fatalIn(line, cause);
    if (fatal === undefined) return false;
    this.open = undefined;
    done.push(fatal);
    return true;
  }

  private continueCanary(task: string, line: string, done: Panic[]): boolean {
    if (line === '') return true;
    const backtrace = backtraceIn(line);
    if (backtrace === undefined) return false;
    this.open = undefined;
    done.push({ kind: 'stack-overflow', task, backtrace });
    return true;
  }

  private continueGuru(open: OpenGuru, line: string, done: Panic[]): boolean {
    const backtrace = backtraceIn(line);
    if (backtrace !== undefined) {
      done.push(guruOf(open, backtrace, true));
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
    if (open?.kind === 'canary') done.push({ kind: 'stack-overflow', task: open.task, backtrace: [] });
    if (open?.kind === 'error-check') done.push(open.check);
  }
}

function newsOf(open: Open): string | undefined {
  switch (open.kind) {
    case 'guru':
      return describePanic(guruOf(open, [], false));
    case 'fatal':
      return `fatal exception ${open.cause}`;
    case 'canary':
      return describePanic({ kind: 'stack-overflow', task: open.task, backtrace: [] });
    case 'error-check':
      // Without abort the program goes on.
      return open.check.isFatal ? describePanic(open.check) : undefined;
  }
}

function guruOf(open: OpenGuru, backtrace: readonly BacktraceFrame[], isComplete: boolean): GuruMeditation {
  const { reason, registers, isTaskWatchdog } = open;
  return { kind: 'guru', reason, registers, backtrace, isTaskWatchdog, isComplete };
}
