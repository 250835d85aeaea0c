import { isErrorCode, type ErrorCode } from './error-codes';

/** Who must act. `case`: whoever wrote the call or the case. */
export type Blame = 'case' | 'rig' | 'dut' | 'harness';

const BLAMES: readonly unknown[] = ['case', 'rig', 'dut', 'harness'] satisfies Blame[];

/** What was seen, for the person who has to act: attached by the room that has it, on the error's way up. */
export interface Evidence {
  /** What it is: `last console lines`, `last frames`, `instruction trace`. */
  readonly title: string;
  readonly lines: readonly string[];
}

export interface ErrorOptions {
  /** An instruction to a person at the bench. */
  readonly hint?: string | undefined;
  readonly evidence?: readonly Evidence[] | undefined;
  readonly cause?: unknown;
  /** Where the class's own blame does not fit: a malformed image that a person handed in is not the device's fault. */
  readonly blame?: Blame | undefined;
}

/**
 * Base of every error that the project raises on purpose. The message says what was tried, what was seen, how long.
 * Match on `code`, never on `instanceof`: each Jest file has classes of its own.
 */
export class EsprigError extends Error {
  readonly code: ErrorCode;
  readonly blame: Blame;
  readonly hint: string | undefined;
  readonly evidence: readonly Evidence[];

  constructor(code: ErrorCode, message: string, options: ErrorOptions & { readonly blame: Blame }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.blame = options.blame;
    this.hint = options.hint;
    this.evidence = options.evidence ?? [];
  }
}

/** Wrong call, line taken or borrowed, unknown rig key. */
export class UsageError extends EsprigError {
  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(code, message, { ...options, blame: options.blame ?? 'case' });
  }
}

/** Rig file invalid, port missing, lease held, power failed, wrong board, rig broken (cause = the first failure). */
export class RigError extends EsprigError {
  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(code, message, { ...options, blame: options.blame ?? 'rig' });
  }
}

/** Port closed, device unplugged, connection refused. */
export class LinkError extends EsprigError {
  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(code, message, { ...options, blame: options.blame ?? 'rig' });
  }
}

export interface ProtocolDetails {
  /** Loader command, where one was refused. */
  readonly command?: number | undefined;
  /** Status byte, or HTTP status. */
  readonly status?: number | undefined;
  /** Where in the bytes. */
  readonly offset?: number | undefined;
}

/** Bad frame, ROM status (command and status byte), malformed events. */
export class ProtocolError extends EsprigError {
  readonly details: ProtocolDetails;

  constructor(
    code: ErrorCode,
    message: string,
    options: ErrorOptions & { readonly details?: ProtocolDetails } = {},
  ) {
    super(code, message, { ...options, blame: options.blame ?? 'dut' });
    this.details = options.details ?? {};
  }
}

export interface DeadlineDetails {
  /** What did not happen, as a noun phrase: `a reply to SYNC`. */
  readonly awaited: string;
  readonly phase: string;
  readonly budgetMs: number;
  readonly spentMs: number;
  readonly lastSeen?: string | undefined;
}

/** What was awaited did not come in time. Who is to blame only the one who waits can know. */
export class DeadlineError extends EsprigError {
  readonly details: DeadlineDetails;

  constructor(details: DeadlineDetails, options: ErrorOptions & { readonly blame: Blame }) {
    const { awaited, phase, budgetMs, spentMs, lastSeen } = details;
    const seen = lastSeen === undefined ? '' : `; last seen: ${lastSeen === '' ? '(nothing)' : lastSeen}`;
    super(
      'ESPRIG_DEADLINE',
      `${phase}: no ${awaited} within ${wholeMs(budgetMs)} (waited ${wholeMs(spentMs)})${seen}`,
      options,
    );
    this.details = details;
  }
}

/** Crash (exccause, epc1, stack), unexpected reset (cause), watchdog. */
export class DutError extends EsprigError {
  readonly details: Readonly<Record<string, string | number>>;

  constructor(
    code: ErrorCode,
    message: string,
    options: ErrorOptions & { readonly details?: Readonly<Record<string, string | number>> } = {},
  ) {
    super(code, message, { ...options, blame: options.blame ?? 'dut' });
    this.details = options.details ?? {};
  }
}

/** `3 000 ms`: thin groups, no fractions. */
function wholeMs(ms: number): string {
  return Math.round(ms)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ' ')
    .concat(' ms');
}

/** By shape, not by class: an error may come from another realm or another thread. */
export function isEsprigError(error: unknown): error is EsprigError {
  if (typeof error !== 'object' || error === null) return false;
  const { code, blame, message } = error as Record<string, unknown>;
  return isErrorCode(code) && BLAMES.includes(blame) && typeof message === 'string';
}

/**
 * The same error with somebody else to act, for a border behind which one knows better who that is. What the class had
 * beside the message is with the cause.
 */
export function blaming(error: EsprigError, blame: Blame, hint?: string): EsprigError {
  const { code, message, evidence } = error;
  return new EsprigError(code, message, { blame, evidence, hint: error.hint ?? hint, cause: error });
}

/**
 * What an error means for this project, whatever was thrown: ours pass through, an emulator's fault keeps its code and
 * blames the harness, and everything else is a mistake inside esprig.
 */
export function toEsprigError(error: unknown): EsprigError {
  if (isEsprigError(error)) return error;
  const { code, message } = (typeof error === 'object' && error !== null ? error : {}) as Record<
    string,
    unknown
  >;
  const text = typeof message === 'string' && message !== '' ? message : String(error);
  if (isErrorCode(code)) return new EsprigError(code, text, { blame: 'harness', cause: error });
  return new EsprigError('ESPRIG_INTERNAL', text, {
    blame: 'harness',
    cause: error,
    hint: 'This is a mistake in esprig, not in your firmware. ESPRIG_DEBUG=1 shows where.',
  });
}

/** What a process that ends with an error hands back. */
export type ExitCode = 0 | 1 | 2 | 3;

const EXIT_CODES: Readonly<Record<Blame, ExitCode>> = { dut: 1, case: 2, rig: 3, harness: 3 };

/** 1 the firmware must act, 2 the caller, 3 the rig or the harness. */
export function exitCodeFor(blame: Blame): ExitCode {
  return EXIT_CODES[blame];
}
