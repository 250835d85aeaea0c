import { TICKS_PER_SECOND } from '../../time';
import type { Ipv4Address, MacAddress } from '../addresses';
import { BROADCAST_IPV4, BROADCAST_MAC, macKey } from '../addresses';
import type { DhcpMessage } from './dhcp-message';
import {
  DHCP_CLIENT_PORT,
  DHCP_OPTION,
  DHCP_SERVER_PORT,
  DHCP_TYPE,
  encodeDhcp,
  ipOption,
  messageType,
  optionU32,
  parseDhcp,
} from './dhcp-message';
import type { NetStack } from './stack';

export interface DhcpServerOptions {
  /** First address of the pool; the first client gets it. */
  readonly firstIp: Ipv4Address;
  readonly count?: number;
  readonly netmask: Ipv4Address;
  readonly leaseSeconds?: number;
  /** Called when a lease is acknowledged. */
  readonly onLease?: (mac: MacAddress, ip: Ipv4Address) => void;
}

interface Lease {
  readonly ip: Ipv4Address;
  untilTicks: number;
}

/** How long an offer is kept for a client that has not asked for it. */
const OFFER_SECONDS = 30;
const DECLINED_SECONDS = 600;

/** A small DHCP server (RFC 2131 section 4.3): one pool, leases by MAC address. */
export class DhcpServer {
  private readonly stack: NetStack;
  private readonly options: DhcpServerOptions;
  private readonly leases = new Map<number, Lease>();
  /** Addresses a client found in use, with the time until which they rest. */
  private readonly declined = new Map<Ipv4Address, number>();

  constructor(stack: NetStack, options: DhcpServerOptions) {
    this.stack = stack;
    this.options = options;
    stack.listenUdp(DHCP_SERVER_PORT, (datagram) => this.receive(datagram.data));
  }

  /** The address a client has, if its lease has not run out. */
  leaseOf(mac: MacAddress): Ipv4Address | null {
    const lease = this.leases.get(macKey(mac));
    return lease && lease.untilTicks > this.stack.nowTicks() ? lease.ip : null;
  }

  private receive(bytes: Uint8Array): void {
    const message = parseDhcp(bytes);
    if (!message || message.operation !== 1) return;
    switch (messageType(message)) {
      case DHCP_TYPE.DISCOVER: {
        const ip = this.choose(message);
        if (ip === null) return;
        this.hold(message, ip, OFFER_SECONDS);
        this.reply(message, DHCP_TYPE.OFFER, ip);
        return;
      }
      case DHCP_TYPE.REQUEST:
        this.request(message);
        return;
      case DHCP_TYPE.DECLINE: {
        const ip = optionU32(message, DHCP_OPTION.REQUESTED_IP);
        if (ip === null || this.leases.get(macKey(message.clientMac))?.ip !== ip) return;
        this.leases.delete(macKey(message.clientMac));
        this.declined.set(ip, this.stack.nowTicks() + DECLINED_SECONDS * TICKS_PER_SECOND);
        return;
      }
      case DHCP_TYPE.RELEASE:
        this.leases.delete(macKey(message.clientMac));
        return;
      case DHCP_TYPE.INFORM:
        this.reply(message, DHCP_TYPE.ACK, 0);
        return;
      default:
    }
  }

  private request(message: DhcpMessage): void {
    const server = optionU32(message, DHCP_OPTION.SERVER_ID);
    const wanted = optionU32(message, DHCP_OPTION.REQUESTED_IP) ?? message.clientIp;
    const ip = this.choose(message);
    // A request for another server or a foreign address: the client shall start over (wifi.md section 12.2).
    if ((server !== null && server !== this.stack.ip) || ip === null || wanted !== ip) {
      this.reply(message, DHCP_TYPE.NAK, 0);
      return;
    }
    this.hold(message, ip, this.leaseSeconds);
    this.reply(message, DHCP_TYPE.ACK, ip);
    this.options.onLease?.(message.clientMac, ip);
  }

  private get leaseSeconds(): number {
    return this.options.leaseSeconds ?? 3600;
  }

  private hold(message: DhcpMessage, ip: Ipv4Address, seconds: number): void {
    const untilTicks = this.stack.nowTicks() + seconds * TICKS_PER_SECOND;
    const key = macKey(message.clientMac);
    const lease = this.leases.get(key);
    if (lease?.ip === ip) lease.untilTicks = Math.max(lease.untilTicks, untilTicks);
    else this.leases.set(key, { ip, untilTicks });
  }

  /** The client's own address first, then one never given, then one that ran out. */
  private choose(message: DhcpMessage): Ipv4Address | null {
    const nowTicks = this.stack.nowTicks();
    const own = this.leases.get(macKey(message.clientMac));
    if (own) return own.ip;
    for (const [ip, untilTicks] of this.declined) if (untilTicks <= nowTicks) this.declined.delete(ip);
    const taken = new Set<Ipv4Address>();
    for (const lease of this.leases.values()) taken.add(lease.ip);
    const count = this.options.count ?? 16;
    for (let index = 0; index < count; index++) {
      const ip = this.options.firstIp + index;
      if (!taken.has(ip) && !this.declined.has(ip)) return ip;
    }
    for (const [key, lease] of this.leases) {
      if (lease.untilTicks > nowTicks) continue;
      this.leases.delete(key);
      return lease.ip;
    }
    return null;
  }

  private reply(to: DhcpMessage, type: number, yourIp: Ipv4Address): void {
    const options = new Map<number, Uint8Array>([
      [DHCP_OPTION.MESSAGE_TYPE, Uint8Array.of(type)],
      [DHCP_OPTION.SERVER_ID, ipOption(this.stack.ip)],
    ]);
    if (type !== DHCP_TYPE.NAK) {
      if (yourIp !== 0) options.set(DHCP_OPTION.LEASE_SECONDS, ipOption(this.leaseSeconds));
      options.set(DHCP_OPTION.SUBNET_MASK, ipOption(this.options.netmask));
      options.set(DHCP_OPTION.ROUTER, ipOption(this.stack.ip));
      options.set(DHCP_OPTION.DNS, ipOption(this.stack.ip));
    }
    const data = encodeDhcp({
      operation: 2,
      transaction: to.transaction,
      flags: to.flags,
      clientIp: type === DHCP_TYPE.NAK ? 0 : to.clientIp,
      yourIp,
      serverIp: type === DHCP_TYPE.NAK ? 0 : this.stack.ip,
      clientMac: to.clientMac,
      options,
    });
    // To the client's MAC address though its IP address is not bound yet: seen to work (wifi.md section 12.2).
    this.stack.sendUdpTo(type === DHCP_TYPE.NAK ? BROADCAST_MAC : to.clientMac, {
      source: this.stack.ip,
      sourcePort: DHCP_SERVER_PORT,
      destination: BROADCAST_IPV4,
      destinationPort: DHCP_CLIENT_PORT,
      data,
    });
  }
}
