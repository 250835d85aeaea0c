import { ProtocolError } from '../core/errors';

/** An answer of a device, whole. */
export interface HttpAnswer {
  readonly status: number;
  readonly reason: string;
  readonly version: string;
  /** Names in small letters; a header said twice is joined by a comma and a blank. */
  readonly headers: Readonly<Record<string, string>>;
  readonly bodyBytes: Uint8Array;
  /** The body as UTF-8. */
  readonly body: string;
  /** The body as JSON; undefined when it is none. */
  readonly json: unknown;
  /** Code of a refusal, from the body; undefined when there is none. */
  readonly error: string | undefined;
  readonly detail: string | undefined;
  /** Statuses of the `1xx` answers before it. */
  readonly informational: readonly number[];
  /** From the request's beginning to the end of the answer. */
  readonly elapsedMs: number;
}

export interface AnswerParts {
  readonly status: number;
  readonly reason: string;
  readonly version: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly bodyBytes: Uint8Array;
  readonly informational?: readonly number[];
  readonly elapsedMs: number;
}

/** Adds to an answer's parts what its body says. */
export function makeAnswer(parts: AnswerParts): HttpAnswer {
  const body = new TextDecoder().decode(parts.bodyBytes);
  const json = parseJson(body);
  return {
    ...parts,
    informational: parts.informational ?? [],
    body,
    json,
    error: parts.status >= 400 ? textOf(json, 'error') : undefined,
    detail: parts.status >= 400 ? textOf(json, 'detail') : undefined,
  };
}

/** What is known of an answer from the bytes that have come. */
export interface AnswerProgress {
  /** The final head, once it is complete. */
  readonly head: AnswerHead | undefined;
  readonly informational: readonly number[];
  /** Whether any byte of the final answer has come. */
  readonly hasBegun: boolean;
  /** Where the body begins. */
  readonly bodyOffset: number;
  /** Where it ends by its length; undefined: with the connection. */
  readonly endOffset: number | undefined;
}

export interface AnswerHead {
  readonly version: string;
  readonly status: number;
  readonly reason: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** More than any device's head, and less than what would fill memory. */
const MAX_HEAD_BYTES = 16 * 1024;
const NO_BODY: readonly number[] = [204, 304];

/**
 * Looks at the bytes of a connection as answers: interim ones, then one final.
 * @throws ProtocolError ESPRIG_HTTP_BAD
 */
export function readProgress(bytes: Uint8Array): AnswerProgress {
  const informational: number[] = [];
  let offset = 0;
  for (;;) {
    const endAt = headEnd(bytes, offset);
    if (endAt === undefined) {
      if (bytes.length - offset > MAX_HEAD_BYTES)
        throw bad(`no end of the head within ${MAX_HEAD_BYTES} bytes`, offset);
      const hasBegun = bytes.length > offset;
      return { head: undefined, informational, hasBegun, bodyOffset: offset, endOffset: undefined };
    }
    const head = parseHead(bytes.subarray(offset, endAt), offset);
    offset = endAt;
    if (head.status >= 100 && head.status < 200) {
      informational.push(head.status);
      continue;
    }
    return {
      head,
      informational,
      hasBegun: true,
      bodyOffset: offset,
      endOffset: bodyEnd(head, offset),
    };
  }
}

function headEnd(bytes: Uint8Array, from: number): number | undefined {
  for (let at = from; at + 3 < bytes.length; at += 1) {
    if (bytes[at] === 0x0d && bytes[at + 1] === 0x0a && bytes[at + 2] === 0x0d && bytes[at + 3] === 0x0a)
      return at + 4;
  }
  return undefined;
}

function parseHead(bytes: Uint8Array, offset: number): AnswerHead {
  const text = Buffer.from(bytes).toString('latin1');
  const [first = '', ...rest] = text.slice(0, -4).split('\r\n');
  const match = /^HTTP\/(\d\.\d) (\d{3})(?: (.*))?$/.exec(first);
  if (match === null) throw bad(`'${first.slice(0, 80)}' is no status line`, offset);
  const headers: Record<string, string> = {};
  for (const line of rest) {
    const header = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/.exec(line);
    if (header === null) throw bad(`'${line.slice(0, 80)}' is no header line`, offset);
    const name = header[1]!.toLowerCase();
    const value = header[2]!;
    headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`;
  }
  return { version: match[1]!, status: Number(match[2]), reason: match[3] ?? '', headers };
}

function bodyEnd(head: AnswerHead, bodyOffset: number): number | undefined {
  if (NO_BODY.includes(head.status)) return bodyOffset;
  const length = head.headers['content-length'];
  if (length === undefined) return undefined;
  if (!/^\d{1,10}$/.test(length)) throw bad(`'${length.slice(0, 80)}' is no Content-Length`, bodyOffset);
  return bodyOffset + Number(length);
}

function bad(what: string, offset: number): ProtocolError {
  return new ProtocolError('ESPRIG_HTTP_BAD', `the device's answer is no HTTP: ${what}`, {
    details: { offset },
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function textOf(json: unknown, key: string): string | undefined {
  const value =
    typeof json === 'object' && json !== null ? (json as Record<string, unknown>)[key] : undefined;
  return typeof value === 'string' ? value : undefined;
}
