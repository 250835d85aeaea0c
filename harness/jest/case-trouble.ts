/** What ends a case although it did not happen in it: the run's end, a rig that went away, a crash nobody waited for. */
import type { Circus } from '@jest/types';
import { setImmediate } from 'node:timers/promises';
import { toEsprigError, UsageError, type EsprigError } from '../core/errors';
import type { FailureRecord } from '../report/run-record';
import { judge } from './failure';

/** An error alone, or one with Jest's own for its place. */
export function firstOf(entry: unknown): unknown {
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

/** `expect.assertions(n)` counts in a case that has ended itself by `skip()`, too. */
export function isAssertionCount(error: unknown): boolean {
  const message = (error as { readonly message?: unknown } | undefined)?.message;
  return typeof message === 'string' && /expect\.(assertions|hasAssertions)\(/.test(message);
}

/**
 * What the case began and did not await, now that its end has ended that, too. Jest takes such rejections when the whole
 * block is over, and the case would have its verdict by then.
 */
export async function takeUnawaited(
  test: Circus.TestEntry,
  state: Circus.State,
): Promise<readonly unknown[]> {
  // Node tells of them when all that follows from a rejection is done.
  await setImmediate();
  const owners = [test.unhandledRejectionErrorByPromise, state.unhandledRejectionErrorByPromise];
  const errors = owners.flatMap((owner) => [...owner.values()] as unknown[]);
  for (const owner of owners) owner.clear();
  return errors.map((error) => {
    const { code, message } = toEsprigError(error);
    if (code !== 'ESPRIG_CANCELLED') return error;
    return new UsageError('ESPRIG_DISPOSED', `${message}: the case had ended, and nobody awaited it`, {
      hint: 'Await it, or close what it belongs to.',
    });
  });
}

/** Calls back when it aborts; call the answer to hear no more. */
export function onAbort(signal: AbortSignal, listener: (reason: Error) => void): () => void {
  const told = (): void => listener(signal.reason as Error);
  signal.addEventListener('abort', told, { once: true });
  return () => signal.removeEventListener('abort', told);
}
