import { RealClock } from '../core/clock';
import { Deadline } from '../core/deadline';
import { EventBus } from '../core/events';
import type { Output } from './output';
import { outputFor, type OutputFlags } from './output-options';

/** What a command at a device works in: how it talks, what time it is, and whether somebody pressed Ctrl-C. */
export interface WorkFrame extends Disposable {
  readonly out: Output;
  readonly clock: RealClock;
  readonly bus: EventBus;
  /** Ctrl-C was pressed. */
  readonly isStopped: () => boolean;
  /** Ends with the time, and with Ctrl-C. */
  readonly deadline: (phase: string, budgetMs: number) => Deadline;
}

/** Until it is disposed of, Ctrl-C ends in order what goes on. */
export function openFrame(flags: OutputFlags): WorkFrame {
  const clock = new RealClock();
  const stop = new AbortController();
  const onSignal = (): void => stop.abort(new Error('interrupted'));
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  return {
    out: outputFor(flags),
    clock,
    bus: new EventBus(clock),
    isStopped: () => stop.signal.aborted,
    deadline: (phase, budgetMs) =>
      new Deadline({ clock, budgetMs, phase, blame: 'rig', signal: stop.signal }),
    [Symbol.dispose]: () => {
      process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
    },
  };
}
