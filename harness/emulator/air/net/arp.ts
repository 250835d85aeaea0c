import type { Ipv4Address, MacAddress } from '../addresses';
import { BROADCAST_MAC } from '../addresses';
import { equalBytes, readU16be, readU32be, writeU16be, writeU32be } from '../bytes';
import type { Timers } from '../timers';
import { Timer } from '../timers';
import { TICKS_PER_MILLI, TICKS_PER_SECOND } from '../../time';

/** Address resolution, RFC 826 and RFC 5227 (probes have the sender 0.0.0.0 and teach nothing). */
export const ARP_PACKET_BYTES = 28;
const OPERATION_REQUEST = 1;
const OPERATION_REPLY = 2;

const RETRY_TICKS = 500 * TICKS_PER_MILLI;
const MAX_REQUESTS = 8;
const MAX_WAITING_PACKETS = 16;
const MAX_ENTRIES = 256;
const LIFETIME_TICKS = 300 * TICKS_PER_SECOND;

export interface ArpPacket {
  readonly operation: number;
  readonly senderMac: MacAddress;
  readonly senderIp: Ipv4Address;
  readonly targetMac: MacAddress;
  readonly targetIp: Ipv4Address;
}

export function parseArp(bytes: Uint8Array): ArpPacket | null {
  if (bytes.length < ARP_PACKET_BYTES) return null;
  if (readU16be(bytes, 0) !== 1 || readU16be(bytes, 2) !== 0x0800 || readU16be(bytes, 4) !== 0x0604)
    return null;
  return {
    operation: readU16be(bytes, 6),
    senderMac: bytes.slice(8, 14),
    senderIp: readU32be(bytes, 14),
    targetMac: bytes.slice(18, 24),
    targetIp: readU32be(bytes, 24),
  };
}

export function encodeArp(packet: ArpPacket): Uint8Array {
  const bytes = new Uint8Array(ARP_PACKET_BYTES);
  writeU16be(bytes, 0, 1);
  writeU16be(bytes, 2, 0x0800);
  writeU16be(bytes, 4, 0x0604);
  writeU16be(bytes, 6, packet.operation);
  bytes.set(packet.senderMac, 8);
  writeU32be(bytes, 14, packet.senderIp);
  bytes.set(packet.targetMac, 18);
  writeU32be(bytes, 24, packet.targetIp);
  return bytes;
}

interface Entry {
  mac: MacAddress | null;
  /** Valid until then once the MAC is known. */
  untilTicks: number;
  requests: number;
  readonly waiting: Uint8Array[];
  readonly callbacks: ((mac: MacAddress | null) => void)[];
  readonly retry: Timer;
}

export interface ArpHost {
  readonly mac: MacAddress;
  readonly timers: Timers;
  /** Own address; 0 while there is none. */
  ip(): Ipv4Address;
  sendArp(destination: MacAddress, packet: Uint8Array): void;
  sendIpv4(destination: MacAddress, packet: Uint8Array): void;
}

/** The table of neighbours: asks, answers, learns, forgets. */
export class Arp {
  private readonly host: ArpHost;
  private readonly entries = new Map<Ipv4Address, Entry>();

  constructor(host: ArpHost) {
    this.host = host;
  }

  get size(): number {
    return this.entries.size;
  }

  /** The MAC address that is known now. */
  lookup(ip: Ipv4Address): MacAddress | null {
    const entry = this.entries.get(ip);
    return entry?.mac && entry.untilTicks > this.host.timers.nowTicks() ? entry.mac : null;
  }

  /** Sends the packet once the neighbour's address is known; the oldest waiting packet goes when there are too many. */
  send(ip: Ipv4Address, packet: Uint8Array): void {
    const mac = this.lookup(ip);
    if (mac) {
      this.host.sendIpv4(mac, packet);
      return;
    }
    const entry = this.ask(ip);
    if (entry.waiting.length >= MAX_WAITING_PACKETS) entry.waiting.shift();
    entry.waiting.push(packet);
  }

  /** Calls back with the address, or null when nobody answers. */
  resolve(ip: Ipv4Address, onResult: (mac: MacAddress | null) => void): void {
    const mac = this.lookup(ip);
    if (mac) onResult(mac);
    else this.ask(ip).callbacks.push(onResult);
  }

  /** Notes an address seen in a packet. */
  learn(ip: Ipv4Address, mac: MacAddress): void {
    let entry = this.entries.get(ip);
    if (!entry) {
      if (this.entries.size >= MAX_ENTRIES) this.forgetOldest();
      entry = this.newEntry(ip);
    }
    // A copy: the address is often a view that would keep a whole frame alive.
    if (!entry.mac || !equalBytes(entry.mac, mac)) entry.mac = mac.slice();
    entry.untilTicks = this.host.timers.nowTicks() + LIFETIME_TICKS;
    this.host.timers.clear(entry.retry);
    for (const packet of entry.waiting.splice(0)) this.host.sendIpv4(mac, packet);
    for (const onResult of entry.callbacks.splice(0)) onResult(mac);
  }

  receive(bytes: Uint8Array): void {
    const packet = parseArp(bytes);
    if (!packet) return;
    const ownIp = this.host.ip();
    if (packet.senderIp !== 0 && packet.senderIp !== ownIp) this.learn(packet.senderIp, packet.senderMac);
    if (packet.operation !== OPERATION_REQUEST || ownIp === 0 || packet.targetIp !== ownIp) return;
    this.host.sendArp(
      packet.senderMac,
      encodeArp({
        operation: OPERATION_REPLY,
        senderMac: this.host.mac,
        senderIp: ownIp,
        targetMac: packet.senderMac,
        targetIp: packet.senderIp,
      }),
    );
  }

  /** Forgets a neighbour; the addresses it had. */
  forget(mac: MacAddress): Ipv4Address[] {
    const forgotten: Ipv4Address[] = [];
    for (const [ip, entry] of this.entries) {
      if (!entry.mac || !equalBytes(entry.mac, mac)) continue;
      this.entries.delete(ip);
      forgotten.push(ip);
    }
    return forgotten;
  }

  /** Forgets everybody; who waits for an answer gets none. */
  clear(): void {
    const entries = [...this.entries.values()];
    this.entries.clear();
    for (const entry of entries) {
      this.host.timers.clear(entry.retry);
      for (const onResult of entry.callbacks.splice(0)) onResult(null);
    }
  }

  private ask(ip: Ipv4Address): Entry {
    let entry = this.entries.get(ip);
    if (!entry) {
      if (this.entries.size >= MAX_ENTRIES) this.forgetOldest();
      entry = this.newEntry(ip);
    }
    if (!entry.retry.isSet) {
      entry.mac = null;
      entry.requests = 0;
      this.request(ip, entry);
    }
    return entry;
  }

  private newEntry(ip: Ipv4Address): Entry {
    const entry: Entry = {
      mac: null,
      untilTicks: 0,
      requests: 0,
      waiting: [],
      callbacks: [],
      retry: new Timer(() => this.request(ip, entry)),
    };
    this.entries.set(ip, entry);
    return entry;
  }

  private request(ip: Ipv4Address, entry: Entry): void {
    if (entry.requests >= MAX_REQUESTS) {
      this.entries.delete(ip);
      for (const onResult of entry.callbacks.splice(0)) onResult(null);
      return;
    }
    entry.requests++;
    this.host.timers.setIn(entry.retry, RETRY_TICKS);
    const packet = encodeArp({
      operation: OPERATION_REQUEST,
      senderMac: this.host.mac,
      senderIp: this.host.ip(),
      targetMac: new Uint8Array(6),
      targetIp: ip,
    });
    this.host.sendArp(BROADCAST_MAC, packet);
  }

  private forgetOldest(): void {
    for (const [ip, entry] of this.entries) {
      this.host.timers.clear(entry.retry);
      this.entries.delete(ip);
      for (const onResult of entry.callbacks.splice(0)) onResult(null);
      return;
    }
  }
}
