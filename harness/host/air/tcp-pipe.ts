import type { Socket } from 'node:net';
import type { TcpCloseReason, TcpConnection } from '../../emulator/air';
import { FLUSH_MS, resetSocket, whenTrulyEnded } from './socket-ends';

export type PipeState = 'opening' | 'open' | 'closed';

export interface PipeEvents {
  /** The device's side stands. */
  readonly onOpen?: () => void;
  /** Both sides are done; once. */
  readonly onClosed: (reason: TcpCloseReason | 'host-reset') => void;
}

/**
 * Joins a socket of this machine and a connection to the device, byte for byte: ends and aborts go through as ends and
 * aborts, in each direction alone, and who does not read holds the other side back.
 */
export class TcpPipe {
  /** Bytes that went to the device and came from it. */
  toDeviceBytes = 0;
  fromDeviceBytes = 0;
  private readonly socket: Socket;
  private readonly events: PipeEvents;
  private readonly connection: TcpConnection;
  private current: PipeState = 'opening';
  private hostEnded = false;
  private wasReset = false;
  private flushTimer: NodeJS.Timeout | undefined;
  /** How the connection ended while the client slept: it has yet to learn of it. */
  private missedEnd: TcpCloseReason | null = null;

  /** `socket` must be paused, with half-open allowed. Callbacks of the connection are the pipe's from here on. */
  constructor(socket: Socket, connection: TcpConnection, events: PipeEvents) {
    this.socket = socket;
    this.events = events;
    this.connection = connection;
    connection.onConnect = () => this.opened();
    connection.onData = (bytes) => {
      this.fromDeviceBytes += bytes.length;
      if (!socket.write(bytes)) connection.pause();
    };
    connection.onEnd = () => void socket.end();
    connection.onDrain = () => void socket.resume();
    connection.onClose = (reason) => this.deviceClosed(reason);
    socket.on('drain', () => connection.resume());
    socket.on('data', (bytes) => {
      this.toDeviceBytes += bytes.length;
      if (!connection.write(bytes)) socket.pause();
    });
    socket.on('end', () =>
      whenTrulyEnded(socket, () => {
        this.hostEnded = true;
        // Whoever closes is awake.
        this.wakeUp();
        connection.end();
      }),
    );
    // `close` follows.
    socket.on('error', () => undefined);
    socket.on('close', () => this.hostClosed());
  }

  get state(): PipeState {
    return this.current;
  }

  /** Bytes the device has not acknowledged yet. */
  get pendingBytes(): number {
    return this.isHeard ? this.connection.bufferedBytes : 0;
  }

  /** Those of them that the device has no room for yet. */
  get unsentBytes(): number {
    return this.isHeard ? this.connection.unsentBytes : 0;
  }

  get isAsleep(): boolean {
    return this.connection.isAsleep || this.missedEnd !== null;
  }

  /** Where the client's end of the socket is. */
  get clientPort(): number | undefined {
    return this.socket.remotePort;
  }

  /** The client's machine sleeps: the device hears nothing of it, and it nothing of the device, not even its end. */
  fallAsleep(): void {
    if (this.current === 'open') this.connection.fallAsleep();
  }

  wakeUp(): void {
    this.connection.wakeUp();
    const missed = this.missedEnd;
    this.missedEnd = null;
    if (missed !== null) this.deviceClosed(missed);
  }

  /** Ends both sides at once. */
  abort(): void {
    this.missedEnd = null;
    this.connection.abort();
    this.socket.destroy();
  }

  /** Nobody waits for the device with what a sleeper has not sent. */
  private get isHeard(): boolean {
    return this.current !== 'closed' && !this.isAsleep;
  }

  private opened(): void {
    this.current = 'open';
    this.socket.resume();
    this.events.onOpen?.();
  }

  private deviceClosed(reason: TcpCloseReason): void {
    if (this.current === 'closed') return;
    if (this.connection.isAsleep) {
      this.missedEnd = reason;
      return;
    }
    this.current = 'closed';
    clearTimeout(this.flushTimer);
    // A reset on the air is a reset here: nobody must take half an answer for a whole one.
    if (reason === 'closed') this.socket.end();
    else resetSocket(this.socket);
    this.events.onClosed(this.wasReset ? 'host-reset' : reason);
  }

  private hostClosed(): void {
    if (this.current === 'closed') return;
    const graceful = this.hostEnded && this.socket.writableFinished && !this.socket.errored;
    // Both ends were said and everything is written: the connection finishes by itself.
    if (graceful) {
      this.connection.resume();
      return;
    }
    // A reset, behind what the client's system had taken from it; a device that does not read must not hold it up.
    this.wasReset = true;
    this.flushTimer = setTimeout(() => this.connection.abort(), FLUSH_MS);
    this.connection.abortBehindData();
    if (this.missedEnd !== null) this.wakeUp();
  }
}
