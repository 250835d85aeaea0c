import { RealClock } from '../../core/clock';
import { Deadline } from '../../core/deadline';

/** A deadline on this machine's time, for tests that talk over a link. */
export function deadlineOf(budgetMs: number, signal?: AbortSignal): Deadline {
  return new Deadline({ clock: new RealClock(), budgetMs, phase: 'test', blame: 'rig', signal });
}
