import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { FakeChip } from '../device/testkit/fake-chip';
import { startRfc2217Server, type Rfc2217Server } from '../host/rfc2217-server';
import { esprigProcess, mistakeOf, startEsprig } from './testkit/run-process';

/* A text that does not come is the firmware's affair: exit code 1, whichever command waited for it. */
const LIMIT_MS = 60_000;
let chip: FakeChip;
let line: Rfc2217Server;
let server: Server;
let watching: Readonly<Record<'monitor' | 'events' | 'board', readonly string[]>>;

beforeAll(async () => {
  chip = new FakeChip({ chatter: 'I (7) app: busy\r\n' });
  line = await startRfc2217Server(chip.line);
  server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('id: 1\nevent: log\ndata: busy\n\n');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  watching = {
    monitor: ['monitor', '--port', line.url],
    events: ['events', '--to', `http://127.0.0.1:${(server.address() as AddressInfo).port}`],
    board: ['board', '--realtime'],
  };
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await line.close();
  chip.dispose();
});

describe.each(['monitor', 'events', 'board'] as const)('%s --until', (command) => {
  const seen = command === 'board' ? /ets Jan/ : /busy/;

  it(
    'ends with 1 when the time is over',
    async () => {
      const ended = await esprigProcess([...watching[command], '--until', 'never', '--timeout', '2']);
      expect(ended.exitCode).toBe(1);
      expect(ended.stdout + ended.stderr).toMatch(/never|time is up/);
    },
    LIMIT_MS,
  );

  it(
    'ends with 1 when it is interrupted before',
    async () => {
      const running = startEsprig([...watching[command], '--until', 'never']);
      await running.says(seen);
      running.interrupt();
      expect((await running.ended).exitCode).toBe(1);
    },
    LIMIT_MS,
  );

  it(
    'refuses no text at all',
    async () => {
      const ended = await esprigProcess([...watching[command], '--until', '']);
      expect(mistakeOf(ended)).toEqual([2, 'ESPRIG_USAGE']);
      expect(ended.stderr).toContain('--until: there is no text to wait for');
    },
    LIMIT_MS,
  );
});
