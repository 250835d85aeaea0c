import { SerialPortStream } from '@serialport/stream';
import type { BindingInterface } from '@serialport/bindings-interface';
import { portError, portErrorFrom } from './port-errors';
import { LinkListeners } from './link-listeners';
import { LINES_RELEASED } from './port';
import type { LineStates, LinkClosed, ModemStates, ReceivedChunk, SerialLink, Unsubscribe } from './port';
import { withinMs } from './within';

export interface StreamLinkOptions {
  readonly path: string;
  readonly baud: number;
  readonly binding: BindingInterface;
  readonly setsLinesAtOnce: boolean;
  /** Longest wait for one operation. */
  readonly operationTimeoutMs: number;
  /** Takes over what the driver said about a failed opening; the default knows the texts of the serial driver. */
  readonly explainOpen?: (path: string, error: unknown) => Promise<Error> | Error;
}

/** A serial link over any `@serialport` binding: the driver's own, or RFC 2217. */
export class StreamLink implements SerialLink {
  readonly path: string;
  readonly setsLinesAtOnce: boolean;
  #stream: SerialPortStream | undefined;
  #lines: LineStates = LINES_RELEASED;
  #hasLines = true;
  #closing = false;
  #baud: number;
  readonly #options: StreamLinkOptions;
  readonly #listeners = new LinkListeners();

  constructor(options: StreamLinkOptions) {
    this.#options = options;
    this.path = options.path;
    this.setsLinesAtOnce = options.setsLinesAtOnce;
    this.#baud = options.baud;
  }

  get isOpen(): boolean {
    return this.#stream?.isOpen === true && this.#listeners.closed === undefined;
  }

  get baud(): number {
    return this.#baud;
  }

  get lines(): LineStates {
    return this.#lines;
  }

  get hasLines(): boolean {
    return this.#hasLines;
  }

  async open(): Promise<void> {
    if (this.#stream !== undefined) throw portError('ESPRIG_PORT_REOPENED', `${this.path} was opened before`);
    const { path, binding, operationTimeoutMs } = this.#options;
    const stream = new SerialPortStream({
      path,
      binding,
      baudRate: this.#baud,
      autoOpen: false,
      lock: true,
      // The driver would drop DTR on closing, which resets many boards.
      hupcl: false,
    });
    this.#stream = stream;
    stream.on('data', (bytes: Buffer) => this.#deliver(bytes));
    // The driver's own close event carries null or the reason; Node's, which may come first or second, carries nothing.
    stream.on('close', (error?: Error | null) => {
      if (this.#closing) this.#end('closed', 'closed');
      else this.#end('unplugged', error?.message ?? 'the stream ended');
    });
    // Errors also reach the caller through callbacks; without a listener they would end the process.
    stream.on('error', (error: Error) => {
      if (!stream.isOpen) this.#end('unplugged', error.message);
    });
    const opened = callbackPromise((done) => stream.open(done));
    try {
      await withinMs(opened, operationTimeoutMs, () =>
        portError('ESPRIG_PORT_STALLED', `open ${path}: no answer in ${operationTimeoutMs} ms`),
      );
    } catch (error) {
      // A late success would leave the device open with nobody to close it.
      opened.then(
        () => stream.close(() => undefined),
        () => undefined,
      );
      const explained =
        (await this.#options.explainOpen?.(path, error)) ?? portErrorFrom(`open ${path}`, error);
      this.#end('closed', explained.message);
      throw explained;
    }
    // The driver asserts both lines on opening. Released together they cause no reset on the usual circuit.
    try {
      await this.setLines(LINES_RELEASED);
    } catch (error) {
      if ((error as { code?: string }).code !== 'ESPRIG_PORT_NO_LINES') {
        await this.close();
        throw error;
      }
    }
  }

  async close(): Promise<void> {
    const stream = this.#stream;
    if (stream?.isOpen !== true) return;
    this.#closing = true;
    const closed = new Promise<void>((resolve) => {
      // Closing and a cable pulled at the same moment give one callback and two events; either will do.
      stream.once('close', () => resolve());
      stream.close(() => resolve());
    });
    await withinMs(closed, this.#options.operationTimeoutMs, () => undefined);
    this.#end('closed', 'closed');
  }

  async write(bytes: Uint8Array): Promise<void> {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    // The limit grows with the size, so that a long write on a slow line is not taken for a stall.
    const limitMs = this.#options.operationTimeoutMs + (bytes.length * 20_000) / this.#baud;
    await this.#run(
      `write ${bytes.length} bytes`,
      (stream, done) => void stream.write(buffer, (e) => done(e ?? null)),
      limitMs,
    );
  }

  async drain(): Promise<void> {
    await this.#run('drain', (stream, done) => stream.drain(done));
  }

  async purge(): Promise<void> {
    await this.#run('purge', (stream, done) => stream.flush(done));
  }

  async setBaud(baud: number): Promise<void> {
    await this.#run(`set ${baud} baud`, (stream, done) => stream.update({ baudRate: baud }, done));
    this.#baud = baud;
  }

  async setLines(lines: LineStates): Promise<void> {
    try {
      // Both states every time: the driver fills in a missing one as asserted.
      await this.#run('set DTR and RTS', (stream, done) =>
        stream.set({ dtr: lines.dtr, rts: lines.rts, brk: false }, done),
      );
    } catch (error) {
      if ((error as { code?: string }).code === 'ESPRIG_PORT_NO_LINES') this.#hasLines = false;
      throw error;
    }
    this.#lines = { dtr: lines.dtr, rts: lines.rts };
  }

  async readModemState(): Promise<ModemStates> {
    let state: ModemStates = { cts: false, dsr: false, dcd: false };
    await this.#run('read modem state', (stream, done) =>
      stream.get((error, status) => {
        if (status !== undefined) state = { cts: status.cts, dsr: status.dsr, dcd: status.dcd };
        done(error);
      }),
    );
    return state;
  }

  onData(listener: (chunk: ReceivedChunk) => void): Unsubscribe {
    return this.#listeners.onData(listener);
  }

  onClose(listener: (closed: LinkClosed) => void): Unsubscribe {
    return this.#listeners.onClose(listener);
  }

  #deliver(bytes: Buffer): void {
    const atMs = performance.now();
    this.#listeners.deliver({
      bytes: new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength),
      atMs,
    });
  }

  #end(reason: LinkClosed['reason'], detail: string): void {
    this.#listeners.end({ reason, detail, atMs: performance.now() });
  }

  async #run(
    what: string,
    start: (stream: SerialPortStream, done: (error: Error | null) => void) => void,
    limitMs: number = this.#options.operationTimeoutMs,
  ): Promise<void> {
    const stream = this.#stream;
    if (stream === undefined || !this.isOpen) throw this.#notOpen(what);
    let unsubscribe: Unsubscribe = () => undefined;
    const ended = new Promise<never>((_, reject) => {
      unsubscribe = this.onClose(() => reject(this.#notOpen(what)));
    });
    try {
      await withinMs(Promise.race([callbackPromise((done) => start(stream, done)), ended]), limitMs, () =>
        portError('ESPRIG_PORT_STALLED', `${what} on ${this.path}: not done in ${Math.round(limitMs)} ms`),
      );
    } catch (error) {
      if (this.#listeners.closed !== undefined) throw this.#notOpen(what);
      throw portErrorFrom(`${what} on ${this.path}`, error);
    } finally {
      unsubscribe();
    }
  }

  #notOpen(what: string): Error {
    const { closed } = this.#listeners;
    if (closed?.reason === 'unplugged') {
      return portError(
        'ESPRIG_PORT_UNPLUGGED',
        `${what} on ${this.path}: the device went away (${closed.detail})`,
      );
    }
    return portError('ESPRIG_PORT_CLOSED', `${what} on ${this.path}: the link is not open`);
  }
}

function callbackPromise(start: (done: (error: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    start((error) => (error === null || error === undefined ? resolve() : reject(error)));
  });
}
