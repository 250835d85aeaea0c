import type { FailureRecord } from './run-record';

/** What was expected and what came, for showing side by side. */
export interface FailureSides {
  readonly expected?: string | undefined;
  readonly received?: string | undefined;
}

const SIDE = /^\s*(Expected|Received)(?: [\w ]+)?: *(.*)$/;

/**
 * Both sides of a failure: as the matcher told them, or from the lines `Expected: …` and `Received: …` of its message,
 * each up to the next such line or an empty one. Nothing where only one side is there.
 */
export function sidesOf(failure: Pick<FailureRecord, 'message' | 'expected' | 'received'>): FailureSides {
  const { message, expected, received } = failure;
  if (expected !== undefined && received !== undefined) return { expected, received };
  const found = new Map<string, string[]>();
  let open: string[] | undefined;
  for (const line of message.split('\n')) {
    const [, side, text] = SIDE.exec(line) ?? [];
    if (side !== undefined && !found.has(side)) {
      open = text === undefined || text === '' ? [] : [text];
      found.set(side, open);
    } else if (side !== undefined || line.trim() === '') open = undefined;
    else open?.push(line);
  }
  const [left, right] = [found.get('Expected')?.join('\n'), found.get('Received')?.join('\n')];
  return left === undefined || right === undefined ? {} : { expected: left, received: right };
}

const LONGEST_TEASER_CHARS = 240;

/** The failure in one line: what a matcher calls itself (`expect(…).toBe(…)`) says less than its two sides. */
export function teaserOf(failure: Pick<FailureRecord, 'message' | 'expected' | 'received'>): string {
  const lines = failure.message.split('\n').filter((line) => line.trim() !== '');
  const [first = ''] = lines;
  const { expected, received } = sidesOf(failure);
  const isSignature = /^expect\(/.test(first);
  const words =
    isSignature && expected !== undefined && received !== undefined
      ? `expected ${oneLine(expected)}; received ${oneLine(received)}`
      : ((isSignature ? lines[1] : undefined) ?? first);
  return words.length > LONGEST_TEASER_CHARS ? `${words.slice(0, LONGEST_TEASER_CHARS)}…` : words;
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').slice(0, LONGEST_TEASER_CHARS / 2);
}
