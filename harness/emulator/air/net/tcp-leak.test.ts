import { expect, test } from '@jest/globals';
import { RIGHT_IP, record, stackPair } from '../testkit/stack-pair';
import type { TcpConnection } from './tcp-types';

test('10,000 connections opened, used a little and aborted, ended or forgotten leave nothing behind', () => {
  const pair = stackPair(0x1ea4, {
    loss: 0.05,
    duplicate: 0.05,
    reorder: 0.05,
    latencyMicros: 300,
    rateMbps: 54,
  });
  const random = pair.random.fork();
  let open = 0;
  let accepted = 0;
  pair.right.listenTcp(80, (connection) => {
    accepted++;
    connection.onData = (bytes) => void connection.write(bytes);
    connection.onEnd = () => connection.end();
    if (random.below(10) === 0) connection.abort();
  });
  const close = (connection: TcpConnection): void => {
    if (random.below(2) === 0) connection.abort();
    else connection.end();
  };
  for (let index = 0; index < 10_000; index++) {
    const connection = pair.left.connectTcp(RIGHT_IP, 80);
    if (!connection) throw new Error(`connection ${index} was refused: the table leaks`);
    open++;
    connection.onClose = () => open--;
    if (random.below(4) === 0) connection.abort();
    else {
      connection.onConnect = () => {
        connection.write(new Uint8Array(100));
        close(connection);
      };
    }
    pair.clock.runFor(0.005);
  }
  pair.clock.runFor(1000);
  expect(open).toBe(0);
  // A quarter aborts its SYN, and of the rest half aborts before the handshake's last segment.
  expect(accepted).toBeGreaterThan(3000);
  expect([pair.left.tcp.size, pair.right.tcp.size]).toEqual([0, 0]);
  expect(pair.timers.size).toBe(0);
});

test('the table of connections and TIME-WAIT are bounded and ports wrap around', () => {
  const pair = stackPair(3, undefined, { maxConnections: 20, maxTimeWait: 5, firstEphemeralPort: 65_530 });
  pair.right.listenTcp(80, (connection) => (connection.onEnd = () => connection.end()));
  for (let index = 0; index < 100; index++) {
    const connection = pair.left.connectTcp(RIGHT_IP, 80)!;
    const log = record(connection);
    connection.onConnect = () => connection.end();
    expect(pair.clock.runUntil(() => log.closed !== null, 10)).toBe(true);
    expect(log.closed).toBe('closed');
    expect(pair.left.tcp.timeWaitSize).toBeLessThanOrEqual(5);
  }
  pair.clock.runFor(10);
  pair.link.filter = () => false;
  const opened = Array.from({ length: 30 }, () => pair.left.connectTcp(RIGHT_IP, 80));
  // Six ports in the range: the seventh connection to the same place has none.
  expect(opened.filter((connection) => connection !== null)).toHaveLength(6);
});
