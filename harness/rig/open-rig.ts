import type { Clock } from '../core/clock';
import type { Deadline } from '../core/deadline';
import { EventBus } from '../core/events';
import { leaseBudgetMs, leaseRig } from './lease-rig';
import { planOf } from './make-plan';
import { openPhysicalRig } from './physical-rig';
import { inPhase } from './phases';
import type { RigFile } from './rig-file';
import { DEFAULT_RIG_BUDGETS, type RigBudgets, type RunningRig } from './running-rig';
import { openVirtualRig } from './virtual-rig';

export interface OpenRigOptions {
  /** Told to others who want the board: a command, a case file. */
  readonly leaseOwner: string;
  readonly clock: Clock;
  readonly deadline: Deadline;
  readonly bus?: EventBus | undefined;
  /** Wait for a board that somebody else has, as long as the lease may take; default true. */
  readonly wait?: boolean | undefined;
  /** Folder with a firmware.json, in place of the rig's own. */
  readonly firmware?: string | undefined;
  /** `leaseMs` 0: do not wait for the board. */
  readonly budgets?: RigBudgets | undefined;
  /** Where the air of a virtual rig is captured to. */
  readonly pcapFile?: string | undefined;
  /** Told what to mask before anything is done that could show it. */
  readonly onSecrets?: ((secrets: readonly string[]) => void) | undefined;
}

/**
 * Leases, checks who the board is, flashes, boots, and waits until it answers. What was begun is undone if any of it fails.
 * @throws EsprigError; the phase (lease, flash, boot) is in its message where time ran out
 */
export async function openRig(rig: RigFile, options: OpenRigOptions): Promise<RunningRig> {
  const { deadline, clock, leaseOwner } = options;
  const bus = options.bus ?? new EventBus(clock);
  const budgets = options.budgets ?? DEFAULT_RIG_BUDGETS;
  const given = { bus, clock, budgets };
  // What needs no board comes first: a missing file is told before anybody has to wait.
  const plan = planOf(rig, options);
  options.onSecrets?.(plan.secrets);
  if (plan.kind === 'virtual') return openVirtualRig(plan, given, deadline);
  const waitMs = options.wait === false ? 0 : budgets.leaseMs;
  const asking = { ...given, budgets: { ...budgets, leaseMs: leaseBudgetMs(waitMs) } };
  const lease = await inPhase(asking, 'lease', 'rig', deadline, (limit) =>
    leaseRig(plan.description, { leaseOwner, waitMs, clock, bus }, limit),
  );
  try {
    return await openPhysicalRig(plan, lease, given, deadline);
  } catch (error) {
    lease[Symbol.dispose]();
    throw error;
  }
}
