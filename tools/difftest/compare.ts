import { hex32 } from '../../harness/emulator/fault';
import { SR } from '../../harness/emulator/cpu/special-registers';
import { scratchOf, type Outcome, type TestCase } from '../../harness/emulator/testkit/vectors/case';
import { PC_SLOT, SLOT_NAMES, slotOf } from '../../harness/emulator/testkit/vectors/state';

export interface Difference {
  readonly what: string;
  readonly before: number;
  readonly board: number;
  readonly reference: number;
}

/** CCOUNT runs with the wall clock in QEMU; the board must have counted only the few instructions of the test. */
const MAX_CYCLES = 64;

/**
 * Where two outcomes of a case differ. Left out is only what cannot be known: the scratch register of the monitor,
 * and the passing of time in the reference (the board's own is checked).
 */
export function differences(
  test: TestCase,
  board: Outcome & { stray?: number | undefined },
  reference: Outcome,
): Difference[] {
  const found: Difference[] = [];
  const scratch = slotOf(scratchOf(test));
  const ccount = slotOf(SR.CCOUNT);
  const timeReader = /^[rx]sr\.ccount$/.test(test.subject) ? (test.bytes[0]! >> 4) & 15 : -1;
  const note = (what: string, before: number, ours: number, theirs: number): void => {
    if (ours >>> 0 !== theirs >>> 0) found.push({ what, before, board: ours, reference: theirs });
  };
  for (let slot = 0; slot <= PC_SLOT; slot++) {
    const before = test.state[slot]!;
    if (slot === scratch) continue;
    if (slot === timeReader || (slot === ccount && !writesCcount(test))) {
      const from = test.state[ccount]!;
      const counted = (board.state[slot]! - from) >>> 0;
      if (counted > MAX_CYCLES) note(`${SLOT_NAMES[slot]!} (time)`, before, board.state[slot]!, from);
    } else if (slot === ccount) {
      const written = test.state[(test.bytes[0]! >> 4) & 15]!;
      if ((board.state[slot]! - written) >>> 0 > MAX_CYCLES)
        note('ccount (set)', before, board.state[slot]!, written);
    } else note(SLOT_NAMES[slot]!, before, board.state[slot]!, reference.state[slot]!);
  }
  test.watches.forEach((addr, index) => {
    const before = test.data.find(([at]) => at === addr)?.[1] ?? 0;
    note(hex32(addr), before, board.watched[index]!, reference.watched[index]!);
  });
  if (board.stray !== undefined)
    found.push({ what: `store at ${hex32(board.stray)}`, before: 0, board: 1, reference: 0 });
  return found;
}

function writesCcount(test: TestCase): boolean {
  return /^[wx]sr\.ccount$/.test(test.subject);
}
