import { Deadline } from '../core/deadline';
import { isEsprigError } from '../core/errors';
import { createDutClient } from '../device/dut-client';
import type { RunningRig } from './running-rig';

/** No firmware prints this: the wait for it ends only when the board dies or somebody has seen enough. */
const NEVER = 'esprig waits for the board to die';

/**
 * Waits until the device answers HTTP, with whatever status. Ends at once when the console shows, behind `since`, that
 * it has died.
 * @throws DutError for a crash; DeadlineError, with the last console lines
 */
export async function waitUntilReady(
  rig: Pick<RunningRig, 'baseUrl' | 'dutProfile' | 'token' | 'clock' | 'console'>,
  since: number,
  deadline: Deadline,
): Promise<void> {
  const { baseUrl, dutProfile: profile, token, clock, console } = rig;
  await using client = createDutClient({
    ...{ baseUrl, profile, clock },
    ...(token === undefined ? {} : { token }),
  });
  const seenEnough = new AbortController();
  using watchLimit = new Deadline({
    clock: deadline.clock,
    budgetMs: deadline.remainingMs(),
    phase: deadline.phase,
    blame: deadline.blame,
    signal: seenEnough.signal,
  });
  const death = console.expect(NEVER, watchLimit, { since });
  try {
    await Promise.race([client.waitForHttp(deadline), death]);
  } catch (error) {
    if (!isEsprigError(error) || error.evidence.length > 0) throw error;
    throw deadline.error('HTTP answer of the device', {
      lastSeen: console.lines.at(-1)?.text ?? '',
      hint: `The last attempt: ${error.message}`,
      evidence: [{ title: 'last console lines', lines: console.lines.slice(-30).map((line) => line.text) }],
    });
  } finally {
    seenEnough.abort();
    await death.then(undefined, () => undefined);
  }
}
