import { settleEntry, scratchOf, type Outcome, type TestCase } from './case';
import { baseState, PC_SLOT, slotOf, STATE_WORDS, TEST_PLACES } from './state';
import { SR } from '../../cpu/special-registers';

/** A file of recorded cases. */
export interface GoldenFile {
  readonly about: string;
  readonly recordedFrom: string;
  readonly recordedBy: string;
  /** One case a line, see `encodeGolden`. */
  readonly cases: readonly string[];
}

export interface GoldenCase {
  readonly test: TestCase;
  readonly reference: Outcome;
}

/*
 * A line has eight fields between bars; numbers in base 36, lists of `place=value`:
 *   subject | seed | instruction bytes (hex) | pc | slots of the state that differ from baseState(seed) |
 *   data words | further landings | slots and watched words (w0, w1…) that the reference changed
 * Code and data addresses count from the start of their area.
 */
const text = (value: number): string => (value >>> 0).toString(36);
const number = (digits: string): number => parseInt(digits, 36) >>> 0;
const PLACES: readonly number[] = [TEST_PLACES.vecbaseA, TEST_PLACES.dataAddr];

function listOf(entries: readonly (readonly [string | number, number])[]): string {
  return entries
    .map(([place, value]) => `${typeof place === 'number' ? text(place) : place}=${text(value)}`)
    .join(',');
}

function entriesOf(list: string): [string, number][] {
  if (list === '') return [];
  return list.split(',').map((entry) => {
    const [place = '', value = ''] = entry.split('=');
    return [place, number(value)];
  });
}

const SKIPPED_ALWAYS = slotOf(SR.CCOUNT);

/** One recorded case as a line of text. */
export function encodeGolden(test: TestCase, reference: Outcome): string {
  const base = startOf(test.seed, test.state[PC_SLOT]!);
  const changes: [string | number, number][] = [];
  const overrides: [number, number][] = [];
  const scratch = slotOf(scratchOf(test));
  for (let slot = 0; slot < STATE_WORDS; slot++) {
    const before = test.state[slot]!;
    if (before !== base[slot]) overrides.push([slot, before]);
    if (slot === scratch || slot === SKIPPED_ALWAYS) continue;
    if (reference.state[slot] !== before) changes.push([slot, reference.state[slot]!]);
  }
  test.watches.forEach((addr, index) => {
    const before = test.data.find(([at]) => at === addr)?.[1];
    if (reference.watched[index] !== before) changes.push([`w${index}`, reference.watched[index]!]);
  });
  const area = test.data.some(([addr]) => addr < TEST_PLACES.vecbaseA) ? 1 : 0;
  return [
    test.subject,
    text(test.seed),
    test.bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(''),
    text(test.state[PC_SLOT]! - TEST_PLACES.vecbaseA),
    listOf(overrides),
    `${area}${test.watches.length > 0 ? 'w' : 'd'}` +
      listOf(test.data.map(([addr, value]) => [addr - PLACES[area]!, value])),
    test.landings.map((addr) => text(addr - TEST_PLACES.vecbaseA)).join(','),
    listOf(changes),
  ].join('|');
}

/** The state a line's overrides are counted from: PC and what follows from it included. */
function startOf(seed: number, pc: number): Uint32Array {
  const state = baseState(seed);
  state[PC_SLOT] = pc;
  settleEntry(seed, state);
  return state;
}

/** @throws Error for a line that is not one of ours */
export function decodeGolden(line: string): GoldenCase {
  const fields = line.split('|');
  if (fields.length !== 8) throw new Error(`not a recorded case: ${line}`);
  const [subject, seedText, bytes, pc, overrides, data, landings, changes] = fields as [
    string,
    string,
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  const seed = number(seedText);
  const state = startOf(seed, number(pc) + TEST_PLACES.vecbaseA);
  for (const [slot, value] of entriesOf(overrides)) state[number(slot)] = value;
  const area = PLACES[Number(data[0])]!;
  const words = entriesOf(data.slice(2)).map(([offset, value]) => [area + number(offset), value] as const);
  const watches = data[1] === 'w' ? words.map(([addr]) => addr) : [];
  const test: TestCase = {
    subject,
    seed,
    bytes: bytes.match(/../g)!.map((byte) => parseInt(byte, 16)),
    state,
    data: words,
    watches,
    landings: landings.split(',').map((offset) => number(offset) + TEST_PLACES.vecbaseA),
  };
  const after = Uint32Array.from(state);
  const watched = words.map(([, value]) => value).slice(0, watches.length);
  for (const [place, value] of entriesOf(changes)) {
    if (place.startsWith('w') && /^w\d$/.test(place)) watched[Number(place[1])] = value;
    else after[number(place)] = value;
  }
  return { test, reference: { state: after, watched } };
}
