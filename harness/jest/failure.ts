/** From whatever a test threw to who must act. Works by shape: errors come from the tests' world, from ours, from threads. */
import { inspect } from 'node:util';
import { isErrorCode } from '../core/error-codes';
import { isEsprigError, toEsprigError, type Blame, type EsprigError } from '../core/errors';
import type { EvidenceRecord, FailureRecord, Verdict } from '../report/run-record';

const MAX_DEPTH = 5;

type Shape = Readonly<Record<string, unknown>>;

/** Jest's word for a test function that did not end; it is told as text, not as an error. */
export function isJestTimeout(error: unknown): boolean {
  const message = typeof error === 'string' ? error : (error as { message?: unknown } | undefined)?.message;
  return typeof message === 'string' && message.startsWith('Exceeded timeout of');
}

/**
 * An error as the report has it. A failed expectation and an error that blames the device speak of the firmware; what
 * nobody claims (a TypeError in a case) is the case's own.
 */
export function describeFailure(error: unknown): FailureRecord {
  const shape = asShape(error);
  const ours = oursIn(error);
  const message = messageOf(error);
  const { stack: ownStack } = SHOWN.get(shape) ?? shape;
  const stack = typeof ownStack === 'string' ? ownStack : undefined;
  if (ours !== undefined) {
    return {
      message: ours.message === shape['message'] ? message : `${message}: ${messageOf(ours)}`,
      blame: ours.blame,
      code: ours.code,
      hint: ours.hint,
      stack,
      evidence: evidenceOf(ours),
    };
  }
  const result = asShape(shape['matcherResult']);
  // Jest's own error of an expectation has the key even where there is nothing in it: with `.rejects` and `.resolves`.
  const isExpectation = 'matcherResult' in shape || shape['code'] === 'ERR_ASSERTION';
  return {
    message,
    blame: isExpectation ? 'dut' : 'case',
    expected: textOf(result['expected'] ?? shape['expected']),
    received: textOf(result['actual'] ?? shape['actual']),
    stack,
    evidence: [],
  };
}

/** `await using` wraps what the body threw when closing throws as well: the body's comes first. */
export function unfold(error: unknown): readonly unknown[] {
  const shape = asShape(error);
  if (shape['name'] === 'SuppressedError' && 'suppressed' in shape) {
    return [...unfold(shape['suppressed']), ...unfold(shape['error'])];
  }
  return [error];
}

/** Who must act after all that went wrong in one case: the first failure decides, what followed came of it. */
export function judge(failures: readonly FailureRecord[]): {
  readonly verdict: Verdict;
  readonly blame?: Blame;
  readonly code?: string;
} {
  const [first] = failures;
  if (first === undefined) return { verdict: 'passed' };
  const blame = first.blame ?? 'case';
  return {
    verdict: blame === 'dut' ? 'failed' : 'broken',
    blame,
    ...(first.code === undefined ? {} : { code: first.code }),
  };
}

/** The error of ours in an error or in what caused it; an emulator's fault counts too. */
function oursIn(error: unknown): EsprigError | undefined {
  let current: unknown = error;
  for (let depth = 0; depth < MAX_DEPTH && typeof current === 'object' && current !== null; depth++) {
    if (isEsprigError(current)) return current;
    if (isErrorCode((current as Shape)['code'])) return toEsprigError(current);
    current = (current as Shape)['cause'];
  }
  return undefined;
}

function evidenceOf(error: EsprigError): readonly EvidenceRecord[] {
  const rows: EvidenceRecord[] = [];
  let current: unknown = error;
  for (let depth = 0; depth < MAX_DEPTH && isEsprigError(current); depth++) {
    rows.push(...(current.evidence ?? []).map(({ title, lines }) => ({ title, lines: [...lines] })));
    const { cause } = current;
    if (isEsprigError(cause)) rows.push({ title: 'caused by', lines: [`${cause.message} (${cause.code})`] });
    current = cause;
  }
  return rows;
}

function messageOf(error: unknown): string {
  if (typeof error === 'string') return error;
  const { message } = SHOWN.get(asShape(error)) ?? asShape(error);
  if (typeof message === 'string' && message !== '') return message;
  return inspect(error, { depth: 1 });
}

function textOf(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'string') return value;
  try {
    return JSON.stringify(
      value,
      (_key, part: unknown) => (typeof part === 'bigint' ? String(part) : part),
      2,
    );
  } catch {
    return inspect(value, { depth: 1 });
  }
}

function asShape(value: unknown): Shape {
  return typeof value === 'object' && value !== null ? (value as Shape) : {};
}

/**
 * Puts code, hint and evidence behind an error's message, where Jest prints it: in the message and in the stack.
 * Once for each error, however often it is reported.
 */
export function showWhole(error: unknown): void {
  if (typeof error !== 'object' || error === null || SHOWN.has(error)) return;
  SHOWN.set(error, { message: (error as Shape)['message'], stack: (error as Shape)['stack'] });
  const ours = oursIn(error);
  if (ours === undefined) return;
  const extra = wholeText(ours);
  const target = error as { message: string; stack?: string };
  const { message, stack } = target;
  try {
    target.message = `${message}\n${extra}`;
    if (stack?.includes(message) === true)
      target.stack = stack.replace(message, () => `${message}\n${extra}`);
  } catch {
    // A frozen error keeps its own words.
  }
}

/** Errors that were shown whole, with their own words: one error may end several cases, and each has a record. */
const SHOWN = new WeakMap<object, Shape>();

function wholeText(error: EsprigError): string {
  const lines = [`  (${error.code}, blames the ${error.blame})`];
  if (error.hint !== undefined) lines.push(`  hint: ${error.hint}`);
  for (const { title, lines: seen } of evidenceOf(error)) {
    lines.push(`  ${title}:`, ...seen.slice(-EVIDENCE_LINES).map((line) => `    ${line}`));
  }
  return lines.join('\n');
}

const EVIDENCE_LINES = 12;
