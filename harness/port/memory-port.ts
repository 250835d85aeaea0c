import type { BoardLine } from './board-line';
import { LinkListeners } from './link-listeners';
import { LINES_RELEASED } from './port';
import { portError } from './port-errors';
import { asReceivedAt } from './uart-mismatch';
import type { LineStates, LinkClosed, ModemStates, ReceivedChunk, SerialLink, Unsubscribe } from './port';

export interface MemoryPortOptions {
  readonly path?: string;
  readonly baud?: number;
  /** Deliver bytes sent at another rate than the link's as the garbage a UART would make of them. Default true. */
  readonly garbleOtherBaud?: boolean;
  /** Longest time a write waits for a board that takes no bytes. */
  readonly operationTimeoutMs?: number;
}

/** A board with more than this still to take makes writers wait. */
const BOARD_HIGH_WATER_BYTES = 64 * 1024;

/** A serial cable inside this process: the host's end of it, with a board attached to the other. */
export function memoryPort(board: BoardLine, options: MemoryPortOptions = {}): MemoryPort {
  return new MemoryPort(board, options);
}

export class MemoryPort implements SerialLink {
  readonly path: string;
  readonly hasLines = true;
  readonly setsLinesAtOnce = true;
  #open = false;
  #used = false;
  #baud: number;
  #lines: LineStates = LINES_RELEASED;
  #toHost: ReceivedChunk[] = [];
  #scheduled = false;
  readonly #board: BoardLine;
  readonly #garble: boolean;
  readonly #timeoutMs: number;
  readonly #listeners = new LinkListeners();

  constructor(board: BoardLine, options: MemoryPortOptions) {
    this.#board = board;
    this.path = options.path ?? 'memory:';
    this.#baud = options.baud ?? 115200;
    this.#garble = options.garbleOtherBaud ?? true;
    this.#timeoutMs = options.operationTimeoutMs ?? 3000;
  }

  get isOpen(): boolean {
    return this.#open;
  }

  get baud(): number {
    return this.#baud;
  }

  get lines(): LineStates {
    return this.#lines;
  }

  async open(): Promise<void> {
    await Promise.resolve();
    if (this.#used) throw portError('ESPRIG_PORT_REOPENED', `${this.path} was opened before`);
    this.#used = true;
    this.#open = true;
    this.#board.onTransmit((bytes, baud) => this.#fromBoard(bytes, baud));
    this.#board.setBaud?.(this.#baud);
    this.#board.setLines(LINES_RELEASED);
  }

  async close(): Promise<void> {
    await Promise.resolve();
    this.#end('closed', 'closed');
  }

  /** The cable is pulled: lines released, nothing passes any more. */
  unplug(detail = 'cable pulled'): void {
    this.#end('unplugged', detail);
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#mustBeOpen(`write ${bytes.length} bytes`);
    // A copy: the caller may reuse its buffer once the promise is settled.
    const sent = bytes.slice();
    await this.#room();
    this.#mustBeOpen(`write ${bytes.length} bytes`);
    this.#board.receiveFromHost(sent, this.#baud);
  }

  async drain(): Promise<void> {
    await Promise.resolve();
    this.#mustBeOpen('drain');
  }

  async purge(): Promise<void> {
    await Promise.resolve();
    this.#mustBeOpen('purge');
    this.#toHost = [];
  }

  async setBaud(baud: number): Promise<void> {
    await Promise.resolve();
    this.#mustBeOpen(`set ${baud} baud`);
    if (!Number.isInteger(baud) || baud <= 0)
      throw portError('ESPRIG_PORT_BAUD', `${this.path}: no such rate: ${baud}`);
    this.#baud = baud;
    this.#board.setBaud?.(baud);
  }

  async setLines(lines: LineStates): Promise<void> {
    await Promise.resolve();
    this.#mustBeOpen('set DTR and RTS');
    this.#lines = { dtr: lines.dtr, rts: lines.rts };
    this.#board.setLines(this.#lines);
  }

  async readModemState(): Promise<ModemStates> {
    await Promise.resolve();
    this.#mustBeOpen('read modem state');
    return this.#board.readModemState?.() ?? { cts: true, dsr: true, dcd: true };
  }

  onData(listener: (chunk: ReceivedChunk) => void): Unsubscribe {
    return this.#listeners.onData(listener);
  }

  onClose(listener: (closed: LinkClosed) => void): Unsubscribe {
    return this.#listeners.onClose(listener);
  }

  #fromBoard(bytes: Uint8Array, baud: number): void {
    const seen = this.#garble ? asReceivedAt(bytes, baud, this.#baud) : bytes;
    if (seen.length === 0) return;
    this.#toHost.push({ bytes: seen.slice(), atMs: performance.now() });
    if (this.#scheduled) return;
    this.#scheduled = true;
    // Never from inside the board's own call: a real link delivers later, too.
    setImmediate(() => this.#deliver());
  }

  #deliver(): void {
    this.#scheduled = false;
    if (this.#toHost.length === 0) return;
    const chunks = this.#toHost;
    this.#toHost = [];
    const total = chunks.reduce((sum, chunk) => sum + chunk.bytes.length, 0);
    const bytes = new Uint8Array(total);
    let at = 0;
    for (const chunk of chunks) {
      bytes.set(chunk.bytes, at);
      at += chunk.bytes.length;
    }
    this.#listeners.deliver({ bytes, atMs: chunks[0]!.atMs });
  }

  async #room(): Promise<void> {
    const board = this.#board;
    await Promise.resolve();
    if (board.pendingBytes === undefined || board.onRoom === undefined) return;
    const untilMs = performance.now() + this.#timeoutMs;
    while (this.#open && board.pendingBytes() > BOARD_HIGH_WATER_BYTES) {
      const leftMs = untilMs - performance.now();
      if (leftMs <= 0) {
        throw portError(
          'ESPRIG_PORT_STALLED',
          `write on ${this.path}: the board took nothing for ${this.#timeoutMs} ms`,
        );
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(leftMs, 50));
        board.onRoom?.(() => {
          clearTimeout(timer);
          resolve();
        });
      });
      board.onRoom(undefined);
    }
  }

  #mustBeOpen(what: string): void {
    if (this.#open) return;
    const { closed } = this.#listeners;
    if (closed?.reason === 'unplugged') {
      throw portError(
        'ESPRIG_PORT_UNPLUGGED',
        `${what} on ${this.path}: the device went away (${closed.detail})`,
      );
    }
    throw portError('ESPRIG_PORT_CLOSED', `${what} on ${this.path}: the link is not open`);
  }

  #end(reason: LinkClosed['reason'], detail: string): void {
    if (!this.#open) return;
    this.#open = false;
    this.#board.onTransmit(undefined);
    if (reason === 'unplugged') {
      this.#lines = LINES_RELEASED;
      this.#board.setLines(LINES_RELEASED);
    }
    this.#listeners.end({ reason, detail, atMs: performance.now() });
  }
}
