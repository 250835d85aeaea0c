import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** HTTP as bytes, for requests that no client library would send. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface SendOptions {
  /** Sent piece by piece, each in a packet of its own as far as the system lets us. */
  readonly pieces?: Iterable<Uint8Array>;
  /** Close our side behind the request. */
  readonly isHalfClosed?: boolean;
  /** Between two pieces; 0: a turn of the event loop. */
  readonly gapMs?: number;
  readonly limitMs?: number;
}

export function parseAnswer(text: string): RawAnswer {
  const end = text.indexOf('\r\n\r\n');
  const [first = '', ...rest] = text.slice(0, Math.max(end, 0)).split('\r\n');
  const headers = Object.fromEntries(
    rest.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  return {
    status: Number(/^HTTP\/1\.1 (\d{3}) /.exec(first)?.[1] ?? 0),
    headers,
    body: end < 0 ? '' : text.slice(end + 4),
  };
}

/** Sends the bytes and reads until the device closes. Status 0: it closed without an answer. */
export async function ask(socket: Socket, bytes: Uint8Array, options: SendOptions = {}): Promise<RawAnswer> {
  const { pieces = [bytes], isHalfClosed = false, limitMs = 8_000, gapMs = 0 } = options;
  let text = '';
  socket.setNoDelay(true);
  socket.setTimeout(limitMs, () =>
    socket.destroy(new Error(`no end of the answer after ${limitMs} ms: ${text.slice(0, 200)}`)),
  );
  socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
  const ended = once(socket, 'end');
  // Whoever waits for the end is told of an error too; that this one is not waited for yet is no news.
  ended.catch(() => undefined);
  try {
    await once(socket, 'connect');
    for (const piece of pieces) {
      if (!socket.writable) break;
      if (piece.length > 0 && !socket.write(piece)) await Promise.race([once(socket, 'drain'), ended]);
      if (options.pieces !== undefined) await (gapMs > 0 ? sleep(gapMs) : new Promise(setImmediate));
    }
    if (isHalfClosed) socket.end();
    await ended;
    return parseAnswer(text);
  } finally {
    socket.destroy();
  }
}
