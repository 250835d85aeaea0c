import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { Ipv4Address, NetStack } from '../../emulator/air';
import { TcpPipe } from './tcp-pipe';

export interface ForwardOptions {
  /** 0 takes any free port. */
  readonly hostPort: number;
  readonly devicePort: number;
}

/** What a forward needs of the air. */
export interface ForwardTarget {
  readonly stack: NetStack;
  /** Where the device is, null while it cannot be reached. */
  readonly deviceIp: () => Ipv4Address | null;
  /** Something came in or changed: the board must look at it soon. */
  readonly wake: () => void;
}

export interface ForwardCounts {
  accepted: number;
  /** Clients that waited for the device until their time was up. */
  expired: number;
  refused: number;
}

interface WaitingClient {
  readonly socket: Socket;
  readonly timer: NodeJS.Timeout;
}

/** How long a client may wait for a device that is not there (yet), by the wall clock. */
const WAIT_MS = 15_000;
const MAX_CLIENTS = 512;
const RESETTABLE: ReadonlySet<string> = new Set(['refused', 'reset']);

/**
 * One port of 127.0.0.1 that leads to a port of the device. Clients may come before the device is there: they are held
 * for a bounded time and then reset.
 */
export class TcpForward {
  readonly counts: ForwardCounts = { accepted: 0, expired: 0, refused: 0 };
  private readonly options: ForwardOptions;
  private readonly target: ForwardTarget;
  private readonly server: Server;
  /** All that are open, whatever has become of their connection to the device. */
  private readonly sockets = new Set<Socket>();
  private readonly waiting = new Set<WaitingClient>();
  private readonly pipes = new Set<TcpPipe>();
  private port = 0;

  private constructor(options: ForwardOptions, target: ForwardTarget) {
    this.options = options;
    this.target = target;
    this.server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, (socket) =>
      this.accept(socket),
    );
    this.server.maxConnections = MAX_CLIENTS;
  }

  /** Listens. @throws the system's error when the port cannot be had */
  static async start(options: ForwardOptions, target: ForwardTarget): Promise<TcpForward> {
    const forward = new TcpForward(options, target);
    await new Promise<void>((resolve, reject) => {
      forward.server.once('error', reject);
      forward.server.listen({ host: '127.0.0.1', port: options.hostPort }, () => {
        forward.server.off('error', reject);
        forward.port = (forward.server.address() as AddressInfo).port;
        resolve();
      });
    });
    return forward;
  }

  get hostPort(): number {
    return this.port;
  }

  get devicePort(): number {
    return this.options.devicePort;
  }

  /** Connections that stand. */
  get open(): number {
    let count = 0;
    for (const pipe of this.pipes) if (pipe.state === 'open') count++;
    return count;
  }

  /** Clients that wait for the device, or for its answer to the first packet. */
  get opening(): number {
    return this.waiting.size + this.pipes.size - this.open;
  }

  get pendingBytes(): number {
    let bytes = 0;
    for (const pipe of this.pipes) bytes += pipe.pendingBytes;
    return bytes;
  }

  get unsentBytes(): number {
    let bytes = 0;
    for (const pipe of this.pipes) bytes += pipe.unsentBytes;
    return bytes;
  }

  /** The client at this port of 127.0.0.1 falls asleep or wakes. False: it has no connection that stands. */
  setAsleep(clientPort: number, isAsleep: boolean): boolean {
    for (const pipe of this.pipes) {
      if (pipe.clientPort !== clientPort || pipe.state !== 'open') continue;
      if (isAsleep) pipe.fallAsleep();
      else pipe.wakeUp();
      return true;
    }
    return false;
  }

  /** The device is there: connects those who wait. */
  deviceReady(): void {
    for (const client of [...this.waiting]) {
      this.waiting.delete(client);
      clearTimeout(client.timer);
      this.connect(client.socket);
    }
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    for (const client of this.waiting) {
      clearTimeout(client.timer);
      client.socket.destroy();
    }
    this.waiting.clear();
    for (const pipe of [...this.pipes]) pipe.abort();
    // Those whose connection has ended and who have not taken the last of it.
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  private accept(socket: Socket): void {
    this.counts.accepted++;
    this.sockets.add(socket);
    socket.once('close', () => this.sockets.delete(socket));
    if (this.target.deviceIp() !== null) this.connect(socket);
    else this.hold(socket);
    this.target.wake();
  }

  private hold(socket: Socket): void {
    const client: WaitingClient = {
      socket,
      timer: setTimeout(() => {
        this.counts.expired++;
        this.waiting.delete(client);
        socket.resetAndDestroy();
      }, WAIT_MS),
    };
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(client.timer);
      this.waiting.delete(client);
    });
    this.waiting.add(client);
  }

  private connect(socket: Socket): void {
    const ip = this.target.deviceIp();
    const connection = ip === null ? null : this.target.stack.connectTcp(ip, this.options.devicePort);
    if (!connection) {
      socket.resetAndDestroy();
      return;
    }
    const pipe = new TcpPipe(socket, connection, {
      onClosed: (reason) => {
        this.pipes.delete(pipe);
        if (RESETTABLE.has(reason)) this.counts.refused++;
      },
    });
    this.pipes.add(pipe);
    for (const event of ['data', 'end', 'close', 'drain']) socket.on(event, this.target.wake);
    // A listener for data starts the flow; nothing may flow before the device has answered.
    socket.pause();
  }
}
