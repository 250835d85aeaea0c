import { TICKS_PER_MILLI, TICKS_PER_SECOND } from '../../time';
import type { Ipv4Address } from '../addresses';
import { BROADCAST_IPV4, BROADCAST_MAC } from '../addresses';
import { equalBytes } from '../bytes';
import type { Random } from '../random';
import type { Timers } from '../timers';
import { Timer } from '../timers';
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

export interface DhcpLease {
  readonly ip: Ipv4Address;
  readonly netmask: Ipv4Address;
  readonly gateway: Ipv4Address;
  readonly dns: Ipv4Address;
  readonly leaseSeconds: number;
}

type State = 'stopped' | 'selecting' | 'requesting' | 'bound' | 'renewing';

const FIRST_RETRY_MS = 1000;
const MAX_RETRY_MS = 16_000;

/** A small DHCP client (RFC 2131 section 4.4): first offer wins, renewed at half time, started over when it runs out. */
export class DhcpClient {
  private readonly stack: NetStack;
  private readonly timers: Timers;
  private readonly random: Random;
  private readonly onBound: (lease: DhcpLease) => void;
  private readonly timer: Timer;
  private state: State = 'stopped';
  private transaction = 0;
  private retryMs = FIRST_RETRY_MS;
  private offered: Ipv4Address = 0;
  private server: Ipv4Address = 0;
  private untilTicks = 0;

  constructor(stack: NetStack, timers: Timers, random: Random, onBound: (lease: DhcpLease) => void) {
    this.stack = stack;
    this.timers = timers;
    this.random = random;
    this.onBound = onBound;
    this.timer = new Timer(() => this.timeOut());
  }

  /** Asks for an address, from the beginning. */
  start(): void {
    this.stack.listenUdp(DHCP_CLIENT_PORT, (datagram) => this.receive(datagram.data));
    this.stack.configure({ ip: 0 });
    this.state = 'selecting';
    this.transaction = this.random.nextU32();
    this.retryMs = FIRST_RETRY_MS;
    this.send();
  }

  stop(): void {
    this.state = 'stopped';
    this.timers.clear(this.timer);
  }

  private timeOut(): void {
    if (this.state === 'bound') {
      this.state = 'renewing';
      this.transaction = this.random.nextU32();
      this.retryMs = FIRST_RETRY_MS;
    } else if (this.state === 'renewing' && this.timers.nowTicks() >= this.untilTicks) {
      this.start();
      return;
    } else if (this.state === 'requesting' && this.retryMs >= MAX_RETRY_MS) {
      this.start();
      return;
    }
    this.send();
  }

  private send(): void {
    const renewing = this.state === 'renewing';
    const options = new Map<number, Uint8Array>([
      [
        DHCP_OPTION.MESSAGE_TYPE,
        Uint8Array.of(this.state === 'selecting' ? DHCP_TYPE.DISCOVER : DHCP_TYPE.REQUEST),
      ],
      [DHCP_OPTION.PARAMETERS, Uint8Array.of(DHCP_OPTION.SUBNET_MASK, DHCP_OPTION.ROUTER, DHCP_OPTION.DNS)],
    ]);
    if (this.state === 'requesting') {
      options.set(DHCP_OPTION.REQUESTED_IP, ipOption(this.offered));
      options.set(DHCP_OPTION.SERVER_ID, ipOption(this.server));
    }
    const data = encodeDhcp({
      operation: 1,
      transaction: this.transaction,
      flags: 0,
      clientIp: renewing ? this.stack.ip : 0,
      yourIp: 0,
      serverIp: 0,
      clientMac: this.stack.mac,
      options,
    });
    const datagram = { sourcePort: DHCP_CLIENT_PORT, destinationPort: DHCP_SERVER_PORT, data };
    if (renewing) this.stack.sendUdp({ ...datagram, source: this.stack.ip, destination: this.server });
    else this.stack.sendUdpTo(BROADCAST_MAC, { ...datagram, source: 0, destination: BROADCAST_IPV4 });
    this.timers.setIn(this.timer, this.retryMs * TICKS_PER_MILLI);
    this.retryMs = Math.min(this.retryMs * 2, MAX_RETRY_MS);
  }

  private receive(bytes: Uint8Array): void {
    const message = parseDhcp(bytes);
    if (!message || message.operation !== 2 || message.transaction !== this.transaction) return;
    if (!equalBytes(message.clientMac, this.stack.mac)) return;
    const type = messageType(message);
    if (this.state === 'selecting' && type === DHCP_TYPE.OFFER) {
      this.offered = message.yourIp;
      this.server = optionU32(message, DHCP_OPTION.SERVER_ID) ?? message.serverIp;
      this.state = 'requesting';
      this.retryMs = FIRST_RETRY_MS;
      this.send();
    } else if (this.state === 'requesting' || this.state === 'renewing') {
      if (type === DHCP_TYPE.ACK) this.bind(message);
      else if (type === DHCP_TYPE.NAK) this.start();
    }
  }

  private bind(message: DhcpMessage): void {
    const leaseSeconds = optionU32(message, DHCP_OPTION.LEASE_SECONDS) ?? 3600;
    const gateway = optionU32(message, DHCP_OPTION.ROUTER) ?? 0;
    const lease: DhcpLease = {
      ip: message.yourIp,
      netmask: optionU32(message, DHCP_OPTION.SUBNET_MASK) ?? 0xffffff00,
      gateway,
      dns: optionU32(message, DHCP_OPTION.DNS) ?? gateway,
      leaseSeconds,
    };
    const isNew = this.state === 'requesting';
    this.state = 'bound';
    this.untilTicks = this.timers.nowTicks() + leaseSeconds * TICKS_PER_SECOND;
    this.timers.setIn(this.timer, (leaseSeconds / 2) * TICKS_PER_SECOND);
    this.stack.configure({ ip: lease.ip, netmask: lease.netmask, gateway: lease.gateway });
    if (isNew) this.onBound(lease);
  }
}
