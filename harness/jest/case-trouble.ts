/** What ends a case although it did not happen in it: the run's end, a rig that went away, a crash nobody waited for. */
import type { Circus } from '@jest/types';
import type { EsprigError } from '../core/errors';
import type { FailureRecord } from '../report/run-record';
import { judge } from './failure';

/** An error alone, or one with Jest's own for its place. */
export function firstOf(entry: Circus.TestEntry['errors'][number]): unknown {
  return Array.isArray(entry) ? (entry as readonly unknown[])[0] : entry;
}

/** An error that nobody has told yet. */
export function newsTo(told: readonly EsprigError[], error: EsprigError): EsprigError | undefined {
  return told.some(({ code }) => code === error.code) ? undefined : error;
}

/** The rig has to be opened anew after these. */
export function isRigTrouble(failures: readonly FailureRecord[]): boolean {
  const { blame } = judge(failures);
  return blame === 'rig' || blame === 'harness';
}

/** Calls back when it aborts; call the answer to hear no more. */
export function onAbort(signal: AbortSignal, listener: (reason: Error) => void): () => void {
  const told = (): void => listener(signal.reason as Error);
  signal.addEventListener('abort', told, { once: true });
  return () => signal.removeEventListener('abort', told);
}
