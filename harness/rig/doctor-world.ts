/** What the doctor looks at, so that tests can show it other machines. */
import { accessSync, constants, existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';
import { holdersOf, type Holder } from '../port/held-by';
import { listSerialPorts, type ListedPort } from '../port/node-serial-port';
import { lockFolder } from './lease';

export interface DoctorWorld {
  readonly nodeVersion: string;
  readonly user: string;
  hasPackage(name: string): boolean;
  hasProgram(name: string): boolean;
  lockFolder(): { readonly folder: string; readonly isWritable: boolean };
  listPorts(): Promise<readonly ListedPort[]>;
  /** Undefined: there is no such device. */
  access(path: string): 'allowed' | 'denied' | undefined;
  holdersOf(path: string): readonly Holder[];
  /** Names of the programs that run. */
  programsRunning(): readonly string[];
}

const MAX_PROCESSES = 20_000;

export const REAL_WORLD: DoctorWorld = {
  nodeVersion: process.version,
  user: process.env['USER'] ?? 'you',
  hasPackage(name) {
    try {
      createRequire(__filename).resolve(name);
      return true;
    } catch {
      return false;
    }
  },
  hasProgram: (name) =>
    (process.env['PATH'] ?? '')
      .split(delimiter)
      .concat('/usr/sbin', '/sbin')
      .some((folder) => folder !== '' && existsSync(join(folder, name))),
  lockFolder() {
    const folder = lockFolder();
    return { folder, isWritable: mayAccess(folder) };
  },
  listPorts: () => listSerialPorts(),
  access: (path) => (existsSync(path) ? (mayAccess(path) ? 'allowed' : 'denied') : undefined),
  holdersOf,
  programsRunning() {
    let pids: string[];
    try {
      pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
    } catch {
      return [];
    }
    return pids.slice(0, MAX_PROCESSES).flatMap((pid) => {
      try {
        return [readFileSync(`/proc/${pid}/comm`, 'utf8').trim()];
      } catch {
        return [];
      }
    });
  },
};

function mayAccess(path: string): boolean {
  try {
    accessSync(realpathSync(path), constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
