import { beforeAll, describe, expect, test } from '@jest/globals';

interface LogLine {
  readonly at: number;
  readonly text: string;
}
interface Pair {
  readonly kind: string;
  readonly left?: LogLine;
  readonly right?: LogLine;
}
let alignLogs: (left: readonly LogLine[], right: readonly LogLine[]) => readonly Pair[];
beforeAll(async () => {
  const path = './align.js';
  ({ alignLogs } = (await import(path)) as { alignLogs: typeof alignLogs });
});

/** Lines a millisecond apart; the stream's come half a millisecond later. */
const lines = (text: string, offMs = 0): LogLine[] =>
  text === '' ? [] : text.split(' ').map((word, index) => ({ at: index + offMs, text: word }));
const kinds = (left: string, right: string, startMs = 0.5): string =>
  alignLogs(lines(left), lines(right, startMs))
    .map(
      (pair) =>
        `${pair.left?.text ?? '_'}${pair.right === undefined ? '' : `=${pair.right.text}`}:${pair.kind}`,
    )
    .join(' ');

describe('console and event stream, line for line', () => {
  test('that are the same', () => {
    expect(kinds('a b c', 'a b c')).toBe('a=a:same b=b:same c=c:same');
  });

  test('a stream that was opened late has lost nothing', () => {
    expect(kinds('a b c d', 'c d', 2.5)).toBe('a:before b:before c=c:same d=d:same');
  });

  test('a stream that ended early neither', () => {
    expect(kinds('a b c d', 'a b')).toBe('a=a:same b=b:same c:before d:before');
  });

  test('a line that is missing in an open stream is lost', () => {
    expect(kinds('a b c', 'a c')).toBe('a=a:same b:lost c=c:same');
  });

  test('a line that never was on the console is extra, one out of order or twice is moved', () => {
    expect(kinds('a b', 'a x b')).toBe('a=a:same _=x:extra b=b:same');
    expect(kinds('a b c', 'b a c')).toBe('a:before b=b:same _=a:moved c=c:same');
    expect(kinds('a b', 'a a b')).toBe('a=a:same _=a:moved b=b:same');
  });

  test('a line that ends in … is the begin of one', () => {
    expect(kinds('abc long-line d', 'abc long… d')).toBe('abc=abc:same long-line=long…:cut d=d:same');
  });

  test('repeated lines keep their order', () => {
    expect(kinds('a a a b', 'a a b')).toBe('a=a:same a=a:same a:lost b=b:same');
  });

  test('what the device says it dropped stands at its place', () => {
    const left = lines('a b c');
    const right = [
      { at: 0.5, text: 'a' },
      { at: 1.5, text: '… 1 line dropped' },
      { at: 2.5, text: 'c' },
    ];
    expect(alignLogs(left, right).map(({ kind }) => kind)).toEqual(['same', 'dropped', 'lost', 'same']);
  });

  test('of a hundred thousand lines, many of them alike, in well under a second of work', () => {
    const left = Array.from({ length: 100_000 }, (_, index) => ({
      at: index,
      text: index % 3 === 0 ? 'tick' : `line ${index}`,
    }));
    const right = left.filter((_, index) => index % 50 !== 7).map(({ at, text }) => ({ at: at + 0.5, text }));
    const startedMs = performance.now();
    const pairs = alignLogs(left, right);
    expect(performance.now() - startedMs).toBeLessThan(5000);
    expect(pairs).toHaveLength(100_000);
    expect(pairs.filter(({ kind }) => kind === 'lost').length).toBe(2000);
  });
});
