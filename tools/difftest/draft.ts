import { PS, SR } from '../../harness/emulator/cpu/special-registers';
import type { Instruction } from '../../harness/emulator/cpu/table';
import { slotOf, type Random } from '../../harness/emulator/testkit/vectors/state';

/** A case under construction. */
export interface Draft {
  readonly random: Random;
  readonly state: Uint32Array;
  readonly instruction: Instruction | undefined;
  word: number;
  lengthBytes: 2 | 3;
  pc: number;
  readonly data: Map<number, number>;
  readonly watches: number[];
  readonly landings: number[];
}

/** Interrupts off for the whole case: for instructions that change what a vector needs. */
export function withoutInterrupts(draft: Draft): void {
  draft.state[slotOf(SR.INTERRUPT)] = 0;
}

/** Interrupts that a lower level would let in: pending, enabled, held back by PS. */
export function withHeldInterrupt(draft: Draft): void {
  const { state } = draft;
  state[slotOf(SR.INTERRUPT)] = 0x80;
  state[slotOf(SR.INTENABLE)] = state[slotOf(SR.INTENABLE)]! | 0x80;
  state[slotOf(SR.PS)] = (state[slotOf(SR.PS)]! & PS.UM) | (1 + draft.random.below(3));
}
