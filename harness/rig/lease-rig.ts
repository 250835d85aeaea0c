import { realpathSync } from 'node:fs';
import type { Clock } from '../core/clock';
import type { Deadline } from '../core/deadline';
import type { EventBus } from '../core/events';
import { boardLockName, portLockName, takeLease, type Lease } from './lease';
import type { RigDescription } from './rig-schema';

export interface LeaseRigOptions {
  /** Told to others who want the board: a command, a case file. */
  readonly leaseOwner: string;
  /** How long to wait for a board that somebody else has; 0: be refused at once. */
  readonly waitMs: number;
  readonly clock: Clock;
  readonly bus?: EventBus | undefined;
}

/** Asking takes a moment, too, even where nobody is waited for. */
const ASK_MS = 10_000;

/** What the lease of a rig may take: the waiting, and at least the asking. */
export function leaseBudgetMs(waitMs: number): number {
  return Math.max(waitMs, ASK_MS);
}

/**
 * Takes the board that a rig file describes: nobody else has it until the lease is disposed of.
 * @throws RigError ESPRIG_RIG_LEASE_HELD with who holds it since when, ESPRIG_RIG_LEASE_FAILED, ESPRIG_TOOL_MISSING;
 * DeadlineError when waiting took too long
 */
export function leaseRig(
  description: RigDescription,
  { leaseOwner, waitMs, clock, bus }: LeaseRigOptions,
  limit: Deadline,
): Promise<Lease> {
  const names = lockNames(description);
  return takeLease({ names, rig: description.name, owner: leaseOwner, wait: waitMs > 0, clock, bus }, limit);
}

/** A board by its MAC, and its port too: two rig files may name one port. */
export function lockNames({ board, serial }: RigDescription): readonly string[] {
  const names = board.mac === undefined ? [] : [boardLockName(board.mac)];
  return serial === undefined ? names : [...names, portLockName(realPort(serial.port))];
}

function realPort(port: string): string {
  try {
    return realpathSync(port);
  } catch {
    return port;
  }
}
