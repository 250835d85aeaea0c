/** The lines of crash printouts that can be read each for itself. `panic.ts` puts printouts together. */
import type { BacktraceFrame, ErrorCheck, Panic, RomFatal } from './panic-kinds';

/**
 * How printouts begin. They come past the log's buffers, in the middle of a line of it, too. Behind a space, a quote or a
 * sign that announces something it is a log that quotes an old crash; if it was none, the lines that follow tell.
 */
const FIRST_LINE =
  /(?<![\s"'`([=:>])(?:Guru Meditation Error: Core|Fatal exception \(|abort\(\) was called at PC|\*\*\*ERROR\*\*\* A stack|Stack canary watch|ESP_ERROR_CHECK(?:_WITHOUT_ABORT)? failed: esp_err_t|assertion "|Task watchdog got)/;
const BACKTRACE = /^Backtrace:(.*)$/;
const FRAME = /0x([0-9a-f]{1,8}):0x([0-9a-f]{1,8})/g;
const FATAL_REGISTERS =
  /^epc1=0x([0-9a-f]{8}), epc2=0x([0-9a-f]{8}), epc3=0x([0-9a-f]{8}), excvaddr=0x([0-9a-f]{8}), depc=0x([0-9a-f]{8})$/;
const ABORT = /^abort\(\) was called at PC 0x([0-9a-f]{1,8})(?: on core \d+)?$/;
const ERROR_CHECK =
  /^ESP_ERROR_CHECK(_WITHOUT_ABORT)? failed: esp_err_t 0x([0-9a-f]+)(?: \((\w+)\))? at 0x([0-9a-f]{8})$/;
const ASSERT = /^assertion "(.*)" failed: file "(.*)", line (\d+)/;
const OVERFLOW = /^\*\*\*ERROR\*\*\* A stack overflow in task (.*) has been detected\.$/;

/** The first line of a printout where it begins in this line; empty when none does. */
export function firstLineIn(line: string): string {
  const at = FIRST_LINE.exec(line)?.index;
  return at === undefined ? '' : line.slice(at);
}

/** A crash that is told in one line. */
export function wholeIn(first: string): Panic | undefined {
  const abort = ABORT.exec(first);
  if (abort !== null) return { kind: 'abort', pc: parseInt(abort[1]!, 16) };
  const overflow = OVERFLOW.exec(first);
  if (overflow !== null) return { kind: 'stack-overflow', task: overflow[1]!, backtrace: [] };
  const assert = ASSERT.exec(first);
  if (assert === null) return undefined;
  return { kind: 'assert', expression: assert[1]!, file: assert[2]!, line: Number(assert[3]) };
}

/** The boot ROM's registers, which follow the line with the cause. */
export function fatalIn(line: string, cause: number): RomFatal | undefined {
  const match = FATAL_REGISTERS.exec(line);
  if (match === null) return undefined;
  const [epc1, epc2, epc3, excvaddr, depc] = match.slice(1).map((digits) => parseInt(digits, 16)) as [
    number,
    number,
    number,
    number,
    number,
  ];
  return { kind: 'rom-fatal', cause, epc1, epc2, epc3, excvaddr, depc };
}

/** A failed check as far as its first line tells. */
export function checkIn(first: string): ErrorCheck | undefined {
  const match = ERROR_CHECK.exec(first);
  if (match === null) return undefined;
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

/** The frames of a backtrace; undefined when the line is none. */
export function backtraceIn(line: string): BacktraceFrame[] | undefined {
  const text = BACKTRACE.exec(line)?.[1];
  if (text === undefined) return undefined;
  return Array.from(text.matchAll(FRAME), (match) => ({
    pc: parseInt(match[1]!, 16),
    sp: parseInt(match[2]!, 16),
  }));
}
