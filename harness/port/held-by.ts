import { readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';

/** A process that has a device open. */
export interface Holder {
  readonly pid: number;
  readonly command: string;
}

/** Limits of one look through /proc, so that a machine with very many processes does not stall the caller. */
const MAX_PROCESSES = 20_000;
const MAX_DESCRIPTORS = 4096;

/**
 * Who has the device open, as far as this user may see: other users' descriptors are hidden from ordinary users.
 * Linux only; elsewhere nobody is found. Our own process is not listed.
 */
export function holdersOf(path: string): Holder[] {
  let target: string;
  try {
    target = realpathSync(path);
  } catch {
    return [];
  }
  const holders: Holder[] = [];
  for (const pid of readNames('/proc').slice(0, MAX_PROCESSES)) {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) continue;
    const descriptors = readNames(`/proc/${pid}/fd`).slice(0, MAX_DESCRIPTORS);
    if (descriptors.some((fd) => linkTarget(`/proc/${pid}/fd/${fd}`) === target)) {
      holders.push({ pid: Number(pid), command: commandOf(pid) });
    }
  }
  return holders;
}

function readNames(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

function commandOf(pid: string): string {
  try {
    const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    return line.length > 120 ? line.slice(0, 119) + '…' : line;
  } catch {
    return '?';
  }
}
