import type { MatcherContext } from 'expect';
import type { HttpAnswer } from '../../device/dut-http-answer';
import type { LabResult } from '../../device/dut-upload-lab';
import { DOOR, type Door } from '../door';
import { isShape, notFor, oneLine, tell, type MatcherResult } from './format';

/** Refusals of the device contract (docs/dut-contract.md, section 4) and their statuses. */
export const REFUSALS = {
  bad_magic: 400,
  wrong_slot: 400,
  bad_header: 400,
  bad_checksum: 400,
  truncated: 400,
  bad_request: 400,
  unauthorized: 401,
  not_found: 404,
  method_not_allowed: 405,
  not_acceptable: 406,
  stalled: 408,
  busy: 409,
  no_length: 411,
  too_large: 413,
  header_too_large: 431,
  flash_error: 500,
  chunked_unsupported: 501,
  too_many_clients: 503,
} as const satisfies Readonly<Record<string, number>>;

export type RefusalCode = keyof typeof REFUSALS;

type Answer = Pick<HttpAnswer, 'status' | 'reason' | 'body' | 'error'>;

/** `await dut.upload(…)`, `get(…)`, or what came of a plan: its answer, or why there is none. */
function answerOf(name: string, received: unknown): Answer | string {
  if (isShape<LabResult>(received, 'sentBytes', 'ended', 'noAnswer')) {
    return received.answer ?? `no answer: ${received.noAnswer ?? 'the connection ended'}`;
  }
  if (isShape<Answer>(received, 'status', 'body')) return received;
  return notFor(name, 'an answer of the device', received);
}

function describe(answer: Answer | string): string {
  if (typeof answer === 'string') return answer;
  return oneLine(`${answer.status} ${answer.reason} ${answer.body}`.trimEnd());
}

/** The device answered with this status, whatever else it said. */
export function toHaveAnswered(this: MatcherContext, received: unknown, status: number): MatcherResult {
  const answer = answerOf('toHaveAnswered', received);
  return tell(this, 'toHaveAnswered', ['answer', String(status)], {
    pass: typeof answer !== 'string' && answer.status === status,
    wanted: `an answer with status ${status}`,
    seen: describe(answer),
    expected: status,
    actual: typeof answer === 'string' ? answer : answer.status,
  });
}

/** The device refused, with this code and the status that belongs to it. */
export function toHaveRefused(this: MatcherContext, received: unknown, code: RefusalCode): MatcherResult {
  const answer = answerOf('toHaveRefused', received);
  const status = REFUSALS[code];
  if (status === undefined) notFor('toHaveRefused', `one of ${Object.keys(REFUSALS).join(', ')}`, code);
  // Firmware in the field may say no by its status alone.
  const board = (globalThis as { [DOOR]?: Door })[DOOR]?.board();
  const hasCodes = board?.dut.profile.hasRefusalCodes ?? true;
  const isRefused = typeof answer !== 'string' && answer.status >= 400;
  return tell(this, 'toHaveRefused', ['answer', `"${code}"`], {
    pass: isRefused && (!hasCodes || (answer.status === status && answer.error === code)),
    wanted: hasCodes ? `a refusal: ${status} {"error":"${code}"}` : 'a refusal: any status from 400 on',
    seen: describe(answer),
    expected: hasCodes ? { status, error: code } : 'a refusal',
    actual: typeof answer === 'string' ? answer : { status: answer.status, error: answer.error },
  });
}
