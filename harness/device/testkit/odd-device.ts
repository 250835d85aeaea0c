import { createServer, type Server, type Socket } from 'node:net';
import { RealClock } from '../../core/clock';
import { Deadline } from '../../core/deadline';
import { EventBus, type EsprigEvent } from '../../core/events';
import { createDutClient } from '../dut-client';
import type { DutProfile } from '../dut-profile';
import type { DutClient } from '../dut-types';

/** What one connection sees: its number from 1, the bytes so far, and the socket to do something odd with. */
export type Behaviour = (connection: OddConnection) => void | Promise<void>;

export interface OddConnection {
  readonly index: number;
  readonly socket: Socket;
  /** Everything that has come, as latin1. */
  readonly text: () => string;
  /** Waits until so many bytes have come, or the pattern has. */
  readonly until: (wanted: RegExp | number) => Promise<void>;
  readonly sleep: (ms: number) => Promise<void>;
}

/** A server on a free port of 127.0.0.1 that behaves as it is told, and a client that talks to it. */
export interface OddDevice extends AsyncDisposable {
  readonly client: DutClient;
  readonly baseUrl: string;
  readonly port: number;
  readonly clock: RealClock;
  readonly deadline: Deadline;
  readonly told: readonly EsprigEvent[];
  readonly connections: readonly OddConnection[];
}

const LIMIT_MS = 10_000;

/** Starts it. Each connection behaves as `behave` says; errors of its socket are nobody's business. */
export async function startOddDevice(
  behave: Behaviour,
  options: { readonly profile?: DutProfile; readonly token?: string; readonly limitMs?: number } = {},
): Promise<OddDevice> {
  const sockets = new Set<Socket>();
  const connections: OddConnection[] = [];
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.add(socket);
    const connection = watch(socket, connections.length + 1);
    connections.push(connection);
    socket.on('error', () => undefined).on('close', () => void sockets.delete(socket));
    void behave(connection);
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const clock = new RealClock();
  const bus = new EventBus(clock);
  const told: EsprigEvent[] = [];
  bus.on((event) => void told.push(event));
  const baseUrl = `http://127.0.0.1:${port}`;
  const { limitMs = LIMIT_MS, ...clientOptions } = options;
  const client = createDutClient({ baseUrl, clock, bus, ...clientOptions });
  const deadline = new Deadline({ clock, budgetMs: limitMs, phase: 'test', blame: 'harness' });
  return {
    client,
    baseUrl,
    port,
    clock,
    deadline,
    told,
    connections,
    [Symbol.asyncDispose]: async () => {
      await client.close();
      deadline[Symbol.dispose]();
      for (const socket of sockets) socket.destroy();
      await stopped(server);
    },
  };
}

function watch(socket: Socket, index: number): OddConnection {
  let text = '';
  const onlookers = new Set<() => void>();
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
    for (const look of [...onlookers]) look();
  });
  return {
    index,
    socket,
    text: () => text,
    until: (wanted) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (typeof wanted === 'number' ? text.length < wanted : !wanted.test(text)) return;
          onlookers.delete(look);
          resolve();
        };
        onlookers.add(look);
        look();
      }),
    sleep: (ms) => new Promise((resolve) => void new RealClock().after(ms, resolve)),
  };
}

function stopped(server: Server): Promise<void> {
  return new Promise((resolve) => void server.close(() => resolve()));
}

/** An answer as bytes. */
export function answerText(status: string, body: string, headers: readonly string[] = []): string {
  const all = [`Content-Length: ${Buffer.byteLength(body)}`, 'Connection: close', ...headers];
  return `HTTP/1.1 ${status}\r\n${all.join('\r\n')}\r\n\r\n${body}`;
}

/** The head of an event stream. */
export const STREAM_HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n';

export const STATUS_BODY = {
  app: 'app',
  version: '1.0',
  elf_sha256: 'ab'.repeat(32),
  running: 'ota_0',
  next: 'ota_1',
  heap_free: 40_000,
  heap_lowest: 30_000,
  uptime_ms: 1234,
  clients: 0,
  upload: 'idle',
};
