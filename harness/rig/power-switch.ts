/** What switches a board's power on a bench: a USB hub, or programs of the bench's owner. */
import { spawn } from 'node:child_process';
import type { Deadline } from '../core/deadline';
import { RigError } from '../core/errors';
import type { RigDescription } from './rig-schema';

export type PowerState = 'on' | 'off';

export interface PowerSwitch {
  readonly about: string;
  readonly offMs: number;
  /** Switches, and asks whether it has where that can be asked. @throws RigError ESPRIG_RIG_POWER_FAILED */
  set(state: PowerState, deadline: Deadline): Promise<void>;
  /** Off and on in one; undefined: the caller does both. */
  readonly cycle: ((deadline: Deadline) => Promise<void>) | undefined;
  /** Undefined: nobody can tell. */
  read(deadline: Deadline): Promise<PowerState | undefined>;
}

/** The switch that a rig file names, if any. */
export function powerSwitchOf({ power }: RigDescription): PowerSwitch | undefined {
  if (typeof power !== 'object') return undefined;
  const { uhubctl, commands, offMs } = power;
  if (uhubctl !== undefined) return hubSwitch(uhubctl.hub, uhubctl.port, offMs);
  return commands === undefined ? undefined : commandSwitch(commands, offMs);
}

function hubSwitch(hub: string, port: number, offMs: number): PowerSwitch {
  const about = `port ${port} of USB hub ${hub}`;
  const ask = ['-l', hub, '-p', String(port)];
  const read = async (deadline: Deadline): Promise<PowerState> => {
    const output = await run('uhubctl', ask, about, deadline);
    const line = new RegExp(`^\\s*Port ${port}:.*$`, 'm').exec(output)?.[0];
    if (line === undefined) {
      throw powerError(
        `uhubctl does not tell of ${about}`,
        output,
        'Run uhubctl alone: it lists hubs and ports that can be switched.',
      );
    }
    return /\bpower\b/.test(line) ? 'on' : 'off';
  };
  return {
    ...{ about, offMs, read },
    cycle: undefined,
    // -r 100: some hubs need to be told several times.
    set: async (state, deadline) => {
      await run('uhubctl', [...ask, '-a', state, '-r', '100'], about, deadline);
      await confirm(state, read, about, deadline);
    },
  };
}

function commandSwitch(
  commands: {
    readonly on: string;
    readonly off: string;
    readonly cycle?: string | undefined;
    readonly state?: string | undefined;
  },
  offMs: number,
): PowerSwitch {
  const { cycle, state: stateLine } = commands;
  const about = `\`${commands.off}\``;
  const shell = (line: string, deadline: Deadline): Promise<string> =>
    run('sh', ['-c', line], `\`${line}\``, deadline);
  const read = async (deadline: Deadline): Promise<PowerState | undefined> => {
    if (stateLine === undefined) return undefined;
    const word = (await shell(stateLine, deadline)).trim().toLowerCase();
    if (word === 'on' || word === 'off') return word;
    throw powerError(
      `\`${stateLine}\` says neither on nor off`,
      word,
      'power.commands.state has to print one of the two words.',
    );
  };
  return {
    ...{ about, offMs, read },
    cycle:
      cycle === undefined
        ? undefined
        : async (deadline) => {
            await shell(cycle, deadline);
            await confirm('on', read, about, deadline);
          },
    set: async (state, deadline) => {
      await shell(commands[state], deadline);
      await confirm(state, read, about, deadline);
    },
  };
}

async function confirm(
  wanted: PowerState,
  read: PowerSwitch['read'],
  about: string,
  deadline: Deadline,
): Promise<void> {
  const state = await read(deadline);
  if (state === undefined || state === wanted) return;
  throw powerError(
    `${about}: told to be ${wanted}, and is ${state}`,
    '',
    'Does this hub really switch? Many only say so.',
  );
}

/** Longest time that a switch may take. */
const COMMAND_MS = 20_000;
const MAX_OUTPUT_CHARS = 16_384;

/**
 * Runs a program of the bench's owner and returns what it printed.
 * @throws RigError ESPRIG_TOOL_MISSING, ESPRIG_RIG_POWER_FAILED; DeadlineError
 */
async function run(
  program: string,
  args: readonly string[],
  about: string,
  deadline: Deadline,
): Promise<string> {
  using limit = deadline.sub({ phase: 'power', budgetMs: COMMAND_MS, blame: 'rig' });
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: process.env,
    // A group of its own, to be ended with all that it starts.
    detached: true,
  });
  let output = '';
  const collect = (text: string): void => {
    output = (output + text).slice(-MAX_OUTPUT_CHARS);
  };
  child.stdout.setEncoding('utf8').on('data', collect);
  child.stderr.setEncoding('utf8').on('data', collect);
  const ended = new Promise<number | NodeJS.Signals>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(code ?? signal ?? -1));
  });
  try {
    const code = await limit.wait(ended, `end of ${about}`, () => ({ lastSeen: output.trim() }));
    if (code === 0) return output;
    throw powerError(`${about} ended with ${String(code)}`, output, 'Try the command by hand.');
  } catch (error) {
    ended.catch(() => undefined);
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      throw new RigError('ESPRIG_TOOL_MISSING', `${program} is not installed`, {
        cause: error,
        hint: `apt-get install ${program}, or name other commands in power.`,
      });
    }
    throw error;
  } finally {
    if (child.exitCode === null && child.signalCode === null) killGroup(child.pid);
  }
}

/** The program and what it has started. */
function killGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // It has just ended.
  }
}

function powerError(message: string, output: string, hint: string): RigError {
  const lines = output.split('\n').filter((line) => line.trim() !== '');
  return new RigError('ESPRIG_RIG_POWER_FAILED', `power: ${message}`, {
    hint,
    evidence: lines.length === 0 ? [] : [{ title: 'it printed', lines: lines.slice(-20) }],
  });
}

/** Runs the shell line of `network.join`. @throws RigError ESPRIG_RIG_NETWORK_FAILED */
export async function runJoin(line: string, deadline: Deadline): Promise<void> {
  try {
    await run('sh', ['-c', line], `\`${line}\``, deadline);
  } catch (error) {
    throw new RigError('ESPRIG_RIG_NETWORK_FAILED', `network.join: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
