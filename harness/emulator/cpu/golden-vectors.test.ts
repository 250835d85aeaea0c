import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { boardCore, runCase, type CpuUnderTest } from '../testkit/vectors/board-core';
import { differences } from '../testkit/vectors/compare';
import { EXPLAINED } from '../testkit/vectors/explained';
import { decodeGolden, type GoldenCase, type GoldenFile } from '../testkit/vectors/golden';
import { INSTRUCTIONS } from './table';

const file = JSON.parse(
  readFileSync(join(__dirname, '../testkit/vectors/recorded.json'), 'utf8'),
) as GoldenFile;
const byMnemonic = new Map<string, GoldenCase[]>();
for (const line of file.cases) {
  const golden = decodeGolden(line);
  const mnemonic = golden.test.subject.replace(/^([rwx]sr)\..*/, '$1');
  byMnemonic.set(mnemonic, [...(byMnemonic.get(mnemonic) ?? []), golden]);
}

/** Unexplained differences of the cases, as text. */
function complaints(core: CpuUnderTest, cases: readonly GoldenCase[]): string[] {
  return cases.flatMap(({ test, reference }) => {
    const board = runCase(core, test);
    const found = differences(test, board, reference);
    if (found.length === 0 || EXPLAINED.some(({ covers }) => covers(test, found, board, reference)))
      return [];
    return found.map(
      ({ what, board: ours, reference: theirs }) =>
        `${test.subject} ${test.bytes.map((byte) => byte.toString(16)).join(' ')}: ` +
        `${what} is ${ours.toString(16)}, recorded ${theirs.toString(16)}`,
    );
  });
}

describe('golden vectors recorded from QEMU', () => {
  const core = boardCore();

  it.each([...byMnemonic])('%s leaves registers, memory and exceptions as recorded', (_mnemonic, cases) => {
    expect(complaints(core, cases)).toEqual([]);
  });

  it('cover every row of the table, present and absent', () => {
    const missing = INSTRUCTIONS.filter(({ name }) => !byMnemonic.has(name)).map(({ name }) => name);
    expect(missing).toEqual([]);
  });

  it('notice a core that gets one register wrong', () => {
    const wrong: CpuUnderTest = {
      ...core,
      getState() {
        const state = core.getState();
        state[5] = state[5]! ^ 1;
        return state;
      },
    };
    const cases = byMnemonic.get('add')!;
    expect(complaints(wrong, cases)).toHaveLength(cases.length);
  });

  it('notice a store that goes astray', () => {
    const stores = byMnemonic.get('s32i')!.filter(({ test }) => (test.watches[0] ?? 0) < 0x40000000);
    const wrong: CpuUnderTest = {
      ...core,
      step() {
        core.step();
        core.writeWord(0x3ffe8004, 1);
      },
    };
    expect(complaints(wrong, stores.slice(0, 1))).toEqual([expect.stringContaining('stray store')]);
  });
});
