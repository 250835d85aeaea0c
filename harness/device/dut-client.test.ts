import { describe, expect, test } from '@jest/globals';
import { createServer } from 'node:net';
import { RealClock } from '../core/clock';
import { Deadline } from '../core/deadline';
import { createDutClient } from './dut-client';
import { PROFILES, profileFrom } from './dut-profile';
import { answerText, startOddDevice, STATUS_BODY, type Behaviour } from './testkit/odd-device';

const answering =
  (text: string): Behaviour =>
  async ({ socket, until }) => {
    await until(/\r\n\r\n/);
    socket.end(text, 'latin1');
  };
const ENDS = /\r\n\r\n/;
const failure = async (work: Promise<unknown>): Promise<Record<string, unknown>> => {
  try {
    await work;
  } catch (error) {
    const { code, blame, message, hint } = error as Record<string, unknown>;
    return { code, blame, message, hint };
  }
  throw new Error('it went well');
};

describe('an address', () => {
  const clock = new RealClock();
  test.each([
    ['192.168.4.1', 'http://192.168.4.1'],
    ['http://192.168.4.1/', 'http://192.168.4.1'],
    ['http://localhost:8080', 'http://localhost:8080'],
    ['http://[::1]:81', 'http://[::1]:81'],
  ])('%s is taken as %s', (text, url) => {
    expect(createDutClient({ baseUrl: text, clock }).baseUrl).toBe(url);
  });

  test.each([
    '',
    'https://192.168.4.1',
    'http://a/b',
    'http://a?b',
    'ftp://a',
    'http://',
    'http://u@a',
    ':::',
  ])('%j is refused', (text) => {
    expect(() => createDutClient({ baseUrl: text, clock })).toThrow(
      expect.objectContaining({ code: 'ESPRIG_USAGE' }),
    );
  });
});

describe('a request', () => {
  test('brings the whole answer, with code and detail of a refusal', async () => {
    const body = '{"error":"not_found","detail":"nothing here"}';
    await using device = await startOddDevice(
      answering(answerText('404 Not Found', body, ['X-A: 1', 'X-A: 2'])),
    );
    const answer = await device.client.get('/nope', device.deadline);
    expect(answer).toMatchObject({
      status: 404,
      error: 'not_found',
      detail: 'nothing here',
      body,
      json: { error: 'not_found', detail: 'nothing here' },
    });
    expect(answer.headers).toMatchObject({ 'x-a': '1, 2', connection: 'close' });
  });

  test('goes out with the token, with another, and without; none of them is told to the bus', async () => {
    await using device = await startOddDevice(answering(answerText('200 OK', '{}')), { token: 'geheim' });
    const { client, deadline } = device;
    await client.get('/status', deadline);
    await client.get('/status', deadline, { token: 'anderes' });
    await client.get('/status', deadline, { token: false, headers: { 'X-Y': 'z' } });
    const sent = device.connections.map(({ text }) => /authorization: (.*)\r/i.exec(text())?.[1]);
    expect(sent).toEqual(['Bearer geheim', 'Bearer anderes', undefined]);
    expect(device.connections[2]!.text()).toMatch(/X-Y: z/i);
    expect(JSON.stringify(device.told)).not.toMatch(/geheim|anderes/);
  });

  test("goes out with one authorization alone: the request's own, however it is spelt", async () => {
    await using device = await startOddDevice(answering(answerText('200 OK', '{}')), { token: 'geheim' });
    await device.client.get('/status', device.deadline, { headers: { Authorization: 'Basic eDp5' } });
    expect(device.connections[0]!.text().match(/^authorization: .*$/gim)).toEqual([
      'Authorization: Basic eDp5',
    ]);
  });

  test('is told step by step with its times and counts', async () => {
    await using device = await startOddDevice(answering(answerText('200 OK', 'hello')));
    await device.client.get('/x', device.deadline);
    expect(device.told.map(({ room, name }) => `${room}/${name}`)).toEqual([
      'device/http-request',
      'device/http-connect',
      'device/http-answer',
    ]);
    expect(device.told[0]!.data).toMatchObject({ connection: 1, method: 'GET', path: '/x', bodyBytes: 0 });
    expect(device.told[2]!.data).toMatchObject({ connection: 1, status: 200, bodyBytes: 5 });
  });

  test('takes an answer that comes byte by byte', async () => {
    await using device = await startOddDevice(async ({ socket, until, sleep }) => {
      await until(ENDS);
      for (const byte of Buffer.from(answerText('200 OK', '{"a":"ä"}'))) {
        socket.write(Buffer.of(byte));
        await sleep(0);
      }
      socket.end();
    });
    expect((await device.client.get('/', device.deadline)).json).toEqual({ a: 'ä' });
  });

  test('takes an answer without a length, to the end of the connection', async () => {
    await using device = await startOddDevice(answering('HTTP/1.1 200 OK\r\n\r\nall of it'));
    expect((await device.client.get('/', device.deadline)).body).toBe('all of it');
  });

  test('says that nothing listens, and whose matter that is', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => void server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    await new Promise((resolve) => void server.close(resolve));
    const clock = new RealClock();
    using deadline = new Deadline({ clock, budgetMs: 5_000, phase: 'test', blame: 'harness' });
    await using client = createDutClient({ baseUrl: `http://127.0.0.1:${port}`, clock });
    const wanted = {
      code: 'ESPRIG_LINK_REFUSED',
      blame: 'rig',
      message: expect.stringMatching(/nothing listens/),
    };
    expect(await failure(client.status(deadline))).toMatchObject(wanted);
    expect(await failure(client.upload(new Uint8Array(9), {}, deadline))).toMatchObject(wanted);
    expect(await failure(client.openEvents({}, deadline))).toMatchObject(wanted);
    expect(await failure(client.raw(deadline))).toMatchObject(wanted);
    expect(await failure(client.openSlowReader({}, deadline))).toMatchObject(wanted);
  });

  test.each([
    ['closed without an answer', (c: { end(): void }) => c.end(), 'ESPRIG_LINK_CLOSED', 'dut'],
    [
      'reset without an answer',
      (c: { resetAndDestroy(): void }) => c.resetAndDestroy(),
      'ESPRIG_LINK_CLOSED',
      'dut',
    ],
    [
      'reset in the middle of the head',
      (c: { write(text: string, cb: () => void): void; resetAndDestroy(): void }) =>
        c.write('HTTP/1.1 200 OK\r\nContent-', () => c.resetAndDestroy()),
      'ESPRIG_LINK_CLOSED',
      'dut',
    ],
    [
      'closed in the middle of the body',
      (c: { end(text: string): void }) => c.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf'),
      'ESPRIG_LINK_CLOSED',
      'dut',
    ],
    ['no HTTP', (c: { end(text: string): void }) => c.end('SSH-2.0-dropbear\r\n'), 'ESPRIG_HTTP_BAD', 'dut'],
    [
      'a length that is none',
      (c: { end(text: string): void }) => c.end('HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n'),
      'ESPRIG_HTTP_BAD',
      'dut',
    ],
  ])('of which the answer is %s fails with a word of its own', async (_name, act, code, blame) => {
    await using device = await startOddDevice(async ({ socket, until }) => {
      await until(ENDS);
      act(socket);
    });
    expect(await failure(device.client.get('/', device.deadline))).toMatchObject({ code, blame });
    expect(device.told.at(-1)).toMatchObject({ name: 'http-failed', data: { code } });
  });

  test('that is never answered ends with the deadline, and leaves no connection', async () => {
    await using device = await startOddDevice(() => undefined, { limitMs: 300 });
    expect(await failure(device.client.get('/', device.deadline))).toMatchObject({
      code: 'ESPRIG_DEADLINE',
      message: expect.stringMatching(/answer to GET \//),
    });
    const { socket } = device.connections[0]!;
    if (!socket.readableEnded && !socket.destroyed)
      await new Promise((resolve) => void socket.once('close', resolve).resume().once('end', resolve));
  });
});

describe('the status', () => {
  test('is read by its keys, and what is more is kept', async () => {
    const body = JSON.stringify({ ...STATUS_BODY, extra: [1] });
    await using device = await startOddDevice(answering(answerText('200 OK', body)));
    expect(await device.client.status(device.deadline)).toEqual({
      app: 'app',
      version: '1.0',
      elfSha256: 'ab'.repeat(32),
      running: 'ota_0',
      next: 'ota_1',
      heapFreeBytes: 40_000,
      heapLowestBytes: 30_000,
      uptimeMs: 1234,
      clients: 0,
      upload: 'idle',
      raw: { ...STATUS_BODY, extra: [1] },
    });
  });

  test.each([
    [
      '200 OK',
      JSON.stringify({ ...STATUS_BODY, heap_free: -1, upload: 'x', app: 3 }),
      /app = 3, heap_free = -1, upload = "x"/,
    ],
    ['200 OK', JSON.stringify({ ...STATUS_BODY, elf_sha256: 'zz' }), /elf_sha256/],
    ['200 OK', '{}', /app = \(missing\)/],
    ['200 OK', '[]', /no JSON object/],
    ['200 OK', '<html>', /no JSON object/],
    [
      '401 Unauthorized',
      '{"error":"unauthorized","detail":"a token is needed"}',
      /401 unauthorized \(a token is needed\)/,
    ],
    ['404 Not Found', '', /404 Not Found/],
  ])('%s %s is none', async (status, body, message) => {
    await using device = await startOddDevice(answering(answerText(status, body)));
    expect(await failure(device.client.status(device.deadline))).toMatchObject({
      code: 'ESPRIG_DUT_CONTRACT',
      blame: 'dut',
      message: expect.stringMatching(message),
    });
  });

  test('cannot be asked of firmware that has none', async () => {
    await using device = await startOddDevice(() => undefined, { profile: PROFILES.seed });
    expect(await failure(device.client.status(device.deadline))).toMatchObject({ code: 'ESPRIG_USAGE' });
  });

  test('is waited for while the device restarts: resets, silence and old answers are passed over', async () => {
    await using device = await startOddDevice(async ({ index, socket, until }) => {
      await until(ENDS);
      if (index === 1) socket.resetAndDestroy();
      else if (index === 2) socket.end();
      else
        socket.end(
          answerText('200 OK', JSON.stringify({ ...STATUS_BODY, running: index < 4 ? 'ota_0' : 'ota_1' })),
        );
    });
    const status = await device.client.waitForStatus(
      ({ running }) => running === 'ota_1',
      'ota_1',
      device.deadline,
    );
    expect(status.running).toBe('ota_1');
    expect(device.connections.length).toBe(4);
  });

  test('that does not come says which was seen last', async () => {
    await using device = await startOddDevice(answering(answerText('200 OK', JSON.stringify(STATUS_BODY))), {
      limitMs: 700,
    });
    expect(
      await failure(device.client.waitForStatus(() => false, 'the impossible', device.deadline)),
    ).toMatchObject({
      code: 'ESPRIG_DEADLINE',
      message: expect.stringMatching(/the impossible.*"running":"ota_0"/),
    });
  });

  test('that is no status ends the wait at once', async () => {
    await using device = await startOddDevice(answering(answerText('200 OK', 'hello')));
    expect(await failure(device.client.waitForStatus(() => true, 'any', device.deadline))).toMatchObject({
      code: 'ESPRIG_DUT_CONTRACT',
    });
    expect(device.connections.length).toBe(1);
  });
});

describe('a profile', () => {
  test('comes from a rig file’s section, key by key', () => {
    expect(profileFrom()).toEqual(PROFILES.contract);
    expect(profileFrom({ profile: 'seed', events: '/e' })).toEqual({ ...PROFILES.seed, eventsPath: '/e' });
    expect(
      profileFrom({ status: false, page: '/p', logEvent: 'l', progressEvent: 'p', upload: '/u' }),
    ).toEqual({
      ...PROFILES.contract,
      statusPath: undefined,
      pagePath: '/p',
      logEvent: 'l',
      progressEvent: 'p',
      uploadPath: '/u',
    });
  });

  test('that nobody knows is refused, with those that are known', () => {
    expect(() => profileFrom({ profile: 'sead' })).toThrow(
      expect.objectContaining({ code: 'ESPRIG_USAGE', hint: 'Known are contract, seed.' }),
    );
  });
});
