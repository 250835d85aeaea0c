import type { Ipv4Address } from '../addresses';
import { ipv4, parseMac } from '../addresses';
import { IPV4_HEADER_BYTES, newIpv4Packet, parseIpv4, PROTOCOL } from '../net/ipv4';
import { ETHER_TYPE, NetStack } from '../net/stack';
import type { TcpSegment } from '../net/tcp-segment';
import { parseTcp, tcpSegmentBytes, writeTcp } from '../net/tcp-segment';
import type { TcpSettings } from '../net/tcp-types';
import { Random } from '../random';
import { Timers } from '../timers';
import { VirtualClock } from './virtual-clock';

const MAC = parseMac('02:00:00:00:00:99');
const IP = ipv4('10.0.2.15');

/** A stack under test whose only neighbour is the test itself, segment by segment. */
export class RawTcpPeer {
  readonly clock = new VirtualClock();
  readonly timers = new Timers(this.clock.queue, 'air');
  readonly ip: Ipv4Address = IP;
  readonly port = 4000;
  readonly stack: NetStack;
  /** What the stack has sent since {@link take} was called last. */
  private readonly heard: TcpSegment[] = [];

  constructor(tcp: Partial<TcpSettings> = {}) {
    this.stack = new NetStack({
      mac: parseMac('02:00:00:00:00:01'),
      timers: this.timers,
      random: new Random(99),
      ip: ipv4('10.0.2.2'),
      link: {
        send: (_destination, etherType, payload) => {
          if (etherType !== ETHER_TYPE.IPV4) return;
          const packet = parseIpv4(payload);
          if (typeof packet === 'string') throw new Error(`the stack sent a bad packet: ${packet}`);
          const segment = parseTcp(packet.source, packet.destination, packet.payload);
          if (!segment) throw new Error('the stack sent a bad segment');
          this.heard.push(segment);
        },
      },
      tcp,
    });
    this.stack.arp.learn(IP, MAC);
  }

  take(): TcpSegment[] {
    return this.heard.splice(0);
  }

  /** The only segment since the last call. */
  takeOne(): TcpSegment {
    const all = this.take();
    if (all.length !== 1) throw new Error(`${all.length} segments instead of one`);
    return all[0]!;
  }

  send(stackPort: number, fields: Partial<TcpSegment>, destination = this.stack.ip): void {
    const segment: TcpSegment = {
      sourcePort: this.port,
      destinationPort: stackPort,
      sequence: 0,
      acknowledgment: 0,
      flags: 0,
      window: 4096,
      mss: null,
      data: new Uint8Array(0),
      ...fields,
    };
    const header = { source: IP, destination, protocol: PROTOCOL.TCP, identification: 1 };
    const packet = newIpv4Packet(header, tcpSegmentBytes(segment));
    writeTcp(packet, IPV4_HEADER_BYTES, IP, destination, segment);
    this.stack.receive(MAC, this.stack.mac, ETHER_TYPE.IPV4, packet);
  }
}
