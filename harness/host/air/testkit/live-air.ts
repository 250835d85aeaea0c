import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import {
  AccessPoint,
  ipv4,
  Medium,
  Random,
  Station,
  type Impairment,
  type TcpConnection,
} from '../../../emulator/air';
import { VirtualClock } from '../../../emulator/air/testkit/virtual-clock';
import { TcpForward } from '../tcp-forward';

/** Virtual time that passes between two looks at the sockets. */
const SLICE_SECONDS = 0.002;
const ANSWER_MS = 40_000;

/**
 * An air without a board: an access point stands for the device, a station is the host's peer. Virtual time runs by
 * itself, between the events of real sockets.
 */
export class LiveAir implements AsyncDisposable {
  readonly clock = new VirtualClock();
  readonly medium: Medium;
  readonly device: AccessPoint;
  readonly peer: Station;
  readonly deviceIp = ipv4('192.168.4.1');
  private readonly closers: (() => Promise<void> | void)[] = [];
  private running = true;

  constructor(impairments: readonly Impairment[] = []) {
    this.medium = new Medium({ scheduler: this.clock.queue, random: new Random(11) });
    this.medium.impairments = impairments;
    this.device = new AccessPoint({ medium: this.medium, random: new Random(12), ip: this.deviceIp });
    this.peer = new Station({ medium: this.medium, random: new Random(13) });
    this.device.start();
    this.peer.start();
    const pump = (): void => {
      if (!this.running) return;
      this.clock.runFor(SLICE_SECONDS);
      setImmediate(pump);
    };
    setImmediate(pump);
  }

  onClose(closer: () => Promise<void> | void): void {
    this.closers.push(closer);
  }

  async forward(
    devicePort: number,
    deviceIp: () => number | null = () => this.readyIp(),
  ): Promise<TcpForward> {
    const forward = await TcpForward.start(
      { hostPort: 0, devicePort },
      { stack: this.peer.stack, deviceIp, wake: () => undefined },
    );
    this.onClose(() => forward.close());
    return forward;
  }

  readyIp(): number | null {
    return this.peer.state === 'ready' ? this.deviceIp : null;
  }

  async ready(): Promise<void> {
    await until(() => this.peer.state === 'ready', 'the station to be ready');
  }

  /** A client of this machine. */
  client(port: number): Client {
    const client = new Client(connect({ host: '127.0.0.1', port, allowHalfOpen: true }));
    this.onClose(() => void client.socket.destroy());
    return client;
  }

  /** A service of this machine on loopback. */
  async service(
    onSocket: (socket: Socket) => void,
  ): Promise<{ readonly port: number; readonly server: Server }> {
    const sockets = new Set<Socket>();
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      onSocket(socket);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    this.onClose(async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    });
    return { port: (server.address() as AddressInfo).port, server };
  }

  /** The device listens; its connections in the order in which they came. */
  listen(port: number, onConnection: (connection: TcpConnection) => void = () => undefined): TcpConnection[] {
    const connections: TcpConnection[] = [];
    this.device.stack.listenTcp(port, (connection) => {
      connections.push(connection);
      onConnection(connection);
    });
    return connections;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const close of this.closers.reverse()) await close();
    this.running = false;
  }
}

/** What a client socket has seen. */
export class Client {
  readonly socket: Socket;
  readonly chunks: Buffer[] = [];
  ended = false;
  closed = false;
  error: string | undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (bytes) => void this.chunks.push(bytes));
    socket.on('end', () => (this.ended = true));
    socket.on('close', () => (this.closed = true));
    socket.on('error', (error: NodeJS.ErrnoException) => (this.error = error.code));
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString('latin1');
  }
}

/** Waits for a condition of the test; fails with its name. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const endMs = Date.now() + ANSWER_MS;
  while (!condition()) {
    if (Date.now() > endMs) throw new Error(`waited ${ANSWER_MS} ms for ${what}`);
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}
