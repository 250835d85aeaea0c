import type { Socket } from 'node:net';
import { SseDecoder } from '../../../harness/protocol/sse';
import type { AppBoard } from './app-board';

export interface SeenEvent {
  readonly id: number;
  readonly name: string;
  readonly data: string;
}

/** One event stream of the device, read as it comes. */
export class AppEvents {
  readonly events: SeenEvent[] = [];
  hasEnded = false;
  private readonly socket: Socket;
  private readonly decoder = new SseDecoder();
  private head: string | undefined = '';
  private changed: () => void = () => undefined;

  private constructor(socket: Socket) {
    this.socket = socket;
    const ended = (): void => {
      this.hasEnded = true;
      this.changed();
    };
    socket.on('close', ended);
    socket.on('end', ended);
    socket.on('error', ended);
  }

  /** Asks for the stream and waits for its head. */
  static async open(board: AppBoard): Promise<AppEvents> {
    const socket = board.connect();
    const events = new AppEvents(socket);
    socket.on('data', (chunk) => events.receive(chunk));
    socket.write('GET /event HTTP/1.1\r\nHost: d\r\nAccept: text/event-stream\r\n\r\n');
    await events.until(() => events.head === undefined, 'head of the event stream');
    return events;
  }

  /** Asks for the stream and never reads a byte of it. */
  static openDeaf(board: AppBoard): Promise<Socket> {
    const socket = board.connect();
    socket.pause();
    socket.on('error', () => undefined);
    socket.write('GET /event HTTP/1.1\r\nHost: d\r\nAccept: text/event-stream\r\n\r\n');
    return Promise.resolve(socket);
  }

  get logLines(): readonly string[] {
    return this.events.filter(({ name }) => name === 'log').map(({ data }) => data);
  }

  async until(met: () => boolean, what: string, limitMs = 30_000): Promise<void> {
    const deadline = AbortSignal.timeout(limitMs);
    while (!met()) {
      if (deadline.aborted || this.hasEnded)
        throw new Error(
          `${what}: ${this.hasEnded ? 'the stream ended' : `not within ${limitMs} ms`}; last: ${JSON.stringify(this.events.slice(-3))}`,
        );
      await this.change(deadline);
    }
  }

  /** Waits until the device has closed it. */
  async ended(limitMs = 30_000): Promise<void> {
    const deadline = AbortSignal.timeout(limitMs);
    while (!this.hasEnded) {
      if (deadline.aborted) throw new Error(`the stream has not ended within ${limitMs} ms`);
      await this.change(deadline);
    }
  }

  close(): void {
    this.socket.destroy();
  }

  private change(deadline: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      this.changed = resolve;
      deadline.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  private receive(chunk: Buffer): void {
    let body = chunk;
    if (this.head !== undefined) {
      this.head += chunk.toString('latin1');
      const end = this.head.indexOf('\r\n\r\n');
      if (end < 0) return;
      if (!this.head.startsWith('HTTP/1.1 200 ')) {
        this.socket.destroy(new Error(this.head));
        return;
      }
      body = Buffer.from(this.head.slice(end + 4), 'latin1');
      this.head = undefined;
    }
    for (const item of this.decoder.feed(body)) {
      if (item.kind === 'event') {
        this.events.push({ id: Number(item.lastEventId), name: item.name, data: item.data });
      }
    }
    this.changed();
  }
}
