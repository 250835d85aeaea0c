import type { Clock } from '../core/clock';
import type { Deadline } from '../core/deadline';
import { UsageError } from '../core/errors';
import type { EventBus } from '../core/events';
import type { RunningRig } from '../rig/running-rig';
import type { PhaseBudgets } from './options';

/** What is known of a rig before it is opened. */
export interface RigSummary {
  readonly name: string;
  readonly kind: 'virtual' | 'serial';
  readonly capabilities: readonly string[];
}

export interface OpenRigOptions {
  /** Told to others who want the board. */
  readonly leaseOwner: string;
  readonly bus: EventBus;
  readonly clock: Clock;
  readonly deadline: Deadline;
  /** Folder with a firmware.json, in place of the rig's own. */
  readonly firmware: string | undefined;
  readonly budgets: PhaseBudgets;
  /** To be called with the rig's secrets before anything is done that could show them. */
  readonly onSecrets?: (secrets: readonly string[]) => void;
}

/** Where rigs come from: harness/rig, or a module that a project names in `rigProvider`. */
export interface RigProvider {
  /** @throws UsageError, RigError when there is no such rig or its file is wrong */
  describe(name: string): RigSummary;
  /** Leases, flashes and boots. @throws EsprigError */
  open(name: string, options: OpenRigOptions): Promise<RunningRig>;
}

/**
 * The provider of a project.
 * @throws UsageError ESPRIG_USAGE when the module cannot be loaded or has no `rigProvider`
 */
export function loadRigProvider(modulePath: string | undefined): RigProvider {
  // Loaded only where boards are opened, and not by a parent process that only counts lanes.
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  if (modulePath === undefined) return (require('./own-rigs') as { ownRigs: RigProvider }).ownRigs;
  let loaded: { readonly rigProvider?: RigProvider };
  try {
    // eslint-disable-next-line @typescript-eslint/no-require-imports
    loaded = require(modulePath) as typeof loaded;
  } catch (error) {
    throw new UsageError('ESPRIG_USAGE', `rigProvider ${modulePath} cannot be loaded`, { cause: error });
  }
  if (typeof loaded.rigProvider?.open === 'function') return loaded.rigProvider;
  throw new UsageError('ESPRIG_USAGE', `rigProvider ${modulePath} exports no rigProvider`);
}
