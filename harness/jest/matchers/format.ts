/** How a failing matcher speaks: what was wanted, what was seen, and what had happened just before. */
import type { MatcherContext } from 'expect';
import { DOOR, type Door } from '../door';

export interface Finding {
  readonly pass: boolean;
  /** What was wanted, in words. */
  readonly wanted: string;
  /** What was seen, in words; several lines if need be. */
  readonly seen: string | readonly string[];
  readonly expected?: unknown;
  readonly actual?: unknown;
}

export interface MatcherResult {
  readonly pass: boolean;
  readonly message: () => string;
  readonly expected?: unknown;
  readonly actual?: unknown;
}

/** Turns a finding into what Jest wants of a matcher. */
export function tell(
  context: MatcherContext,
  name: string,
  [received, argument]: readonly [received: string, argument: string],
  finding: Finding,
): MatcherResult {
  const { pass, wanted, seen, expected, actual } = finding;
  return {
    pass,
    expected,
    actual,
    message: () => {
      const { utils, isNot = false } = context;
      const lines = typeof seen === 'string' ? [seen] : seen;
      return [
        utils.matcherHint(name, received, argument, { isNot }),
        '',
        `Expected: ${isNot ? 'not ' : ''}${utils.EXPECTED_COLOR(wanted)}`,
        ...lines.map((line, i) => `${i === 0 ? 'Received: ' : '          '}${utils.RECEIVED_COLOR(line)}`),
        ...excerpt(),
      ].join('\n');
    },
  };
}

/** A matcher that was handed something it cannot look at. */
export function notFor(name: string, wants: string, received: unknown): never {
  throw new TypeError(`${name}: ${wants} is wanted, not ${describe(received)}`);
}

export function isShape<T extends object>(
  value: unknown,
  ...keys: readonly (keyof T & string)[]
): value is T {
  return typeof value === 'object' && value !== null && keys.every((key) => key in value);
}

/** Shortened to a line. */
export function oneLine(text: string, limit = 200): string {
  const line = text.replaceAll(/\s*\n\s*/g, ' ');
  return line.length > limit ? `${line.slice(0, limit)}…` : line;
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value !== 'object') return `${typeof value} ${JSON.stringify(value) ?? ''}`.trimEnd();
  return `an object with ${Object.keys(value).slice(0, 8).join(', ') || 'nothing in it'}`;
}

/** The last of the timeline, if the test has a board. */
function excerpt(): readonly string[] {
  const board = (globalThis as { [DOOR]?: Door })[DOOR]?.board();
  const lines = board?.excerpt(12) ?? [];
  return lines.length === 0 ? [] : ['', 'before that:', ...lines.map((line) => `  ${line}`)];
}
