import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { BoardLine } from '../port/board-line';
import { Rfc2217Client } from './rfc2217-client';
import type { Rfc2217ClientLimits } from './rfc2217-client';

export interface Rfc2217ServerOptions {
  /** 0 or absent: any free port. */
  readonly port?: number;
  /** What the server calls itself when asked. */
  readonly signature?: string;
  /** Deliver bytes sent at another rate than the client set as the garbage a UART would make of them. Default true. */
  readonly garbleOtherBaud?: boolean;
  readonly limits?: Partial<Rfc2217ClientLimits>;
}

/** Counts since the server began; for reports and tests. */
export interface Rfc2217ServerCounts {
  readonly clientsServed: number;
  readonly clientsRefused: number;
  /** Bytes of the board that were dropped because the client did not read. */
  readonly overrunBytes: number;
  readonly badCommands: number;
}

export interface Rfc2217Server extends AsyncDisposable {
  readonly port: number;
  /** What to give to a flasher or a monitor. */
  readonly url: string;
  /** Address of the client that has the line, if any. */
  readonly client: string | undefined;
  readonly counts: Rfc2217ServerCounts;
  /** Ends the client's connection, as a pulled cable does; the server goes on. */
  disconnectClient(): void;
  close(): Promise<void>;
}

const LIMITS: Rfc2217ClientLimits = {
  toClientBytes: 4 * 1024 * 1024,
  toBoardBytes: 64 * 1024,
};
/** Refused connections that may wait to be told so at the same time. */
const MAX_REFUSALS = 16;

/**
 * Serves one board's UART on loopback over RFC 2217: data, rate, DTR and RTS, purge, modem-state notices. One client at
 * a time; the next is told who has the line. A client that goes away releases both lines, as a pulled cable does.
 */
export async function startRfc2217Server(
  board: BoardLine,
  options: Rfc2217ServerOptions = {},
): Promise<Rfc2217Server> {
  const limits = { ...LIMITS, ...options.limits };
  const counts = { clientsServed: 0, clientsRefused: 0, overrunBytes: 0, badCommands: 0 };
  const refusals = new Set<Socket>();
  let current: Rfc2217Client | undefined;

  const server = createServer((socket) => {
    socket.setNoDelay(true);
    const address = `${socket.remoteAddress ?? '?'}:${socket.remotePort ?? 0}`;
    if (current !== undefined) {
      counts.clientsRefused++;
      refuse(socket, refusals, `esprig: this line is in use by ${current.address}\r\n`);
      return;
    }
    counts.clientsServed++;
    const client = new Rfc2217Client(socket, board, {
      address,
      limits,
      signature: options.signature ?? 'esprig ESP8266 board',
      garbleOtherBaud: options.garbleOtherBaud ?? true,
      onOverrun: (bytes) => void (counts.overrunBytes += bytes),
      onBadCommand: () => {
        counts.badCommands++;
      },
      onEnd: () => {
        if (current === client) current = undefined;
      },
    });
    current = client;
  });
  await listen(server, options.port ?? 0);
  const { port } = server.address() as AddressInfo;

  const close = async (): Promise<void> => {
    if (!server.listening) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    current?.disconnect();
    for (const socket of refusals) socket.destroy();
    await closed;
  };
  return {
    port,
    url: `rfc2217://127.0.0.1:${port}`,
    get client() {
      return current?.address;
    },
    counts,
    disconnectClient: () => current?.disconnect(),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: '127.0.0.1', port }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** Says why and hangs up; a client that does not hang up in turn is cut off. */
function refuse(socket: Socket, refusals: Set<Socket>, text: string): void {
  if (refusals.size >= MAX_REFUSALS) {
    socket.destroy();
    return;
  }
  refusals.add(socket);
  const timer = setTimeout(() => socket.destroy(), 1000);
  socket.on('error', () => socket.destroy());
  socket.on('close', () => {
    clearTimeout(timer);
    refusals.delete(socket);
  });
  socket.resume();
  socket.end(text);
}
