import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { commonSubsequence, matchInOrder, type Pair } from './sse-log-match';

const FEW = fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 40 });

/** The textbook's table: slow and sure. */
function longestCommon(a: readonly number[], b: readonly number[]): number {
  const row = new Array<number>(b.length + 1).fill(0);
  for (const entry of a) {
    let diagonal = 0;
    for (let j = 1; j <= b.length; j += 1) {
      const above = row[j]!;
      row[j] = entry === b[j - 1] ? diagonal + 1 : Math.max(above, row[j - 1]!);
      diagonal = above;
    }
  }
  return row[b.length]!;
}

function expectValid(pairs: readonly Pair[], a: readonly number[], b: readonly number[]): void {
  for (const [index, [x, y]] of pairs.entries()) {
    expect(a[x]).toBe(b[y]);
    expect(a[x]).toBeDefined();
    if (index === 0) continue;
    expect(x).toBeGreaterThan(pairs[index - 1]![0]);
    expect(y).toBeGreaterThan(pairs[index - 1]![1]);
  }
}

describe('matching in order', () => {
  test('finds as long a common subsequence as the table does', () => {
    fc.assert(
      fc.property(FEW, FEW, (a, b) => {
        const pairs = commonSubsequence(a, b)!;
        expectValid(pairs, a, b);
        expect(pairs.length).toBe(longestCommon(a, b));
      }),
      { numRuns: 500 },
    );
  });

  test('gives up beyond its bound, and not before', () => {
    expect(commonSubsequence([1, 2, 3], [4, 5, 6], 5)).toBeUndefined();
    expect(commonSubsequence([1, 2, 3], [4, 5, 6], 6)).toEqual([]);
  });

  test('pairs equal entries only, each once, rising in both lists', () => {
    const any = fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 60 });
    fc.assert(
      fc.property(any, any, (a, b) => {
        expectValid(matchInOrder(a, b), a, b);
      }),
      { numRuns: 500 },
    );
  });

  test('pairs everything that is left when only entries were taken out', () => {
    const lists = fc.array(fc.tuple(fc.integer({ min: 0, max: 8 }), fc.boolean()), { maxLength: 80 });
    fc.assert(
      fc.property(lists, (entries) => {
        const a = entries.map(([entry]) => entry);
        const b = entries.filter(([, stays]) => stays).map(([entry]) => entry);
        expect(matchInOrder(a, b).length).toBe(b.length);
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    ['nothing in common', (i: number) => i % 7, (i: number) => 100 + (i % 7)],
    ['three entries at random', (i: number) => (i * i * 31 + 7) % 3, (i: number) => (i * i * 17 + 5) % 3],
    ['all the same', () => 1, () => 1],
    ['turned round', (i: number) => i, (i: number) => 19_999 - i],
  ])('20 000 entries with %s are compared in bounded time', (_name, entryA, entryB) => {
    const a = Array.from({ length: 20_000 }, (_, i) => entryA(i));
    const b = Array.from({ length: 20_000 }, (_, i) => entryB(i));
    const startedMs = performance.now();
    expectValid(matchInOrder(a, b).slice(0, 100), a, b);
    expect(performance.now() - startedMs).toBeLessThan(5_000);
  });
});
