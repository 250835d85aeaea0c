import { describe, expect, it, jest } from '@jest/globals';
import { createHash } from 'node:crypto';
import { LiveAir, until } from './testkit/live-air';

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

function pattern(sizeBytes: number, seed: number): Buffer {
  const bytes = Buffer.alloc(sizeBytes);
  let word = seed;
  for (let i = 0; i < sizeBytes; i++) {
    word = (Math.imul(word, 1103515245) + 12345) >>> 0;
    bytes[i] = word >>> 16;
  }
  return bytes;
}

const sha = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

// Sockets and virtual time share this machine with whatever else runs on it.
jest.setTimeout(60_000);

describe('a forward from 127.0.0.1 to the device', () => {
  it('carries bytes both ways', async () => {
    await using air = new LiveAir();
    air.listen(80, (connection) => {
      connection.onData = (bytes) => void connection.write(Buffer.from(text(bytes).toUpperCase()));
    });
    const forward = await air.forward(80);
    await air.ready();
    const client = air.client(forward.hostPort);
    client.socket.write('hello');
    await until(() => client.text === 'HELLO', 'the answer');
    expect(forward.open).toBe(1);
  });

  it('carries an end in each direction alone', async () => {
    await using air = new LiveAir();
    const seen: string[] = [];
    const connections = air.listen(80, (connection) => {
      connection.onData = (bytes) => void seen.push(text(bytes));
      connection.onEnd = () => void seen.push('end');
    });
    const forward = await air.forward(80);
    await air.ready();
    const client = air.client(forward.hostPort);
    client.socket.end('question');
    await until(() => seen.includes('end'), 'the end at the device');
    expect([seen.join(''), client.ended]).toEqual(['questionend', false]);
    connections[0]!.write(Buffer.from('answer'));
    connections[0]!.end();
    await until(() => client.closed, 'the end at the client');
    expect([client.text, client.ended, client.error]).toEqual(['answer', true, undefined]);
    await until(() => forward.open === 0 && forward.opening === 0, 'the pipe to be gone');
  });

  it('the device may end first and still be told more', async () => {
    await using air = new LiveAir();
    const seen: string[] = [];
    air.listen(80, (connection) => {
      connection.onData = (bytes) => void seen.push(text(bytes));
      connection.onEnd = () => void seen.push('end');
      connection.write(Buffer.from('bye'));
      connection.end();
    });
    const forward = await air.forward(80);
    await air.ready();
    const client = air.client(forward.hostPort);
    await until(() => client.ended, 'the device’s end');
    client.socket.end('but wait');
    await until(() => seen.at(-1) === 'end', 'the client’s end');
    expect([client.text, seen.join('')]).toEqual(['bye', 'but waitend']);
  });

  it('a reset of the device is a reset of the client’s connection, and the other way round', async () => {
    await using air = new LiveAir();
    const reasons: string[] = [];
    const connections = air.listen(80, (connection) => {
      connection.onClose = (reason) => void reasons.push(reason);
    });
    const forward = await air.forward(80);
    await air.ready();
    const first = air.client(forward.hostPort);
    await until(() => connections.length === 1, 'the first connection');
    connections[0]!.abort();
    await until(() => first.closed, 'the client’s reset');
    expect(first.error).toBe('ECONNRESET');
    const second = air.client(forward.hostPort);
    await until(() => connections.length === 2, 'the second connection');
    second.socket.resetAndDestroy();
    await until(() => reasons.length === 2, 'the device’s reset');
    expect(reasons).toEqual(['aborted', 'reset']);
  });

  it('a port nobody listens on at the device resets the client', async () => {
    await using air = new LiveAir();
    const forward = await air.forward(81);
    await air.ready();
    const client = air.client(forward.hostPort);
    await until(() => client.closed, 'the reset');
    expect([client.error, forward.counts.refused]).toEqual(['ECONNRESET', 1]);
  });

  it('a client that comes before the device is there is connected when it is', async () => {
    await using air = new LiveAir();
    let ip: number | null = null;
    air.listen(80, (connection) => {
      connection.onData = (bytes) => void connection.write(bytes.slice());
    });
    const forward = await air.forward(80, () => ip);
    const client = air.client(forward.hostPort);
    client.socket.write('early');
    await air.ready();
    await until(() => forward.opening === 1, 'the client to wait');
    expect(client.text).toBe('');
    ip = air.deviceIp;
    forward.deviceReady();
    await until(() => client.text === 'early', 'the echo');
  });

  it('resets the clients’ connections when the device restarts', async () => {
    await using air = new LiveAir();
    const connections = air.listen(80);
    const forward = await air.forward(80);
    await air.ready();
    const clients = [1, 2, 3].map(() => air.client(forward.hostPort));
    await until(() => connections.length === 3 && forward.open === 3, 'three connections');
    air.peer.deviceRestarted();
    await until(() => clients.every((client) => client.closed), 'the resets');
    expect(clients.map((client) => client.error)).toEqual(['ECONNRESET', 'ECONNRESET', 'ECONNRESET']);
    expect(forward.open).toBe(0);
  });

  it('a reader that pauses holds the sender back, in both directions, and nothing is lost', async () => {
    await using air = new LiveAir();
    const up = pattern(400_000, 1);
    const down = pattern(400_000, 2);
    const received: Uint8Array[] = [];
    let deviceHasAll = false;
    const connections = air.listen(80, (connection) => {
      connection.pause();
      connection.onData = (bytes) => void received.push(bytes);
      connection.onEnd = () => (deviceHasAll = true);
      let at = 0;
      const push = (): void => {
        while (at < down.length) {
          const piece = down.subarray(at, at + 4096);
          at += piece.length;
          if (!connection.write(piece)) return;
        }
        connection.end();
      };
      connection.onDrain = push;
      push();
    });
    const forward = await air.forward(80);
    await air.ready();
    const client = air.client(forward.hostPort);
    client.socket.pause();
    client.socket.end(up);
    await until(() => forward.open === 1, 'the connection');
    for (let i = 0; i < 300; i++) await new Promise<void>((resolve) => setImmediate(resolve));
    expect(received).toEqual([]);
    // What is under way is bounded, whatever the two sides would like to send.
    expect(forward.pendingBytes).toBeLessThan(150_000);
    connections[0]!.resume();
    client.socket.resume();
    await until(() => client.closed && deviceHasAll, 'the end of both');
    expect(sha(Buffer.concat(client.chunks))).toBe(sha(down));
    expect(sha(Buffer.concat(received))).toBe(sha(up));
  });

  it('serves forty clients at once over an air that loses every fifth frame', async () => {
    await using air = new LiveAir([{ loss: 0.2 }]);
    air.listen(80, (connection) => {
      connection.onData = (bytes) => void connection.write(bytes.slice());
      connection.onEnd = () => connection.end();
    });
    const forward = await air.forward(80);
    await air.ready();
    const sent = Array.from({ length: 40 }, (_, i) => pattern(3000 + 100 * i, i + 1));
    const clients = sent.map((bytes) => {
      const client = air.client(forward.hostPort);
      client.socket.end(bytes);
      return client;
    });
    await until(() => clients.every((client) => client.closed), 'all forty');
    expect(clients.map((client) => sha(Buffer.concat(client.chunks)))).toEqual(sent.map(sha));
    expect(clients.map((client) => client.error)).toEqual(sent.map(() => undefined));
    await until(() => forward.open + forward.opening === 0, 'the pipes to be gone');
  });

  it('closes with everything it holds', async () => {
    const air = new LiveAir();
    const connections = air.listen(80);
    const forward = await air.forward(80);
    await air.ready();
    const client = air.client(forward.hostPort);
    await until(() => connections.length === 1 && forward.open === 1, 'the connection');
    await forward.close();
    await until(() => client.closed, 'the client’s end');
    const late = air.client(forward.hostPort);
    await until(() => late.closed, 'the refusal');
    expect(late.error).toBe('ECONNREFUSED');
    await air[Symbol.asyncDispose]();
  });
});
