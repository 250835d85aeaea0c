import type { Outcome, TestCase } from '../../harness/emulator/testkit/vectors/case';
import type { Difference } from './compare';

/** A difference that is meant: the board follows silicon or the SDK where QEMU does something else. */
export interface Explained {
  /** Row of docs/emulator-fidelity.md, section "CPU against QEMU". */
  readonly row: string;
  covers(test: TestCase, found: readonly Difference[], board: Outcome, reference: Outcome): boolean;
}

export const EXPLAINED: readonly Explained[] = [];
