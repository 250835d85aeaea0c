import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Elf } from './elf';
import { build, type Recipe } from './toolchain';

const HERE = join(__dirname, 'programs');
const file = (name: string): string => join(HERE, name);

/** Programs that run on the board and in QEMU. `nmi` needs a board. */
export const TORTURE_PROGRAMS = [
  'sort',
  'digest',
  'wide',
  'floats',
  'control',
  'traps',
  'interrupts',
] as const;

/** Compiles one of the torture programs. */
export function tortureProgram(
  name: string,
  optimization: Recipe['optimization'],
  functions: Recipe['functions'],
): Elf {
  return build({
    sources: [
      ...[file('start.S'), file('support.c')],
      ...(functions === 'library' ? [file('library.c')] : []),
      file(`${name}.c`),
    ],
    headers: readdirSync(HERE)
      .filter((entry) => entry.endsWith('.h'))
      .map(file),
    linkerScript: file('program.ld'),
    optimization,
    functions,
  });
}
