import { boardCore, runCase, type CpuUnderTest } from '../../harness/emulator/testkit/vectors/board-core';
import type { Outcome, TestCase } from '../../harness/emulator/testkit/vectors/case';
import { differences, type Difference } from '../../harness/emulator/testkit/vectors/compare';
import { EXPLAINED } from '../../harness/emulator/testkit/vectors/explained';
import { generate, seedOf, subjectsFor } from './generate';
import type { CaseOracle } from './qemu-cases';

export interface RunPlan {
  readonly seed: number;
  /** First case and how many. */
  readonly from: number;
  readonly count: number;
  /** Only this mnemonic, or `reserved`. */
  readonly filter?: string | undefined;
}

export interface Failure {
  readonly index: number;
  readonly test: TestCase;
  readonly found: readonly Difference[];
  /** What the board's core threw, or that the reference never came to rest. */
  readonly trouble: string | undefined;
}

export interface RunResult {
  /** Cases by subject. */
  readonly counts: ReadonlyMap<string, number>;
  /** Explained differences by row of the fidelity table. */
  readonly explained: ReadonlyMap<string, number>;
  readonly failures: readonly Failure[];
}

const SLICE = 4000;

/** Runs cases on both cores and compares; slices of a few thousand, progress after each. */
export async function compareRun(
  oracle: CaseOracle,
  plan: RunPlan,
  onProgress: (done: number, failures: number) => void = () => undefined,
  core: CpuUnderTest = boardCore(),
): Promise<RunResult> {
  const subject = subjectsFor(plan.filter);
  const counts = new Map<string, number>();
  const explained = new Map<string, number>();
  const failures: Failure[] = [];
  const judge = (index: number, test: TestCase, reference: Outcome | undefined): void => {
    counts.set(test.subject, (counts.get(test.subject) ?? 0) + 1);
    const fail = (found: readonly Difference[], trouble?: string): void => {
      failures.push({ index, test, found, trouble });
    };
    if (!reference) {
      fail([], 'the reference never came to rest');
      return;
    }
    let board;
    try {
      board = runCase(core, test);
    } catch (error) {
      fail([], `the board's core threw: ${String(error)}`);
      return;
    }
    const found = differences(test, board, reference);
    if (found.length === 0) return;
    const reason = EXPLAINED.find(({ covers }) => covers(test, found, board, reference));
    if (reason) explained.set(reason.row, (explained.get(reason.row) ?? 0) + 1);
    else fail(found);
  };

  for (let done = 0; done < plan.count;) {
    const size = Math.min(SLICE, plan.count - done);
    const first = plan.from + done;
    const tests = Array.from({ length: size }, (_, i) => generate(seedOf(plan.seed, first + i), subject));
    const outcomes = await oracle.run(tests);
    tests.forEach((test, i) => judge(first + i, test, outcomes[i]));
    done += size;
    onProgress(done, failures.length);
  }
  return { counts, explained, failures };
}
