import { SR } from '../../cpu/special-registers';
import { entryLevelOf, PC_SLOT, slotOf, TEST_PLACES } from './state';

/** One instruction, the state it starts from, and where the core may come to rest behind it. */
export interface TestCase {
  /** What is tried, in the words of the table: mnemonic, or `reserved`. */
  readonly subject: string;
  readonly seed: number;
  readonly bytes: readonly number[];
  /** Everything before the instruction, PC included (state.ts). */
  readonly state: Uint32Array;
  /** Words of data to put in place: address, value. */
  readonly data: readonly (readonly [addr: number, value: number])[];
  /** Words to read back afterwards. */
  readonly watches: readonly number[];
  /** Where execution may go on: 6 bytes there are free for a landing. Anywhere else is zero, which is ILL. */
  readonly landings: readonly number[];
}

/** The state behind the instruction, and the watched words. */
export interface Outcome {
  readonly state: Uint32Array;
  readonly watched: readonly number[];
}

/** What the board's core did, and the first word of the data area it stored to without having been asked. */
export interface BoardOutcome extends Outcome {
  readonly stray: number | undefined;
}

/** The vectors of the lx106 that a test can reach, as offsets from VECBASE (chip.md, "Vectors"). */
export const VECTORS = [
  { name: 'level 2 / debug', offset: 0x10 },
  { name: 'level 3', offset: 0x20 },
  { name: 'kernel', offset: 0x30 },
  { name: 'user', offset: 0x50 },
  { name: 'double', offset: 0x70 },
] as const;

/** Repeats PC and PS where `rfi` takes them from when a real core is brought into the state. */
export function settleEntry(seed: number, state: Uint32Array): void {
  const level = entryLevelOf(seed);
  state[slotOf(level === 2 ? SR.EPC2 : SR.EPC3)] = state[PC_SLOT]!;
  state[slotOf(level === 2 ? SR.EPS2 : SR.EPS3)] = state[slotOf(SR.PS)]!;
}

/** The special register that a landing on a real core uses as its scratch; it cannot be compared afterwards. */
export function scratchOf(test: Pick<TestCase, 'state'>): number {
  return test.state[slotOf(SR.VECBASE)] === TEST_PLACES.vecbaseA ? SR.DDR : SR.EXCSAVE3;
}

/**
 * The words to put in place before the test: data, the instruction, and at each landing the given bytes. What lies
 * beside them in the code area is zero, which is ILL.
 */
export function wordsOf(
  test: TestCase,
  landingBytes: (addr: number, index: number) => ArrayLike<number>,
): Map<number, number> {
  const words = new Map<number, number>(test.data.map(([addr, value]) => [addr >>> 0, value]));
  const put = (addr: number, bytes: ArrayLike<number>): void => {
    for (let i = 0; i < bytes.length; i++) {
      const wordAddr = ((addr + i) & ~3) >>> 0;
      words.set(wordAddr, (words.get(wordAddr) ?? 0) | (bytes[i]! << (8 * ((addr + i) & 3))));
    }
  };
  put(test.state[PC_SLOT]!, test.bytes);
  test.landings.forEach((addr, index) => put(addr, landingBytes(addr, index)));
  return words;
}
