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
