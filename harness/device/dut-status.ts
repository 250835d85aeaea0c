import { ProtocolError } from '../core/errors';
import type { HttpAnswer } from './dut-http-answer';
import type { DutStatus, UploadStatusWord } from './dut-types';

const UPLOAD_WORDS: readonly unknown[] = [
  'idle',
  'receiving',
  'verifying',
  'installed',
  'failed',
] satisfies readonly UploadStatusWord[];

/** What each key must be; contract, section 7. */
const CHECKS: Readonly<Record<string, (value: unknown) => boolean>> = {
  app: isText,
  version: isText,
  elf_sha256: (value) => isText(value) && /^[0-9a-f]{64}$/.test(value as string),
  running: isText,
  next: isText,
  heap_free: isCount,
  heap_lowest: isCount,
  uptime_ms: isCount,
  clients: isCount,
  upload: (value) => UPLOAD_WORDS.includes(value),
};

/**
 * The status that an answer carries.
 * @throws ProtocolError ESPRIG_DUT_CONTRACT with every key that is wrong
 */
export function parseStatus(answer: HttpAnswer, what: string): DutStatus {
  const { status, json } = answer;
  const fail = (said: string): never => {
    throw new ProtocolError('ESPRIG_DUT_CONTRACT', `${what}: ${said}`, {
      details: { status },
      evidence: [{ title: 'answer', lines: answer.body.slice(0, 2000).split('\n') }],
      hint:
        status === 401
          ? 'The device wants a token.'
          : 'Is this the address of a device that carries the firmware?',
    });
  };
  if (status !== 200) fail(refusalText(answer));
  if (typeof json !== 'object' || json === null || Array.isArray(json)) fail('the answer is no JSON object');
  const raw = json as Readonly<Record<string, unknown>>;
  const wrong = Object.keys(CHECKS).filter((key) => !CHECKS[key]!(raw[key]));
  if (wrong.length > 0) {
    fail(`not as the contract has it: ${wrong.map((key) => `${key} = ${shown(raw[key])}`).join(', ')}`);
  }
  return {
    app: raw['app'] as string,
    version: raw['version'] as string,
    elfSha256: raw['elf_sha256'] as string,
    running: raw['running'] as string,
    next: raw['next'] as string,
    heapFreeBytes: raw['heap_free'] as number,
    heapLowestBytes: raw['heap_lowest'] as number,
    uptimeMs: raw['uptime_ms'] as number,
    clients: raw['clients'] as number,
    upload: raw['upload'] as UploadStatusWord,
    raw,
  };
}

/** `503 too_many_clients (three streams are open)`. */
export function refusalText({ status, reason, error, detail }: HttpAnswer): string {
  const name = error ?? (reason === '' ? 'no code' : reason);
  return `${status} ${name}${detail === undefined ? '' : ` (${detail})`}`;
}

function shown(value: unknown): string {
  return value === undefined ? '(missing)' : JSON.stringify(value).slice(0, 80);
}

function isText(value: unknown): boolean {
  return typeof value === 'string';
}

function isCount(value: unknown): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0;
}
