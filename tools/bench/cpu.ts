import { join } from 'node:path';
import { qemuMissing } from '../difftest/qemu';
import { boardMachine, qemuMachine, type Machine } from '../torture/machines';
import { build, compilerMissing } from '../torture/toolchain';
import type { Elf } from '../torture/elf';
import { median, type Measurement, type Section } from './section';

const PROGRAMS = [
  { name: 'crc', bar: 80 },
  { name: 'mix', bar: undefined },
  { name: 'records', bar: undefined },
] as const;
const ROUNDS = 5;

const TORTURE = join(__dirname, '../torture/programs');

function program(name: string): Elf {
  return build({
    sources: [
      ...['start.S', 'support.c', 'library.c'].map((file) => join(TORTURE, file)),
      join(__dirname, 'programs', `${name}.c`),
    ],
    headers: [join(TORTURE, 'torture.h')],
    linkerScript: join(TORTURE, 'program.ld'),
    optimization: '-O2',
    functions: 'library',
  });
}

/** MIPS of the board and of QEMU on one program, in turns; both must come to the same results. */
async function measure(
  elf: Elf,
  board: Machine,
  qemu: Machine | undefined,
): Promise<{ ours: number; theirs: number | undefined }> {
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const mine = await board.run(elf);
    const millions = mine.instructions! / 1e6;
    ours.push(millions / (mine.wallMs / 1000));
    if (!qemu) continue;
    const reference = await qemu.run(elf);
    if (reference.results.join() !== mine.results.join())
      throw new Error('the board and QEMU come to different results');
    theirs.push(millions / (reference.wallMs / 1000));
  }
  return { ours: median(ours), theirs: qemu ? median(theirs) : undefined };
}

export const CPU_SECTION: Section = {
  name: 'cpu',
  about: 'million instructions a second, the same programs on the board and in QEMU, in turns; medians',
  missing: compilerMissing,
  async run(onProgress) {
    const board = boardMachine();
    const noQemu = qemuMissing();
    if (noQemu !== undefined) onProgress(`without comparison: ${noQemu}`);
    await using qemu = noQemu === undefined ? await qemuMachine() : undefined;
    const found: Measurement[] = [];
    for (const { name, bar } of PROGRAMS) {
      const { ours, theirs } = await measure(program(name), board, qemu);
      const beside = theirs === undefined ? undefined : { name: 'qemu', value: theirs };
      found.push({ name, ours, beside, unit: 'MIPS', bar });
      onProgress(`${name}: done`);
    }
    return found;
  },
};
