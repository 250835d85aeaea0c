import { hex32 } from '../../fault';
import { SR } from '../../cpu/special-registers';
import { scratchOf, type BoardOutcome, type Outcome, type TestCase } from './case';
import { PC_SLOT, SLOT_NAMES, slotOf } from './state';

export interface Difference {
  /** Name of a slot of the state, or of what else differs. */
  readonly what: string;
  readonly before: number;
  readonly board: number;
  readonly reference: number;
}

/** CCOUNT runs with the wall clock in QEMU; the board must have counted only the few instructions of the test. */
const MAX_CYCLES = 64;
const CCOUNT = slotOf(SR.CCOUNT);

/**
 * Where two outcomes of a case differ. Left out is only what cannot be known: the scratch register of the monitor,
 * and the passing of time in the reference (the board's own is checked).
 */
export function differences(test: TestCase, board: BoardOutcome, reference: Outcome): Difference[] {
  const found: Difference[] = [];
  const note = (what: string, before: number, ours: number, theirs: number): void => {
    if (ours >>> 0 !== theirs >>> 0) found.push({ what, before, board: ours, reference: theirs });
  };
  const scratch = slotOf(scratchOf(test));
  const timed = timedSlots(test, reference);
  for (let slot = 0; slot <= PC_SLOT; slot++) {
    const before = test.state[slot]!;
    const from = timed.get(slot);
    const ours = board.state[slot]!;
    if (from !== undefined) {
      if ((ours - from) >>> 0 > MAX_CYCLES) note(`${SLOT_NAMES[slot]!} (time)`, before, ours, from);
    } else if (slot !== scratch) note(SLOT_NAMES[slot]!, before, ours, reference.state[slot]!);
  }
  test.watches.forEach((addr, index) => {
    const before = test.data.find(([at]) => at === addr)?.[1] ?? 0;
    note(hex32(addr), before, board.watched[index]!, reference.watched[index]!);
  });
  if (board.stray !== undefined)
    found.push({ what: 'stray store', before: 0, board: board.stray, reference: 0 });
  return found;
}

/** Slots that hold a time afterwards, and the time they count from. */
function timedSlots(test: TestCase, reference: Outcome): Map<number, number> {
  const started = test.state[CCOUNT]!;
  const slots = new Map([[CCOUNT, started]]);
  const access = /^([rwx])sr\.ccount$/.exec(test.subject)?.[1];
  if (access === undefined || interruptedBefore(test, reference)) return slots;
  const register = (test.bytes[0]! >> 4) & 15;
  if (access !== 'w') slots.set(register, started);
  if (access !== 'r') slots.set(CCOUNT, test.state[register]!);
  return slots;
}

/** An interrupt was due already: the instruction itself never ran. */
function interruptedBefore(test: TestCase, reference: Outcome): boolean {
  return (
    reference.state[slotOf(SR.EXCCAUSE)] === 4 &&
    reference.state[slotOf(SR.EPC1)] === test.state[PC_SLOT] &&
    reference.state[PC_SLOT] !== test.state[PC_SLOT]! + 3
  );
}
