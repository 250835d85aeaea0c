import { request } from 'undici';
import type { Deadline } from '../core/deadline';
import { RigError } from '../core/errors';
import type { Console } from '../device/console';
import type { DutProfile } from '../device/dut-profile';
import type { EsprigError } from '../core/errors';

const ATTEMPT_MS = 2_000;
const PAUSE_MS = 50;
/** No firmware prints this: the wait for it ends only when the board dies. */
const NEVER = 'esprig waits for the board to die';

/**
 * Waits until the device answers HTTP, with whatever status. Ends at once when the console shows that it has died.
 * @throws DutError; RigError ESPRIG_RIG_NETWORK_FAILED when the time is up
 */
export async function waitForHttp(
  at: { readonly baseUrl: string; readonly profile: DutProfile; readonly console: Console; readonly since: number },
  deadline: Deadline,
): Promise<void> {
  const url = at.baseUrl + (at.profile.statusPath ?? at.profile.pagePath ?? '/');
  let death: EsprigError | undefined;
  const watch = at.console
    .expect(NEVER, deadline, { since: at.since })
    .then(undefined, (error: EsprigError) => void (death = error));
  let last = '';
  while (!deadline.expired && !deadline.cancelled) {
    try {
      const answer = await request(url, {
        signal: AbortSignal.any([AbortSignal.timeout(ATTEMPT_MS), deadline.signal]),
        headersTimeout: ATTEMPT_MS,
        bodyTimeout: ATTEMPT_MS,
        reset: true,
      });
      await answer.body.dump();
      at.console.abandonWait(NEVER);
      await watch;
      return;
    } catch (error) {
      last = (error as Error).message;
    }
    if (death !== undefined && death.code !== 'ESPRIG_DEADLINE') throw death;
    if (deadline.remainingMs() > PAUSE_MS) await deadline.sleep(PAUSE_MS, 'the device to answer');
    else break;
  }
  deadline.check('the device', () => ({ lastSeen: last }));
  throw new RigError('ESPRIG_RIG_NETWORK_FAILED', `${url}: ${last}`);
}
