import type { Socket } from 'node:net';
import type { BoardLine } from '../port/board-line';
import { asReceivedAt } from '../port/uart-mismatch';
import {
  CONTROL,
  decodeComPort,
  encodeComPort,
  LINESTATE,
  MODEMSTATE,
  PARITY,
  PURGE,
  STOPSIZE,
} from '../protocol/rfc2217';
import type { ComPortMessage } from '../protocol/rfc2217';
import { escapeIac, TELNET_OPTION, TelnetOptions, TelnetParser } from '../protocol/telnet';

export interface Rfc2217ClientLimits {
  /** Bytes of the board that wait for a client which does not read; more are dropped, as in a UART without a reader. */
  readonly toClientBytes: number;
  /** Bytes the board has still to take; above it the client's socket is not read. */
  readonly toBoardBytes: number;
}

export interface Rfc2217ClientOptions {
  readonly address: string;
  readonly limits: Rfc2217ClientLimits;
  readonly signature: string;
  readonly garbleOtherBaud: boolean;
  onOverrun(bytes: number): void;
  onBadCommand(): void;
  onEnd(): void;
}

const OPTIONS = [TELNET_OPTION.BINARY, TELNET_OPTION.SUPPRESS_GO_AHEAD, TELNET_OPTION.COM_PORT];
/** How often a board that gives no notice of room is asked again. */
const ROOM_POLL_MS = 20;
const MAX_BAUD = 8_000_000;

/** The server's side of one RFC 2217 connection. Source: RFC 2217. */
export class Rfc2217Client {
  readonly address: string;
  #baud = 115200;
  #dtr = false;
  #rts = false;
  #break = false;
  #dataBits = 8;
  #parity: number = PARITY.NONE;
  #stopSize: number = STOPSIZE.ONE;
  #flow: number = CONTROL.FLOW_NONE;
  #lineMask = 0;
  #modemMask = 0xff;
  #lastModemBits = 0;
  #suspended = false;
  #ended = false;
  #toClient: Uint8Array[] = [];
  #toClientBytes = 0;
  #flushing = false;
  #roomTimer: NodeJS.Timeout | undefined;
  /** Telnet events not yet obeyed because the board is behind: data and commands keep their order. */
  #backlog: Uint8Array[] = [];
  readonly #parser = new TelnetParser();
  readonly #telnet = new TelnetOptions({ us: OPTIONS, him: OPTIONS });
  readonly #socket: Socket;
  readonly #board: BoardLine;
  readonly #options: Rfc2217ClientOptions;

  constructor(socket: Socket, board: BoardLine, options: Rfc2217ClientOptions) {
    this.#socket = socket;
    this.#board = board;
    this.#options = options;
    this.address = options.address;
    board.setBaud?.(this.#baud);
    board.setLines({ dtr: false, rts: false });
    board.onTransmit((bytes, baud) => this.#fromBoard(bytes, baud));
    socket.on('data', (bytes: Buffer) => this.#receive(bytes));
    socket.on('drain', () => this.#flush());
    socket.on('error', () => this.disconnect());
    socket.on('end', () => this.disconnect());
    socket.on('close', () => this.disconnect());
    // Asking first costs nothing and wakes clients that wait for the server to begin.
    socket.write(
      Buffer.concat([
        this.#telnet.request('us', TELNET_OPTION.BINARY),
        this.#telnet.request('him', TELNET_OPTION.BINARY),
        this.#telnet.request('us', TELNET_OPTION.SUPPRESS_GO_AHEAD),
        this.#telnet.request('him', TELNET_OPTION.SUPPRESS_GO_AHEAD),
        this.#telnet.request('him', TELNET_OPTION.COM_PORT),
      ]),
    );
  }

  /** Cuts the connection and releases the lines; a second call does nothing. */
  disconnect(): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#roomTimer);
    this.#board.onRoom?.(undefined);
    this.#board.onTransmit(undefined);
    this.#board.setLines({ dtr: false, rts: false });
    this.#socket.destroy();
    this.#options.onEnd();
  }

  #receive(bytes: Uint8Array): void {
    if (this.#backlog.length > 0 || this.#boardIsBehind()) {
      this.#backlog.push(bytes);
      this.#waitForRoom();
      return;
    }
    this.#obey(bytes);
  }

  #obey(bytes: Uint8Array): void {
    for (const event of this.#parser.feed(bytes)) {
      if (this.#ended) return;
      if (event.kind === 'data') {
        this.#board.receiveFromHost(event.bytes, this.#baud);
      } else if (event.kind === 'negotiate') {
        const hadComPort = this.#hasComPort();
        this.#send(this.#telnet.receive(event.verb, event.option));
        // A client that has just turned the option on is told the inputs; some wait for it.
        if (!hadComPort && this.#hasComPort()) this.#notifyModemState(0);
      } else if (event.kind === 'subnegotiation') {
        this.#subnegotiation(event.option, event.payload);
      } else if (event.kind === 'error') {
        this.#options.onBadCommand();
      }
    }
    if (this.#boardIsBehind()) this.#waitForRoom();
  }

  #hasComPort(): boolean {
    return (
      this.#telnet.isOn('him', TELNET_OPTION.COM_PORT) || this.#telnet.isOn('us', TELNET_OPTION.COM_PORT)
    );
  }

  #boardIsBehind(): boolean {
    return (this.#board.pendingBytes?.() ?? 0) > this.#options.limits.toBoardBytes;
  }

  /** Stops reading the client until the board has taken enough of what it was given. */
  #waitForRoom(): void {
    this.#socket.pause();
    const goOn = (): void => {
      clearTimeout(this.#roomTimer);
      this.#roomTimer = undefined;
      if (this.#ended) return;
      while (this.#backlog.length > 0 && !this.#boardIsBehind()) this.#obey(this.#backlog.shift()!);
      if (this.#ended) return;
      if (this.#backlog.length > 0 || this.#boardIsBehind()) {
        this.#roomTimer ??= setTimeout(goOn, ROOM_POLL_MS);
        return;
      }
      this.#board.onRoom?.(undefined);
      this.#socket.resume();
    };
    this.#board.onRoom?.(goOn);
    this.#roomTimer ??= setTimeout(goOn, ROOM_POLL_MS);
  }

  #subnegotiation(option: number, payload: Uint8Array): void {
    if (option !== TELNET_OPTION.COM_PORT) return;
    const decoded = decodeComPort(payload);
    if (!decoded.ok || decoded.from !== 'client') {
      this.#options.onBadCommand();
      return;
    }
    this.#command(decoded.message);
  }

  #command(message: ComPortMessage): void {
    switch (message.name) {
      case 'signature':
        // An empty one asks; a text tells who the client is and wants no answer.
        if (message.text === '') this.#answer({ name: 'signature', text: this.#options.signature });
        return;
      case 'set-baudrate':
        if (message.baud > 0 && message.baud <= MAX_BAUD) {
          this.#baud = message.baud;
          this.#board.setBaud?.(message.baud);
        }
        this.#answer({ name: 'set-baudrate', baud: this.#baud });
        return;
      case 'set-datasize':
        // The board's UART speaks eight bits; what cannot be set is answered with what is in force.
        this.#answer({ name: 'set-datasize', bits: this.#dataBits });
        return;
      case 'set-parity':
        this.#answer({ name: 'set-parity', value: this.#parity });
        return;
      case 'set-stopsize':
        this.#answer({ name: 'set-stopsize', value: this.#stopSize });
        return;
      case 'set-control':
        this.#answer({ name: 'set-control', value: this.#control(message.value) });
        return;
      case 'flowcontrol-suspend':
        this.#suspended = true;
        return;
      case 'flowcontrol-resume':
        this.#suspended = false;
        this.#flush();
        return;
      case 'set-linestate-mask':
        this.#lineMask = message.bits;
        this.#answer(message);
        return;
      case 'set-modemstate-mask':
        this.#modemMask = message.bits;
        this.#answer(message);
        this.#notifyModemState(this.#lastModemBits);
        return;
      case 'purge-data':
        this.#purge(message.value);
        return;
      case 'notify-linestate':
      case 'notify-modemstate':
        // Notices go from server to client only.
        this.#options.onBadCommand();
    }
  }

  /** Does what a SET-CONTROL asks and returns the value that is in force afterwards. */
  #control(value: number): number {
    switch (value) {
      case CONTROL.DTR_ON:
      case CONTROL.DTR_OFF:
        this.#dtr = value === CONTROL.DTR_ON;
        this.#board.setLines({ dtr: this.#dtr, rts: this.#rts });
        return value;
      case CONTROL.RTS_ON:
      case CONTROL.RTS_OFF:
        this.#rts = value === CONTROL.RTS_ON;
        this.#board.setLines({ dtr: this.#dtr, rts: this.#rts });
        return value;
      case CONTROL.REQUEST_DTR:
        return this.#dtr ? CONTROL.DTR_ON : CONTROL.DTR_OFF;
      case CONTROL.REQUEST_RTS:
        return this.#rts ? CONTROL.RTS_ON : CONTROL.RTS_OFF;
      case CONTROL.BREAK_ON:
      case CONTROL.BREAK_OFF:
        this.#break = value === CONTROL.BREAK_ON;
        return value;
      case CONTROL.REQUEST_BREAK:
        return this.#break ? CONTROL.BREAK_ON : CONTROL.BREAK_OFF;
      case CONTROL.INBOUND_FLOW_NONE:
      case CONTROL.REQUEST_INBOUND_FLOW:
      case CONTROL.INBOUND_FLOW_XONXOFF:
      case CONTROL.INBOUND_FLOW_HARDWARE:
      case CONTROL.INBOUND_FLOW_DTR:
        return CONTROL.INBOUND_FLOW_NONE;
      default:
        // A three-wire UART: no flow control, whatever is asked for.
        return this.#flow;
    }
  }

  #purge(value: number): void {
    if (value === PURGE.RECEIVE || value === PURGE.BOTH) {
      // Receive as the server's port sees it: bytes of the board on their way to the client.
      this.#toClient = [];
      this.#toClientBytes = 0;
    }
    this.#answer({ name: 'purge-data', value });
  }

  #notifyModemState(before: number): void {
    const state = this.#board.readModemState?.() ?? { cts: true, dsr: true, dcd: true };
    let bits = 0;
    if (state.cts) bits |= MODEMSTATE.CTS;
    if (state.dsr) bits |= MODEMSTATE.DSR;
    if (state.dcd) bits |= MODEMSTATE.DCD;
    const changed = (bits ^ before) >> 4;
    this.#lastModemBits = bits;
    // The first notice tells where things stand, so it goes out whatever the mask says about changes.
    this.#answer({ name: 'notify-modemstate', bits: (bits | changed) & (this.#modemMask | 0xf0) });
  }

  #fromBoard(bytes: Uint8Array, baud: number): void {
    const seen = this.#options.garbleOtherBaud ? asReceivedAt(bytes, baud, this.#baud) : bytes;
    if (seen.length === 0) return;
    if (this.#toClientBytes + seen.length > this.#options.limits.toClientBytes) {
      this.#options.onOverrun(seen.length);
      if ((this.#lineMask & LINESTATE.OVERRUN) !== 0)
        this.#answer({ name: 'notify-linestate', bits: LINESTATE.OVERRUN });
      return;
    }
    this.#toClient.push(seen.slice());
    this.#toClientBytes += seen.length;
    if (this.#flushing) return;
    this.#flushing = true;
    // A board may send byte by byte; what it sends in one turn goes out as one piece.
    setImmediate(() => {
      this.#flushing = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#ended || this.#suspended || this.#toClient.length === 0) return;
    // Anything the kernel has not taken yet counts as waiting, so the limit holds for both together.
    if (this.#socket.writableNeedDrain) return;
    const bytes = Buffer.concat(this.#toClient);
    this.#toClient = [];
    this.#toClientBytes = 0;
    this.#socket.write(escapeIac(bytes));
  }

  #answer(message: ComPortMessage): void {
    // Data received before the command must not be overtaken by its answer.
    this.#flush();
    this.#send(encodeComPort('server', message));
  }

  #send(bytes: Uint8Array): void {
    if (bytes.length > 0 && !this.#ended) this.#socket.write(bytes);
  }
}
