import { describe, expect, it } from '@jest/globals';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { resetSocket, whenTrulyEnded } from './socket-ends';
import { until } from './testkit/live-air';

interface Pair extends AsyncDisposable {
  /** The side under test, and whoever is connected to it. */
  readonly ours: Socket;
  readonly client: Socket;
  readonly seen: string[];
}

async function pair(): Promise<Pair> {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true });
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = connect({
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    allowHalfOpen: true,
  });
  const ours = await accepted;
  const seen: string[] = [];
  ours.on('error', (error: NodeJS.ErrnoException) => seen.push(`ours ${error.code ?? ''}`));
  ours.on('close', () => seen.push('ours closed'));
  let clientBytes = 0;
  client.on('data', (bytes: Buffer) => (clientBytes += bytes.length));
  client.on('end', () => seen.push(`client ended behind ${clientBytes}`));
  client.on('error', (error: NodeJS.ErrnoException) => seen.push(`client ${error.code ?? ''}`));
  return {
    ...{ ours, client, seen },
    [Symbol.asyncDispose]: async () => {
      client.destroy();
      ours.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** Until the client has noticed that nothing can be written any more. */
async function writesFail(client: Socket): Promise<void> {
  await until(() => {
    if (!client.destroyed && !client.writableNeedDrain) client.write('?');
    return client.destroyed;
  }, 'a write to fail');
}

describe('resetting a socket', () => {
  it('whose end was said a moment ago closes it, and the client is reset', async () => {
    await using scene = await pair();
    const { ours, client, seen } = scene;
    ours.write('bye');
    ours.end();
    resetSocket(ours);
    await until(() => seen.includes('ours closed'), 'its close');
    await until(() => seen.includes('client ended behind 3'), 'the end at the client');
    await writesFail(client);
    expect(seen.filter((each) => each.startsWith('ours'))).toEqual(['ours closed']);
  });

  it('with bytes that wait for the client lets them go first', async () => {
    await using scene = await pair();
    const { ours, client, seen } = scene;
    client.pause();
    // More than the system takes: the rest waits in this process until the client reads.
    while (ours.writableLength === 0) ours.write(Buffer.alloc(1_000_000));
    resetSocket(ours);
    expect(ours.destroyed).toBe(false);
    let bytes = 0;
    client.on('data', (chunk: Buffer) => (bytes += chunk.length));
    client.resume();
    await until(() => seen.includes('ours closed'), 'its close');
    expect(ours.bytesWritten).toBeGreaterThan(1_000_000);
    await writesFail(client);
  });

  it('is done after two seconds though the client never reads', async () => {
    await using scene = await pair();
    const { ours, client, seen } = scene;
    client.pause();
    while (ours.writableLength === 0) ours.write(Buffer.alloc(1_000_000));
    ours.end();
    const startedMs = performance.now();
    resetSocket(ours);
    await until(() => seen.includes('ours closed'), 'its close');
    expect(performance.now() - startedMs).toBeGreaterThan(1500);
    await writesFail(client);
  });
});

describe('the end of a socket', () => {
  it.each([
    ['end', true],
    ['destroy', true],
    ['resetAndDestroy', false],
  ] as const)('by %s behind data is told as what it is', async (how, isEnd) => {
    await using scene = await pair();
    const { ours, client, seen } = scene;
    let ended = false;
    ours.on('end', () => whenTrulyEnded(ours, () => (ended = true)));
    await new Promise<void>((resolve) => client.write('data', () => resolve()));
    client[how]();
    ours.resume();
    await until(() => ended || seen.includes('ours closed'), 'the end');
    expect(ended).toBe(isEnd);
  });
});
