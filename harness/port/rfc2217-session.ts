import { Socket } from 'node:net';
import { controlName, CONTROL, decodeComPort, encodeComPort, MODEMSTATE } from '../protocol/rfc2217';
import type { ComPortMessage } from '../protocol/rfc2217';
import { escapeIac, TELNET_OPTION, TelnetOptions, TelnetParser } from '../protocol/telnet';
import { portError } from './port-errors';
import { withinMs } from './within';

/** What the serial server last told about its inputs. */
export interface RemoteModemState {
  readonly cts: boolean;
  readonly dsr: boolean;
  readonly dcd: boolean;
}

export interface Rfc2217SessionEvents {
  onData(bytes: Uint8Array): void;
  /** The connection is gone; told once, also after our own `end`. */
  onEnd(error: Error): void;
}

export interface Rfc2217SessionOptions {
  readonly host: string;
  readonly port: number;
  /** Longest wait for one answer of the server. */
  readonly commandTimeoutMs: number;
}

type ControlGroup = 'flow' | 'break' | 'dtr' | 'rts';
/** Answers are matched by what they answer; the server keeps the order within one kind. */
type AnswerKey = Exclude<ComPortMessage['name'], 'set-control'> | `control-${ControlGroup}`;

interface Waiting {
  resolve(message: ComPortMessage): void;
  reject(error: Error): void;
}

const CONNECT_TIMEOUT_MS = 5000;
/** Text in front of the negotiation that is kept: a server that is busy says so in plain words. */
const MAX_GREETING_BYTES = 400;

/**
 * One RFC 2217 client connection: telnet options, COM-PORT commands with a time limit each, data with IAC doubled.
 * Source: RFC 2217; behaviour of ser2net 4.3 and pyserial 3.5 as measured.
 */
export class Rfc2217Session {
  readonly name: string;
  #ended: Error | undefined;
  #negotiated = false;
  #controlAnswered = false;
  #greeting = '';
  #modemState: RemoteModemState | undefined;
  readonly #socket = new Socket();
  readonly #parser = new TelnetParser();
  readonly #options = new TelnetOptions({
    us: [TELNET_OPTION.BINARY, TELNET_OPTION.SUPPRESS_GO_AHEAD, TELNET_OPTION.COM_PORT],
    him: [TELNET_OPTION.BINARY, TELNET_OPTION.SUPPRESS_GO_AHEAD, TELNET_OPTION.COM_PORT, TELNET_OPTION.ECHO],
  });
  readonly #waiting = new Map<AnswerKey, Waiting[]>();
  readonly #events: Rfc2217SessionEvents;
  readonly #settings: Rfc2217SessionOptions;
  #onNegotiation: (() => void) | undefined;

  constructor(settings: Rfc2217SessionOptions, events: Rfc2217SessionEvents) {
    this.#settings = settings;
    this.#events = events;
    this.name = `rfc2217://${settings.host}:${settings.port}`;
    this.#socket.setNoDelay(true);
    this.#socket.on('data', (bytes: Buffer) => this.#receive(bytes));
    this.#socket.on('error', (error) => this.#end(this.#explain(error)));
    this.#socket.on('close', () => this.#end(this.#explain()));
  }

  get isOpen(): boolean {
    return this.#ended === undefined && this.#negotiated;
  }

  /** The latest NOTIFY-MODEMSTATE, or undefined before the first. */
  get modemState(): RemoteModemState | undefined {
    return this.#modemState;
  }

  /** Connects and negotiates; afterwards commands may be sent. */
  async connect(): Promise<void> {
    const { host, port, commandTimeoutMs } = this.#settings;
    const connected = new Promise<void>((resolve, reject) => {
      this.#onNegotiation = () => (this.#ended === undefined ? resolve() : reject(this.#ended));
      this.#socket.connect({ host, port }, resolve);
    });
    await this.#limited(connected, CONNECT_TIMEOUT_MS, 'connect');
    const negotiated = new Promise<void>((resolve, reject) => {
      this.#onNegotiation = () => {
        const refused = this.#refusal();
        if (this.#ended !== undefined) reject(this.#ended);
        else if (refused !== undefined) reject(refused);
        else if (this.#isNegotiated()) resolve();
      };
    });
    this.#send(this.#options.request('us', TELNET_OPTION.COM_PORT));
    this.#send(this.#options.request('us', TELNET_OPTION.BINARY));
    this.#send(this.#options.request('him', TELNET_OPTION.BINARY));
    this.#send(this.#options.request('us', TELNET_OPTION.SUPPRESS_GO_AHEAD));
    this.#send(this.#options.request('him', TELNET_OPTION.SUPPRESS_GO_AHEAD));
    (this.#onNegotiation as () => void)();
    await this.#limited(negotiated, commandTimeoutMs, 'negotiate');
    this.#onNegotiation = undefined;
    this.#negotiated = true;
  }

  /** Sends one command and waits for the server's answer to it. */
  async command(message: ComPortMessage): Promise<ComPortMessage> {
    const key = answerKey(message);
    let waiting: Waiting | undefined;
    const answer = new Promise<ComPortMessage>((resolve, reject) => {
      waiting = { resolve, reject };
    });
    const queue = this.#waiting.get(key) ?? [];
    this.#waiting.set(key, queue);
    queue.push(waiting!);
    this.#send(encodeComPort('client', message));
    if (this.#ended !== undefined) waiting!.reject(this.#ended);
    try {
      const answered = await withinMs(answer, this.#settings.commandTimeoutMs, () => this.#noAnswer(message));
      return answered!;
    } finally {
      const at = queue.indexOf(waiting!);
      if (at >= 0) queue.splice(at, 1);
    }
  }

  /** Sends a command whose answer nobody needs. */
  tell(message: ComPortMessage): void {
    this.#send(encodeComPort('client', message));
  }

  /** Resolves when the bytes have been handed to the network. */
  write(bytes: Uint8Array): Promise<void> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => {
      this.#socket.write(escapeIac(bytes), (error) => (error ? reject(this.#ended ?? error) : resolve()));
    });
  }

  pauseReading(): void {
    this.#socket.pause();
  }

  resumeReading(): void {
    this.#socket.resume();
  }

  /** Ends the connection; what was written still goes out. */
  async end(): Promise<void> {
    if (this.#socket.destroyed) return;
    const closed = new Promise<void>((resolve) => this.#socket.once('close', () => resolve()));
    this.#socket.end();
    this.#socket.resume();
    await withinMs(closed, 300, () => undefined);
    this.#socket.destroy();
    this.#end(portError('ESPRIG_PORT_CLOSED', `${this.name}: closed`));
  }

  async #limited(work: Promise<void>, limitMs: number, what: string): Promise<void> {
    try {
      await withinMs(work, limitMs, () =>
        portError(
          what === 'negotiate' ? 'ESPRIG_PORT_NEGOTIATION' : 'ESPRIG_PORT_STALLED',
          `${what} with ${this.name}: no agreement in ${limitMs} ms${this.#greetingText()}`,
        ),
      );
    } catch (error) {
      this.#socket.destroy();
      throw error;
    }
  }

  #isNegotiated(): boolean {
    return (
      this.#options.isOn('us', TELNET_OPTION.COM_PORT) &&
      this.#options.isOn('us', TELNET_OPTION.BINARY) &&
      this.#options.isOn('him', TELNET_OPTION.BINARY)
    );
  }

  #refusal(): Error | undefined {
    if (this.#options.isRefused('us', TELNET_OPTION.COM_PORT)) {
      return portError('ESPRIG_PORT_NEGOTIATION', `${this.name} refused the COM-PORT option (DONT 44)`);
    }
    if (
      this.#options.isRefused('us', TELNET_OPTION.BINARY) ||
      this.#options.isRefused('him', TELNET_OPTION.BINARY)
    ) {
      return portError('ESPRIG_PORT_NEGOTIATION', `${this.name} refused to carry 8-bit data (BINARY)`);
    }
    return undefined;
  }

  #receive(bytes: Uint8Array): void {
    for (const event of this.#parser.feed(bytes)) {
      if (event.kind === 'data') {
        if (this.#negotiated) this.#events.onData(event.bytes);
        else this.#greet(event.bytes);
      } else if (event.kind === 'negotiate') {
        this.#send(this.#options.receive(event.verb, event.option));
        this.#onNegotiation?.();
      } else if (event.kind === 'subnegotiation' && event.option === TELNET_OPTION.COM_PORT) {
        this.#answer(event.payload);
      }
    }
  }

  #greet(bytes: Uint8Array): void {
    if (this.#greeting.length < MAX_GREETING_BYTES) {
      this.#greeting += Buffer.from(bytes).toString('latin1').slice(0, MAX_GREETING_BYTES);
    }
  }

  #answer(payload: Uint8Array): void {
    const decoded = decodeComPort(payload);
    if (!decoded.ok || decoded.from !== 'server') return;
    const { message } = decoded;
    if (message.name === 'notify-modemstate') {
      this.#modemState = {
        cts: (message.bits & MODEMSTATE.CTS) !== 0,
        dsr: (message.bits & MODEMSTATE.DSR) !== 0,
        dcd: (message.bits & MODEMSTATE.DCD) !== 0,
      };
    }
    if (message.name === 'set-control') this.#controlAnswered = true;
    this.#waiting.get(answerKey(message))?.shift()?.resolve(message);
  }

  #noAnswer(message: ComPortMessage): Error {
    const what = message.name === 'set-control' ? controlName(message.value) : message.name;
    const limitMs = this.#settings.commandTimeoutMs;
    if (message.name === 'set-control' && !this.#controlAnswered) {
      // ser2net says nothing at all when its device has no modem lines.
      return portError('ESPRIG_PORT_NO_LINES', `${this.name}: no answer to ${what} in ${limitMs} ms`);
    }
    return portError('ESPRIG_PORT_STALLED', `${this.name}: no answer to ${what} in ${limitMs} ms`);
  }

  #send(bytes: Uint8Array): void {
    if (bytes.length > 0 && this.#ended === undefined && !this.#socket.destroyed) this.#socket.write(bytes);
  }

  #explain(error?: Error & { code?: string }): Error {
    if (!this.#negotiated) {
      if (/in use|busy/i.test(this.#greeting)) {
        return portError('ESPRIG_PORT_BUSY', `${this.name} is busy${this.#greetingText()}`, error);
      }
      if (error !== undefined) {
        return portError(
          'ESPRIG_PORT_REFUSED',
          `connect ${this.name}: ${error.code ?? error.message}`,
          error,
        );
      }
      return portError('ESPRIG_PORT_NEGOTIATION', `${this.name} hung up${this.#greetingText()}`);
    }
    return portError(
      'ESPRIG_PORT_UNPLUGGED',
      `${this.name}: ${error === undefined ? 'the server hung up' : (error.code ?? error.message)}`,
      error,
    );
  }

  #greetingText(): string {
    const text = this.#greeting.replaceAll(/[^\x20-\x7e]+/g, ' ').trim();
    return text === '' ? '' : `; it said: ${text}`;
  }

  #end(error: Error): void {
    if (this.#ended !== undefined) return;
    this.#ended = error;
    for (const queue of this.#waiting.values()) for (const waiting of queue.splice(0)) waiting.reject(error);
    this.#onNegotiation?.();
    this.#events.onEnd(error);
  }
}

function answerKey(message: ComPortMessage): AnswerKey {
  return message.name === 'set-control' ? `control-${controlGroup(message.value)}` : message.name;
}

function controlGroup(value: number): ControlGroup {
  if (value >= CONTROL.REQUEST_RTS && value <= CONTROL.RTS_OFF) return 'rts';
  if (value >= CONTROL.REQUEST_DTR && value <= CONTROL.DTR_OFF) return 'dtr';
  if (value >= CONTROL.REQUEST_BREAK && value <= CONTROL.BREAK_OFF) return 'break';
  return 'flow';
}
