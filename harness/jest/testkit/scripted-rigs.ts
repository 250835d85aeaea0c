/** The fake rigs, opened as a test has it: each opening takes the next line of the script. */
import { RigError } from '../../core/errors';
import type { RunningRig } from '../../rig/running-rig';
import type { OpenRigOptions, RigProvider } from '../rig-provider';
import { rigProvider as fake } from './fake-rigs';

/** What an opening waits for first, and whether it then fails. */
export interface Opening {
  readonly first?: Promise<unknown>;
  readonly fails?: boolean;
}

export const script: { openings: Opening[]; atOnce: number; mostAtOnce: number } = {
  ...{ openings: [], atOnce: 0, mostAtOnce: 0 },
};

async function open(name: string, options: OpenRigOptions): Promise<RunningRig> {
  const { first, fails = false } = script.openings.shift() ?? {};
  script.atOnce += 1;
  script.mostAtOnce = Math.max(script.mostAtOnce, script.atOnce);
  try {
    await first;
    if (fails) throw new RigError('ESPRIG_PORT_MISSING', 'unplugged just now');
    return await fake.open(name, options);
  } finally {
    script.atOnce -= 1;
  }
}

export const rigProvider: RigProvider = { describe: (name) => fake.describe(name), open };
