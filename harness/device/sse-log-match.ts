/**
 * Which entries of two lists belong together, in order: by Myers' O(ND) algorithm (E. Myers, "An O(ND) Difference
 * Algorithm and Its Variations", 1986) with a bound on D. Lists with more differences are cut at anchors, entries that
 * stand once in each, and what lies between is compared the same way; where even that is too much, each entry takes the
 * next that fits. So the cost stays bounded whatever the lists are.
 */

/** Index in the first list, index in the second. */
export type Pair = readonly [a: number, b: number];

/** Differences in one stretch; memory grows with the square. */
const MAX_DIFFERENCES = 1_000;

/** Pairs of equal entries, rising in both lists. Entries are numbers: the same number, the same text. */
export function matchInOrder(a: readonly number[], b: readonly number[]): Pair[] {
  const shortest = commonSubsequence(a, b);
  if (shortest !== undefined) return shortest;
  const pairs: Pair[] = [];
  let fromA = 0;
  let fromB = 0;
  for (const [atA, atB] of [...anchors(a, b), [a.length, b.length] as const]) {
    matchStretch(a, b, fromA, atA, fromB, atB, pairs);
    if (atA < a.length && atB < b.length) pairs.push([atA, atB]);
    fromA = atA + 1;
    fromB = atB + 1;
  }
  return pairs;
}

/** Entries that stand once in each list: of them the longest run that rises in both. */
function anchors(a: readonly number[], b: readonly number[]): Pair[] {
  const placesA = places(a);
  const placesB = places(b);
  const candidates: Pair[] = [];
  for (const [entry, atA] of placesA) {
    const atB = placesB.get(entry);
    if (atA >= 0 && atB !== undefined && atB >= 0) candidates.push([atA, atB]);
  }
  return longestRising(candidates.sort((x, y) => x[0] - y[0]));
}

/** Where each entry stands; -1 for one that stands more than once. */
function places(list: readonly number[]): Map<number, number> {
  const found = new Map<number, number>();
  for (const [at, entry] of list.entries()) found.set(entry, found.has(entry) ? -1 : at);
  return found;
}

/** Longest run with rising second index, of pairs that rise in the first: patience sorting. */
function longestRising(pairs: readonly Pair[]): Pair[] {
  const tops: number[] = [];
  const before: number[] = [];
  for (const [index, [, b]] of pairs.entries()) {
    let low = 0;
    let high = tops.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (pairs[tops[middle]!]![1] < b) low = middle + 1;
      else high = middle;
    }
    before[index] = low === 0 ? -1 : tops[low - 1]!;
    tops[low] = index;
  }
  const run: Pair[] = [];
  for (let at = tops.at(-1) ?? -1; at >= 0; at = before[at]!) run.push(pairs[at]!);
  return run.reverse();
}

function matchStretch(
  a: readonly number[],
  b: readonly number[],
  startA: number,
  endA: number,
  startB: number,
  endB: number,
  pairs: Pair[],
): void {
  let fromA = startA;
  let fromB = startB;
  while (fromA < endA && fromB < endB && a[fromA] === b[fromB]) pairs.push([fromA++, fromB++]);
  let toA = endA;
  let toB = endB;
  while (toA > fromA && toB > fromB && a[toA - 1] === b[toB - 1]) {
    toA -= 1;
    toB -= 1;
  }
  if (fromA < toA && fromB < toB) {
    const middleA = a.slice(fromA, toA);
    const middleB = b.slice(fromB, toB);
    for (const [x, y] of commonSubsequence(middleA, middleB) ?? nextThatFits(middleA, middleB))
      pairs.push([fromA + x, fromB + y]);
  }
  for (let at = 0; toA + at < endA; at += 1) pairs.push([toA + at, toB + at]);
}

/** Longest common subsequence; undefined when there are more than `maxDifferences`. */
export function commonSubsequence(
  a: readonly number[],
  b: readonly number[],
  maxDifferences = MAX_DIFFERENCES,
): Pair[] | undefined {
  const most = Math.min(maxDifferences, a.length + b.length);
  // How far each diagonal has come, for each number of differences: what the way back is found by.
  const history: Int32Array[] = [];
  const reach = new Int32Array(2 * most + 3);
  const middle = most + 1;
  for (let d = 0; d <= most; d += 1) {
    history.push(reach.slice(middle - d - 1, middle + d + 2));
    for (let k = -d; k <= d; k += 2) {
      const isDown = k === -d || (k !== d && reach[middle + k - 1]! < reach[middle + k + 1]!);
      let x = isDown ? reach[middle + k + 1]! : reach[middle + k - 1]! + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x += 1;
      reach[middle + k] = x;
      if (x >= a.length && x - k >= b.length) return wayBack(a.length, b.length, history);
    }
  }
  return undefined;
}

function wayBack(lengthA: number, lengthB: number, history: readonly Int32Array[]): Pair[] {
  const pairs: Pair[] = [];
  let x = lengthA;
  let y = lengthB;
  for (let d = history.length - 1; d >= 0; d -= 1) {
    const reach = history[d]!;
    const at = (k: number): number => reach[k + d + 1]!;
    const k = x - y;
    const isDown = k === -d || (k !== d && at(k - 1) < at(k + 1));
    const beforeK = isDown ? k + 1 : k - 1;
    const beforeX = d === 0 ? 0 : at(beforeK);
    const beforeY = d === 0 ? 0 : beforeX - beforeK;
    while (x > beforeX && y > beforeY) pairs.push([--x, --y]);
    x = beforeX;
    y = beforeY;
  }
  return pairs.reverse();
}

/** For lists that have little to do with each other: each entry of `b` takes the next equal one of `a`, if it is near. */
function nextThatFits(a: readonly number[], b: readonly number[]): Pair[] {
  const NEAR = 256;
  const pairs: Pair[] = [];
  let from = 0;
  for (const [atB, entry] of b.entries()) {
    const end = Math.min(a.length, from + NEAR);
    for (let at = from; at < end; at += 1) {
      if (a[at] !== entry) continue;
      pairs.push([at, atB]);
      from = at + 1;
      break;
    }
  }
  return pairs;
}
