import { connect, type Socket } from 'node:net';

/**
 * Client of the GDB remote serial protocol, as far as QEMU's stub needs it ("GDB Remote Serial Protocol", GDB manual,
 * appendix E). Memory packets are pipelined: many are under way at once, so that bulk transfers do not pay the
 * round trip. Every wait has a limit; the first failure ends the link and fails all that wait.
 */
export interface RspLink {
  /** Sends one packet and awaits its reply. */
  request(packet: string, limitMs?: number): Promise<string>;
  readMemory(addr: number, sizeBytes: number): Promise<Uint8Array>;
  writeMemory(addr: number, bytes: Uint8Array): Promise<void>;
  /** Lets the machine run until it stops by itself; after the limit it is interrupted and the answer is `timeout`. */
  runUntilStop(limitMs: number): Promise<'stopped' | 'timeout'>;
  close(): void;
}

/** QEMU's packets hold 4096 characters; two characters a byte, and a little for the head. */
const CHUNK_BYTES = 1536;
const REPLY_LIMIT_MS = 10_000;
const WINDOW = 32;

interface Waiting {
  readonly packet: string;
  readonly resolve: (reply: string) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

/**
 * Connects to a stub, by unix socket path or port of 127.0.0.1.
 *
 * @throws Error when nobody answers within the limit
 */
export async function openRsp(place: string | number, limitMs = 10_000): Promise<RspLink> {
  const socket = await dial(place, Date.now() + limitMs);
  const client = new RspClient(socket);
  await client.request('QStartNoAckMode');
  client.acknowledges = false;
  return client;
}

async function dial(place: string | number, untilMs: number): Promise<Socket> {
  for (;;) {
    try {
      return await new Promise<Socket>((resolve, reject) => {
        const socket = typeof place === 'number' ? connect(place, '127.0.0.1') : connect(place);
        socket.once('connect', () => resolve(socket));
        socket.once('error', reject);
      });
    } catch (error) {
      if (Date.now() > untilMs) throw new Error(`no GDB stub at ${place}`, { cause: error });
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

class RspClient implements RspLink {
  acknowledges = true;
  private readonly waiting: Waiting[] = [];
  private received = '';
  private failure: Error | undefined;

  private readonly socket: Socket;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => this.take(text));
    socket.on('error', (error) => this.fail(error));
    socket.on('close', () => this.fail(new Error('the GDB stub closed the link')));
  }

  request(packet: string, limitMs = REPLY_LIMIT_MS): Promise<string> {
    if (this.failure) return Promise.reject(this.failure);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.fail(new Error(`no reply to "${packet.slice(0, 40)}" within ${limitMs} ms`));
      }, limitMs);
      this.waiting.push({ packet, resolve, reject, timer });
      this.socket.write(framed(packet));
    });
  }

  async readMemory(addr: number, sizeBytes: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(sizeBytes);
    await this.inChunks(sizeBytes, async (offset, length) => {
      const reply = await this.request(`m${(addr + offset).toString(16)},${length.toString(16)}`);
      if (reply.length !== length * 2)
        throw new Error(`reading ${length} bytes at ${(addr + offset).toString(16)}: ${reply}`);
      bytes.set(Buffer.from(reply, 'hex'), offset);
    });
    return bytes;
  }

  async writeMemory(addr: number, bytes: Uint8Array): Promise<void> {
    await this.inChunks(bytes.length, async (offset, length) => {
      const hex = Buffer.from(bytes.buffer, bytes.byteOffset + offset, length).toString('hex');
      const reply = await this.request(`M${(addr + offset).toString(16)},${length.toString(16)}:${hex}`);
      if (reply !== 'OK')
        throw new Error(`writing ${length} bytes at ${(addr + offset).toString(16)}: ${reply}`);
    });
  }

  async runUntilStop(limitMs: number): Promise<'stopped' | 'timeout'> {
    let late = false;
    const interrupt = setTimeout(() => {
      late = true;
      this.socket.write('\x03');
    }, limitMs);
    try {
      await this.request('c', limitMs + REPLY_LIMIT_MS);
    } finally {
      clearTimeout(interrupt);
    }
    return late ? 'timeout' : 'stopped';
  }

  close(): void {
    this.fail(new Error('the link was closed'));
  }

  private async inChunks(
    sizeBytes: number,
    send: (offset: number, length: number) => Promise<void>,
  ): Promise<void> {
    let pending: Promise<void>[] = [];
    for (let offset = 0; offset < sizeBytes; offset += CHUNK_BYTES) {
      pending.push(send(offset, Math.min(CHUNK_BYTES, sizeBytes - offset)));
      if (pending.length === WINDOW) {
        await Promise.all(pending);
        pending = [];
      }
    }
    await Promise.all(pending);
  }

  private take(text: string): void {
    this.received += text;
    for (;;) {
      const start = this.received.indexOf('$');
      const end = this.received.indexOf('#', start + 1);
      if (start < 0 || end < 0 || this.received.length < end + 3) return;
      const reply = this.received.slice(start + 1, end);
      this.received = this.received.slice(end + 3);
      if (this.acknowledges) this.socket.write('+');
      const first = this.waiting.shift();
      if (!first) continue;
      clearTimeout(first.timer);
      first.resolve(reply);
    }
  }

  private fail(error: Error): void {
    if (this.failure) return;
    this.failure = error;
    this.socket.destroy();
    for (const { timer, reject } of this.waiting.splice(0)) {
      clearTimeout(timer);
      reject(error);
    }
  }
}

function framed(packet: string): string {
  let sum = 0;
  for (let i = 0; i < packet.length; i++) sum = (sum + packet.charCodeAt(i)) & 0xff;
  return `$${packet}#${sum.toString(16).padStart(2, '0')}`;
}
