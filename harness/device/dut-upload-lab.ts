import type { Deadline } from '../core/deadline';
import { concatBytes } from '../core/bytes';
import { isEsprigError, UsageError } from '../core/errors';
import { readProgress, type HttpAnswer } from './dut-http-answer';
import { mustBeImage } from './dut-image';
import type { ConnectionEnd, DutClient, RawConnection } from './dut-types';

/**
 * Uploads that no HTTP library would make, as plans: bytes in pieces, pauses, ends. A plan is data; `runUpload` carries
 * it out on a raw connection and tells what came of it.
 */
export type UploadStep =
  /** One call of the socket, so a segment of its own where it fits into one. */
  | { readonly kind: 'send'; readonly bytes: Uint8Array }
  | { readonly kind: 'pause'; readonly forMs: number }
  /** `100 Continue`, or the final answer. */
  | { readonly kind: 'await-continue' }
  | { readonly kind: 'half-close' }
  /** A reset in place of an end. */
  | { readonly kind: 'abort' };

export interface UploadPlan {
  /** In words, for messages. */
  readonly name: string;
  readonly steps: readonly UploadStep[];
}

/** A request as bytes: `headBytes` of head, then the body. */
export interface UploadRequest {
  readonly bytes: Uint8Array;
  readonly headBytes: number;
}

export interface RequestInput {
  readonly path?: string;
  readonly token?: string | undefined;
  /** Said instead of the image's length; `false` leaves the header out. */
  readonly contentLength?: number | string | false;
  readonly headers?: Readonly<Record<string, string>>;
}

/** `POST /send` with an image, as bytes. @throws UsageError ESPRIG_USAGE for what is no image */
export function uploadRequest(image: Uint8Array, input: RequestInput = {}): UploadRequest {
  mustBeImage(image);
  const { path = '/send', token, contentLength = image.length, headers = {} } = input;
  const lines = [
    `POST ${path} HTTP/1.1`,
    'Host: device',
    'Content-Type: application/octet-stream',
    ...(contentLength === false ? [] : [`Content-Length: ${contentLength}`]),
    ...(token === undefined ? [] : [`Authorization: Bearer ${token}`]),
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  const head = new TextEncoder().encode(`${lines.join('\r\n')}\r\n\r\n`);
  return { bytes: concatBytes([head, image]), headBytes: head.length };
}

/** Whole, in as few segments as it takes. */
export function atOnce({ bytes }: UploadRequest): UploadPlan {
  return { name: 'at once', steps: [send(bytes)] };
}

/** Cut at these offsets of the request; add `headBytes` for an offset in the body. */
export function splitAt({ bytes }: UploadRequest, offsets: readonly number[], pauseMs = 5): UploadPlan {
  const cuts = [...new Set(offsets)].sort((a, b) => a - b);
  const wrong = cuts.find((offset) => !(Number.isInteger(offset) && offset > 0 && offset < bytes.length));
  if (wrong !== undefined) throw beyond('splitAt', wrong, bytes.length);
  const steps: UploadStep[] = [];
  for (const [index, end] of [...cuts, bytes.length].entries()) {
    if (index > 0 && pauseMs > 0) steps.push({ kind: 'pause', forMs: pauseMs });
    steps.push(send(bytes.subarray(cuts[index - 1] ?? 0, end)));
  }
  return { name: `split at ${cuts.join(', ')}`, steps };
}

/** Slowly: so many bytes a second, in pieces of `chunkBytes`. */
export function dribble({ bytes }: UploadRequest, bytesPerSecond: number, chunkBytes = 1): UploadPlan {
  if (!(bytesPerSecond > 0 && chunkBytes >= 1)) {
    throw new UsageError('ESPRIG_USAGE', 'dribble: a rate above 0 and a piece of at least 1 byte are needed');
  }
  const steps: UploadStep[] = [];
  for (let offset = 0; offset < bytes.length; offset += chunkBytes) {
    if (offset > 0) steps.push({ kind: 'pause', forMs: (chunkBytes / bytesPerSecond) * 1000 });
    steps.push(send(bytes.subarray(offset, offset + chunkBytes)));
  }
  return { name: `dribbled at ${bytesPerSecond} bytes/s`, steps };
}

/** The first `offset` bytes of the request, then a reset. */
export function abortAt(request: UploadRequest, offset: number): UploadPlan {
  return { name: `reset at ${offset}`, steps: [...beginning('abortAt', request, offset), { kind: 'abort' }] };
}

/** The first `offset` bytes, then an end in order. */
export function halfCloseAt(request: UploadRequest, offset: number): UploadPlan {
  const steps = beginning('halfCloseAt', request, offset);
  return { name: `ended at ${offset}`, steps: [...steps, { kind: 'half-close' }] };
}

/** The first `offset` bytes, then silence. */
export function stallAt(request: UploadRequest, offset: number): UploadPlan {
  return { name: `silent from ${offset}`, steps: beginning('stallAt', request, offset) };
}

/** Announces another length than it sends. Where it announces more, the end follows. */
export function wrongLength(image: Uint8Array, announcedBytes: number, input: RequestInput = {}): UploadPlan {
  const { bytes } = uploadRequest(image, { ...input, contentLength: announcedBytes });
  const end: readonly UploadStep[] = announcedBytes > image.length ? [{ kind: 'half-close' }] : [];
  return { name: `${announcedBytes} announced of ${image.length}`, steps: [send(bytes), ...end] };
}

/** With `Transfer-Encoding: chunked`. */
export function chunked(image: Uint8Array, chunkBytes = 1024, input: RequestInput = {}): UploadPlan {
  const headers = { ...input.headers, 'Transfer-Encoding': 'chunked' };
  const { bytes: head } = uploadRequest(new Uint8Array(0), { ...input, contentLength: false, headers });
  const text = (said: string): Uint8Array => new TextEncoder().encode(said);
  const parts: Uint8Array[] = [head];
  for (let offset = 0; offset < image.length; offset += chunkBytes) {
    const part = image.subarray(offset, offset + chunkBytes);
    parts.push(text(`${part.length.toString(16)}\r\n`), part, text('\r\n'));
  }
  return { name: 'chunked', steps: [send(concatBytes([...parts, text('0\r\n\r\n')]))] };
}

/** Another request on the heels of the first, in the same segment. */
export function pipelined({ bytes }: UploadRequest, second: Uint8Array | string): UploadPlan {
  const behind = typeof second === 'string' ? new TextEncoder().encode(second) : second;
  return { name: 'pipelined', steps: [send(concatBytes([bytes, behind]))] };
}

/** Asks before it sends the body. */
export function expectContinue(image: Uint8Array, input: RequestInput = {}): UploadPlan {
  const headers = { ...input.headers, Expect: '100-continue' };
  const { bytes, headBytes } = uploadRequest(image, { ...input, headers });
  return {
    name: 'Expect: 100-continue',
    steps: [send(bytes.subarray(0, headBytes)), { kind: 'await-continue' }, send(bytes.subarray(headBytes))],
  };
}

export interface LabOptions {
  /** Go on sending although the answer is there. Default: stop, the rest would only be thrown away. */
  readonly goOnAfterAnswer?: boolean;
  /** Read nothing before all is sent, as clients do that take a request for one act. */
  readonly readLast?: boolean;
  /** How long the device may take over the end of the connection behind its answer. Default 1000. */
  readonly endWithinMs?: number;
}

export interface LabResult {
  /** Undefined: the connection ended without one. */
  readonly answer: HttpAnswer | undefined;
  /** Why there is none. */
  readonly noAnswer: string | undefined;
  /** Bytes of the request, head included, that were handed over. */
  readonly sentBytes: number;
  readonly sawContinue: boolean;
  /** Bytes behind the answer: there should be none. */
  readonly extraBytes: number;
  /** Undefined: the connection was still open when the time for its end was over. */
  readonly ended: ConnectionEnd | undefined;
  readonly elapsedMs: number;
}

/**
 * Carries a plan out on a connection of its own.
 * @throws LinkError when nothing listens; ProtocolError ESPRIG_HTTP_BAD; DeadlineError
 */
export async function runUpload(
  client: DutClient,
  plan: UploadPlan,
  deadline: Deadline,
  options: LabOptions = {},
): Promise<LabResult> {
  const startedMs = client.clock.nowMs();
  await using connection = await client.raw(deadline);
  let sawContinue = false;
  if (options.readLast === true) connection.pause();
  for (const step of plan.steps) {
    if (connection.hasAnswer && options.goOnAfterAnswer !== true) break;
    if (step.kind === 'await-continue') {
      await connection.waitForBytes(/^HTTP\/1\.\d \d{3}[^]*?\r\n\r\n/, deadline);
      sawContinue = !connection.hasAnswer;
    } else if (!(await act(connection, step, deadline))) break;
  }
  connection.resume();
  const { answer, noAnswer } = await answerOf(connection, deadline);
  const ended = await endOf(connection, options.endWithinMs ?? 1000, deadline);
  const { bodyOffset } = readProgress(connection.received());
  const answerBytes = bodyOffset + (answer?.bodyBytes.length ?? 0);
  return {
    answer,
    noAnswer,
    sentBytes: connection.sentBytes,
    sawContinue,
    extraBytes: answer === undefined ? 0 : Math.max(0, connection.receivedBytes - answerBytes),
    ended,
    elapsedMs: client.clock.nowMs() - startedMs,
  };
}

/** False: the connection has ended. */
async function act(
  connection: RawConnection,
  step: Exclude<UploadStep, { kind: 'await-continue' }>,
  deadline: Deadline,
): Promise<boolean> {
  switch (step.kind) {
    case 'send':
      return connection.send(step.bytes, deadline);
    case 'pause':
      await deadline.sleep(step.forMs, 'a pause in the upload');
      return connection.ended === undefined;
    case 'half-close':
      connection.halfClose();
      return true;
    case 'abort':
      connection.abort();
      return false;
  }
}

async function answerOf(
  connection: RawConnection,
  deadline: Deadline,
): Promise<{ readonly answer: HttpAnswer | undefined; readonly noAnswer: string | undefined }> {
  try {
    return { answer: await connection.readAnswer(deadline), noAnswer: undefined };
  } catch (error) {
    if (!isEsprigError(error) || error.code !== 'ESPRIG_LINK_CLOSED') throw error;
    return { answer: undefined, noAnswer: error.message };
  }
}

async function endOf(
  connection: RawConnection,
  withinMs: number,
  deadline: Deadline,
): Promise<ConnectionEnd | undefined> {
  using limit = deadline.sub({ phase: 'end', budgetMs: withinMs });
  try {
    return await connection.waitForEnd(limit);
  } catch (error) {
    if (isEsprigError(error) && error.code === 'ESPRIG_DEADLINE' && !deadline.expired) return undefined;
    throw error;
  }
}

function send(bytes: Uint8Array): UploadStep {
  return { kind: 'send', bytes };
}

function beginning(what: string, { bytes }: UploadRequest, offset: number): readonly UploadStep[] {
  if (!(Number.isInteger(offset) && offset >= 0 && offset <= bytes.length))
    throw beyond(what, offset, bytes.length);
  return offset === 0 ? [] : [send(bytes.subarray(0, offset))];
}

function beyond(what: string, offset: number, sizeBytes: number): UsageError {
  return new UsageError('ESPRIG_USAGE', `${what}: ${offset} is no place in a request of ${sizeBytes} bytes`);
}
