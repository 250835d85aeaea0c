/** Questions to Jest's tree of tests, answered as Jest itself would when it comes to them. */
import type { Circus } from '@jest/types';

/** describe titles, then the test's own. */
export function titlesOf(test: Circus.TestEntry): readonly string[] {
  const titles: string[] = [];
  let block: Circus.DescribeBlock | undefined = test.parent;
  // The outermost block is Jest's own.
  for (; block?.parent !== undefined; block = block.parent) titles.unshift(block.name);
  return [...titles, test.name];
}

/** Whether any test of the file will run. */
export function isChosen(state: Circus.State): boolean {
  return testsIn(state.rootDescribeBlock).some((test) => willRun(test, state));
}

/** Makes every test of the file a skipped one; hooks do not run either. */
export function skipAll(block: Circus.DescribeBlock): void {
  block.mode = 'skip';
  for (const child of block.children) {
    if (child.type === 'describeBlock') skipAll(child);
    else child.mode = 'skip';
  }
}

/** Makes ordinary tests of `test.concurrent`: the cases of a file have one board between them. */
export function oneAfterTheOther(block: Circus.DescribeBlock): void {
  for (const test of testsIn(block)) test.concurrent = false;
}

/** Why a test that is skipped is not run; undefined when it was merely not chosen by `-t` or `.only`. */
export function whySkipped(test: Circus.TestEntry, state: Circus.State): string | undefined {
  if (test.mode === 'todo') return 'to be written';
  if (test.mode === 'skip' || isInSkipped(test)) {
    return isNamed(test, state) ? 'skipped in the case file' : undefined;
  }
  return undefined;
}

function testsIn(block: Circus.DescribeBlock): readonly Circus.TestEntry[] {
  return block.children.flatMap((child) => (child.type === 'describeBlock' ? testsIn(child) : [child]));
}

/** Whether a test will run. */
export function willRun(test: Circus.TestEntry, state: Circus.State): boolean {
  if (test.mode === 'skip' || test.mode === 'todo' || isInSkipped(test)) return false;
  if (state.hasFocusedTests && test.mode === undefined) return false;
  return isNamed(test, state);
}

function isInSkipped(test: Circus.TestEntry): boolean {
  let block: Circus.DescribeBlock | undefined = test.parent;
  for (; block !== undefined; block = block.parent) if (block.mode === 'skip') return true;
  return false;
}

function isNamed(test: Circus.TestEntry, state: Circus.State): boolean {
  return state.testNamePattern?.test(titlesOf(test).join(' ')) ?? true;
}
