import { readFileSync } from 'node:fs';

/** Enough to tell a process from another that is given its number later. */
export interface ProcessMark {
  readonly pid: number;
  /** When it began, in the kernel's own count; empty where the system does not tell. */
  readonly began: string;
}

/** This process, for others to ask after. */
export function ownMark(): ProcessMark {
  return { pid: process.pid, began: statOf(process.pid)?.began ?? '' };
}

/**
 * Whether the process still runs. One that has ended and that nobody has asked for its exit code (a zombie) does not; nor
 * does one whose number belongs to another by now, as happens in containers, where they begin at 1 each time.
 */
export function isRunning({ pid, began }: ProcessMark): boolean {
  const stat = statOf(pid);
  if (stat !== undefined) return !'ZX'.includes(stat.state) && (began === '' || stat.began === began);
  try {
    process.kill(pid, 0);
    // Only where there is no /proc: another's process may be there all the same.
    return began === '';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' && began === '';
  }
}

/** From `/proc/<pid>/stat` (proc_pid_stat(5)): field 3 is the state, field 22 the start in ticks since boot. */
function statOf(pid: number): { readonly state: string; readonly began: string } | undefined {
  try {
    const text = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
    // The name before it stands in parentheses and may hold anything.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0] ?? '', began: fields[19] ?? '' };
  } catch {
    return undefined;
  }
}
