/** What a crash printout tells, by kind. `panic.ts` reads them. */

export interface BacktraceFrame {
  readonly pc: number;
  readonly sp: number;
}

/** The panic dump. Printed for every unhandled exception, a failed abort() included. */
export interface GuruMeditation {
  readonly kind: 'guru';
  /** As printed; `unknown reason` where only registers or a backtrace came. */
  readonly reason: string;
  /** By name: PC, PS, A0 to A15, SAR, EXCCAUSE. Empty where only a backtrace came. */
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
  /** Empty when the kernel found it at a change of tasks; the watchpoint at the stack's end finds the very place. */
  readonly backtrace: readonly BacktraceFrame[];
}

export type Panic = GuruMeditation | RomFatal | AbortCall | ErrorCheck | FailedAssert | StackOverflow;

/** One line for a message: what crashed, where. */
export function describePanic(panic: Panic): string {
  const hex = (value: number): string => `0x${value.toString(16).padStart(8, '0')}`;
  const at = (pc: number | undefined): string => (pc === undefined ? '' : ` at ${hex(pc)}`);
  switch (panic.kind) {
    case 'guru': {
      const who = panic.isTaskWatchdog ? 'task watchdog' : panic.reason;
      return `panic: ${who}${at(panic.registers.get('PC') ?? panic.backtrace[0]?.pc)}`;
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
      return `stack overflow in task ${panic.task}${at(panic.backtrace[0]?.pc)}`;
  }
}
