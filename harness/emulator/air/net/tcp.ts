import { TICKS_PER_MICRO } from '../../time';
import type { Ipv4Address } from '../addresses';
import type { Random } from '../random';
import type { Timers } from '../timers';
import { segmentArrives, takeSyn } from './tcp-input';
import { closeConnection, pump, release } from './tcp-output';
import type { TcpSegment } from './tcp-segment';
import { parseTcp, TCP_FLAG } from './tcp-segment';
import { advance, distance } from './tcp-sequence';
import type { TcpEndpoints, TcpEnvironment } from './tcp-tcb';
import { Tcb } from './tcp-tcb';
import type { TcpConnection, TcpSettings } from './tcp-types';

const EPHEMERAL_END = 65_536;
const MAX_PENDING_REQUESTS = 128;

/** A SYN to a foreign address: the owner of the stack decides. Unanswered requests cost the asker its own time-out. */
export interface TcpRequest {
  readonly localIp: Ipv4Address;
  readonly localPort: number;
  readonly remoteIp: Ipv4Address;
  readonly remotePort: number;
  /** Answers SYN-ACK; the connection's `onConnect` tells when it stands. Null when the table is full. */
  accept(): TcpConnection | null;
  /** Answers RST. */
  refuse(): void;
  /** Does not answer at all. */
  ignore(): void;
}

export interface TcpHost {
  readonly timers: Timers;
  readonly random: Random;
  readonly settings: TcpSettings;
  ip(): Ipv4Address;
  sendTcp(source: Ipv4Address, destination: Ipv4Address, segment: TcpSegment): void;
  drop(reason: string): void;
}

/** The connections of one stack: finds the one a segment belongs to, opens, listens, frees. */
export class TcpLayer implements TcpEnvironment {
  readonly timers: Timers;
  readonly settings: TcpSettings;
  private readonly host: TcpHost;
  private readonly connections = new Map<string, Tcb>();
  private readonly timeWait = new Set<Tcb>();
  private readonly listeners = new Map<number, (connection: TcpConnection) => void>();
  private readonly requests = new Set<string>();
  private onRequest: ((request: TcpRequest) => void) | null = null;
  private nextPort: number;
  private readonly secret: number;

  constructor(host: TcpHost) {
    this.host = host;
    this.timers = host.timers;
    this.settings = host.settings;
    this.nextPort = host.settings.firstEphemeralPort;
    this.secret = host.random.nextU32();
  }

  /** Connections of every state, TIME-WAIT included. */
  get size(): number {
    return this.connections.size;
  }

  get timeWaitSize(): number {
    return this.timeWait.size;
  }

  /** Opens a connection; null when the table or the port range is full. */
  connect(remoteIp: Ipv4Address, remotePort: number, localPort?: number): TcpConnection | null {
    if (!this.makeRoom()) return null;
    const localIp = this.host.ip();
    const port = localPort ?? this.freePort(localIp, remoteIp, remotePort);
    if (port === null) return null;
    const endpoints = { localIp, localPort: port, remoteIp, remotePort };
    if (this.connections.has(keyOf(endpoints))) return null;
    const tcb = new Tcb(this, endpoints, this.initialSequence(endpoints), false);
    this.connections.set(keyOf(tcb), tcb);
    pump(tcb);
    return tcb;
  }

  /** Calls back with each established connection to the port; returns the way to stop. */
  listen(port: number, onConnection: (connection: TcpConnection) => void): () => void {
    this.listeners.set(port, onConnection);
    return () => {
      if (this.listeners.get(port) === onConnection) this.listeners.delete(port);
    };
  }

  /** Asks about every connection to an address that is not the stack's own, and to own ports without a listener. */
  intercept(onRequest: ((request: TcpRequest) => void) | null): void {
    this.onRequest = onRequest;
  }

  receive(source: Ipv4Address, destination: Ipv4Address, payload: Uint8Array): void {
    const segment = parseTcp(source, destination, payload);
    if (!segment) {
      this.host.drop('tcp-malformed');
      return;
    }
    const endpoints: TcpEndpoints = {
      localIp: destination,
      localPort: segment.destinationPort,
      remoteIp: source,
      remotePort: segment.sourcePort,
    };
    const tcb = this.connections.get(keyOf(endpoints));
    if (tcb && !this.reopens(tcb, segment)) segmentArrives(tcb, segment);
    else this.unknown(endpoints, segment);
  }

  /** The other side is gone without a word: connections with it (null: all) end, nothing is sent. */
  reset(remoteIp: Ipv4Address | null = null): void {
    this.requests.clear();
    for (const tcb of [...this.connections.values()]) {
      if (remoteIp === null || tcb.remoteIp === remoteIp) closeConnection(tcb, 'stack-reset');
    }
  }

  transmit(tcb: Tcb, segment: TcpSegment): void {
    this.host.sendTcp(tcb.localIp, tcb.remoteIp, segment);
  }

  accepted(tcb: Tcb): void {
    if (tcb.localIp === this.host.ip()) this.listeners.get(tcb.localPort)?.(tcb);
  }

  enterTimeWait(tcb: Tcb): void {
    this.timeWait.add(tcb);
    if (this.timeWait.size > this.settings.maxTimeWait) this.dropOldestTimeWait();
  }

  release(tcb: Tcb): void {
    this.timeWait.delete(tcb);
    const key = keyOf(tcb);
    if (this.connections.get(key) === tcb) this.connections.delete(key);
  }

  /** A new SYN ends TIME-WAIT when its numbers lie behind the old connection's (RFC 9293 section 3.10.7.4). */
  private reopens(tcb: Tcb, segment: TcpSegment): boolean {
    if (tcb.state !== 'TIME-WAIT' || (segment.flags & (TCP_FLAG.SYN | TCP_FLAG.RST)) !== TCP_FLAG.SYN)
      return false;
    if (distance(segment.sequence, tcb.rcvNxt) <= 0) return false;
    release(tcb);
    return true;
  }

  private unknown(endpoints: TcpEndpoints, segment: TcpSegment): void {
    if (segment.flags & TCP_FLAG.RST) return;
    if (segment.flags & TCP_FLAG.ACK || !(segment.flags & TCP_FLAG.SYN)) {
      this.refuse(endpoints, segment);
      return;
    }
    const own = endpoints.localIp === this.host.ip();
    if (own && this.listeners.has(endpoints.localPort)) this.open(endpoints, segment);
    else if (this.onRequest) this.ask(this.onRequest, endpoints, segment);
    else if (own) this.refuse(endpoints, segment);
    else this.host.drop('tcp-foreign');
  }

  private ask(onRequest: (request: TcpRequest) => void, endpoints: TcpEndpoints, segment: TcpSegment): void {
    const key = keyOf(endpoints);
    // The asker repeats its SYN while the answer is being found.
    if (this.requests.has(key) || this.requests.size >= MAX_PENDING_REQUESTS) return;
    this.requests.add(key);
    const once = <Value>(answer: () => Value, none: Value): Value =>
      this.requests.delete(key) ? answer() : none;
    onRequest({
      ...endpoints,
      accept: () => once<TcpConnection | null>(() => this.open(endpoints, segment), null),
      refuse: () => once(() => this.refuse(endpoints, segment), undefined),
      ignore: () => once(() => undefined, undefined),
    });
  }

  private open(endpoints: TcpEndpoints, segment: TcpSegment): Tcb | null {
    if (this.connections.has(keyOf(endpoints)) || !this.makeRoom()) return null;
    const tcb = new Tcb(this, endpoints, this.initialSequence(endpoints), true);
    takeSyn(tcb, segment);
    this.connections.set(keyOf(tcb), tcb);
    pump(tcb);
    return tcb;
  }

  /** RST as for a connection that does not exist (RFC 9293 section 3.10.7.1). */
  private refuse(endpoints: TcpEndpoints, segment: TcpSegment): void {
    const hasAck = (segment.flags & TCP_FLAG.ACK) !== 0;
    const lengthBytes =
      segment.data.length + (segment.flags & TCP_FLAG.SYN ? 1 : 0) + (segment.flags & TCP_FLAG.FIN ? 1 : 0);
    this.host.sendTcp(endpoints.localIp, endpoints.remoteIp, {
      sourcePort: endpoints.localPort,
      destinationPort: endpoints.remotePort,
      sequence: hasAck ? segment.acknowledgment : 0,
      acknowledgment: hasAck ? 0 : advance(segment.sequence, lengthBytes),
      flags: hasAck ? TCP_FLAG.RST : TCP_FLAG.RST | TCP_FLAG.ACK,
      window: 0,
      mss: null,
      data: new Uint8Array(0),
    });
  }

  private makeRoom(): boolean {
    if (this.connections.size < this.settings.maxConnections) return true;
    if (this.timeWait.size > 0) this.dropOldestTimeWait();
    return this.connections.size < this.settings.maxConnections;
  }

  private dropOldestTimeWait(): void {
    for (const tcb of this.timeWait) {
      release(tcb);
      return;
    }
  }

  private freePort(localIp: Ipv4Address, remoteIp: Ipv4Address, remotePort: number): number | null {
    const first = this.settings.firstEphemeralPort;
    for (let tries = first; tries < EPHEMERAL_END; tries++) {
      const localPort = this.nextPort;
      this.nextPort = localPort + 1 < EPHEMERAL_END ? localPort + 1 : first;
      const taken = this.connections.has(keyOf({ localIp, localPort, remoteIp, remotePort }));
      if (!taken && !this.listeners.has(localPort)) return localPort;
    }
    return null;
  }

  /** A clock of 4 µs plus a number that differs per pair of endpoints (RFC 9293 section 3.4.1). */
  private initialSequence({ localPort, remoteIp, remotePort }: TcpEndpoints): number {
    let mixed = this.secret ^ remoteIp ^ Math.imul((localPort << 16) | remotePort, 0x9e3779b1);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x85ebca77);
    mixed ^= mixed >>> 13;
    return advance(mixed, Math.floor(this.timers.nowTicks() / (4 * TICKS_PER_MICRO)));
  }
}

function keyOf({ localIp, localPort, remoteIp, remotePort }: TcpEndpoints): string {
  return `${localPort}.${remotePort}.${remoteIp}.${localIp}`;
}
