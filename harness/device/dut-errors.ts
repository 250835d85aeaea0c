import type { EsprigError } from '../core/errors';
import { LinkError, ProtocolError, isEsprigError } from '../core/errors';

/** What is known about an exchange when its connection fails. */
export interface FailedExchange {
  /** `GET http://192.168.4.1/status`. */
  readonly what: string;
  readonly sentBytes?: number;
  readonly receivedBytes?: number;
  readonly elapsedMs?: number;
}

interface SystemError {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly message?: unknown;
  readonly cause?: unknown;
}

const NO_ROUTE = ['EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN', 'ENETDOWN', 'ETIMEDOUT', 'EADDRNOTAVAIL'];
const NO_NAME = ['ENOTFOUND', 'EAI_AGAIN', 'EAI_NONAME'];
const CUT = ['ECONNRESET', 'EPIPE', 'ECONNABORTED', 'UND_ERR_SOCKET', 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH'];

/** What a socket or the HTTP library said, as one of our errors; ours pass through. */
export function networkError(error: unknown, exchange: FailedExchange): EsprigError {
  if (isEsprigError(error)) return error;
  const codes = codesOf(error);
  const has = (known: readonly string[]): boolean => codes.some((code) => known.includes(code));
  const { what } = exchange;
  if (has(['ECONNREFUSED'])) {
    return new LinkError('ESPRIG_LINK_REFUSED', `${what}: nothing listens there`, {
      cause: error,
      hint: 'Check the address, and whether the board runs and has joined the network.',
    });
  }
  if (has(NO_ROUTE)) {
    return new LinkError('ESPRIG_LINK_FAILED', `${what}: the address cannot be reached (${codes[0] ?? ''})`, {
      cause: error,
      hint: "Is this machine in the board's network, and the board switched on?",
    });
  }
  if (has(NO_NAME)) {
    return new LinkError('ESPRIG_LINK_FAILED', `${what}: the name is not known`, {
      cause: error,
      hint: "Use the board's address; its console tells it.",
    });
  }
  if (codes.some((code) => code.startsWith('HPE_'))) {
    return new ProtocolError('ESPRIG_HTTP_BAD', `${what}: the answer is no HTTP (${messageOf(error)})`, {
      cause: error,
      hint: 'Is this the address of a device that carries the firmware?',
    });
  }
  if (has(CUT)) return connectionCut(exchange, error, codes.includes('ECONNRESET') ? 'reset' : 'closed');
  return new LinkError('ESPRIG_LINK_FAILED', `${what}: ${messageOf(error)}`, { cause: error });
}

/** The device ended the connection although an answer was due: that is its fault until somebody shows otherwise. */
export function connectionCut(exchange: FailedExchange, cause: unknown, how: 'reset' | 'closed'): LinkError {
  const { what, sentBytes, receivedBytes, elapsedMs } = exchange;
  const facts = [
    ...(sentBytes === undefined ? [] : [`${sentBytes} bytes sent`]),
    ...(receivedBytes === undefined ? [] : [`${receivedBytes} bytes of an answer received`]),
    ...(elapsedMs === undefined ? [] : [`after ${Math.round(elapsedMs)} ms`]),
  ];
  const said = how === 'reset' ? 'the device reset the connection' : 'the device closed the connection';
  return new LinkError(
    'ESPRIG_LINK_CLOSED',
    `${what}: ${said} before its answer was complete${facts.length === 0 ? '' : ` (${facts.join(', ')})`}`,
    { cause, blame: 'dut', hint: 'The console tells whether the firmware crashed or ran out of sockets.' },
  );
}

/** The codes of an error and of what caused it. */
function codesOf(error: unknown): readonly string[] {
  const codes: string[] = [];
  let current = error as SystemError | undefined;
  for (let depth = 0; depth < 5 && typeof current === 'object' && current !== null; depth += 1) {
    if (typeof current.code === 'string') codes.push(current.code);
    // The library's parser gives its errors a name, and only some of them a code.
    if (current.name === 'HTTPParserError') codes.push('HPE_');
    const { errors } = current as { errors?: unknown };
    // Several addresses were tried, each with an error of its own.
    if (Array.isArray(errors)) codes.push(...errors.flatMap((each: unknown) => codesOf(each)));
    current = current.cause as SystemError | undefined;
  }
  return codes;
}

function messageOf(error: unknown): string {
  const { message, cause } = (error ?? {}) as SystemError;
  const own = typeof message === 'string' && message !== '' ? message : String(error);
  return cause === undefined || own !== 'fetch failed' ? own : messageOf(cause);
}
