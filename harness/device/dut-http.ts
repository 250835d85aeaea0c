import { connect as connectSocket, type Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { Client, type buildConnector } from 'undici';
import type { Deadline } from '../core/deadline';
import { networkError } from './dut-errors';
import { makeAnswer, type HttpAnswer } from './dut-http-answer';
import { maskedHeaders, type DutTarget } from './dut-target';

/** A body that is produced while it is sent. */
export interface StreamedBody {
  readonly totalBytes: number;
  readonly chunks: (signal: AbortSignal) => AsyncIterable<Uint8Array>;
}

export interface ExchangeRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | StreamedBody | undefined;
  /** Ends it early. */
  readonly signal?: AbortSignal | undefined;
}

/** A device that answers more than this has gone astray. */
const MAX_ANSWER_BYTES = 8 * 1024 * 1024;

/** One request and its whole answer on a connection of its own. */
export async function exchange(
  target: DutTarget,
  request: ExchangeRequest,
  deadline: Deadline,
): Promise<HttpAnswer> {
  const { method, path, headers } = request;
  const { notify, clock } = target;
  const what = `${method} ${target.baseUrl}${path}`;
  const connection = target.nextConnection();
  const startedMs = clock.nowMs();
  const elapsedMs = (): number => clock.nowMs() - startedMs;
  const stop = new AbortController();
  const sockets: Socket[] = [];
  let isConnected = false;
  const bodyBytes = sizeOf(request.body);
  const client = new Client(target.baseUrl, {
    connect: watchedConnect(target, (socket) => {
      sockets.push(socket);
      socket.once('connect', () => {
        isConnected = true;
        notify('http-connect', { connection, elapsedMs: elapsedMs() });
      });
    }),
    pipelining: 1,
    // The deadline is the only limit of time.
    headersTimeout: 0,
    bodyTimeout: 0,
    maxResponseSize: MAX_ANSWER_BYTES,
  });
  notify('http-request', { connection, method, path, headers: maskedHeaders(headers), bodyBytes });
  const received: Uint8Array[] = [];
  const informational: number[] = [];
  const work = async (): Promise<HttpAnswer> => {
    const {
      statusCode,
      statusText,
      headers: answered,
      body,
    } = await client.request({
      method: method,
      path,
      headers: {
        ...(request.body === undefined ? {} : { 'content-length': String(bodyBytes) }),
        ...headers,
      },
      body: toBody(request.body, stop.signal),
      signal: stop.signal,
      reset: true,
      onInfo: ({ statusCode: interim }) => void informational.push(interim),
    });
    for await (const chunk of body as AsyncIterable<Buffer>) received.push(new Uint8Array(chunk));
    return makeAnswer({
      version: '1.1',
      status: statusCode,
      reason: statusText,
      headers: joined(answered),
      bodyBytes: new Uint8Array(Buffer.concat(received)),
      informational,
      elapsedMs: elapsedMs(),
    });
  };
  const onCancel = (): void => stop.abort(request.signal?.reason);
  if (request.signal?.aborted === true) onCancel();
  else request.signal?.addEventListener('abort', onCancel, { once: true });
  try {
    const answer = await deadline.wait(work(), `answer to ${method} ${path}`, () => ({
      lastSeen: !isConnected ? 'no connection yet' : `${sumOf(received)} bytes of a body`,
      hint: 'The board may hang or be out of reach: look at its console.',
    }));
    const { status, error } = answer;
    notify('http-answer', {
      connection,
      status,
      error,
      bodyBytes: answer.bodyBytes.length,
      elapsedMs: answer.elapsedMs,
    });
    return answer;
  } catch (error) {
    const ours = networkError(error, { what, receivedBytes: sumOf(received), elapsedMs: elapsedMs() });
    notify('http-failed', { connection, code: ours.code, error: ours.message, elapsedMs: elapsedMs() });
    throw ours;
  } finally {
    request.signal?.removeEventListener('abort', onCancel);
    stop.abort();
    for (const socket of sockets) socket.destroy();
    await client.destroy();
  }
}

/** What undici connects with: told of the socket, and no second address tried in silence. */
export function watchedConnect(
  target: DutTarget,
  onSocket: (socket: Socket) => void,
): buildConnector.connector {
  return (_options, callback) => {
    const socket = connectSocket({ host: target.host, port: target.port, noDelay: true });
    const failed = (error: Error): void => callback(error, null);
    socket.once('error', failed).once('connect', () => {
      socket.off('error', failed);
      callback(null, socket);
    });
    onSocket(socket);
  };
}

/** Repeated headers as one. */
export function joined(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name.toLowerCase(),
      Array.isArray(value) ? value.join(', ') : (value ?? ''),
    ]),
  );
}

/** The library takes any async iterable, though its types know streams only. */
function toBody(body: ExchangeRequest['body'], signal: AbortSignal): Uint8Array | Readable | null {
  if (body === undefined) return null;
  return body instanceof Uint8Array ? body : (body.chunks(signal) as unknown as Readable);
}

function sizeOf(body: ExchangeRequest['body']): number {
  if (body === undefined) return 0;
  return body instanceof Uint8Array ? body.length : body.totalBytes;
}

function sumOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, part) => sum + part.length, 0);
}
