import { describe, expect, it, jest } from '@jest/globals';
import type { TcpCloseReason } from '../../emulator/air';
import { LiveAir, until, type Client } from './testkit/live-air';

// Sockets and virtual time share this machine with whatever else runs on it.
jest.setTimeout(60_000);

const turns = async (count: number): Promise<void> => {
  for (let i = 0; i < count; i++) await new Promise<void>((resolve) => setImmediate(resolve));
};

/** Small pieces, until one is not taken any more; its number. */
async function dribble(client: Client, pieces: number): Promise<number> {
  for (let piece = 0; piece < pieces; piece++) {
    const isTaken = await new Promise<boolean>((resolve) => {
      client.socket.write('x'.repeat(20), (error) => resolve(error === undefined || error === null));
    });
    if (!isTaken) return piece;
    await turns(20);
  }
  return pieces;
}

describe('a reset by the device', () => {
  it('behind its end in the same moment is seen by a client that goes on writing', async () => {
    await using air = new LiveAir();
    const connections = air.listen(80);
    const forward = await air.forward(80);
    await air.ready();
    const client = air.client(forward.hostPort);
    await until(() => connections.length === 1 && forward.open === 1, 'the connection');
    connections[0]!.write(Buffer.from('refused'));
    connections[0]!.end();
    // All three are on the air at once.
    connections[0]!.abort();
    await until(() => client.ended, 'the end at the client');
    expect(client.text).toBe('refused');
    expect(await dribble(client, 200)).toBeLessThan(200);
    await until(() => client.closed, 'the reset');
    expect(client.error).toMatch(/EPIPE|ECONNRESET/);
    await until(() => forward.open + forward.opening === 0, 'the pipe to be gone');
  });

  it('is seen behind all of the data, by a client that reads late, too', async () => {
    await using air = new LiveAir();
    // As much as its system has room for; more is lost to a reset in this machine's system, which tells nobody.
    const connections = air.listen(80, (connection) => void connection.write(Buffer.alloc(20_000, 'd')));
    const forward = await air.forward(80);
    await air.ready();
    const client = air.client(forward.hostPort);
    client.socket.pause();
    await until(() => connections[0]?.bufferedBytes === 0, 'all of it acknowledged');
    connections[0]!.abort();
    await turns(300);
    client.socket.resume();
    await until(() => client.ended || client.closed, 'the end');
    expect(client.text.length).toBe(20_000);
    expect(await dribble(client, 200)).toBeLessThan(200);
  });

  it('and without one a client may write for as long as it likes', async () => {
    await using air = new LiveAir();
    const heard: Uint8Array[] = [];
    air.listen(80, (connection) => {
      connection.onData = (bytes) => void heard.push(bytes);
      connection.write(Buffer.from('refused'));
      connection.end();
    });
    const forward = await air.forward(80);
    await air.ready();
    const client = air.client(forward.hostPort);
    await until(() => client.ended, 'the end at the client');
    expect(await dribble(client, 50)).toBe(50);
    await until(() => Buffer.concat(heard).length === 1000, 'all pieces at the device');
    expect(client.error).toBeUndefined();
  });
});

describe('a reset by the client', () => {
  it.each([0, 1, 20_000])('directly behind %d bytes is a reset at the device, not an end', async (bytes) => {
    await using air = new LiveAir();
    const seen: (TcpCloseReason | 'end')[] = [];
    let heardBytes = 0;
    const connections = air.listen(80, (connection) => {
      connection.onData = (piece) => (heardBytes += piece.length);
      connection.onEnd = () => void seen.push('end');
      connection.onClose = (reason) => void seen.push(reason);
    });
    const forward = await air.forward(80);
    await air.ready();
    const client = air.client(forward.hostPort);
    await until(() => connections.length === 1 && forward.open === 1, 'the connection');
    client.socket.write(Buffer.alloc(bytes));
    client.socket.resetAndDestroy();
    await until(() => seen.length > 0, 'the reset at the device');
    await turns(50);
    expect([heardBytes, ...seen]).toEqual([bytes, 'reset']);
    expect(forward.open + forward.opening).toBe(0);
  });

  it('reaches a device that does not read within seconds', async () => {
    await using air = new LiveAir();
    const seen: string[] = [];
    const connections = air.listen(80, (connection) => {
      connection.pause();
      connection.onClose = (reason) => void seen.push(reason);
    });
    const forward = await air.forward(80);
    await air.ready();
    const client = air.client(forward.hostPort);
    await until(() => connections.length === 1 && forward.open === 1, 'the connection');
    client.socket.write(Buffer.alloc(20_000));
    client.socket.resetAndDestroy();
    await until(() => seen.length > 0, 'the reset at the device');
    expect([...seen, forward.open]).toEqual(['reset', 0]);
  });
});
