import { describe, expect, test } from '@jest/globals';
import { ipv4 } from '../addresses';
import { RawTcpPeer } from '../testkit/raw-tcp-peer';
import type { StreamLog } from '../testkit/stack-pair';
import { record } from '../testkit/stack-pair';
import type { TcpRequest } from './tcp';
import { TCP_FLAG } from './tcp-segment';
import type { TcpConnection, TcpSettings } from './tcp-types';

const { FIN, SYN, RST, ACK, PSH } = TCP_FLAG;
/** Sequence number the raw peer starts with; close to the wrap so that every test crosses it. */
const PEER_ISS = 0xffff_fffe;
const after = (bytes: number): number => (PEER_ISS + 1 + bytes) >>> 0;

interface Open {
  readonly peer: RawTcpPeer;
  readonly connection: TcpConnection;
  readonly log: StreamLog;
  /** The stack's own next sequence number after the handshake. */
  readonly own: number;
  readonly say: (fields: {
    flags?: number;
    seq?: number;
    ack?: number;
    data?: Uint8Array;
    window?: number;
  }) => void;
}

function open(settings: Partial<TcpSettings> = {}): Open {
  const peer = new RawTcpPeer(settings);
  const connection = peer.stack.connectTcp(peer.ip, 4000)!;
  const log = record(connection);
  const syn = peer.takeOne();
  const own = (syn.sequence + 1) >>> 0;
  peer.send(connection.localPort, { sequence: PEER_ISS, acknowledgment: own, flags: SYN | ACK, mss: 1000 });
  expect(peer.takeOne()).toMatchObject({ flags: ACK, sequence: own, acknowledgment: after(0) });
  expect(log.connected).toBe(true);
  return {
    peer,
    connection,
    log,
    own,
    say: ({ flags = ACK, seq = 0, ack = 0, data = new Uint8Array(0), window = 4096 }) =>
      peer.send(connection.localPort, {
        sequence: after(seq),
        acknowledgment: (own + ack) >>> 0,
        flags,
        data,
        window,
      }),
  };
}

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

describe('TCP connection states', () => {
  test('we end first: FIN-WAIT-1, FIN-WAIT-2, TIME-WAIT, then the ports are free', () => {
    const { peer, connection, log, say, own } = open();
    connection.end();
    expect(connection.state).toBe('FIN-WAIT-1');
    expect(peer.takeOne()).toMatchObject({ flags: FIN | ACK, sequence: own });
    say({ ack: 1 });
    expect(connection.state).toBe('FIN-WAIT-2');
    say({ ack: 1, flags: FIN | ACK });
    expect(connection.state).toBe('TIME-WAIT');
    expect(peer.takeOne()).toMatchObject({ flags: ACK, acknowledgment: after(1) });
    expect(log).toMatchObject({ ended: true, closed: 'closed' });
    // Our last acknowledgment was lost: the FIN comes again and is acknowledged again.
    say({ ack: 1, flags: FIN | ACK });
    expect(peer.takeOne()).toMatchObject({ flags: ACK, acknowledgment: after(1) });
    expect(peer.stack.tcp.size).toBe(1);
    peer.clock.runFor(3);
    expect([peer.stack.tcp.size, peer.timers.size]).toEqual([0, 0]);
  });

  test('the peer ends first: CLOSE-WAIT, LAST-ACK, gone', () => {
    const { peer, connection, log, say } = open();
    say({ flags: FIN | ACK });
    expect(connection.state).toBe('CLOSE-WAIT');
    expect(log.ended).toBe(true);
    expect(log.closed).toBeNull();
    peer.take();
    connection.end();
    expect(connection.state).toBe('LAST-ACK');
    expect(peer.takeOne().flags).toBe(FIN | ACK);
    say({ seq: 1, ack: 1 });
    expect(log.closed).toBe('closed');
    expect([peer.stack.tcp.size, peer.timers.size]).toEqual([0, 0]);
  });

  test('both end at once: CLOSING, then TIME-WAIT', () => {
    const { peer, connection, log, say } = open();
    connection.end();
    peer.take();
    say({ flags: FIN | ACK, ack: 0 });
    expect(connection.state).toBe('CLOSING');
    expect(peer.takeOne()).toMatchObject({ flags: ACK, acknowledgment: after(1) });
    say({ seq: 1, ack: 1 });
    expect(connection.state).toBe('TIME-WAIT');
    expect(log.closed).toBe('closed');
  });

  test('a FIN that acknowledges ours closes both directions in one segment', () => {
    const { connection, log, say } = open();
    connection.end();
    say({ flags: FIN | ACK, ack: 1, data: bytes(7) });
    expect(connection.state).toBe('TIME-WAIT');
    expect([...log.chunks[0]!]).toEqual([7]);
    expect(log).toMatchObject({ ended: true, closed: 'closed' });
  });

  test('half-close: the peer has ended, we go on sending, and the other way round', () => {
    const left = open();
    left.say({ flags: FIN | ACK });
    left.peer.take();
    left.connection.write(bytes(1, 2, 3));
    expect(left.peer.takeOne()).toMatchObject({ flags: PSH | ACK, data: bytes(1, 2, 3) });

    const right = open();
    right.connection.end();
    right.say({ ack: 1 });
    right.say({ ack: 1, data: bytes(4, 5) });
    right.say({ ack: 1, seq: 2, data: bytes(6), flags: FIN | ACK });
    expect(right.log.chunks.flatMap((chunk) => [...chunk])).toEqual([4, 5, 6]);
    expect(right.log.closed).toBe('closed');
  });

  test('simultaneous open: two SYNs cross and the connection stands', () => {
    const peer = new RawTcpPeer();
    const connection = peer.stack.connectTcp(peer.ip, 4000)!;
    const log = record(connection);
    const syn = peer.takeOne();
    peer.send(connection.localPort, { sequence: PEER_ISS, flags: SYN, mss: 1000 });
    expect(connection.state).toBe('SYN-RECEIVED');
    const synAck = peer.takeOne();
    expect(synAck).toMatchObject({ flags: SYN | ACK, sequence: syn.sequence, acknowledgment: after(0) });
    peer.send(connection.localPort, {
      sequence: PEER_ISS,
      acknowledgment: (syn.sequence + 1) >>> 0,
      flags: SYN | ACK,
    });
    expect(connection.state).toBe('ESTABLISHED');
    expect(log.connected).toBe(true);
    peer.clock.runFor(30);
    expect(peer.take().filter(({ flags }) => flags & SYN)).toEqual([]);
  });

  test.each([
    ['ESTABLISHED', () => undefined],
    ['FIN-WAIT-1', (o: Open) => o.connection.end()],
    [
      'FIN-WAIT-2',
      (o: Open) => {
        o.connection.end();
        o.say({ ack: 1 });
      },
    ],
    ['CLOSE-WAIT', (o: Open) => o.say({ flags: FIN | ACK })],
    [
      'CLOSING',
      (o: Open) => {
        o.connection.end();
        o.say({ flags: FIN | ACK });
      },
    ],
    [
      'LAST-ACK',
      (o: Open) => {
        o.say({ flags: FIN | ACK });
        o.connection.end();
      },
    ],
  ] as const)('an exact reset ends a connection in %s and nothing answers it', (state, prepare) => {
    const opened = open();
    prepare(opened);
    expect(opened.connection.state).toBe(state);
    opened.peer.take();
    const finSeen = state === 'CLOSE-WAIT' || state === 'CLOSING' || state === 'LAST-ACK' ? 1 : 0;
    opened.say({ flags: RST, seq: finSeen });
    expect(opened.log.closed).toBe('reset');
    expect(opened.peer.take()).toEqual([]);
    expect([opened.peer.stack.tcp.size, opened.peer.timers.size]).toEqual([0, 0]);
  });

  test.each(['ESTABLISHED', 'FIN-WAIT-1', 'FIN-WAIT-2', 'CLOSE-WAIT', 'CLOSING', 'LAST-ACK'] as const)(
    'an abort in %s sends one reset and frees everything',
    (state) => {
      const o = open();
      if (state === 'FIN-WAIT-1' || state === 'FIN-WAIT-2' || state === 'CLOSING') o.connection.end();
      if (state === 'FIN-WAIT-2') o.say({ ack: 1 });
      if (state === 'CLOSE-WAIT' || state === 'CLOSING' || state === 'LAST-ACK') o.say({ flags: FIN | ACK });
      if (state === 'LAST-ACK') o.connection.end();
      expect(o.connection.state).toBe(state);
      o.peer.take();
      o.connection.abort();
      expect(o.peer.takeOne().flags & RST).toBe(RST);
      expect(o.log.closed).toBe('aborted');
      expect([o.peer.stack.tcp.size, o.peer.timers.size]).toEqual([0, 0]);
      o.connection.abort();
      o.connection.end();
      expect(o.connection.write(bytes(1))).toBe(false);
      expect(o.peer.take()).toEqual([]);
    },
  );

  test('a reset beside the expected number is challenged, one outside the window ignored', () => {
    const { peer, connection, say } = open();
    say({ flags: RST, seq: 100 });
    expect(connection.state).toBe('ESTABLISHED');
    expect(peer.takeOne()).toMatchObject({ flags: ACK, acknowledgment: after(0) });
    say({ flags: RST, seq: 100_000 });
    expect(connection.state).toBe('ESTABLISHED');
    expect(peer.take()).toEqual([]);
  });

  test('a SYN inside a connection is answered with an acknowledgment (the restarted peer then resets)', () => {
    const { peer, connection, log, say } = open();
    say({ flags: SYN, seq: 5000 });
    expect(peer.takeOne()).toMatchObject({ flags: ACK, acknowledgment: after(0) });
    say({ flags: RST, seq: 0 });
    expect(log.closed).toBe('reset');
    expect(connection.state).toBe('CLOSED');
  });

  test('a reset for our SYN means refused; a wrong acknowledgment is answered with a reset', () => {
    const peer = new RawTcpPeer();
    const connection = peer.stack.connectTcp(peer.ip, 4000)!;
    const log = record(connection);
    const own = (peer.takeOne().sequence + 1) >>> 0;
    peer.send(connection.localPort, { sequence: 5, acknowledgment: own + 9, flags: SYN | ACK });
    expect(peer.takeOne()).toMatchObject({ flags: RST, sequence: own + 9 });
    peer.send(connection.localPort, { acknowledgment: own, flags: RST | ACK });
    expect(log.closed).toBe('refused');
    expect(peer.stack.tcp.size).toBe(0);
  });

  test('a SYN nobody answers is repeated with growing pauses, then given up', () => {
    const peer = new RawTcpPeer({ maxSynRetries: 4 });
    const log = record(peer.stack.connectTcp(peer.ip, 4000)!);
    peer.clock.runFor(14.9);
    expect(peer.take()).toHaveLength(4);
    peer.clock.runFor(20);
    expect(log.closed).toBe('timeout');
    expect(peer.take()).toHaveLength(1);
    expect([peer.stack.tcp.size, peer.timers.size]).toEqual([0, 0]);
  });

  test('segments of unknown connections are reset, resets never', () => {
    const peer = new RawTcpPeer();
    peer.send(81, { sequence: 10, flags: SYN });
    expect(peer.takeOne()).toMatchObject({ flags: RST | ACK, sequence: 0, acknowledgment: 11 });
    peer.send(81, { sequence: 10, acknowledgment: 77, flags: ACK, data: bytes(1) });
    expect(peer.takeOne()).toMatchObject({ flags: RST, sequence: 77 });
    peer.send(81, { flags: RST });
    expect(peer.take()).toEqual([]);
  });

  test('segments out of order, overlapping and doubled come out as one stream', () => {
    const { peer, log, say } = open();
    say({ seq: 4, data: bytes(5, 6) });
    say({ seq: 8, data: bytes(9, 10), flags: FIN | ACK });
    say({ seq: 4, data: bytes(5, 6, 7) });
    say({ seq: 1, data: bytes(2, 3) });
    expect(log.receivedBytes).toBe(0);
    expect(peer.take().map(({ acknowledgment }) => acknowledgment)).toEqual([
      after(0),
      after(0),
      after(0),
      after(0),
    ]);
    say({ seq: 0, data: bytes(1, 2, 3, 4) });
    expect(log.receivedBytes).toBe(7);
    say({ seq: 6, data: bytes(7, 8, 9) });
    expect(log.chunks.flatMap((chunk) => [...chunk])).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(log.ended).toBe(true);
  });

  test('three equal acknowledgments bring the lost segment back at once', () => {
    const { peer, connection, say, own } = open({ maxInFlightBytes: 10_000 });
    say({ window: 20_000 });
    connection.write(new Uint8Array(5000));
    expect(peer.take()).toHaveLength(5);
    for (let index = 0; index < 3; index++) say({ window: 20_000 });
    expect(peer.takeOne()).toMatchObject({ sequence: own, data: new Uint8Array(1000) });
    say({ window: 20_000, ack: 5000 });
    expect(connection.bufferedBytes).toBe(0);
    expect(peer.take()).toEqual([]);
  });

  test('never more in flight than the peer offers or the setting allows', () => {
    const { peer, connection, say } = open({ maxInFlightBytes: 2880 });
    connection.write(new Uint8Array(10_000));
    expect(peer.take().reduce((sum, { data }) => sum + data.length, 0)).toBe(2000);
    say({ ack: 1000, window: 500 });
    expect(peer.take()).toEqual([]);
    say({ ack: 2000, window: 500 });
    expect(peer.takeOne().data.length).toBe(500);
  });

  test('a delayed acknowledgment waits for a second segment or its time', () => {
    const { peer, say } = open({ delayedAckMs: 100 });
    say({ data: bytes(1) });
    expect(peer.take()).toEqual([]);
    say({ seq: 1, data: bytes(2) });
    expect(peer.takeOne().acknowledgment).toBe(after(2));
    say({ seq: 2, data: bytes(3) });
    peer.clock.runFor(0.05);
    expect(peer.take()).toEqual([]);
    peer.clock.runFor(0.06);
    expect(peer.takeOne().acknowledgment).toBe(after(3));
  });

  test('a new SYN with later numbers reuses ports that are in TIME-WAIT', () => {
    const peer = new RawTcpPeer();
    let connections = 0;
    peer.stack.listenTcp(80, (connection) => {
      connections++;
      connection.onEnd = () => connection.end();
    });
    for (let round = 0; round < 2; round++) {
      const sequence = 1000 + round * 100_000;
      peer.send(80, { sequence, flags: SYN });
      const own = peer.takeOne().sequence;
      peer.send(80, { sequence: sequence + 1, acknowledgment: own + 1, flags: FIN | ACK });
      peer.take();
      peer.send(80, { sequence: sequence + 2, acknowledgment: own + 2, flags: ACK });
    }
    expect(connections).toBe(2);
  });

  test('a stack reset tells every owner and sends nothing', () => {
    const { peer, log, connection } = open();
    peer.stack.reset();
    expect(log.closed).toBe('stack-reset');
    expect(connection.state).toBe('CLOSED');
    expect([peer.take().length, peer.stack.tcp.size, peer.timers.size]).toEqual([0, 0, 0]);
  });
});

describe('TCP connections to foreign addresses', () => {
  const WORLD = ipv4('93.184.216.34');

  test('are asked about once, then accepted or refused', () => {
    const peer = new RawTcpPeer();
    const requests: TcpRequest[] = [];
    peer.stack.interceptTcp((request) => requests.push(request));
    peer.send(443, { sequence: 5, flags: SYN }, WORLD);
    peer.send(443, { sequence: 5, flags: SYN }, WORLD);
    expect(requests).toHaveLength(1);
    expect(requests[0]).toMatchObject({
      localIp: WORLD,
      localPort: 443,
      remoteIp: peer.ip,
      remotePort: 4000,
    });
    expect(peer.take()).toEqual([]);
    const connection = requests[0]!.accept()!;
    const log = record(connection);
    const synAck = peer.takeOne();
    expect(synAck).toMatchObject({ flags: SYN | ACK, acknowledgment: 6, sourcePort: 443 });
    peer.send(443, { sequence: 6, acknowledgment: synAck.sequence + 1, flags: ACK, data: bytes(9) }, WORLD);
    expect(log).toMatchObject({ connected: true, receivedBytes: 1 });
    connection.abort();
    peer.take();

    peer.send(80, { sequence: 5, flags: SYN }, WORLD);
    requests[1]!.refuse();
    expect(peer.takeOne()).toMatchObject({ flags: RST | ACK, acknowledgment: 6 });
    expect(requests[1]!.accept()).toBeNull();
  });

  test('are dropped when nobody decides about them', () => {
    const peer = new RawTcpPeer();
    peer.send(443, { sequence: 5, flags: SYN }, WORLD);
    expect(peer.take()).toEqual([]);
    expect(peer.stack.dropped.get('tcp-foreign')).toBe(1);
  });
});
