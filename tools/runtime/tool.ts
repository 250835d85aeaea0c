import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname } from 'node:path';
import { ROOT } from './paths';

/** The cross tools: looked for once, run with a limit, always in the checkout's root so that paths are relative. */
export const GCC = 'xtensa-lx106-elf-gcc';
const LIMIT_MS = 120_000;
/** No date of today gets into a build: __DATE__ and __TIME__ are those of this moment. */
const ENVIRONMENT = { ...process.env, SOURCE_DATE_EPOCH: '0', LC_ALL: 'C' };

/** Where Debian's picolibc has its headers and libraries. */
export const PICOLIBC = '/usr/lib/xtensa-lx106-elf';

let version: string | undefined;

/** Why firmware cannot be built here, in a phrase; undefined when it can. */
export function toolsMissing(): string | undefined {
  if (spawnSync(GCC, ['--version']).error) return `${GCC} is not installed (Debian: gcc-xtensa-lx106)`;
  if (!existsSync(`${PICOLIBC}/lib/libc.a`)) {
    return 'its C library is not installed (Debian: picolibc-xtensa-lx106-elf)';
  }
  return undefined;
}

/** Compiler and C library, for keys: other tools make other objects. */
export function toolsVersion(): string {
  version ??=
    spawnSync(GCC, ['--version'], { encoding: 'utf8' }).stdout.split('\n')[0]! +
    hashOf(readFileSync(`${PICOLIBC}/lib/libc.a`));
  return version;
}

/** Runs a tool. @throws Error with its own words */
export function runTool(command: string, args: readonly string[], what: string): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(
      command,
      args,
      { cwd: ROOT, env: ENVIRONMENT, timeout: LIMIT_MS, maxBuffer: 1 << 26 },
      (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else reject(new Error(`${what}: ${command} failed\n${stderr.trim() || error.message}`));
      },
    );
  });
}

/** Works on all items, as many at a time as there are CPUs. The first failure ends it. */
export async function inParallel<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<readonly Result[]> {
  const results = new Array<Result>(items.length);
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const index = next++;
      results[index] = await work(items[index]!);
    }
  };
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), items.length) }, worker));
  return results;
}

export function hashOf(...contents: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256');
  for (const content of contents) hash.update(content).update('\0');
  return hash.digest('hex');
}

/** Writes a file in one move, for several builds may run at once; leaves one alone that is as it should be. */
export function writeWhole(path: string, content: string | Uint8Array): void {
  const bytes = Buffer.from(content as Uint8Array);
  if (existsSync(path) && readFileSync(path).equals(bytes)) return;
  mkdirSync(dirname(path), { recursive: true });
  const partial = `${path}.${process.pid}.part`;
  writeFileSync(partial, bytes);
  renameSync(partial, path);
}
