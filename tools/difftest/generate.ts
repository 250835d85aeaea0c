import { findInstruction } from '../../harness/emulator/cpu/decode';
import { SPECIAL_REGISTERS } from '../../harness/emulator/cpu/special-registers';
import { INSTRUCTIONS, type Instruction } from '../../harness/emulator/cpu/table';
import { settleEntry, type TestCase } from '../../harness/emulator/testkit/vectors/case';
import {
  baseState,
  interestingWord,
  PC_SLOT,
  randomFrom,
  TEST_PLACES,
  type Random,
} from '../../harness/emulator/testkit/vectors/state';
import type { Draft } from './draft';
import { shapeOf } from './shape';

const ABSENT = INSTRUCTIONS.filter((row) => row.absent);
const PRESENT = INSTRUCTIONS.filter((row) => !row.absent);
const SPECIAL_ACCESS = PRESENT.filter((row) => ['rsr', 'wsr', 'xsr'].includes(row.name));

/** Words the table has no row for; a few opcodes hold most of them. */
function reservedWord(random: Random): number {
  for (let tries = 0; tries < 200; tries++) {
    let word = random.word() & 0xffffff;
    if (random.chance(0.7)) word = (word & 0xfffff0) | random.pick([0, 0, 0, 2, 3, 6, 7, 12, 13, 14, 15]);
    // Near misses: a row of the table with one fixed bit turned.
    if (random.chance(0.4)) {
      const row = random.pick(PRESENT);
      word = ((row.match | (word & ~row.mask)) ^ (1 << random.below(24))) & 0xffffff;
    }
    if (findInstruction(word) === undefined) return word;
  }
  return 0xfff000;
}

/** The seed of case `index` of a run. */
export function seedOf(runSeed: number, index: number): number {
  return randomFrom(Math.imul(runSeed, 0x9e3779b1) ^ index).word();
}

export type Subject = (random: Random) => Instruction | 'reserved';

/** What to try, in proportions that give every row of the table its share. */
export function subjectsFor(filter: string | undefined): Subject {
  if (filter !== undefined) {
    const rows = INSTRUCTIONS.filter((row) => row.name === filter);
    if (rows.length === 0 && filter !== 'reserved') throw new Error(`no instruction is called ${filter}`);
    return (random) => (rows.length === 0 ? 'reserved' : random.pick(rows));
  }
  return (random) => {
    const lot = random.below(100);
    if (lot < 8) return 'reserved';
    if (lot < 18) return random.pick(ABSENT);
    if (lot < 30) return random.pick(SPECIAL_ACCESS);
    return random.pick(PRESENT);
  };
}

/** One random case: an instruction, operands and a state that make it do something worth comparing. */
export function generate(seed: number, subject: Subject): TestCase {
  const state = baseState(seed);
  const random = randomFrom(seed ^ 0x5eed_0001);
  const chosen = subject(random);
  const instruction = chosen === 'reserved' ? undefined : chosen;
  const word = instruction
    ? instruction.match |
      (random.word() & ~instruction.mask & (instruction.lengthBytes === 2 ? 0xffff : 0xffffff))
    : reservedWord(random);
  const draft: Draft = {
    random,
    state,
    instruction,
    word,
    lengthBytes: (word & 8) !== 0 ? 2 : 3,
    pc: TEST_PLACES.codeAddr + random.below(TEST_PLACES.vecbaseB - TEST_PLACES.codeAddr - 0x100),
    data: new Map(),
    watches: [],
    landings: [],
  };
  if (random.chance(0.5))
    draft.pc =
      TEST_PLACES.vecbaseB + 0x400 + random.below(TEST_PLACES.codeEndAddr - TEST_PLACES.vecbaseB - 0x500);
  if (instruction?.absent === false && random.chance(0.1)) equalOperands(draft);
  shapeOf(instruction)(draft, seed);

  state[PC_SLOT] = draft.pc;
  settleEntry(seed, state);
  const subjectName = instruction?.name ?? 'reserved';
  return {
    subject: specialOf(draft) ?? subjectName,
    seed,
    bytes: [0, 8, 16].slice(0, draft.lengthBytes).map((shift) => (draft.word >>> shift) & 0xff),
    state,
    data: [...draft.data],
    watches: draft.watches,
    landings: [draft.pc + draft.lengthBytes, ...draft.landings],
  };
}

/** Registers of s and t with the same or nearly the same value: comparisons need it. */
function equalOperands(draft: Draft): void {
  const value = interestingWord(draft.random);
  draft.state[(draft.word >>> 8) & 15] = value;
  draft.state[(draft.word >>> 4) & 15] = draft.random.chance(0.7) ? value : value ^ 1;
}

function specialOf(draft: Draft): string | undefined {
  if (draft.instruction?.form !== 't,sr') return undefined;
  const number = (draft.word >>> 8) & 0xff;
  return `${draft.instruction.name}.${SPECIAL_REGISTERS.get(number)?.name ?? 'absent'}`;
}
