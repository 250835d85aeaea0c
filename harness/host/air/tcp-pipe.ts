import type { Socket } from 'node:net';
import type { TcpCloseReason, TcpConnection } from '../../emulator/air';

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
  private readonly connection: TcpConnection;
  private current: PipeState = 'opening';
  private hostEnded = false;

  /** `socket` must be paused, with half-open allowed. Callbacks of the connection are the pipe's from here on. */
  constructor(socket: Socket, connection: TcpConnection, events: PipeEvents) {
    this.socket = socket;
    this.connection = connection;
    connection.onConnect = () => this.opened(events);
    connection.onData = (bytes) => {
      this.fromDeviceBytes += bytes.length;
      if (!socket.write(bytes)) connection.pause();
    };
    connection.onEnd = () => void socket.end();
    connection.onDrain = () => void socket.resume();
    connection.onClose = (reason) => this.deviceClosed(reason, events);
    socket.on('drain', () => connection.resume());
    socket.on('data', (bytes) => {
      this.toDeviceBytes += bytes.length;
      if (!connection.write(bytes)) socket.pause();
    });
    socket.on('end', () => {
      this.hostEnded = true;
      connection.end();
    });
    // `close` follows.
    socket.on('error', () => undefined);
    socket.on('close', () => this.hostClosed(events));
  }

  get state(): PipeState {
    return this.current;
  }

  /** Bytes the device has not acknowledged yet. */
  get pendingBytes(): number {
    return this.current === 'closed' ? 0 : this.connection.bufferedBytes;
  }

  /** Those of them that the device has no room for yet. */
  get unsentBytes(): number {
    return this.current === 'closed' ? 0 : this.connection.unsentBytes;
  }

  /** Ends both sides at once. */
  abort(): void {
    this.connection.abort();
    this.socket.destroy();
  }

  private opened(events: PipeEvents): void {
    this.current = 'open';
    this.socket.resume();
    events.onOpen?.();
  }

  private deviceClosed(reason: TcpCloseReason, events: PipeEvents): void {
    if (this.current === 'closed') return;
    this.current = 'closed';
    // A reset on the air is a reset here: nobody must take half an answer for a whole one.
    if (reason === 'closed') this.socket.end();
    else this.socket.resetAndDestroy();
    events.onClosed(reason);
  }

  private hostClosed(events: PipeEvents): void {
    if (this.current === 'closed') return;
    const graceful = this.hostEnded && this.socket.writableFinished && !this.socket.errored;
    // Both ends were said and everything is written: the connection finishes by itself.
    if (graceful) {
      this.connection.resume();
      return;
    }
    this.current = 'closed';
    this.connection.abort();
    events.onClosed('host-reset');
  }
}
