import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { connect, type Socket } from 'node:net';
import {
  formatIpv4,
  type Ipv4Address,
  type NetStack,
  type TcpRequest,
  type UdpDatagram,
} from '../../emulator/air';
import { TcpPipe } from './tcp-pipe';

/** One service of this machine that the device may reach; everything else is refused. */
export interface NatRule {
  readonly protocol: 'tcp' | 'udp';
  /** The address the device uses; `*` for any, which includes the peer's own. */
  readonly ip: string;
  readonly port: number;
  /** Port on 127.0.0.1. */
  readonly hostPort: number;
}

export interface NatCounts {
  allowed: number;
  refused: number;
}

interface UdpFlow {
  readonly socket: UdpSocket;
  timer: NodeJS.Timeout;
}

const UDP_IDLE_MS = 60_000;
const MAX_UDP_FLOWS = 128;
const MAX_TCP_PIPES = 256;

/** The device's way out: connections and datagrams to services on loopback that are on the list. */
export class Nat {
  readonly counts: NatCounts = { allowed: 0, refused: 0 };
  private readonly rules: readonly NatRule[];
  private readonly stack: NetStack;
  private readonly wake: () => void;
  private readonly pipes = new Set<TcpPipe>();
  /** All that are open or being opened, whatever has become of the device's side. */
  private readonly sockets = new Set<Socket>();
  private readonly flows = new Map<string, UdpFlow>();
  private readonly stopListening: (() => void)[] = [];

  constructor(rules: readonly NatRule[], stack: NetStack, wake: () => void) {
    this.rules = rules;
    this.stack = stack;
    this.wake = wake;
    stack.interceptTcp((request) => this.request(request));
    stack.interceptUdp((datagram) => this.datagram(datagram));
    for (const { protocol, port } of rules) {
      // Datagrams to the peer's own address are no foreign ones.
      if (protocol === 'udp')
        this.stopListening.push(stack.listenUdp(port, (datagram) => this.datagram(datagram)));
    }
  }

  get open(): number {
    return this.pipes.size;
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

  close(): void {
    this.stack.interceptTcp(null);
    this.stack.interceptUdp(null);
    for (const stop of this.stopListening) stop();
    for (const pipe of [...this.pipes]) pipe.abort();
    for (const socket of this.sockets) socket.destroy();
    for (const key of [...this.flows.keys()]) this.endFlow(key);
  }

  private ruleFor(protocol: 'tcp' | 'udp', ip: Ipv4Address, port: number): NatRule | undefined {
    return this.rules.find(
      (rule) =>
        rule.protocol === protocol && rule.port === port && (rule.ip === '*' || rule.ip === formatIpv4(ip)),
    );
  }

  private request(request: TcpRequest): void {
    const rule = this.ruleFor('tcp', request.localIp, request.localPort);
    if (!rule || this.pipes.size >= MAX_TCP_PIPES) {
      this.counts.refused++;
      request.refuse();
      return;
    }
    this.counts.allowed++;
    // The device's SYN is answered when this machine has answered ours.
    const socket = connect({ host: '127.0.0.1', port: rule.hostPort, allowHalfOpen: true, noDelay: true });
    this.sockets.add(socket);
    socket.once('close', () => this.sockets.delete(socket));
    const refuse = (): void => {
      request.refuse();
      this.wake();
    };
    socket.once('error', refuse);
    socket.once('connect', () => {
      socket.off('error', refuse);
      socket.pause();
      const connection = request.accept();
      if (!connection) {
        socket.destroy();
        return;
      }
      const pipe = new TcpPipe(socket, connection, { onClosed: () => void this.pipes.delete(pipe) });
      this.pipes.add(pipe);
      for (const event of ['data', 'end', 'close', 'drain']) socket.on(event, this.wake);
      socket.pause();
      this.wake();
    });
  }

  private datagram(datagram: UdpDatagram): void {
    const rule = this.ruleFor('udp', datagram.destination, datagram.destinationPort);
    if (!rule) {
      this.counts.refused++;
      return;
    }
    const key = `${datagram.source}:${datagram.sourcePort}>${datagram.destination}:${datagram.destinationPort}`;
    const flow = this.flows.get(key) ?? this.openFlow(key, datagram);
    if (!flow) return;
    clearTimeout(flow.timer);
    flow.timer = setTimeout(() => this.endFlow(key), UDP_IDLE_MS);
    flow.socket.send(datagram.data, rule.hostPort, '127.0.0.1');
  }

  private openFlow(key: string, first: UdpDatagram): UdpFlow | null {
    if (this.flows.size >= MAX_UDP_FLOWS) {
      this.counts.refused++;
      return null;
    }
    this.counts.allowed++;
    const socket = createSocket('udp4');
    socket.on('error', () => this.endFlow(key));
    socket.on('message', (data) => {
      this.stack.sendUdp({
        source: first.destination,
        sourcePort: first.destinationPort,
        destination: first.source,
        destinationPort: first.sourcePort,
        data,
      });
      this.wake();
    });
    const flow = { socket, timer: setTimeout(() => this.endFlow(key), UDP_IDLE_MS) };
    this.flows.set(key, flow);
    return flow;
  }

  private endFlow(key: string): void {
    const flow = this.flows.get(key);
    if (!flow) return;
    this.flows.delete(key);
    clearTimeout(flow.timer);
    flow.socket.close();
  }
}
