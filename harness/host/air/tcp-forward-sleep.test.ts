import { describe, expect, it, jest } from '@jest/globals';
import { ipv4, type TcpConnection } from '../../emulator/air';
import { LiveAir, until, type Client } from './testkit/live-air';
import type { TcpForward } from './tcp-forward';

// Sockets and virtual time share this machine with whatever else runs on it.
jest.setTimeout(60_000);

const turns = async (count: number): Promise<void> => {
  for (let i = 0; i < count; i++) await new Promise<void>((resolve) => setImmediate(resolve));
};

interface Scene {
  readonly air: LiveAir;
  readonly forward: TcpForward;
  readonly connections: readonly TcpConnection[];
  readonly client: () => Promise<{
    readonly client: Client;
    readonly device: TcpConnection;
    readonly port: number;
  }>;
}

async function scene(air: LiveAir): Promise<Scene> {
  const connections = air.listen(80);
  const forward = await air.forward(80);
  await air.ready();
  return {
    air,
    forward,
    connections,
    client: async () => {
      const before = connections.length;
      const client = air.client(forward.hostPort);
      await until(() => connections.length === before + 1 && forward.open === before + 1, 'a connection');
      return { client, device: connections[before]!, port: client.socket.localPort! };
    },
  };
}

describe('a client that sleeps', () => {
  it('takes nothing from the device and gives it nothing, while another goes on as before', async () => {
    await using air = new LiveAir();
    const { forward, client } = await scene(air);
    const sleeper = await client();
    const other = await client();
    expect(forward.setAsleep(sleeper.port, true)).toBe(true);
    for (const { device } of [sleeper, other]) device.write(Buffer.alloc(20_000, 'd'));
    sleeper.client.socket.write('hello');
    await until(() => other.client.text.length === 20_000, 'all of it at the other');
    await turns(300);
    expect([sleeper.client.text, sleeper.device.bufferedBytes]).toEqual(['', 20_000]);
    // Nobody waits for the device with it: its time is not to be skipped.
    expect(forward.pendingBytes).toBe(0);
    expect(forward.setAsleep(sleeper.port, false)).toBe(true);
    const heard: Uint8Array[] = [];
    sleeper.device.onData = (bytes) => void heard.push(bytes);
    await until(() => sleeper.client.text.length === 20_000, 'all of it at the one that woke');
    await until(() => Buffer.concat(heard).toString() === 'hello', 'what it had said');
  });

  it('learns that the device has restarted when it wakes', async () => {
    await using air = new LiveAir();
    const { forward, client } = await scene(air);
    const sleeper = await client();
    const other = await client();
    forward.setAsleep(sleeper.port, true);
    air.peer.deviceRestarted();
    await until(() => other.client.closed, 'the reset of the one that is awake');
    await turns(300);
    expect([sleeper.client.closed, forward.open]).toEqual([false, 1]);
    forward.setAsleep(sleeper.port, false);
    await until(() => sleeper.client.closed, 'its reset');
    expect([sleeper.client.error, forward.open]).toEqual(['ECONNRESET', 0]);
  });

  it.each(['destroy', 'resetAndDestroy', 'end'] as const)('is awake when it closes by %s', async (how) => {
    await using air = new LiveAir();
    const { forward, client } = await scene(air);
    const { client: sleeper, device, port } = await client();
    const seen: string[] = [];
    device.onEnd = () => {
      seen.push('end');
      device.end();
    };
    device.onClose = (reason) => void seen.push(reason);
    forward.setAsleep(port, true);
    sleeper.socket[how]();
    await until(() => seen.length > 0, 'its end at the device');
    expect(seen[0]).toBe(how === 'resetAndDestroy' ? 'reset' : 'end');
    await until(() => forward.open + forward.opening === 0, 'the pipe to be gone');
  });

  it('is known by its port: any other is refused', async () => {
    await using air = new LiveAir();
    const { forward, client } = await scene(air);
    const { port, client: only } = await client();
    expect(forward.setAsleep(port === 1 ? 2 : 1, true)).toBe(false);
    only.socket.resetAndDestroy();
    await until(() => forward.open === 0, 'its end');
    expect(forward.setAsleep(port, true)).toBe(false);
  });
});

describe('a forward that closes', () => {
  it('ends clients in every state, and is done at once', async () => {
    const air = new LiveAir();
    let deviceIp: number | null = null;
    const forward = await air.forward(80, () => deviceIp);
    const connections = air.listen(80);
    await air.ready();
    deviceIp = air.deviceIp;
    const open = async (): Promise<{ readonly client: Client; readonly device: TcpConnection }> => {
      const before = connections.length;
      const client = air.client(forward.hostPort);
      await until(() => connections.length === before + 1, 'a connection');
      await until(() => client.socket.readyState === 'open', 'the client');
      return { client, device: connections[before]! };
    };
    const plain = await open();
    const ended = await open();
    ended.client.socket.end('bye');
    const endedByDevice = await open();
    endedByDevice.device.end();
    await until(() => endedByDevice.client.ended, 'the end of the device');
    const asleep = await open();
    forward.setAsleep(asleep.client.socket.localPort!, true);
    const resetAsleep = await open();
    forward.setAsleep(resetAsleep.client.socket.localPort!, true);
    resetAsleep.device.abort();
    // The device is gone, and the client has yet to take what it had said: the connection is over, the socket is not.
    const unread = await open();
    unread.client.socket.pause();
    const push = (): void => {
      for (let i = 0; i < 20; i++) unread.device.write(Buffer.alloc(4096));
    };
    push();
    unread.device.onDrain = push;
    let unsentBefore = -1;
    await until(() => {
      const isFull = unread.device.bufferedBytes > 60_000 && unread.device.unsentBytes === unsentBefore;
      unsentBefore = unread.device.unsentBytes;
      return isFull;
    }, 'a full pipe');
    const resetUnread = await open();
    resetUnread.client.socket.pause();
    resetUnread.device.write(Buffer.alloc(60_000));
    await until(() => resetUnread.device.bufferedBytes === 0, 'all of it under way');
    resetUnread.device.end();
    resetUnread.device.abort();
    deviceIp = ipv4('192.168.4.77');
    const unanswered = air.client(forward.hostPort);
    await until(() => forward.opening === 1, 'one whose device does not answer');
    deviceIp = null;
    const waiting = air.client(forward.hostPort);
    await until(() => waiting.socket.readyState === 'open' && forward.opening === 2, 'one that waits');
    const standing = forward.open;
    unread.device.abort();
    await until(() => forward.open === standing - 1, 'its reset');
    const startedMs = Date.now();
    await forward.close();
    expect(Date.now() - startedMs).toBeLessThan(1000);
    const clients = [plain, ended, endedByDevice, asleep, resetAsleep, unread, resetUnread].map(
      (each) => each.client,
    );
    for (const client of [...clients, waiting, unanswered]) client.socket.resume();
    // One that is half-open by its own choice writes to find out.
    endedByDevice.client.socket.write('?');
    for (const client of [plain, ended, asleep, resetAsleep, unread, resetUnread])
      await until(() => client.client.ended || client.client.closed, 'the end at each client');
    for (const client of [waiting, unanswered])
      await until(() => client.ended || client.closed, 'the end of those that waited');
    await air[Symbol.asyncDispose]();
  });
});
