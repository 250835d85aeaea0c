import { operandsOf } from '../../cpu/operands';
import { PS, SR } from '../../cpu/special-registers';
import { findInstruction } from '../../cpu/decode';
import type { BoardOutcome, Outcome, TestCase } from './case';
import type { Difference } from './compare';
import { PC_SLOT, slotOf } from './state';

/**
 * A difference that is meant: the board follows silicon, the SDK or its own design where QEMU does something else.
 * Each rule says exactly what the board must have done instead; anything beside that stays a difference.
 */
export interface Explained {
  /** Row of docs/emulator-fidelity.md, "The CPU beside QEMU". */
  readonly row: string;
  readonly covers: (
    test: TestCase,
    found: readonly Difference[],
    board: BoardOutcome,
    reference: Outcome,
  ) => boolean;
}

const EXCCAUSE = slotOf(SR.EXCCAUSE);
const EXCVADDR = slotOf(SR.EXCVADDR);

/** Only these slots differ. */
function only(found: readonly Difference[], ...names: readonly string[]): boolean {
  return found.every(({ what }) => names.includes(what));
}

/** The board entered an exception vector for the tested instruction, with this cause, and changed nothing else. */
function boardRaised(test: TestCase, board: BoardOutcome, cause: number, excvaddr?: number): boolean {
  const before = test.state;
  const inException = (before[slotOf(SR.PS)]! & PS.EXCM) !== 0;
  const expected = Uint32Array.from(before);
  const vector = inException ? 0x70 : (before[slotOf(SR.PS)]! & PS.UM) !== 0 ? 0x50 : 0x30;
  expected[PC_SLOT] = before[slotOf(SR.VECBASE)]! + vector;
  expected[slotOf(inException ? SR.DEPC : SR.EPC1)] = before[PC_SLOT]!;
  expected[slotOf(SR.PS)] = before[slotOf(SR.PS)]! | PS.EXCM;
  expected[EXCCAUSE] = cause;
  if (excvaddr !== undefined) expected[EXCVADDR] = excvaddr;
  const memoryKept = test.watches.every(
    (addr, i) => (test.data.find(([at]) => at === addr)?.[1] ?? 0) === board.watched[i],
  );
  return (
    memoryKept &&
    board.stray === undefined &&
    expected.every((value, slot) => slot === slotOf(SR.CCOUNT) || value === board.state[slot])
  );
}

/** The address of a load or store, undefined for anything else. */
function accessAddr(test: TestCase): number | undefined {
  const word = test.bytes.reduce((bits, byte, index) => bits | (byte << (8 * index)), 0);
  const instruction = findInstruction(word);
  // L32R counts from PC, not from a register.
  if (!instruction || instruction.absent || !/^[ls](8|16|32)\w*i/.test(instruction.name)) return undefined;
  const offset = operandsOf(instruction.form)[2]!.decode(word, test.state[PC_SLOT]!);
  return (test.state[(word >>> 8) & 15]! + offset) >>> 0;
}

export const EXPLAINED: readonly Explained[] = [
  {
    row: '8- and 16-bit access to IRAM raises cause 3',
    covers(test, _found, board) {
      const addr = accessAddr(test);
      if (addr === undefined || addr >>> 20 !== 0x401 || test.subject.includes('32')) return false;
      return boardRaised(test, board, 3, addr);
    },
  },
  {
    row: 'PS keeps INTLEVEL, EXCM and UM only',
    covers: (_test, found, board, reference) =>
      only(found, 'ps') && board.state[slotOf(SR.PS)] === (reference.state[slotOf(SR.PS)]! & 0x3f),
  },
  {
    row: 'VECBASE keeps its upper bits only',
    covers: (_test, found, board, reference) =>
      only(found, 'vecbase') &&
      board.state[slotOf(SR.VECBASE)] === (reference.state[slotOf(SR.VECBASE)]! & 0xffffff00) >>> 0,
  },
  {
    row: 'EXCCAUSE keeps 6 bits',
    covers: (_test, found, board, reference) =>
      only(found, 'exccause') && board.state[EXCCAUSE] === (reference.state[EXCCAUSE]! & 0x3f),
  },
  {
    row: 'ICOUNT does not count',
    covers: (test, found, board) =>
      /^[wx]sr\.icountlevel$/.test(test.subject) &&
      only(found, 'icount') &&
      board.state[slotOf(SR.ICOUNT)] === test.state[slotOf(SR.ICOUNT)],
  },
  {
    row: 'RER and WER are illegal',
    covers: (test, _found, board) => /^(rer|wer)$/.test(test.subject) && boardRaised(test, board, 0),
  },
  {
    row: 'DEBUGCAUSE and CONFIGID0 may be written, without effect',
    covers: (test, _found, board, reference) =>
      /^([wx]sr\.debugcause|wsr\.configid0)$/.test(test.subject) &&
      reference.state[EXCCAUSE] === 0 &&
      board.state[PC_SLOT] === test.state[PC_SLOT]! + 3 &&
      board.state[slotOf(SR.DEBUGCAUSE)] === test.state[slotOf(SR.DEBUGCAUSE)],
  },
];
