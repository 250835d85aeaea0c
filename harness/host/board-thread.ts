import { Worker } from 'node:worker_threads';
import type { ErrorCode } from '../core/error-codes';
import { EsprigError, LinkError } from '../core/errors';
import type { BoardLine } from '../port/board-line';
import type { BoardConfig } from '../emulator/board-config';
import type { BoardAirEvent, BoardAirOptions } from './air';
import type {
  BoardActName,
  BoardActs,
  BoardDebugOptions,
  BoardFault,
  BoardThreadData,
  FromBoard,
  Pacing,
  ToBoard,
} from './board-messages';
import { workerScript } from './worker-script';

export interface BoardThreadOptions {
  readonly config?: Partial<BoardConfig>;
  readonly pacing?: Pacing;
  readonly debug?: BoardDebugOptions;
  readonly air?: BoardAirOptions;
}

export interface BoardThreadListeners {
  readonly serial?: (bytes: Uint8Array, baud: number, atNanos: number, uart: 0 | 1) => void;
  readonly reset?: (reset: string, atNanos: number) => void;
  readonly powerCut?: (message: Extract<FromBoard, { kind: 'power-cut' }>) => void;
  readonly fault?: (fault: BoardFault, atNanos: number) => void;
  readonly air?: (event: BoardAirEvent, atNanos: number) => void;
  /** pcap records of what went over the air, where that is wanted (`capture`). */
  readonly captured?: (records: Uint8Array) => void;
  /** A debugger has left; `kill`: it wants the run to end. */
  readonly debuggerLeft?: (how: 'detach' | 'kill') => void;
  /** The thread has ended, by `close` or because it could not go on. */
  readonly gone?: (error: Error) => void;
}

/** The line of one debugger (GDB remote serial protocol) to a board. */
export interface DebugLine {
  /** A debugger came: the board comes to rest. Bytes for it go to `onBytes`. */
  open(onBytes: (bytes: Uint8Array) => void): void;
  receive(bytes: Uint8Array): void;
  /** It went: the board runs on. */
  close(): void;
}

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/**
 * An emulated board in a thread of its own. Everything goes by messages; `line` is its serial line for an RFC 2217
 * server or an in-process link.
 */
export class BoardThread implements AsyncDisposable {
  private readonly worker: Worker;
  private readonly waiting = new Map<number, Waiting>();
  private readonly listeners = new Set<BoardThreadListeners>();
  private readonly exited: Promise<void>;
  private nextId = 1;
  private attached = 0;
  private carrier: ((bytes: Uint8Array, baud: number) => void) | undefined;
  private debuggerBytes: ((bytes: Uint8Array) => void) | undefined;
  private roomListener: (() => void) | undefined;
  private bytesUnderWay = 0;
  private death: Error | undefined;

  private constructor(options: BoardThreadOptions) {
    const data: BoardThreadData = {
      config: options.config ?? {},
      pacing: options.pacing ?? 'auto',
      ...(options.debug === undefined ? {} : { debug: options.debug }),
      ...(options.air === undefined ? {} : { air: options.air }),
    };
    this.worker = new Worker(workerScript(), { eval: true, workerData: data, name: 'esprig-board' });
    this.worker.on('message', (message: FromBoard) => this.receive(message));
    this.worker.on('error', (error) => this.die(error));
    this.exited = new Promise((resolve) => {
      this.worker.once('exit', () => {
        this.die(new LinkError('ESPRIG_BOARD_GONE', 'the emulated board has been closed'));
        resolve();
      });
    });
  }

  /** A board without power. */
  static start(options: BoardThreadOptions = {}): BoardThread {
    return new BoardThread(options);
  }

  /** The serial line; one carrier at a time. */
  readonly line: BoardLine = {
    receiveFromHost: (bytes, baud) => {
      this.bytesUnderWay += bytes.length;
      this.send({ kind: 'serial', bytes: Uint8Array.from(bytes), baud });
    },
    onTransmit: (listener) => {
      if ((listener === undefined) !== (this.carrier === undefined))
        this.attach(listener === undefined ? -1 : 1);
      this.carrier = listener;
    },
    setLines: ({ dtr, rts }) => this.send({ kind: 'lines', dtr, rts, atMs: performance.now() }),
    pendingBytes: () => this.bytesUnderWay,
    onRoom: (listener) => {
      this.roomListener = listener;
    },
  };

  /** Where a debugger is connected; one at a time. */
  readonly debugLine: DebugLine = {
    open: (onBytes) => {
      this.debuggerBytes = onBytes;
      this.attach(1);
      this.send({ kind: 'debugger', link: 'open' });
    },
    receive: (bytes) => this.send({ kind: 'debugger-bytes', bytes: Uint8Array.from(bytes) }),
    close: () => {
      if (this.debuggerBytes === undefined) return;
      this.debuggerBytes = undefined;
      this.attach(-1);
      this.send({ kind: 'debugger', link: 'close' });
    },
  };

  /** Something outside came (+1) or went (−1): while there is any, idle time walks with the wall clock. */
  attach(change: 1 | -1): void {
    this.attached += change;
    this.send({ kind: 'attached', count: this.attached });
  }

  /** Listens to the board; the returned function ends it. */
  listen(listeners: BoardThreadListeners): () => void {
    this.listeners.add(listeners);
    return () => void this.listeners.delete(listeners);
  }

  /** @throws EsprigError with the emulator's code when the board refuses; LinkError when it is gone */
  act<Name extends BoardActName>(
    name: Name,
    ...argument: BoardActs[Name]['argument'] extends undefined ? [] : [BoardActs[Name]['argument']]
  ): Promise<BoardActs[Name]['result']> {
    if (this.death) return Promise.reject(this.death);
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
      this.send({ kind: 'act', id, name, argument: argument[0] });
    });
  }

  /** Ends the thread; the board's content is gone. */
  async close(): Promise<void> {
    this.send({ kind: 'close' });
    const killer = setTimeout(() => void this.worker.terminate(), 1000);
    await this.exited;
    clearTimeout(killer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  private send(message: ToBoard): void {
    if (!this.death) this.worker.postMessage(message);
  }

  private receive(message: FromBoard): void {
    switch (message.kind) {
      case 'reply':
        this.waiting.get(message.id)?.resolve(message.result);
        this.waiting.delete(message.id);
        break;
      case 'refused':
        this.waiting
          .get(message.id)
          ?.reject(new EsprigError(message.code as ErrorCode, message.message, { blame: 'case' }));
        this.waiting.delete(message.id);
        break;
      case 'serial':
        if (message.uart === 0) this.carrier?.(message.bytes, message.baud);
        for (const { serial } of this.listeners)
          serial?.(message.bytes, message.baud, message.atNanos, message.uart);
        break;
      case 'room':
        this.bytesUnderWay = message.pendingBytes;
        this.roomListener?.();
        break;
      case 'reset':
        for (const { reset } of this.listeners) reset?.(message.reset, message.atNanos);
        break;
      case 'power-cut':
        for (const { powerCut } of this.listeners) powerCut?.(message);
        break;
      case 'debugger-bytes':
        this.debuggerBytes?.(message.bytes);
        break;
      case 'debugger-left':
        for (const { debuggerLeft } of this.listeners) debuggerLeft?.(message.how);
        break;
      case 'failed': {
        const { code, message: text, blame, hint } = message;
        this.die(new EsprigError(code, text, { blame, hint }));
        break;
      }
      case 'air':
        for (const { air } of this.listeners) air?.(message.event, message.atNanos);
        break;
      case 'captured':
        for (const { captured } of this.listeners) captured?.(message.records);
        break;
      case 'fault':
        for (const { fault } of this.listeners) fault?.(message.fault, message.atNanos);
        break;
    }
  }

  private die(error: Error): void {
    if (this.death === undefined) {
      this.death = error;
      for (const { gone } of this.listeners) gone?.(error);
    }
    for (const { reject } of this.waiting.values()) reject(this.death);
    this.waiting.clear();
  }
}
