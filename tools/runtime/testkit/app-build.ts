import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { compilerMissing } from '../../torture/toolchain';
import { LWIP, ROOT } from '../paths';

const BUILD = join(ROOT, 'tools/runtime/build.ts');
const REGISTER = join(ROOT, 'harness/register.cjs');

/** Why the firmware cannot be built here, or undefined. */
export function runtimeMissing(): string | undefined {
  return compilerMissing() ?? (existsSync(LWIP) ? undefined : 'no lwIP source; `npm start` fetches it');
}

/** Brings build/firmware/<layout> up to date; quick when it is. @throws Error with what the build has said */
export async function buildForTests(layouts: readonly string[]): Promise<void> {
  for (const layout of layouts) {
    const child = spawn(process.execPath, ['-r', REGISTER, BUILD, '--layout', layout], { cwd: ROOT });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const [code] = (await once(child, 'close')) as [number | null];
    if (code !== 0) throw new Error(`${layout}: ${output.slice(-4000)}`);
  }
}
