import { TICKS_PER_SECOND } from '../../time';
import type { Ipv4Address, MacAddress } from '../addresses';
import { BROADCAST_IPV4, BROADCAST_MAC, isGroupMac } from '../addresses';
import { equalBytes } from '../bytes';
import type { Random } from '../random';
import type { Timers } from '../timers';
import { Timer } from '../timers';
import { Arp } from './arp';
import { encodeIcmp, ICMP_CODE_PORT_UNREACHABLE, ICMP_TYPE, parseIcmp } from './icmp';
import type { Ipv4Packet } from './ipv4';
import { IPV4_HEADER_BYTES, newIpv4Packet, parseIpv4, PROTOCOL } from './ipv4';
import { Ipv4Reassembly } from './ipv4-reassembly';
import type { TcpRequest } from './tcp';
import { TcpLayer } from './tcp';
import type { TcpSegment } from './tcp-segment';
import { tcpSegmentBytes, writeTcp } from './tcp-segment';
import type { TcpConnection, TcpSettings } from './tcp-types';
import { DEFAULT_TCP_SETTINGS } from './tcp-types';
import type { UdpDatagram } from './udp';
import { parseUdp, UDP_HEADER_BYTES, writeUdp } from './udp';

export const ETHER_TYPE = { IPV4: 0x0800, ARP: 0x0806, EAPOL: 0x888e } as const;
/** Largest IP packet in one frame. */
export const MTU_BYTES = 1500;
/** Largest UDP payload that goes out; nothing is fragmented here. */
export const MAX_UDP_DATA_BYTES = MTU_BYTES - IPV4_HEADER_BYTES - UDP_HEADER_BYTES;

/** What carries the packets: addresses and EtherType as on Ethernet, whatever is underneath. */
export interface LinkLayer {
  send(destination: MacAddress, etherType: number, payload: Uint8Array): void;
}

export interface NetStackOptions {
  readonly mac: MacAddress;
  readonly timers: Timers;
  readonly random: Random;
  readonly link: LinkLayer;
  /** 0 while none is known (DHCP). */
  readonly ip?: Ipv4Address;
  readonly netmask?: Ipv4Address;
  readonly gateway?: Ipv4Address;
  readonly tcp?: Partial<TcpSettings>;
}

export type UdpHandler = (datagram: UdpDatagram) => void;

interface Ping {
  readonly onReply: (roundTripTicks: number | null) => void;
  readonly atTicks: number;
  readonly timer: Timer;
}

/**
 * One host's IPv4 in user space: ARP, ICMP echo, UDP, TCP. It terminates everything; what is to leave goes through
 * the owner's handlers ({@link interceptTcp}, {@link interceptUdp}). Every table has a bound.
 */
export class NetStack {
  readonly mac: MacAddress;
  readonly arp: Arp;
  readonly tcp: TcpLayer;
  /** Packets thrown away, by reason. */
  readonly dropped = new Map<string, number>();
  private readonly timers: Timers;
  private readonly link: LinkLayer;
  private readonly reassembly: Ipv4Reassembly;
  private readonly udpHandlers = new Map<number, UdpHandler>();
  private readonly pings = new Map<number, Ping>();
  private onForeignUdp: UdpHandler | null = null;
  private ownIp: Ipv4Address;
  private netmask: Ipv4Address;
  private gateway: Ipv4Address;
  private identification: number;
  private pingSequence = 0;

  constructor(options: NetStackOptions) {
    this.mac = options.mac;
    this.timers = options.timers;
    this.link = options.link;
    this.ownIp = options.ip ?? 0;
    this.netmask = options.netmask ?? 0xffffff00;
    this.gateway = options.gateway ?? 0;
    this.identification = options.random.nextU32() & 0xffff;
    this.reassembly = new Ipv4Reassembly(options.timers);
    this.arp = new Arp({
      mac: options.mac,
      timers: options.timers,
      ip: () => this.ownIp,
      sendArp: (destination, packet) => this.link.send(destination, ETHER_TYPE.ARP, packet),
      sendIpv4: (destination, packet) => this.link.send(destination, ETHER_TYPE.IPV4, packet),
    });
    this.tcp = new TcpLayer({
      timers: options.timers,
      random: options.random,
      settings: { ...DEFAULT_TCP_SETTINGS, ...options.tcp },
      ip: () => this.ownIp,
      sendTcp: (source, destination, segment) => this.sendTcp(source, destination, segment),
      drop: (reason) => this.drop(reason),
    });
  }

  get ip(): Ipv4Address {
    return this.ownIp;
  }

  nowTicks(): number {
    return this.timers.nowTicks();
  }

  configure(settings: {
    readonly ip: Ipv4Address;
    readonly netmask?: Ipv4Address;
    readonly gateway?: Ipv4Address;
  }): void {
    this.ownIp = settings.ip;
    this.netmask = settings.netmask ?? this.netmask;
    this.gateway = settings.gateway ?? this.gateway;
  }

  /** A packet from the link; it may carry padding. */
  receive(source: MacAddress, destination: MacAddress, etherType: number, payload: Uint8Array): void {
    if (!isGroupMac(destination) && !equalBytes(destination, this.mac)) return;
    if (etherType === ETHER_TYPE.ARP) this.arp.receive(payload);
    else if (etherType === ETHER_TYPE.IPV4) this.receiveIpv4(source, payload);
    else this.drop('ether-type');
  }

  /** Opens a connection; null when no port or no room is left. Set the callbacks at once. */
  connectTcp(ip: Ipv4Address, port: number): TcpConnection | null {
    return this.tcp.connect(ip, port);
  }

  /** Calls back with each connection to an own port; returns the way to stop. */
  listenTcp(port: number, onConnection: (connection: TcpConnection) => void): () => void {
    return this.tcp.listen(port, onConnection);
  }

  /** Decides about connections to foreign addresses, and to own ports nobody listens on. */
  interceptTcp(onRequest: ((request: TcpRequest) => void) | null): void {
    this.tcp.intercept(onRequest);
  }

  /** Datagrams to an own port; returns the way to stop. */
  listenUdp(port: number, handler: UdpHandler): () => void {
    this.udpHandlers.set(port, handler);
    return () => {
      if (this.udpHandlers.get(port) === handler) this.udpHandlers.delete(port);
    };
  }

  /** Datagrams to foreign addresses. */
  interceptUdp(handler: UdpHandler | null): void {
    this.onForeignUdp = handler;
  }

  /** Sends a datagram from any address. @throws RangeError when it does not fit one packet */
  sendUdp(datagram: UdpDatagram): void {
    this.sendIpv4(datagram.destination, this.udpPacket(datagram));
  }

  /** As {@link sendUdp}, to a given neighbour without asking for its address. */
  sendUdpTo(destination: MacAddress, datagram: UdpDatagram): void {
    this.link.send(destination, ETHER_TYPE.IPV4, this.udpPacket(datagram));
  }

  /** Sends one echo request; calls back with the round trip, or null after a second without an answer. */
  ping(
    ip: Ipv4Address,
    onReply: (roundTripTicks: number | null) => void,
    dataBytes = 32,
    forTicks = TICKS_PER_SECOND,
  ): void {
    const sequence = (this.pingSequence = (this.pingSequence + 1) & 0xffff);
    const timer = new Timer(() => {
      this.pings.delete(sequence);
      onReply(null);
    });
    this.pings.set(sequence, { onReply, atTicks: this.nowTicks(), timer });
    this.timers.setIn(timer, forTicks);
    const data = Uint8Array.from({ length: dataBytes }, (_, index) => index);
    this.sendIcmp(ip, ICMP_TYPE.ECHO_REQUEST, 0, PING_IDENTIFIER, sequence, data);
  }

  /** The network is gone: connections end, neighbours are forgotten. Listeners and settings stay. */
  reset(): void {
    this.tcp.reset();
    this.arp.clear();
    for (const [sequence, ping] of [...this.pings]) {
      this.pings.delete(sequence);
      this.timers.clear(ping.timer);
      ping.onReply(null);
    }
  }

  /** One neighbour is gone: its connections end and its addresses are forgotten. */
  forgetNeighbour(mac: MacAddress): void {
    for (const ip of this.arp.forget(mac)) this.tcp.reset(ip);
  }

  private drop(reason: string): void {
    this.dropped.set(reason, (this.dropped.get(reason) ?? 0) + 1);
  }

  private onLink(ip: Ipv4Address): boolean {
    return ((ip ^ this.ownIp) & this.netmask) === 0;
  }

  private isBroadcast(ip: Ipv4Address): boolean {
    return (
      ip === BROADCAST_IPV4 ||
      (this.ownIp !== 0 && this.onLink(ip) && (ip & ~this.netmask) >>> 0 === ~this.netmask >>> 0)
    );
  }

  private receiveIpv4(source: MacAddress, bytes: Uint8Array): void {
    const packet = parseIpv4(bytes);
    if (typeof packet === 'string') {
      this.drop(`ipv4-${packet}`);
      return;
    }
    if (
      packet.source !== 0 &&
      packet.source !== this.ownIp &&
      this.ownIp !== 0 &&
      this.onLink(packet.source)
    ) {
      this.arp.learn(packet.source, source);
    }
    let payload: Uint8Array | null = packet.payload;
    if (packet.moreFragments || packet.fragmentOffsetBytes > 0) payload = this.reassembly.add(packet);
    if (!payload) return;
    const own = packet.destination === this.ownIp;
    switch (packet.protocol) {
      case PROTOCOL.TCP:
        if (!this.isBroadcast(packet.destination))
          this.tcp.receive(packet.source, packet.destination, payload);
        return;
      case PROTOCOL.UDP:
        this.receiveUdp(packet, payload);
        return;
      case PROTOCOL.ICMP:
        if (own) this.receiveIcmp(packet, payload);
        return;
      default:
        this.drop('ipv4-protocol');
    }
  }

  private receiveUdp(packet: Ipv4Packet, payload: Uint8Array): void {
    const datagram = parseUdp(packet.source, packet.destination, payload);
    if (!datagram) {
      this.drop('udp-malformed');
      return;
    }
    const own = packet.destination === this.ownIp;
    if (own || this.isBroadcast(packet.destination)) {
      const handler = this.udpHandlers.get(datagram.destinationPort);
      if (handler) handler(datagram);
      else if (own && this.ownIp !== 0) this.sendPortUnreachable(packet, payload);
      else this.drop('udp-port');
    } else if (this.onForeignUdp) this.onForeignUdp(datagram);
    else this.drop('udp-foreign');
  }

  private receiveIcmp(packet: Ipv4Packet, payload: Uint8Array): void {
    const message = parseIcmp(payload);
    if (!message) {
      this.drop('icmp-malformed');
    } else if (message.type === ICMP_TYPE.ECHO_REQUEST) {
      const { identifier, sequence, data } = message;
      this.sendIcmp(packet.source, ICMP_TYPE.ECHO_REPLY, 0, identifier, sequence, data);
    } else if (message.type === ICMP_TYPE.ECHO_REPLY && message.identifier === PING_IDENTIFIER) {
      const ping = this.pings.get(message.sequence);
      if (!ping) return;
      this.pings.delete(message.sequence);
      this.timers.clear(ping.timer);
      ping.onReply(this.nowTicks() - ping.atTicks);
    }
  }

  private sendPortUnreachable(packet: Ipv4Packet, payload: Uint8Array): void {
    // The message quotes the IP header and the first eight bytes behind it (RFC 792).
    const quote = newIpv4Packet(packet, payload.length).subarray(0, IPV4_HEADER_BYTES + 8);
    quote.set(payload.subarray(0, 8), IPV4_HEADER_BYTES);
    this.sendIcmp(packet.source, ICMP_TYPE.UNREACHABLE, ICMP_CODE_PORT_UNREACHABLE, 0, 0, quote);
  }

  private sendIcmp(
    destination: Ipv4Address,
    type: number,
    code: number,
    identifier: number,
    sequence: number,
    data: Uint8Array,
  ): void {
    const message = encodeIcmp({ type, code, identifier, sequence, data });
    if (message.length > MTU_BYTES - IPV4_HEADER_BYTES) {
      this.drop('icmp-too-long');
      return;
    }
    const packet = this.newPacket(this.ownIp, destination, PROTOCOL.ICMP, message.length);
    packet.set(message, IPV4_HEADER_BYTES);
    this.sendIpv4(destination, packet);
  }

  private udpPacket(datagram: UdpDatagram): Uint8Array {
    if (datagram.data.length > MAX_UDP_DATA_BYTES) {
      throw new RangeError(`datagram of ${datagram.data.length} bytes; ${MAX_UDP_DATA_BYTES} fit one packet`);
    }
    const lengthBytes = UDP_HEADER_BYTES + datagram.data.length;
    const packet = this.newPacket(datagram.source, datagram.destination, PROTOCOL.UDP, lengthBytes);
    writeUdp(packet, IPV4_HEADER_BYTES, datagram);
    return packet;
  }

  private sendTcp(source: Ipv4Address, destination: Ipv4Address, segment: TcpSegment): void {
    const packet = this.newPacket(source, destination, PROTOCOL.TCP, tcpSegmentBytes(segment));
    writeTcp(packet, IPV4_HEADER_BYTES, source, destination, segment);
    this.sendIpv4(destination, packet);
  }

  private newPacket(
    source: Ipv4Address,
    destination: Ipv4Address,
    protocol: number,
    payloadBytes: number,
  ): Uint8Array {
    this.identification = (this.identification + 1) & 0xffff;
    return newIpv4Packet(
      { source, destination, protocol, identification: this.identification },
      payloadBytes,
    );
  }

  private sendIpv4(destination: Ipv4Address, packet: Uint8Array): void {
    if (this.isBroadcast(destination)) {
      this.link.send(BROADCAST_MAC, ETHER_TYPE.IPV4, packet);
      return;
    }
    const nextHop = this.onLink(destination) || this.gateway === 0 ? destination : this.gateway;
    this.arp.send(nextHop, packet);
  }
}

const PING_IDENTIFIER = 0x4553;
