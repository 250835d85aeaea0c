import type { Deadline } from '../core/deadline';
import type { Blame } from '../core/errors';
import type { EventBus } from '../core/events';
import type { RigBudgets } from './running-rig';

type Phase = 'lease' | 'flash' | 'boot';

/** Does a part of the opening in its own share of the time, and tells how long it took. */
export async function inPhase<T>(
  given: { readonly bus: EventBus; readonly budgets: RigBudgets },
  phase: Phase,
  blame: Blame,
  deadline: Deadline,
  work: (limit: Deadline) => Promise<T>,
): Promise<T> {
  using limit = deadline.sub({ phase, blame, budgetMs: given.budgets[`${phase}Ms`] });
  const startedAtMs = deadline.clock.nowMs();
  given.bus.emit('rig', 'phase-begun', { phase, lane: 'rig', text: phase });
  try {
    return await work(limit);
  } finally {
    const elapsedMs = deadline.clock.nowMs() - startedAtMs;
    given.bus.emit('rig', 'phase-ended', { phase, startedAtMs, elapsedMs, lane: 'rig', text: phase });
  }
}
