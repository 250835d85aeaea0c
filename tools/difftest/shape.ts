import { operandsOf } from '../../harness/emulator/cpu/operands';
import { PS, SPECIAL_REGISTERS, SR } from '../../harness/emulator/cpu/special-registers';
import type { Instruction } from '../../harness/emulator/cpu/table';
import {
  entryLevelOf,
  interestingWord,
  slotOf,
  TEST_PLACES,
} from '../../harness/emulator/testkit/vectors/state';
import { withHeldInterrupt, withoutInterrupts, type Draft } from './draft';

/**
 * Operands and state that make an instruction do something: addresses that exist, targets with room for a landing,
 * interrupts that become due. Everything an instruction does not need stays random.
 */
export type Shape = (draft: Draft, seed: number) => void;

const LANDING_ROOM = 8;
const S_FIELD = 8;
const T_FIELD = 4;
const registerAt = (draft: Draft, shift: number): number => (draft.word >>> shift) & 15;

const shapes: Record<string, Shape> = {
  l32r: literal,
  j: (draft) => direct(draft, 6, 18, 1),
  call0: (draft) => direct(draft, 6, 18, 4),
  ret: (draft) => indirect(draft, 0),
  'ret.n': (draft) => indirect(draft, 0),
  jx: (draft) => indirect(draft, registerAt(draft, S_FIELD)),
  callx0: (draft) => indirect(draft, registerAt(draft, S_FIELD)),
  rfe: (draft) => returning(draft, SR.EPC1),
  rfde: (draft) => returning(draft, SR.DEPC),
  rfi: returningFromLevel,
  waiti: (draft) => {
    withHeldInterrupt(draft);
    // A core that nothing wakes would sleep for ever.
    draft.word &= ~0xf00;
  },
  rsil: (draft) => {
    if (draft.random.chance(0.5)) withHeldInterrupt(draft);
    if (draft.random.chance(0.5)) draft.word &= ~0xf00;
  },
  rsr: special,
  wsr: special,
  xsr: special,
  wdtlb: region,
  witlb: region,
  idtlb: region,
  iitlb: region,
};

/** The shape of a row; `undefined` is a word without a row. */
export function shapeOf(instruction: Instruction | undefined): Shape {
  if (!instruction || instruction.absent) return () => undefined;
  const own = shapes[instruction.name];
  if (own) return own;
  if (instruction.flow === 'branch') return branch;
  if (/^[ls](8|16|32)/.test(instruction.name)) return access;
  return () => undefined;
}

/** A load or store: mostly in DRAM, now and then unaligned, in IRAM, or in the closed region. */
function access(draft: Draft): void {
  const { random, state, instruction } = draft;
  const bits = Number(/\d+/.exec(instruction!.name)![0]);
  const size = bits / 8;
  let addr: number;
  const lot = random.below(20);
  if (lot === 0) addr = random.below(0x20000000);
  else if (lot === 1) addr = TEST_PLACES.codeEndAddr + random.below(0x80);
  else
    addr = TEST_PLACES.dataAddr + 0x10 + random.below(TEST_PLACES.dataEndAddr - TEST_PLACES.dataAddr - 0x20);
  if (random.chance(0.8)) addr -= addr % size;
  const base = registerAt(draft, S_FIELD);
  const offset = operandsOf(instruction!.form)[2]!.decode(draft.word, draft.pc);
  state[base] = addr - offset;
  if (addr < 0x20000000) return;
  const wordAddr = addr - (addr % 4);
  for (const near of [wordAddr - 4, wordAddr, wordAddr + 4]) {
    draft.data.set(near, random.word());
    draft.watches.push(near);
  }
}

/** A literal behind the code, in IRAM as everywhere in real programs; sometimes through LITBASE. */
function literal(draft: Draft): void {
  const { random } = draft;
  const behind = (draft.pc + 3) & ~3;
  const viaBase = random.chance(0.2);
  const from = viaBase ? TEST_PLACES.codeEndAddr & ~0xfff : behind;
  if (viaBase) draft.state[slotOf(SR.LITBASE)] = from | 1;
  // Offsets are negative always: a literal lies below what it is counted from.
  const lowest = TEST_PLACES.vecbaseA + 0x200;
  let literalAddr: number;
  do literalAddr = lowest + 4 * random.below((Math.min(from, behind) - lowest) >> 2);
  while (inVectors(literalAddr));
  const words = (literalAddr - from) >> 2;
  draft.word = (draft.word & 0xff) | ((words & 0xffff) << 8);
  if (Math.abs(literalAddr - draft.pc) < 16) return;
  draft.data.set(literalAddr, interestingWord(random));
}

/** Room for a landing that overlaps neither the instruction nor the landing behind it. */
function landable(draft: Draft, target: number): boolean {
  const behind = draft.pc + draft.lengthBytes;
  const clear = target >= behind + LANDING_ROOM || target + LANDING_ROOM <= draft.pc;
  return clear && target >= TEST_PLACES.codeAddr && target < TEST_PLACES.codeEndAddr && !inVectors(target);
}

function inVectors(target: number): boolean {
  return target > TEST_PLACES.vecbaseB - LANDING_ROOM && target < TEST_PLACES.vecbaseB + 0x80;
}

/** Chooses an offset of `bits` bits at `shift` whose target has room. */
function direct(draft: Draft, shift: number, bits: number, scale: number): void {
  const { random } = draft;
  const [operand] = operandsOf(draft.instruction!.form).slice(-1);
  for (let tries = 0; tries < 200; tries++) {
    const near = random.chance(0.3) ? 300 : 0x8000;
    const offset = Math.trunc((random.below(near * 2) - near) / scale);
    const mask = (2 ** bits - 1) << shift;
    draft.word = (draft.word & ~mask) | ((offset << shift) & mask);
    const target = operand!.decode(draft.word, draft.pc);
    if (!landable(draft, target)) continue;
    draft.landings.push(target);
    return;
  }
  throw new Error(`no landing for ${draft.instruction!.name}`);
}

function branch(draft: Draft): void {
  const { random, instruction } = draft;
  const operand = operandsOf(instruction!.form).at(-1)!;
  const fieldMask = ~instruction!.mask & (instruction!.lengthBytes === 2 ? 0xf030 : 0xff0000);
  const wide = instruction!.form.endsWith('l12') ? 0xf000 : 0;
  for (let tries = 0; tries < 200; tries++) {
    const target = operand.decode(draft.word, draft.pc);
    if (landable(draft, target)) {
      draft.landings.push(target);
      return;
    }
    const mask = fieldMask | (wide & ~instruction!.mask);
    draft.word = (draft.word & ~mask) | (random.word() & mask);
  }
  throw new Error(`no landing for ${instruction!.name}`);
}

/** Somewhere in the code with room for a landing, at any byte. */
function place(draft: Draft): number {
  for (let tries = 0; tries < 200; tries++) {
    const target = TEST_PLACES.codeAddr + draft.random.below(TEST_PLACES.codeEndAddr - TEST_PLACES.codeAddr);
    if (landable(draft, target)) return target;
  }
  throw new Error('no landing');
}

/** A jump through a register; now and then into the closed region. */
function indirect(draft: Draft, register: number): void {
  if (draft.random.chance(0.05)) {
    draft.state[register] = draft.random.below(0x20000000);
    return;
  }
  const target = place(draft);
  draft.state[register] = target;
  draft.landings.push(target);
}

function returning(draft: Draft, special: number): void {
  const target = place(draft);
  draft.state[slotOf(special)] = target;
  draft.landings.push(target);
  if (draft.random.chance(0.4)) {
    withHeldInterrupt(draft);
    draft.state[slotOf(SR.PS)] = draft.state[slotOf(SR.PS)]! | PS.EXCM;
  }
}

/** RFI of the level that did not bring the core into the state (state.ts). */
function returningFromLevel(draft: Draft, seed: number): void {
  const level = entryLevelOf(seed) === 2 ? 3 : 2;
  draft.word = (draft.word & ~0xf00) | (level << 8);
  const target = place(draft);
  draft.state[slotOf(level === 2 ? SR.EPC2 : SR.EPC3)] = target;
  draft.state[slotOf(level === 2 ? SR.EPS2 : SR.EPS3)] = draft.random.chance(0.8)
    ? draft.random.below(64)
    : draft.random.word();
  draft.landings.push(target);
  if (draft.random.chance(0.4)) withHeldInterrupt(draft);
}

/** RSR, WSR and XSR: registers that exist three times out of four, values that leave the monitor alive. */
function special(draft: Draft): void {
  const { random, state } = draft;
  if (random.chance(0.75)) {
    const number = random.pick([...SPECIAL_REGISTERS.keys()]);
    draft.word = (draft.word & ~0xff00) | (number << 8);
  }
  const number = (draft.word >>> 8) & 0xff;
  const register = registerAt(draft, T_FIELD);
  if (number === SR.DDR) state[slotOf(SR.VECBASE)] = TEST_PLACES.vecbaseB;
  if (number === SR.EXCSAVE3) state[slotOf(SR.VECBASE)] = TEST_PLACES.vecbaseA;
  if (draft.instruction!.name === 'rsr') return;
  // prettier-ignore
  switch (number) {
    case SR.PS:
      if (random.chance(0.5)) withHeldInterrupt(draft);
      if (random.chance(0.6)) state[register] = random.below(64);
      break;
    case SR.VECBASE:
    case SR.LITBASE:
      withoutInterrupts(draft);
      break;
    case SR.INTENABLE:
    case SR.INTERRUPT:
    case SR.INTCLEAR:
      if (random.chance(0.5)) state[slotOf(SR.PS)] = state[slotOf(SR.PS)]! & PS.UM;
      if (random.chance(0.5)) state[slotOf(SR.INTENABLE)] = 0x7fff;
      if (number === SR.INTENABLE && random.chance(0.5)) state[slotOf(SR.INTENABLE)] = 0;
      break;
    case SR.IBREAKA0:
    case SR.DBREAKA0:
      state[register] = random.word() | 0x80000000;
      break;
    case SR.ICOUNT:
      state[register] = random.word() & 0x7fffffff;
      break;
    case SR.CCOUNT:
      state[slotOf(SR.CCOMPARE0)] = state[register]! - 1000;
      break;
    case SR.CCOMPARE0:
      state[slotOf(SR.CCOUNT)] = state[register]! + 1000;
      break;
  }
}

/** Region protection of the addresses no test lives in. */
function region(draft: Draft): void {
  const register = registerAt(draft, S_FIELD);
  draft.state[register] = (draft.random.word() & 0x1fffffff) | ((4 + draft.random.below(4)) << 29);
}
