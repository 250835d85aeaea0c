import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** The host side of the firmware's component: its Makefile, run with a limit and into build/. */
const ROOT = join(__dirname, '../..');
const PLACE = join(ROOT, 'firmware/components/sse_ota/test_sse_ota_host');
const BUILD = join(ROOT, 'build/firmware-host');
const CLANG_RUNTIME = /libclang_rt\.fuzzer[-_.\w]*\.a$/;

export const CONTRACT_FILE = join(ROOT, 'docs/dut-contract.md');
export const HOST_SERVER = join(BUILD, 'sse-ota-host');

/** Why this compiler cannot be used here, in a phrase; undefined when it can. */
export function compilerMissing(name: 'gcc' | 'clang'): string | undefined {
  if (spawnSync('make', ['--version']).error) return 'make is not installed (Debian: make)';
  return spawnSync(name, ['--version']).error ? `${name} is not installed (Debian: ${name})` : undefined;
}

/** Why nothing can be fuzzed here; undefined when it can. */
export function fuzzerMissing(): string | undefined {
  const missing = compilerMissing('clang');
  if (missing !== undefined) return missing;
  const runtime = spawnSync('clang', ['-print-file-name=libclang_rt.fuzzer-x86_64.a'], { encoding: 'utf8' });
  const folder = spawnSync('clang', ['-print-runtime-dir'], { encoding: 'utf8' }).stdout.trim();
  const candidates = [
    runtime.stdout.trim(),
    join(folder, 'libclang_rt.fuzzer-x86_64.a'),
    join(folder, 'libclang_rt.fuzzer.a'),
  ];
  return candidates.some((file) => CLANG_RUNTIME.test(file) && existsSync(file))
    ? undefined
    : "clang's runtime is not installed (Debian: libclang-rt-14-dev)";
}

export interface MakeEnd {
  readonly code: number | null;
  readonly output: string;
}

/** `make TARGET`; ended with all its children when the time is over. */
export async function make(
  target: string,
  limitMs: number,
  variables: readonly string[] = [],
): Promise<MakeEnd> {
  const child = spawn(
    'make',
    ['-s', '-C', PLACE, target, `BUILD=${BUILD}`, `CONTRACT=${CONTRACT_FILE}`, ...variables],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own, so that what make started ends with it.
      detached: true,
    },
  );
  let output = '';
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString('utf8')).slice(-200_000);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const limit = setTimeout(() => {
    output += `\nnot done after ${limitMs} ms`;
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  }, limitMs);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      clearTimeout(limit);
      resolve({ code, output });
    });
  });
}
