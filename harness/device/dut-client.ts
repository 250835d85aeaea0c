import type { Deadline, WaitReport } from '../core/deadline';
import { isEsprigError, ProtocolError, UsageError, type EsprigError } from '../core/errors';
import { requestEvents } from './dut-events';
import { exchange } from './dut-http';
import type { HttpAnswer } from './dut-http-answer';
import { PROFILES } from './dut-profile';
import { openRaw } from './dut-raw';
import { openSlowReader } from './dut-slow-reader';
import { parseStatus, refusalText } from './dut-status';
import { parseBaseUrl, withToken, type DutTarget } from './dut-target';
import type { DutClient, DutClientOptions, DutStatus, RequestOptions } from './dut-types';
import { upload } from './dut-upload';
import { notifyOn } from './notify';

/** Between two questions to a device that is awaited. */
const ASK_EVERY_MS = 200;
/** One question must not use up the time for all: a device that restarts may swallow it. */
const ASK_LIMIT_MS = 3_000;

/**
 * A client for the device at an address. Nothing is sent yet.
 * @throws UsageError ESPRIG_USAGE for what is no address
 */
export function createDutClient(options: DutClientOptions): DutClient {
  const { clock, bus, token, profile = PROFILES.contract } = options;
  const address = parseBaseUrl(options.baseUrl);
  let connections = 0;
  const target: DutTarget = {
    ...address,
    token,
    clock,
    notify: notifyOn(bus),
    nextConnection: () => (connections += 1),
  };
  const open = new Set<AsyncDisposable>();
  const keep = <T extends AsyncDisposable>(opened: T): T => {
    open.add(opened);
    return opened;
  };

  const request = (path: string, asked: RequestOptions, deadline: Deadline): Promise<HttpAnswer> => {
    const { method = 'GET', body } = asked;
    const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body;
    return exchange(target, { method, path, headers: withToken(target, asked), body: bytes }, deadline);
  };

  const status = async (deadline: Deadline): Promise<DutStatus> => {
    const { statusPath } = profile;
    if (statusPath === undefined) {
      throw new UsageError('ESPRIG_USAGE', `firmware of profile '${profile.name}' has no status to ask for`);
    }
    return parseStatus(await request(statusPath, {}, deadline), `GET ${target.baseUrl}${statusPath}`);
  };

  /** Asks again and again; nobody listening and answers that are none yet are what is expected meanwhile. */
  const waitFor = async <T>(
    ask: (limit: Deadline) => Promise<T>,
    isWanted: (value: T) => boolean,
    awaited: string,
    deadline: Deadline,
  ): Promise<T> => {
    let last: T | undefined;
    let lastError: EsprigError | undefined;
    for (;;) {
      using limit = deadline.sub({ phase: 'ask', budgetMs: ASK_LIMIT_MS });
      try {
        last = await ask(limit);
        if (isWanted(last)) return last;
      } catch (error) {
        if (!isEsprigError(error) || !isPassing(error)) throw error;
        lastError = error;
      }
      const report = (): WaitReport => ({
        lastSeen: last === undefined ? (lastError?.message ?? '') : JSON.stringify(last).slice(0, 600),
      });
      deadline.check(awaited, report);
      if (deadline.remainingMs() <= ASK_EVERY_MS) throw deadline.error(awaited, report());
      await deadline.sleep(ASK_EVERY_MS, awaited);
    }
  };

  const events: DutClient['requestEvents'] = async (asked, deadline) => {
    const answer = await requestEvents(target, profile, asked, deadline);
    if (answer.stream !== undefined) keep(answer.stream);
    return answer;
  };

  const close = async (): Promise<void> => {
    const all = [...open];
    open.clear();
    await Promise.all(all.map((each) => each[Symbol.asyncDispose]()));
  };

  return {
    baseUrl: target.baseUrl,
    profile,
    clock,
    status,
    request,
    get: (path, deadline, asked = {}) => request(path, { ...asked, method: 'GET' }, deadline),
    upload: (bytes, asked, deadline) => upload(target, profile.uploadPath, bytes, asked, deadline),
    raw: async (deadline) => keep(await openRaw(target, deadline)),
    requestEvents: events,
    openEvents: async (asked, deadline) => {
      const { stream, refusal } = await events(asked, deadline);
      if (stream !== undefined) return stream;
      throw new ProtocolError(
        'ESPRIG_DUT_CONTRACT',
        `GET ${target.baseUrl}${profile.eventsPath}: no event stream but ${refusalText(refusal)}`,
        { details: { status: refusal.status } },
      );
    },
    openSlowReader: async (asked, deadline) =>
      keep(await openSlowReader(target, profile.eventsPath, asked, deadline)),
    waitForHttp: (deadline) =>
      waitFor(
        (limit) => request(profile.statusPath ?? '/', {}, limit),
        () => true,
        `HTTP answer from ${target.baseUrl}`,
        deadline,
      ),
    waitForStatus: (wanted, what, deadline) => waitFor(status, wanted, `status with ${what}`, deadline),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** What a device that is starting may well answer: nothing. */
function isPassing({ code }: EsprigError): boolean {
  return ['ESPRIG_LINK_REFUSED', 'ESPRIG_LINK_CLOSED', 'ESPRIG_LINK_FAILED', 'ESPRIG_DEADLINE'].includes(
    code,
  );
}
