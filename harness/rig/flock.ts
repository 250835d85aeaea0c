/** The lock behind a lease (docs/adr/0008), by the program `flock`: Node itself has no call for it. */
import { spawn } from 'node:child_process';
import type { Deadline } from '../core/deadline';
import { RigError } from '../core/errors';

interface FlockEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
}

/** What `flock -n` ends with when somebody else has the lock; everything else but 0 is a failure (its manual). */
const EXIT_HELD = 1;

/** True: we have it. False: somebody else has. @throws RigError ESPRIG_RIG_LEASE_FAILED when that cannot be told */
export async function tryLock(fd: number, file: string, deadline: Deadline | undefined): Promise<boolean> {
  const ended = await flock(fd, ['-n'], deadline);
  if (ended.code === 0 || ended.code === EXIT_HELD) return ended.code === 0;
  throw flockFailed(file, 'tried', ended);
}

/**
 * Until it is ours. Nothing is had by a program that ended in another way, so that does not count as a lock.
 * @throws RigError ESPRIG_RIG_LEASE_FAILED; DeadlineError with what `lastSeen` tells of the holder
 */
export async function waitForLock(
  fd: number,
  file: string,
  deadline: Deadline,
  lastSeen: () => string,
): Promise<void> {
  const ended = await flock(fd, [], deadline, lastSeen);
  if (ended.code === 0) return;
  // A Ctrl-C ends the program, too, and is told as what it is.
  deadline.check('lease of the board');
  throw flockFailed(file, 'waited for', ended);
}

function flockFailed(file: string, how: string, { code, signal, stderr }: FlockEnd): RigError {
  const end = signal === null ? `ended with ${String(code)}` : `was ended by ${signal}`;
  const said = stderr.trim() === '' ? '' : `: ${stderr.trim()}`;
  return new RigError(
    'ESPRIG_RIG_LEASE_FAILED',
    `the lock ${file} could not be ${how}: flock ${end}${said}`,
    {
      hint:
        signal === null
          ? 'Locks need a local file system: name a folder on one with ESPRIG_LOCKS, the same for everybody here.'
          : 'The board was not taken. Find out who ended that program, then start again.',
    },
  );
}

/**
 * Runs util-linux `flock` on our descriptor: the lock belongs to the open file, so that it stays with us when the program
 * has ended.
 */
async function flock(
  fd: number,
  options: readonly string[],
  deadline: Deadline | undefined,
  lastSeen: () => string | undefined = () => undefined,
): Promise<FlockEnd> {
  const child = spawn('flock', [...options, '3'], {
    stdio: ['ignore', 'ignore', 'pipe', fd],
    // Jest's files have an environment of their own.
    env: process.env,
  });
  let stderr = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(0, 500)));
  const ended = new Promise<FlockEnd>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, stderr }));
  });
  try {
    return await (deadline === undefined
      ? ended
      : deadline.wait(ended, 'lease of the board', () => ({
          lastSeen: lastSeen(),
          hint: 'Its lease ends when that process ends.',
        })));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      throw new RigError('ESPRIG_TOOL_MISSING', 'the program flock is not installed', {
        cause: error,
        hint: 'It is part of util-linux: apt-get install util-linux.',
      });
    }
    throw error;
  } finally {
    ended.catch(() => undefined);
    if (child.exitCode === null) child.kill('SIGKILL');
  }
}
