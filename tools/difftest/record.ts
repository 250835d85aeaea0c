import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeGolden, type GoldenFile } from '../../harness/emulator/testkit/vectors/golden';
import { INSTRUCTIONS } from '../../harness/emulator/cpu/table';
import { generate, seedOf, subjectsFor } from './generate';
import type { CaseOracle } from './qemu-cases';

/** Cases of each subject in the recording. */
const SHARE = { present: 30, access: 8, absent: 4, reserved: 120 };
const TRIED = 60_000;
const PLACE = join(__dirname, '../../harness/emulator/testkit/vectors/recorded.json');

/** How many cases of a subject are kept. */
function shareOf(subject: string): number {
  if (subject === 'reserved') return SHARE.reserved;
  if (subject.includes('sr.')) return SHARE.access;
  return INSTRUCTIONS.some((row) => row.name === subject && row.absent) ? SHARE.absent : SHARE.present;
}

/** Records golden vectors from the reference alone; answers how many and where. */
export async function record(oracle: CaseOracle, runSeed: number): Promise<string> {
  const subject = subjectsFor(undefined);
  const kept = new Map<string, number>();
  const tests = Array.from({ length: TRIED }, (_, index) => generate(seedOf(runSeed, index), subject)).filter(
    (test) => {
      const count = kept.get(test.subject) ?? 0;
      kept.set(test.subject, count + 1);
      return count < shareOf(test.subject);
    },
  );
  const outcomes = await oracle.run(tests);
  const cases = tests.flatMap((test, index) => {
    const reference = outcomes[index];
    return reference ? [encodeGolden(test, reference)] : [];
  });
  const file: GoldenFile = {
    about: 'Generated. State before and behind single instructions of an LX106; format in golden.ts.',
    recordedFrom: oracle.version,
    recordedBy: `npm run difftest -- --record --seed ${runSeed}`,
    cases: cases.sort(),
  };
  writeFileSync(PLACE, JSON.stringify(file, null, 2) + '\n');
  return `${cases.length} cases of ${kept.size} kinds in ${PLACE}`;
}
