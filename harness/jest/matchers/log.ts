import type { MatcherContext } from 'expect';
import type { Board } from '../board';
import type { CaseEvents } from '../case-dut';
import { isShape, notFor, oneLine, tell, type MatcherResult } from './format';

const SHOWN_LINES = 12;

/**
 * The console of the board, or the log of an event stream, has such a line by now. It does not wait:
 * `board.waitForLog(…)` and `events.waitForLog(…)` do.
 */
export function toHaveLogged(
  this: MatcherContext,
  received: unknown,
  pattern: RegExp | string,
): MatcherResult {
  const { what, lines } = linesOf('toHaveLogged', received);
  const found = lines.find((line) => fits(line, pattern));
  const tail = lines.slice(-SHOWN_LINES).map((line) => oneLine(line));
  return tell(this, 'toHaveLogged', [what, String(pattern)], {
    pass: found !== undefined,
    wanted: `a line of the ${what} with ${String(pattern)}`,
    seen:
      found !== undefined
        ? oneLine(found)
        : tail.length === 0
          ? `no line at all`
          : [`${lines.length} lines, the last of them:`, ...tail],
    expected: String(pattern),
    actual: found ?? tail,
  });
}

/** Lines of a board's console or of an event stream's log, as text without colours. */
export function linesOf(
  name: string,
  received: unknown,
): { readonly what: string; readonly lines: readonly string[] } {
  if (isShape<Board>(received, 'lines', 'rig')) {
    return { what: 'console', lines: received.lines.map(({ text }) => plain(text)) };
  }
  if (isShape<CaseEvents>(received, 'log', 'progress')) {
    return { what: 'event stream', lines: received.log.map(({ text }) => plain(text)) };
  }
  return notFor(name, 'a board or an event stream', received);
}

function fits(line: string, pattern: RegExp | string): boolean {
  if (typeof pattern === 'string') return line.includes(pattern);
  // A global pattern remembers where it was; each line is asked from its beginning.
  return new RegExp(pattern.source, pattern.flags.replaceAll(/[gy]/g, '')).test(line);
}

function plain(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replaceAll(/\u001b\[[0-9;]*[A-Za-z]/g, '').trimEnd();
}
