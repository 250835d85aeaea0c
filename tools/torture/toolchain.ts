import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { buildRom } from '../../harness/emulator/rom/rom';
import { parseElf, type Elf } from './elf';

/**
 * Programs for the LX106, compiled from C when they are asked for and kept in build/ under the hash of everything
 * that went into them.
 */
export interface Recipe {
  readonly sources: readonly string[];
  readonly headers: readonly string[];
  readonly linkerScript: string;
  readonly optimization: '-O0' | '-O1' | '-O2' | '-Os';
  /** `rom`: library functions are the boot ROM's; `library`: C of ours (library.c), for a machine without that ROM. */
  readonly functions: 'rom' | 'library';
}

const GCC = 'xtensa-lx106-elf-gcc';
const PLACE = join(__dirname, '../../build/lx106');
const LIMIT_MS = 60_000;
/** Names the compiler may call; the boot ROM has them at fixed addresses. */
const LIBRARY_NAMES = /^(__\w+|mem(cpy|set|move|cmp)|str\w+)$/;

// prettier-ignore
const FLAGS = [
  '-std=gnu11', '-Wall', '-Wextra', '-Werror', '-ffreestanding', '-nostdlib', '-mlongcalls', '-mtext-section-literals',
  '-fno-strict-aliasing', '-ffunction-sections', '-Wl,--no-warn-rwx-segments', '-Wl,--gc-sections',
];

/** Why nothing can be compiled here, in a phrase; undefined when it can. */
export function compilerMissing(): string | undefined {
  return spawnSync(GCC, ['--version']).error
    ? `${GCC} is not installed (Debian: gcc-xtensa-lx106)`
    : undefined;
}

/** floor(2^32 * |sin(i + 1)|): the constants of MD5, for programs that include them. */
function sines(): string {
  return Array.from({ length: 64 }, (_, i) => `${Math.floor(2 ** 32 * Math.abs(Math.sin(i + 1)))}u,`).join(
    '\n',
  );
}

/** `-Wl,--defsym` for every function of the boot ROM that a compiler calls by name. */
function romSymbols(): string[] {
  return buildRom()
    .calls.filter(({ name }) => LIBRARY_NAMES.test(name))
    .map(({ name, addr }) => `-Wl,--defsym=${name}=0x${addr.toString(16)}`);
}

/**
 * Compiles and links, or takes the program from the cache.
 *
 * @throws Error with the compiler's words
 */
export function build(recipe: Recipe): Elf {
  const rom = recipe.functions === 'rom' ? ['-DROM_FUNCTIONS', ...romSymbols()] : [];
  const flags = [...FLAGS, recipe.optimization, ...rom];
  const version = spawnSync(GCC, ['--version'], { encoding: 'utf8' }).stdout;
  const hash = createHash('sha256').update(version).update(flags.join(' ')).update(sines());
  for (const path of [...recipe.sources, ...recipe.headers, recipe.linkerScript])
    hash.update(basename(path)).update(readFileSync(path));
  const name = basename(recipe.sources.at(-1)!).replace(/\.\w+$/, '');
  const elfPath = join(PLACE, `${name}-${hash.digest('hex').slice(0, 16)}.elf`);
  if (!existsSync(elfPath)) {
    mkdirSync(PLACE, { recursive: true });
    const partial = `${elfPath}.${process.pid}`;
    const include = `${partial}.include`;
    mkdirSync(include, { recursive: true });
    writeFileSync(join(include, 'sines.h'), sines());
    const args = [
      ...flags,
      `-I${include}`,
      '-T',
      recipe.linkerScript,
      ...recipe.sources,
      '-lgcc',
      '-o',
      partial,
    ];
    const run = spawnSync(GCC, args, { encoding: 'utf8', timeout: LIMIT_MS });
    if (run.status !== 0) throw new Error(`${name}: ${GCC} failed\n${run.stderr}`);
    // In one move, for tests build at the same time.
    renameSync(partial, elfPath);
  }
  return parseElf(readFileSync(elfPath));
}
