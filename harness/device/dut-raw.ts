import { connect, type Socket } from 'node:net';
import type { Deadline } from '../core/deadline';
import { LinkError } from '../core/errors';
import { Changes } from './dut-changes';
import { connectionCut, networkError } from './dut-errors';
import { makeAnswer, readProgress, type AnswerProgress, type HttpAnswer } from './dut-http-answer';
import type { DutTarget } from './dut-target';
import type { ConnectionEnd, RawConnection } from './dut-types';

/** A device answers in kilobytes; an event stream that is read raw may grow to this. */
const MAX_RECEIVED_BYTES = 32 * 1024 * 1024;

/**
 * Connects without an HTTP library in between.
 * @throws LinkError, DeadlineError
 */
export async function openRaw(target: DutTarget, deadline: Deadline): Promise<SocketConnection> {
  const { host, port, clock, notify } = target;
  const id = target.nextConnection();
  const socket = connect({ host, port, noDelay: true, allowHalfOpen: true });
  const startedMs = clock.nowMs();
  try {
    const connected = new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve).once('error', reject);
    });
    await deadline.wait(connected, `connection to ${target.baseUrl}`);
  } catch (error) {
    // What the socket still has to say is of no interest.
    socket.on('error', () => undefined).destroy();
    throw networkError(error, { what: `connecting to ${target.baseUrl}` });
  }
  notify('http-connect', { connection: id, elapsedMs: clock.nowMs() - startedMs, isRaw: true });
  return new SocketConnection(id, socket, target);
}

/** What `RawConnection` says, and how the head of an answer is awaited. */
export class SocketConnection implements RawConnection {
  readonly id: number;
  readonly #socket: Socket;
  readonly #target: DutTarget;
  readonly #changes = new Changes();
  readonly #startedMs: number;
  #buffer = new Uint8Array(1024);
  #receivedBytes = 0;
  #sentBytes = 0;
  #hasPeerEnded = false;
  #ended: ConnectionEnd | undefined;
  #error: unknown;
  #isOurEnd = false;

  constructor(id: number, socket: Socket, target: DutTarget) {
    this.id = id;
    this.#socket = socket;
    this.#target = target;
    this.#startedMs = target.clock.nowMs();
    socket
      .on('data', (chunk: Buffer) => this.#receive(chunk))
      .on('end', () => {
        this.#hasPeerEnded = true;
        this.#changes.tell();
      })
      .on('error', (error) => {
        this.#error = error;
      })
      .on('close', () => this.#close());
  }

  get sentBytes(): number {
    return this.#sentBytes;
  }

  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  get ended(): ConnectionEnd | undefined {
    return this.#ended ?? (this.#hasPeerEnded ? 'closed' : undefined);
  }

  get hasAnswer(): boolean {
    return readProgress(this.received()).hasBegun;
  }

  received(): Uint8Array {
    return this.#buffer.subarray(0, this.#receivedBytes);
  }

  async send(bytes: Uint8Array | string, deadline: Deadline): Promise<boolean> {
    const data = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes;
    if (this.#ended !== undefined || !this.#socket.writable) return false;
    const taken = new Promise<boolean>((resolve) => {
      this.#socket.write(data, (error) => resolve(error === undefined || error === null));
    });
    const isTaken = await deadline.wait(taken, `room for ${data.length} bytes on the connection`, () => ({
      lastSeen: `${this.#sentBytes} bytes sent before`,
    }));
    if (isTaken) {
      this.#sentBytes += data.length;
      this.#tell('http-sent', { bytes: data.length, sentBytes: this.#sentBytes });
    }
    return isTaken;
  }

  halfClose(): void {
    this.#tell('http-half-close', { sentBytes: this.#sentBytes });
    this.#socket.end();
  }

  abort(): void {
    this.#isOurEnd = true;
    this.#tell('http-abort', { sentBytes: this.#sentBytes });
    const socket = this.#socket;
    // Node cannot reset a socket whose end is just on its way (libuv: EINVAL), and would never close it.
    if (!socket.writableEnded || socket.writableFinished) socket.resetAndDestroy();
    else socket.once('finish', () => socket.resetAndDestroy());
  }

  async close(): Promise<void> {
    if (this.#ended !== undefined) return;
    this.#isOurEnd = true;
    const closed = new Promise<void>((resolve) => void this.#socket.once('close', () => resolve()));
    this.#socket.destroy();
    await closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  async readAnswer(deadline: Deadline): Promise<HttpAnswer> {
    return this.#changes.until(
      () => this.#answer(),
      `end of the answer on connection ${this.id}`,
      deadline,
      () => ({ lastSeen: Buffer.from(this.received().subarray(-200)).toString('latin1') }),
    );
  }

  /** Waits for the head of the final answer. */
  async readHead(deadline: Deadline): Promise<AnswerProgress> {
    const look = (): AnswerProgress | undefined => {
      const progress = readProgress(this.received());
      if (progress.head !== undefined) return progress;
      return this.ended === undefined ? undefined : this.#throwCut();
    };
    return this.#changes.until(look, `head of an answer on connection ${this.id}`, deadline);
  }

  async waitForBytes(pattern: RegExp, deadline: Deadline): Promise<void> {
    const look = (): true | undefined => {
      if (pattern.test(Buffer.from(this.received()).toString('latin1'))) return true;
      return this.ended === undefined ? undefined : this.#throwCut();
    };
    await this.#changes.until(look, `${String(pattern)} on connection ${this.id}`, deadline);
  }

  async waitForEnd(deadline: Deadline): Promise<ConnectionEnd> {
    return this.#changes.until(
      () => this.ended,
      `end of connection ${this.id}`,
      deadline,
      () => ({
        lastSeen: `${this.#receivedBytes} bytes received`,
      }),
    );
  }

  #answer(): HttpAnswer | undefined {
    const bytes = this.received();
    const { head, informational, bodyOffset, endOffset } = readProgress(bytes);
    const end = endOffset ?? (this.ended === 'closed' ? bytes.length : undefined);
    if (head === undefined || end === undefined || bytes.length < end)
      return this.ended === undefined ? undefined : this.#throwCut();
    const elapsedMs = this.#target.clock.nowMs() - this.#startedMs;
    const bodyBytes = bytes.slice(bodyOffset, end);
    return makeAnswer({ ...head, bodyBytes, informational, elapsedMs });
  }

  #throwCut(): never {
    const what = `connection ${this.id} to ${this.#target.baseUrl}`;
    if (this.#isOurEnd)
      throw new LinkError('ESPRIG_LINK_CLOSED', `${what} was ended by this side`, { blame: 'case' });
    throw connectionCut(
      {
        what,
        sentBytes: this.#sentBytes,
        receivedBytes: this.#receivedBytes,
        elapsedMs: this.#target.clock.nowMs() - this.#startedMs,
      },
      this.#error,
      this.ended === 'reset' ? 'reset' : 'closed',
    );
  }

  #receive(chunk: Buffer): void {
    const sizeBytes = this.#receivedBytes + chunk.length;
    if (sizeBytes > MAX_RECEIVED_BYTES) {
      this.#socket.destroy(new Error(`more than ${MAX_RECEIVED_BYTES} bytes came`));
      return;
    }
    if (sizeBytes > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(sizeBytes, this.#buffer.length * 2));
      larger.set(this.received());
      this.#buffer = larger;
    }
    this.#buffer.set(chunk, this.#receivedBytes);
    this.#receivedBytes = sizeBytes;
    this.#tell('http-received', { bytes: chunk.length, receivedBytes: sizeBytes });
    this.#changes.tell();
  }

  #close(): void {
    // Whoever ended it first counts.
    const ownEnd = this.#isOurEnd ? 'by-us' : undefined;
    this.#ended = this.#hasPeerEnded
      ? 'closed'
      : (ownEnd ?? (this.#error === undefined ? 'closed' : 'reset'));
    this.#tell('http-ended', {
      ended: this.#ended,
      sentBytes: this.#sentBytes,
      receivedBytes: this.#receivedBytes,
      elapsedMs: this.#target.clock.nowMs() - this.#startedMs,
    });
    this.#changes.tell();
  }

  #tell(name: string, data: Readonly<Record<string, unknown>>): void {
    this.#target.notify(name, { connection: this.id, ...data });
  }
}
