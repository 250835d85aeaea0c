import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isRunning } from '../../report/process-life';

const NAME = /^jest-(\d+)\.json$/;

/** Writes what Jest is told in a file of this process; those of processes that were killed go. Returns its path. */
export function writeRunConfig(root: string, config: object): string {
  const folder = join(root, 'build', 'run');
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(folder)) {
    const pid = Number(NAME.exec(name)?.[1]);
    if (pid > 0 && !isRunning({ pid, began: '' })) rmSync(join(folder, name), { force: true });
  }
  const path = join(folder, `jest-${String(process.pid)}.json`);
  writeFileSync(path, JSON.stringify(config));
  return path;
}
