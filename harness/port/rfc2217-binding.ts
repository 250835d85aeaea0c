import type {
  BindingInterface,
  BindingPortInterface,
  OpenOptions,
  PortInfo,
  PortStatus,
  SetOptions,
  UpdateOptions,
} from '@serialport/bindings-interface';
import { CONTROL, PARITY, PURGE, STOPSIZE } from '../protocol/rfc2217';
import { lineOrder } from './port';
import { portError } from './port-errors';
import { Rfc2217Session } from './rfc2217-session';

export interface Rfc2217BindingOptions {
  /** Longest wait for one answer of the server. */
  readonly commandTimeoutMs?: number;
}

/** Unread bytes above which the socket is not read any more. */
const HIGH_WATER_BYTES = 1024 * 1024;
/** Real adapters are off by a few parts in a thousand and servers report the true rate. */
const BAUD_TOLERANCE = 0.03;

/** A `@serialport` binding whose devices are RFC 2217 servers; the path is `rfc2217://host:port`. */
export function rfc2217Binding(options: Rfc2217BindingOptions = {}): BindingInterface<Rfc2217PortBinding> {
  return {
    list: (): Promise<PortInfo[]> => Promise.resolve([]),
    open: async (openOptions: OpenOptions) => {
      const address = parseRfc2217Url(openOptions.path);
      if (address === undefined) {
        throw portError('ESPRIG_PORT_NOT_SERIAL', `not an RFC 2217 address: ${openOptions.path}`);
      }
      const port = new Rfc2217PortBinding(openOptions, address, options.commandTimeoutMs ?? 2000);
      await port.start();
      return port;
    },
  };
}

/** Host and port of `rfc2217://host:port`, or undefined. IPv6 addresses stand in brackets. */
export function parseRfc2217Url(path: string): { host: string; port: number } | undefined {
  const match = /^rfc2217:\/\/(\[[0-9a-fA-F:.]+\]|[^:/[\]]+):(\d{1,5})\/?$/.exec(path);
  if (match === null) return undefined;
  const port = Number(match[2]);
  if (port < 1 || port > 65535) return undefined;
  return { host: match[1]!.replace(/^\[|\]$/g, ''), port };
}

interface Reader {
  readonly buffer: Buffer;
  readonly offset: number;
  readonly length: number;
  resolve(result: { buffer: Buffer; bytesRead: number }): void;
  reject(error: Error): void;
}

/** One open RFC 2217 port, as `@serialport/stream` wants it. */
export class Rfc2217PortBinding implements BindingPortInterface {
  readonly openOptions: Required<OpenOptions>;
  isOpen = false;
  #lines = { dtr: false, rts: false };
  #breakOn = false;
  #baud: number;
  #closing = false;
  #failed: Error | undefined;
  #reader: Reader | undefined;
  #unread: Uint8Array[] = [];
  #unreadBytes = 0;
  readonly #session: Rfc2217Session;

  constructor(options: OpenOptions, address: { host: string; port: number }, commandTimeoutMs: number) {
    this.openOptions = {
      dataBits: 8,
      lock: true,
      stopBits: 1,
      parity: 'none',
      rtscts: false,
      xon: false,
      xoff: false,
      xany: false,
      hupcl: false,
      ...options,
    };
    this.#baud = options.baudRate;
    this.#session = new Rfc2217Session(
      { ...address, commandTimeoutMs },
      { onData: (bytes) => this.#receive(bytes), onEnd: (error) => this.#fail(error) },
    );
  }

  /** Connects and brings the far port to 8N1 at the wanted rate. */
  async start(): Promise<void> {
    await this.#session.connect();
    this.isOpen = true;
    try {
      await Promise.all([
        this.update({ baudRate: this.openOptions.baudRate }),
        this.#session.command({ name: 'set-datasize', bits: 8 }),
        this.#session.command({ name: 'set-parity', value: PARITY.NONE }),
        this.#session.command({ name: 'set-stopsize', value: STOPSIZE.ONE }),
      ]);
    } catch (error) {
      await this.close();
      throw error;
    }
    // Not every server answers this one, and none refuses it.
    this.#session.tell({ name: 'set-control', value: CONTROL.FLOW_NONE });
    this.#session.tell({ name: 'set-modemstate-mask', bits: 0xff });
  }

  async close(): Promise<void> {
    if (!this.isOpen) throw new Error('Port is not open');
    this.#closing = true;
    this.isOpen = false;
    const reader = this.#reader;
    this.#reader = undefined;
    reader?.reject(canceled());
    await this.#session.end();
  }

  read(buffer: Buffer, offset: number, length: number): Promise<{ buffer: Buffer; bytesRead: number }> {
    if (this.#unread.length === 0) {
      if (this.#closing || !this.isOpen) return Promise.reject(canceled());
      if (this.#failed !== undefined) return Promise.reject(this.#failed);
    }
    return new Promise((resolve, reject) => {
      this.#reader = { buffer, offset, length, resolve, reject };
      this.#feedReader();
    });
  }

  async write(buffer: Buffer): Promise<void> {
    if (!this.isOpen) throw canceled();
    await this.#session.write(buffer);
  }

  async update({ baudRate }: UpdateOptions): Promise<void> {
    const answer = await this.#session.command({ name: 'set-baudrate', baud: baudRate });
    const told = answer.name === 'set-baudrate' ? answer.baud : 0;
    if (Math.abs(told - baudRate) > baudRate * BAUD_TOLERANCE) {
      throw portError(
        'ESPRIG_PORT_BAUD',
        `${this.openOptions.path}: asked for ${baudRate} baud, the server set ${told}`,
      );
    }
    this.#baud = baudRate;
  }

  async set({ dtr = true, rts = true, brk = false }: SetOptions): Promise<void> {
    const wanted = { dtr, rts };
    const values = lineOrder(this.#lines, wanted).map((line) => {
      if (line === 'dtr') return dtr ? CONTROL.DTR_ON : CONTROL.DTR_OFF;
      return rts ? CONTROL.RTS_ON : CONTROL.RTS_OFF;
    });
    const commands: number[] = [...values];
    if (brk !== this.#breakOn) commands.push(brk ? CONTROL.BREAK_ON : CONTROL.BREAK_OFF);
    // All at once, so that the state between two lines lasts as short as the server allows.
    const answers = await Promise.all(
      commands.map((value) => this.#session.command({ name: 'set-control', value })),
    );
    answers.forEach((answer, index) => {
      if (answer.name === 'set-control' && answer.value !== commands[index]) {
        throw portError(
          'ESPRIG_PORT_NO_LINES',
          `${this.openOptions.path}: the server did not change the line it was asked to`,
        );
      }
    });
    this.#lines = wanted;
    this.#breakOn = brk;
  }

  get(): Promise<PortStatus> {
    const state = this.#session.modemState;
    if (state === undefined) {
      return Promise.reject(
        portError('ESPRIG_PORT_NO_LINES', `${this.openOptions.path}: the server has sent no modem state yet`),
      );
    }
    return Promise.resolve({ cts: state.cts, dsr: state.dsr, dcd: state.dcd });
  }

  getBaudRate(): Promise<{ baudRate: number }> {
    return Promise.resolve({ baudRate: this.#baud });
  }

  async flush(): Promise<void> {
    this.#unread = [];
    this.#unreadBytes = 0;
    this.#session.resumeReading();
    await this.#session.command({ name: 'purge-data', value: PURGE.BOTH });
  }

  /** Nothing to wait for: the protocol does not tell when the far port has sent what it was given. */
  drain(): Promise<void> {
    return Promise.resolve();
  }

  #receive(bytes: Uint8Array): void {
    this.#unread.push(bytes);
    this.#unreadBytes += bytes.length;
    if (this.#unreadBytes > HIGH_WATER_BYTES) this.#session.pauseReading();
    this.#feedReader();
  }

  #feedReader(): void {
    const reader = this.#reader;
    if (reader === undefined || this.#unread.length === 0) return;
    this.#reader = undefined;
    let copied = 0;
    while (copied < reader.length) {
      const first = this.#unread[0];
      if (first === undefined) break;
      const part = first.subarray(0, reader.length - copied);
      reader.buffer.set(part, reader.offset + copied);
      copied += part.length;
      if (part.length === first.length) this.#unread.shift();
      else this.#unread[0] = first.subarray(part.length);
    }
    const before = this.#unreadBytes;
    this.#unreadBytes -= copied;
    if (before > HIGH_WATER_BYTES && this.#unreadBytes <= HIGH_WATER_BYTES) this.#session.resumeReading();
    reader.resolve({ buffer: reader.buffer, bytesRead: copied });
  }

  #fail(error: Error): void {
    this.#failed = error;
    const reader = this.#reader;
    this.#reader = undefined;
    reader?.reject(this.#closing ? canceled() : error);
  }
}

function canceled(): Error {
  return Object.assign(new Error('Port is not open'), { canceled: true });
}
