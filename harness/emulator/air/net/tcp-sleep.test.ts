import { describe, expect, test } from '@jest/globals';
import { record, RIGHT_IP, stackPair, type StackPair, type StreamLog } from '../testkit/stack-pair';
import { equalBytes } from '../bytes';
import { ETHER_TYPE } from './stack';
import type { TcpConnection } from './tcp-types';

interface Pair extends StackPair {
  /** The side that falls asleep, and the device. */
  readonly client: TcpConnection;
  readonly device: TcpConnection;
  readonly heard: StreamLog;
  readonly deviceHeard: StreamLog;
}

function connected(): Pair {
  const pair = stackPair(5);
  const accepted: TcpConnection[] = [];
  pair.right.listenTcp(80, (connection) => void accepted.push(connection));
  const client = pair.left.connectTcp(RIGHT_IP, 80)!;
  const heard = record(client);
  expect(pair.clock.runUntil(() => accepted.length === 1, 5)).toBe(true);
  const device = accepted[0]!;
  return { ...pair, client, device, heard, deviceHeard: record(device) };
}

/** Counts the packets that the sleeper puts on the link. */
function watchLeft(pair: StackPair): () => number {
  let packets = 0;
  pair.link.filter = (source, etherType) => {
    if (etherType === ETHER_TYPE.IPV4 && equalBytes(source, pair.left.mac)) packets++;
    return true;
  };
  return () => packets;
}

const bytes = (length: number, fill: number): Uint8Array => new Uint8Array(length).fill(fill);

describe('a connection whose machine sleeps', () => {
  test('hears nothing and says nothing, however long; the other side has its bytes unacknowledged', () => {
    const pair = connected();
    pair.client.write(bytes(10, 1));
    pair.clock.runFor(1);
    pair.client.fallAsleep();
    const said = watchLeft(pair);
    pair.client.write(bytes(10, 2));
    pair.device.write(bytes(3000, 3));
    pair.clock.runFor(20);
    expect([said(), pair.heard.receivedBytes, pair.deviceHeard.receivedBytes]).toEqual([0, 0, 10]);
    expect(pair.device.bufferedBytes).toBe(3000);
    expect(pair.heard.closed).toBeNull();
    pair.client.wakeUp();
    pair.clock.runFor(1);
    expect(said()).toBeGreaterThan(0);
  });

  test('has all of it, in order and once, when it wakes', () => {
    const pair = connected();
    pair.device.write(bytes(100, 1));
    pair.clock.runFor(1);
    pair.client.fallAsleep();
    pair.client.write(bytes(7, 9));
    for (let piece = 2; piece < 50; piece++) pair.device.write(bytes(200, piece));
    pair.clock.runFor(10);
    pair.client.wakeUp();
    expect(pair.clock.runUntil(() => pair.heard.receivedBytes === 100 + 48 * 200, 60)).toBe(true);
    const all = pair.heard.chunks.flatMap((chunk) => [...chunk]);
    expect(all).toEqual([
      ...new Array<number>(100).fill(1),
      ...Array.from({ length: 9600 }, (_, i) => 2 + ((i / 200) | 0)),
    ]);
    expect(pair.deviceHeard.receivedBytes).toBe(7);
  });

  test('learns only when it wakes that the other side has ended, and of its reset when it speaks', () => {
    const ended = connected();
    ended.client.fallAsleep();
    ended.device.write(bytes(5, 5));
    ended.device.end();
    ended.clock.runFor(10);
    expect([ended.heard.receivedBytes, ended.heard.ended]).toEqual([0, false]);
    ended.client.wakeUp();
    expect(ended.clock.runUntil(() => ended.heard.ended, 60)).toBe(true);
    expect(ended.heard.receivedBytes).toBe(5);

    const reset = connected();
    reset.client.fallAsleep();
    reset.device.abort();
    reset.clock.runFor(10);
    reset.client.wakeUp();
    reset.clock.runFor(10);
    expect(reset.heard.closed).toBeNull();
    reset.client.write(bytes(1, 1));
    expect(reset.clock.runUntil(() => reset.heard.closed === 'reset', 10)).toBe(true);
  });

  test('is given up by the other side in the end', () => {
    const pair = connected();
    pair.client.fallAsleep();
    pair.device.write(bytes(5, 5));
    pair.clock.runFor(1000);
    expect(pair.deviceHeard.closed).toBe('timeout');
    expect(pair.heard.closed).toBeNull();
  });

  test('wakes to reset the other side when it is aborted', () => {
    const pair = connected();
    pair.client.fallAsleep();
    pair.client.abort();
    pair.clock.runFor(1);
    expect([pair.heard.closed, pair.deviceHeard.closed]).toEqual(['aborted', 'reset']);
    expect([pair.left.tcp.size, pair.right.tcp.size, pair.timers.size]).toEqual([0, 0, 0]);
  });

  test('and one that has not been opened or has ended cannot sleep', () => {
    const pair = stackPair(6);
    const early = pair.left.connectTcp(RIGHT_IP, 80)!;
    early.fallAsleep();
    expect(early.isAsleep).toBe(false);
    pair.clock.runFor(1);
    early.fallAsleep();
    expect([early.state, early.isAsleep]).toEqual(['CLOSED', false]);
  });
});

describe('bytes that came before a reset', () => {
  test('are given to a reader that pauses, and then the reset', () => {
    const pair = connected();
    pair.client.pause();
    pair.device.write(bytes(2000, 4));
    pair.clock.runFor(1);
    expect(pair.heard.receivedBytes).toBe(0);
    pair.device.abort();
    pair.clock.runFor(1);
    expect([pair.heard.receivedBytes, pair.heard.closed]).toEqual([2000, 'reset']);
  });
});
