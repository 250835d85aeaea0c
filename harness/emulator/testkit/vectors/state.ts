import { PS, SPECIAL_REGISTERS, SR } from '../../cpu/special-registers';

/**
 * The state of the core as the differential test sees it: one row of words, a0-a15 first, then the special registers
 * of STATE_SPECIALS in their order, PC last. Registers that exist only to be written (INTCLEAR) have no place.
 */
// prettier-ignore
export const STATE_SPECIALS: readonly number[] = [
  SR.SAR, SR.LITBASE, SR.DDR, SR.IBREAKENABLE, SR.IBREAKA0, SR.DBREAKA0, SR.DBREAKC0,
  SR.EPC1, SR.EPC2, SR.EPC3, SR.DEPC, SR.EPS2, SR.EPS3, SR.EXCSAVE1, SR.EXCSAVE2, SR.EXCSAVE3,
  SR.INTERRUPT, SR.INTENABLE, SR.PS, SR.VECBASE, SR.EXCCAUSE, SR.DEBUGCAUSE,
  SR.CCOUNT, SR.ICOUNT, SR.ICOUNTLEVEL, SR.EXCVADDR, SR.CCOMPARE0,
];

export const AR_COUNT = 16;
export const PC_SLOT = AR_COUNT + STATE_SPECIALS.length;
export const STATE_WORDS = PC_SLOT + 1;

/** What each slot of a state is called in messages. */
export const SLOT_NAMES: readonly string[] = [
  ...Array.from({ length: AR_COUNT }, (_, i) => `a${i}`),
  ...STATE_SPECIALS.map((number) => SPECIAL_REGISTERS.get(number)?.name ?? `sr${number}`),
  'pc',
];

const slotBySpecial = new Map(STATE_SPECIALS.map((number, index) => [number, AR_COUNT + index]));

/** @throws Error for a special register that is not part of the state */
export function slotOf(special: number): number {
  const slot = slotBySpecial.get(special);
  if (slot === undefined) throw new Error(`special register ${special} is not part of the state`);
  return slot;
}

/**
 * Places that are the same RAM on the board and in QEMU's machine `sim`. Tested code lies in IRAM, between and behind
 * two vector tables; data that may be accessed bytewise in DRAM; the lowest 512 MB are closed by the region TLB.
 */
export const TEST_PLACES = {
  vecbaseA: 0x40100000,
  vecbaseB: 0x40104000,
  codeAddr: 0x40100400,
  codeEndAddr: 0x4010be00,
  dataAddr: 0x3ffe8000,
  dataEndAddr: 0x3ffebf00,
} as const;

/** QEMU has no way to write DEBUGCAUSE: every test begins behind a `break` (bit 3, "BI"). */
const DEBUGCAUSE_BREAK = 8;

/** A small generator with a frozen sequence (mulberry32): recorded vectors depend on it. */
export interface Random {
  /** 32 random bits, unsigned. */
  word(): number;
  /** A whole number from 0 up to, without, `limit`. */
  below(limit: number): number;
  chance(probability: number): boolean;
  pick<T>(choices: readonly T[]): T;
}

export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  const word = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  const below = (limit: number): number => Math.floor((word() / 0x1_0000_0000) * limit);
  return {
    word,
    below,
    chance: (probability) => word() / 0x1_0000_0000 < probability,
    pick: (choices) => choices[below(choices.length)]!,
  };
}

/** A value with the edges of 8, 16 and 32 bits far more often than chance gives them. */
export function interestingWord(random: Random): number {
  switch (random.below(8)) {
    case 0:
      return random.pick([0, 1, 2, 0xffffffff, 0xfffffffe, 0x80000000, 0x7fffffff, 0x80000001]);
    case 1:
      return random.pick([0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x10000, 0xffff8000, 0xffffff80]);
    case 2:
      return ((1 << random.below(32)) - random.below(3)) >>> 0;
    case 3:
      return random.below(64);
    case 4:
      return -random.below(300) >>> 0;
    case 5:
      return random.word() >>> random.below(32);
    default:
      return random.word();
  }
}

/**
 * A random state that is safe to run a test from: nothing but the software interrupt can be pending, CCOMPARE0 has
 * just passed, watchpoints are off and aim at nothing. PC and PS also stand in EPC2/EPS2 or EPC3/EPS3 (by the seed's
 * lowest bit), because a real core is brought into the state by `rfi`.
 */
export function baseState(seed: number): Uint32Array {
  const random = randomFrom(seed);
  const state = new Uint32Array(STATE_WORDS);
  for (let i = 0; i < AR_COUNT; i++) state[i] = interestingWord(random);
  const set = (special: number, value: number): void => {
    state[slotOf(special)] = value;
  };
  set(SR.SAR, random.chance(0.2) ? random.pick([0, 1, 8, 16, 24, 31, 32, 33, 63]) : random.below(33));
  set(SR.DDR, random.word());
  set(SR.IBREAKA0, random.word() | 0x80000000);
  set(SR.DBREAKA0, random.word() | 0x80000000);
  for (const special of [SR.EPC1, SR.EPC2, SR.EPC3, SR.DEPC, SR.EXCSAVE1, SR.EXCSAVE2, SR.EXCSAVE3])
    set(special, random.word());
  set(SR.EPS2, random.below(64));
  set(SR.EPS3, random.below(64));
  const softwareInterrupt = random.chance(0.25);
  const openLevel = random.chance(0.1) ? 0 : 1 + random.below(3);
  set(SR.INTERRUPT, softwareInterrupt ? 0x80 : 0);
  set(SR.INTENABLE, random.chance(0.6) ? random.below(0x8000) : 0);
  set(
    SR.PS,
    (softwareInterrupt ? openLevel : random.below(4)) |
      (random.chance(0.15) ? PS.EXCM : 0) |
      (random.chance(0.5) ? PS.UM : 0),
  );
  set(SR.VECBASE, random.chance(0.5) ? TEST_PLACES.vecbaseA : TEST_PLACES.vecbaseB);
  set(SR.EXCCAUSE, random.below(64));
  set(SR.DEBUGCAUSE, DEBUGCAUSE_BREAK);
  set(SR.CCOMPARE0, random.word());
  set(SR.CCOUNT, state[slotOf(SR.CCOMPARE0)]! + 1000 + random.below(1000));
  set(SR.ICOUNT, random.word() & 0x7fffffff);
  set(SR.EXCVADDR, random.word());
  return state;
}

/** Which of EPC2/EPS2 and EPC3/EPS3 holds PC and PS when a test with this seed begins. */
export function entryLevelOf(seed: number): 2 | 3 {
  return (seed & 1) === 0 ? 2 : 3;
}
