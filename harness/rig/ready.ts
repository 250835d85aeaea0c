import { Deadline } from '../core/deadline';
import { isEsprigError } from '../core/errors';
import { EventBus } from '../core/events';
import { createDutClient } from '../device/dut-client';
import type { RunningRig } from './running-rig';

/** No firmware prints this: the wait for it ends only when the board dies or somebody has seen enough. */
const NEVER = 'esprig waits for the board to die';

/** Said of a device that took or refused a connection and then fell silent: the network is not what is missing. */
export const ANSWERED_BEFORE = 'It had answered before, though not with HTTP.';

/**
 * Waits until the device answers HTTP, with whatever status. Ends at once when the console shows, behind `since`, that
 * it has died.
 * @throws DutError for a crash; DeadlineError, with the last attempt and the last console lines
 */
export async function waitUntilReady(
  rig: Pick<RunningRig, 'baseUrl' | 'dutProfile' | 'token' | 'clock' | 'console'>,
  since: number,
  deadline: Deadline,
): Promise<void> {
  const { baseUrl, dutProfile: profile, token, clock, console } = rig;
  let hasAnswered = false;
  const bus = new EventBus(clock);
  bus.on(({ name, data }) => {
    hasAnswered ||= name === 'http-connect' || data['code'] === 'ESPRIG_LINK_REFUSED';
  });
  await using client = createDutClient({
    ...{ baseUrl, profile, clock, bus },
    ...(token === undefined ? {} : { token }),
  });
  const seenEnough = new AbortController();
  // Without a limit of its own: the wait for the answer ends it, and is the one to tell that nothing came.
  using watchLimit = new Deadline({
    clock: deadline.clock,
    budgetMs: Infinity,
    phase: deadline.phase,
    blame: deadline.blame,
    signal: seenEnough.signal,
  });
  using askLimit = deadline.sub({ phase: 'http', signal: seenEnough.signal });
  const death = console.expect(NEVER, watchLimit, { since });
  try {
    await Promise.race([client.waitForHttp(askLimit), death]);
  } catch (error) {
    if (!isEsprigError(error) || error.evidence.length > 0 || deadline.cancelled) throw error;
    throw deadline.error('HTTP answer of the device', {
      lastSeen: console.lines.at(-1)?.text ?? '',
      hint: `The last attempt: ${error.message}${hasAnswered ? `. ${ANSWERED_BEFORE}` : ''}`,
      evidence: [{ title: 'last console lines', lines: console.lines.slice(-30).map((line) => line.text) }],
    });
  } finally {
    seenEnough.abort();
    await death.then(undefined, () => undefined);
  }
}
