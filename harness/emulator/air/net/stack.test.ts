import { describe, expect, test } from '@jest/globals';
import { BROADCAST_MAC, formatIpv4, ipv4, parseMac } from '../addresses';
import { LEFT_IP, RIGHT_IP, stackPair } from '../testkit/stack-pair';
import { encodeArp } from './arp';
import { DhcpClient } from './dhcp-client';
import type { DhcpLease } from './dhcp-client';
import { DHCP_OPTION, DHCP_TYPE, encodeDhcp, ipOption, messageType, parseDhcp } from './dhcp-message';
import { DhcpServer } from './dhcp-server';
import { encodeIcmp } from './icmp';
import { newIpv4Packet, parseIpv4 } from './ipv4';
import { Ipv4Reassembly } from './ipv4-reassembly';
import { ETHER_TYPE } from './stack';

describe('IPv4 packets', () => {
  // The example header of RFC 1071 readers everywhere: 192.168.0.1 -> 192.168.0.199, UDP, checksum 0xb861.
  const EXAMPLE = Uint8Array.from(Buffer.from('45000073000040004011b861c0a80001c0a800c7', 'hex'));

  test('a published header has the checksum it says', () => {
    const packet = new Uint8Array(0x73);
    packet.set(EXAMPLE);
    expect(parseIpv4(packet)).toMatchObject({ source: ipv4('192.168.0.1'), protocol: 17 });
    packet[9] = 6;
    expect(parseIpv4(packet)).toBe('checksum');
  });

  test('padding behind the total length is cut off', () => {
    const packet = newIpv4Packet({ source: 1, destination: 2, protocol: 17, identification: 3 }, 4);
    const padded = new Uint8Array(46);
    padded.set(packet);
    const parsed = parseIpv4(padded);
    expect(typeof parsed === 'string' ? parsed : parsed.payload.length).toBe(4);
  });

  test('fragments in any order become one payload; half a datagram is forgotten in time', () => {
    const pair = stackPair(1);
    const reassembly = new Ipv4Reassembly(pair.timers);
    const fragment = (offset: number, sizeBytes: number, more: boolean, identification = 1) => ({
      source: 1,
      destination: 2,
      protocol: 17,
      ttl: 64,
      identification,
      moreFragments: more,
      fragmentOffsetBytes: offset,
      payload: Uint8Array.from({ length: sizeBytes }, (_, index) => offset + index),
    });
    expect(reassembly.add(fragment(16, 5, false))).toBeNull();
    expect(reassembly.add(fragment(0, 8, true))).toBeNull();
    expect(reassembly.add(fragment(0, 8, true, 2))).toBeNull();
    expect([...reassembly.add(fragment(8, 8, true))!]).toEqual(
      Array.from({ length: 21 }, (_, index) => index),
    );
    expect(reassembly.size).toBe(1);
    pair.clock.runFor(31);
    expect(reassembly.size).toBe(0);
  });
});

describe('the stack', () => {
  test('resolves addresses, answers echo requests and reports silence', () => {
    const pair = stackPair(1);
    const answers: (number | null)[] = [];
    pair.left.ping(RIGHT_IP, (ticks) => answers.push(ticks));
    pair.left.ping(ipv4('10.0.2.99'), (ticks) => answers.push(ticks));
    pair.clock.runFor(10);
    expect(answers).toHaveLength(2);
    expect(answers[0]).toBeGreaterThan(0);
    expect(answers[1]).toBeNull();
    expect(pair.timers.size).toBe(0);
  });

  test('never answers for an address that is being checked, nor learns from the check', () => {
    const pair = stackPair(1);
    let sent = 0;
    pair.link.filter = () => (sent++, false);
    const stranger = parseMac('02:00:00:00:00:55');
    const probe = (senderIp: number, targetIp: number): void =>
      pair.left.receive(
        stranger,
        BROADCAST_MAC,
        ETHER_TYPE.ARP,
        encodeArp({ operation: 1, senderMac: stranger, senderIp, targetMac: new Uint8Array(6), targetIp }),
      );
    probe(0, RIGHT_IP);
    expect(sent).toBe(0);
    expect(pair.left.arp.size).toBe(0);
    // A conflict with the own address must be defended, though.
    probe(0, LEFT_IP);
    expect(sent).toBe(1);
    probe(RIGHT_IP, RIGHT_IP);
    expect(pair.left.arp.lookup(RIGHT_IP)).toEqual(stranger);
  });

  test('gives up an address nobody owns and tells who waits', () => {
    const pair = stackPair(1);
    let result: unknown = 'none yet';
    pair.left.arp.resolve(ipv4('10.0.2.77'), (mac) => (result = mac));
    pair.clock.runFor(10);
    expect(result).toBeNull();
    expect(pair.left.arp.size).toBe(0);
  });

  test('carries datagrams, and says when nobody listens', () => {
    const pair = stackPair(2);
    const heard: string[] = [];
    pair.right.listenUdp(53, ({ data, source, sourcePort, destinationPort }) => {
      heard.push(Buffer.from(data).toString());
      const answer = Uint8Array.from(Buffer.from('pong'));
      pair.right.sendUdp({
        source: RIGHT_IP,
        destination: source,
        sourcePort: destinationPort,
        destinationPort: sourcePort,
        data: answer,
      });
    });
    pair.left.listenUdp(5000, ({ data }) => heard.push(Buffer.from(data).toString()));
    const datagram = { source: LEFT_IP, destination: RIGHT_IP, sourcePort: 5000, destinationPort: 53 };
    pair.left.sendUdp({ ...datagram, data: Uint8Array.from(Buffer.from('ping')) });
    pair.clock.runFor(1);
    expect(heard).toEqual(['ping', 'pong']);
    expect(() => pair.left.sendUdp({ ...datagram, data: new Uint8Array(1473) })).toThrow(RangeError);

    const frames: Uint8Array[] = [];
    pair.link.filter = (_source, _type, payload) => (frames.push(payload), true);
    pair.left.sendUdp({ ...datagram, destinationPort: 99, data: new Uint8Array(2) });
    pair.clock.runFor(1);
    const unreachable = parseIpv4(frames[1]!);
    expect(typeof unreachable === 'string' ? null : [...unreachable.payload.subarray(0, 2)]).toEqual([3, 3]);
  });

  test('hands datagrams to foreign addresses to whoever asked for them', () => {
    const pair = stackPair(2);
    const heard: string[] = [];
    pair.right.interceptUdp(({ destination }) => heard.push(formatIpv4(destination)));
    pair.left.configure({ ip: LEFT_IP, gateway: RIGHT_IP });
    pair.left.sendUdp({
      source: LEFT_IP,
      destination: ipv4('8.8.8.8'),
      sourcePort: 1,
      destinationPort: 53,
      data: new Uint8Array(1),
    });
    pair.clock.runFor(1);
    expect(heard).toEqual(['8.8.8.8']);
  });

  test('throws no exception at random bytes and mutilated packets', () => {
    const pair = stackPair(3);
    pair.link.filter = () => false;
    const good = newIpv4Packet(
      { source: RIGHT_IP, destination: LEFT_IP, protocol: 1, identification: 1 },
      40,
    );
    good.set(encodeIcmp({ type: 8, code: 0, identifier: 1, sequence: 1, data: new Uint8Array(32) }), 20);
    for (let round = 0; round < 20_000; round++) {
      let bytes = pair.random.bytes(pair.random.below(80));
      if (round & 1) {
        bytes = good.slice();
        bytes[pair.random.below(bytes.length)] = pair.random.below(256);
      }
      const type = round & 2 ? ETHER_TYPE.IPV4 : ETHER_TYPE.ARP;
      pair.left.receive(pair.right.mac, pair.left.mac, type, bytes);
    }
    expect(pair.left.dropped.size).toBeGreaterThan(2);
  });
});

describe('DHCP', () => {
  test('a client gets an address, keeps it by renewing and starts over when the server forgot it', () => {
    const pair = stackPair(4);
    const server = new DhcpServer(pair.left, {
      firstIp: RIGHT_IP,
      netmask: ipv4('255.255.255.0'),
      leaseSeconds: 600,
    });
    const leases: DhcpLease[] = [];
    const client = new DhcpClient(pair.right, pair.timers, pair.random, (lease) => leases.push(lease));
    client.start();
    expect(pair.right.ip).toBe(0);
    pair.clock.runFor(2);
    expect(leases).toHaveLength(1);
    expect(leases[0]).toMatchObject({ ip: RIGHT_IP, gateway: LEFT_IP, dns: LEFT_IP, leaseSeconds: 600 });
    expect(pair.right.ip).toBe(RIGHT_IP);
    pair.clock.runFor(3600);
    expect(pair.right.ip).toBe(RIGHT_IP);
    expect(leases).toHaveLength(1);
    expect(server.leaseOf(pair.right.mac)).toBe(RIGHT_IP);
    client.stop();
    pair.clock.runFor(700);
    expect(server.leaseOf(pair.right.mac)).toBeNull();
  });

  test('a client asks again when messages are lost', () => {
    const pair = stackPair(5, { loss: 0.5, duplicate: 0, reorder: 0, latencyMicros: 100, rateMbps: 54 });
    new DhcpServer(pair.left, { firstIp: RIGHT_IP, netmask: ipv4('255.255.255.0') });
    let bound = false;
    new DhcpClient(pair.right, pair.timers, pair.random, () => (bound = true)).start();
    expect(pair.clock.runUntil(() => bound, 300)).toBe(true);
  });

  test('a request for a foreign address or server gets a NAK, flags and transaction come back', () => {
    const pair = stackPair(6);
    new DhcpServer(pair.left, { firstIp: RIGHT_IP, netmask: ipv4('255.255.255.0') });
    const answers: ReturnType<typeof parseDhcp>[] = [];
    pair.link.filter = (_source, type, payload) => {
      const packet = type === ETHER_TYPE.IPV4 ? parseIpv4(payload) : 'length';
      if (typeof packet !== 'string') answers.push(parseDhcp(packet.payload.subarray(8)));
      return false;
    };
    const ask = (options: [number, Uint8Array][]): number => {
      answers.length = 0;
      pair.left.receive(
        pair.right.mac,
        BROADCAST_MAC,
        ETHER_TYPE.IPV4,
        dhcpPacket(
          pair.right.mac,
          new Map([[DHCP_OPTION.MESSAGE_TYPE, Uint8Array.of(DHCP_TYPE.REQUEST)], ...options]),
        ),
      );
      const answer = answers[0]!;
      expect(answer).toMatchObject({ transaction: 0xdeadbeef, flags: 0x8000 });
      return messageType(answer);
    };
    const right = ipOption(RIGHT_IP);
    expect(ask([[DHCP_OPTION.REQUESTED_IP, ipOption(ipv4('192.168.9.9'))]])).toBe(DHCP_TYPE.NAK);
    expect(
      ask([
        [DHCP_OPTION.REQUESTED_IP, right],
        [DHCP_OPTION.SERVER_ID, ipOption(ipv4('10.0.2.3'))],
      ]),
    ).toBe(DHCP_TYPE.NAK);
    expect(ask([[DHCP_OPTION.REQUESTED_IP, right]])).toBe(DHCP_TYPE.ACK);
  });
});

function dhcpPacket(clientMac: Uint8Array, options: ReadonlyMap<number, Uint8Array>): Uint8Array {
  const data = encodeDhcp({
    operation: 1,
    transaction: 0xdeadbeef,
    flags: 0x8000,
    clientIp: 0,
    yourIp: 0,
    serverIp: 0,
    clientMac,
    options,
  });
  const header = { source: 0, destination: 0xffffffff, protocol: 17, identification: 1 };
  const packet = newIpv4Packet(header, 8 + data.length);
  packet.set([0, 68, 0, 67, (8 + data.length) >> 8, (8 + data.length) & 255, 0, 0], 20);
  packet.set(data, 28);
  return packet;
}
