import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { startRfc2217Server } from '../host/rfc2217-server';
import { collect, serialLinkContract, until } from './port.contract';
import { openPort } from './open-port';
import { rfc2217Port } from './rfc2217-port';
import { recordingBoard } from './testkit/recording-board';

serialLinkContract('RFC 2217', { exclusive: true }, async () => {
  const board = recordingBoard();
  const server = await startRfc2217Server(board.line);
  const link = rfc2217Port(server.url);
  return {
    link,
    far: {
      send: (bytes: Uint8Array) => board.send(bytes, link.baud),
      received: () => board.received(),
      lines: () => board.lineLog,
      baud: () => board.hostBaud(),
      unplug: () => server.disconnectClient(),
    },
    secondLink: () => rfc2217Port(server.url),
    dispose: () => server.close(),
  };
});

describe('an RFC 2217 link', () => {
  const servers: Server[] = [];

  afterEach(async () => {
    for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
  });

  /** A server of the test's own making that answers with fixed bytes and then stays silent. */
  async function fixedServer(greeting: Uint8Array, hangUp = false): Promise<string> {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.write(greeting);
      if (hangUp) socket.end();
      socket.resume();
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `rfc2217://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  it('says who has the line when it is taken', async () => {
    await using server = await startRfc2217Server(recordingBoard().line);
    const first = await openPort(server.url);
    await expect(openPort(server.url)).rejects.toThrow(/in use by 127\.0\.0\.1:\d+/);
    expect(server.counts.clientsRefused).toBe(1);
    await first.close();
    await until(() => server.client === undefined);
    const next = await openPort(server.url);
    await next.close();
  });

  it('refuses a server that will have nothing of the COM-PORT option', async () => {
    // IAC DONT 44, IAC DO 0, IAC WILL 0
    const url = await fixedServer(Uint8Array.of(255, 254, 44, 255, 253, 0, 255, 251, 0));
    await expect(openPort(url)).rejects.toMatchObject({
      code: 'ESPRIG_PORT_NEGOTIATION',
      message: expect.stringContaining('DONT 44'),
    });
  });

  it('gives up on a raw TCP server in its time and shows what it said', async () => {
    const url = await fixedServer(Buffer.from('hello from a raw socket\r\n'));
    const link = rfc2217Port(url, { commandTimeoutMs: 100 });
    const startMs = performance.now();
    await expect(link.open()).rejects.toMatchObject({
      code: 'ESPRIG_PORT_NEGOTIATION',
      message: expect.stringContaining('hello from a raw socket'),
    });
    expect(performance.now() - startMs).toBeLessThan(1500);
  });

  it('maps a server that hangs up with a word about being busy', async () => {
    const url = await fixedServer(Buffer.from('Port already in use\r\n'), true);
    await expect(openPort(url)).rejects.toMatchObject({ code: 'ESPRIG_PORT_BUSY' });
  });

  it('says so when nobody listens', async () => {
    const url = await fixedServer(new Uint8Array(0));
    await new Promise((resolve) => servers.pop()!.close(resolve));
    await expect(openPort(url)).rejects.toMatchObject({
      code: 'ESPRIG_PORT_REFUSED',
      hint: expect.any(String),
    });
  });

  it('does without lines where the server never answers for them, as ser2net on a pty', async () => {
    // Agrees to everything, answers 8N1 and the rate, never SET-CONTROL.
    const agree = [255, 253, 44, 255, 253, 0, 255, 251, 0];
    const sub = (...bytes: number[]) => [255, 250, 44, ...bytes, 255, 240];
    const url = await fixedServer(Uint8Array.from([...agree]));
    servers[0]!.removeAllListeners('connection');
    servers[0]!.on('connection', (socket) => {
      socket.on('error', () => undefined);
      socket.write(Uint8Array.from(agree));
      socket.once('data', () => {
        setTimeout(() => {
          socket.write(
            Uint8Array.from([...sub(101, 0, 1, 0xc2, 0), ...sub(102, 8), ...sub(103, 1), ...sub(104, 1)]),
          );
        }, 50);
      });
    });
    const link = rfc2217Port(url, { commandTimeoutMs: 200 });
    await link.open();
    expect(link.hasLines).toBe(false);
    await expect(link.setLines({ dtr: true, rts: false })).rejects.toMatchObject({
      code: 'ESPRIG_PORT_NO_LINES',
    });
    await link.close();
  });

  it('reads the modem inputs that the server has told', async () => {
    const board = recordingBoard();
    const line = { ...board.line, readModemState: () => ({ cts: true, dsr: false, dcd: true }) };
    await using server = await startRfc2217Server(line);
    const link = await openPort(server.url);
    const got = collect(link);
    board.send(Uint8Array.of(1), 115200);
    await until(() => got().length === 1);
    expect(await link.readModemState()).toEqual({ cts: true, dsr: false, dcd: true });
    await link.close();
  });

  it.each(['rfc2217://', 'rfc2217://host', 'rfc2217://host:0', 'rfc2217://host:99999', 'telnet://h:1'])(
    'does not take %s for an address',
    async (path) => {
      await expect(openPort(path)).rejects.toMatchObject({ code: 'ESPRIG_PORT_NOT_SERIAL' });
    },
  );
});
