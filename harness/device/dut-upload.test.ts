import { describe, expect, test } from '@jest/globals';
import { Deadline } from '../core/deadline';
import { readProgress } from './dut-http-answer';
import * as lab from './dut-upload-lab';
import { answerText, startOddDevice, type Behaviour, type OddDevice } from './testkit/odd-device';

const IMAGE = Uint8Array.from({ length: 20_000 }, (_, i) => (i * 7) & 0xff);
const ENDS = /\r\n\r\n/;
const OK = answerText('200 OK', '{"slot":"ota_1","bytes":20000}');
const REFUSED = answerText('400 Bad Request', '{"error":"bad_magic","detail":"no"}');
const bodyOf = (text: string): string => text.slice(text.indexOf('\r\n\r\n') + 4);

/** Answers when as many bytes of body are there as are announced. */
const taking: Behaviour = async ({ socket, until, text }) => {
  await until(ENDS);
  const length = Number(/content-length: (\d+)/i.exec(text())?.[1] ?? 0);
  await until(text().indexOf('\r\n\r\n') + 4 + length);
  socket.end(OK);
};
const refusingAtOnce: Behaviour = async ({ socket, until }) => {
  await until(ENDS);
  socket.write(REFUSED);
  socket.once('end', () => socket.end());
};

describe('an upload', () => {
  test('sends every byte once and hears slot and size', async () => {
    await using device = await startOddDevice(taking, { token: 't0ken' });
    const seen: number[] = [];
    const answer = await device.client.upload(
      IMAGE,
      { chunkBytes: 3000, onProgress: (sentBytes, totalBytes) => seen.push(sentBytes / totalBytes) },
      device.deadline,
    );
    expect(answer).toMatchObject({
      status: 200,
      slot: 'ota_1',
      takenBytes: 20_000,
      sentBytes: 20_000,
      totalBytes: 20_000,
    });
    expect(seen).toEqual([0.15, 0.3, 0.45, 0.6, 0.75, 0.9, 1]);
    const text = device.connections[0]!.text();
    expect(text).toMatch(/^POST \/send HTTP\/1\.1\r\n/);
    expect(text).toMatch(/content-length: 20000\r\n/i);
    expect(text).toMatch(/authorization: Bearer t0ken\r\n/i);
    expect(Buffer.from(bodyOf(text), 'latin1').equals(IMAGE)).toBe(true);
    const sent = device.told.filter(({ name }) => name === 'http-sent');
    expect(sent.map(({ data }) => data['bytes'])).toEqual([3000, 3000, 3000, 3000, 3000, 3000, 2000]);
  });

  test('hears a refusal that comes in its middle, and how far it had come', async () => {
    await using device = await startOddDevice(refusingAtOnce);
    const answer = await device.client.upload(IMAGE, { chunkBytes: 100, pauseMs: 20 }, device.deadline);
    expect(answer).toMatchObject({ status: 400, error: 'bad_magic', detail: 'no', slot: undefined });
    expect(answer.sentBytes).toBeLessThan(5_000);
  });

  test('of nothing announces nothing', async () => {
    await using device = await startOddDevice(taking);
    expect((await device.client.upload(new Uint8Array(0), {}, device.deadline)).sentBytes).toBe(0);
    expect(device.connections[0]!.text()).toMatch(/content-length: 0\r\n/i);
  });

  test('ends in its middle when its caller wants it', async () => {
    await using device = await startOddDevice(async ({ until }) => until(ENDS));
    const stop = new AbortController();
    const work = device.client.upload(
      IMAGE,
      {
        chunkBytes: 1000,
        pauseMs: 5,
        signal: stop.signal,
        onProgress: (sent) => {
          if (sent === 5000) stop.abort();
        },
      },
      device.deadline,
    );
    await expect(work).rejects.toMatchObject({
      code: 'ESPRIG_CANCELLED',
      message: expect.stringMatching(/after [56]000 of 20000/),
    });
    const { socket } = device.connections[0]!;
    if (!socket.readableEnded)
      await new Promise((resolve) => void socket.once('end', resolve).once('close', resolve));
    await expect(
      device.client.upload(IMAGE, { signal: AbortSignal.abort() }, device.deadline),
    ).rejects.toMatchObject({
      code: 'ESPRIG_CANCELLED',
    });
  });

  test.each([
    ['closes', (socket: OddDevice['connections'][number]['socket']) => socket.end()],
    ['resets', (socket: OddDevice['connections'][number]['socket']) => socket.resetAndDestroy()],
  ])('during which the device %s says how many bytes had gone', async (_how, act) => {
    await using device = await startOddDevice(async ({ socket, until }) => {
      await until(3000);
      act(socket);
    });
    await expect(
      device.client.upload(IMAGE, { chunkBytes: 500, pauseMs: 10 }, device.deadline),
    ).rejects.toMatchObject({
      code: 'ESPRIG_LINK_CLOSED',
      blame: 'dut',
      message: expect.stringMatching(/\d+ of 20000 bytes of the image had been handed over/),
    });
  });
});

describe('what is no image', () => {
  test.each([
    [{ bytes: IMAGE, note: '' }, /an object with bytes, note/],
    ['image.bin', /a string/],
    [undefined, /this is undefined/],
    [null, /this is null/],
    [{}, /an object with nothing in it/],
    [new DataView(new ArrayBuffer(4)), /an object/],
  ])('%# is refused before anything is sent', async (wrong, message) => {
    const refused = {
      code: 'ESPRIG_USAGE',
      message: expect.stringMatching(message),
      hint: expect.stringContaining('.bytes'),
    };
    await using device = await startOddDevice(taking);
    const image = wrong as unknown as Uint8Array;
    await expect(device.client.upload(image, {}, device.deadline)).rejects.toMatchObject(refused);
    expect(() => lab.uploadRequest(image)).toThrow(expect.objectContaining(refused));
  });
});

describe('an upload by plan', () => {
  const request = lab.uploadRequest(IMAGE.subarray(0, 300), { token: 'x', headers: { 'X-A': 'b' } });

  test.each([
    ['at once', lab.atOnce(request)],
    [
      'split',
      lab.splitAt(request, [1, 17, request.headBytes, request.headBytes + 8, request.bytes.length - 1]),
    ],
    ['dribbled', lab.dribble(lab.uploadRequest(IMAGE.subarray(0, 40)), 2000, 1)],
  ])('%s brings the same bytes', async (_name, plan) => {
    await using device = await startOddDevice(taking);
    const result = await lab.runUpload(device.client, plan, device.deadline);
    expect(result).toMatchObject({
      answer: { status: 200 },
      ended: 'closed',
      extraBytes: 0,
      sawContinue: false,
    });
    const bytes = plan.steps.flatMap((step) => (step.kind === 'send' ? [...step.bytes] : []));
    expect(result.sentBytes).toBe(bytes.length);
    expect(Buffer.from(device.connections[0]!.text(), 'latin1').equals(Uint8Array.from(bytes))).toBe(true);
  });

  test('a split request arrives in its pieces', async () => {
    const sizes: number[] = [];
    await using device = await startOddDevice(async (connection) => {
      connection.socket.on('data', (chunk: Buffer) => void sizes.push(chunk.length));
      await taking(connection);
    });
    await lab.runUpload(device.client, lab.splitAt(request, [10, 60], 30), device.deadline);
    expect(sizes).toEqual([10, 50, request.bytes.length - 60]);
  });

  test('dribbling takes its time', async () => {
    await using device = await startOddDevice(taking);
    const plan = lab.dribble(lab.uploadRequest(IMAGE.subarray(0, 20)), 1000, 20);
    const { elapsedMs, sentBytes } = await lab.runUpload(device.client, plan, device.deadline);
    expect(elapsedMs).toBeGreaterThan(sentBytes - 21);
  });

  test('stops when the answer is there, or goes on if it is told to', async () => {
    const slow = lab.dribble(lab.uploadRequest(IMAGE.subarray(0, 3000)), 20_000, 200);
    await using device = await startOddDevice(refusingAtOnce);
    const stopped = await lab.runUpload(device.client, slow, device.deadline, { endWithinMs: 50 });
    expect(stopped).toMatchObject({ answer: { error: 'bad_magic' }, ended: undefined });
    expect(stopped.sentBytes).toBeLessThan(3000);
    const whole = await lab.runUpload(device.client, slow, device.deadline, {
      goOnAfterAnswer: true,
      endWithinMs: 50,
    });
    expect(whole.sentBytes).toBeGreaterThan(3000);
  });

  test('reads nothing before all is sent if it is told to', async () => {
    const slow = lab.dribble(lab.uploadRequest(IMAGE.subarray(0, 3000)), 20_000, 200);
    await using patient = await startOddDevice(refusingAtOnce);
    const heard = await lab.runUpload(patient.client, slow, patient.deadline, {
      readLast: true,
      endWithinMs: 50,
    });
    expect(heard.answer?.error).toBe('bad_magic');
    expect(heard.sentBytes).toBeGreaterThan(3000);
    // Whoever resets the connection behind its answer takes the answer along.
    await using hasty = await startOddDevice(({ socket }) => {
      socket.once('data', () => {
        socket.write(answerText('400 Bad Request', '{"error":"bad_magic"}'));
        setTimeout(() => socket.resetAndDestroy(), 20);
      });
    });
    const lost = await lab.runUpload(hasty.client, slow, hasty.deadline, { readLast: true });
    expect(lost).toMatchObject({ answer: undefined, ended: 'reset' });
    expect(lost.sentBytes).toBeLessThan(3000);
  });

  test('a reset leaves the device with what had come', async () => {
    let writeError: string | undefined;
    await using device = await startOddDevice(({ socket }) => {
      // Node shows a reset behind data as an end; but then nothing can be written any more.
      socket.once('end', () =>
        socket.write('x', (error) => (writeError = (error as NodeJS.ErrnoException | null)?.code ?? 'none')),
      );
      socket.on('error', (error: NodeJS.ErrnoException) => (writeError ??= error.code));
    });
    const result = await lab.runUpload(device.client, lab.abortAt(request, 100), device.deadline);
    expect(result).toMatchObject({ answer: undefined, ended: 'by-us', sentBytes: 100 });
    for (let i = 0; i < 100 && writeError === undefined; i += 1) await device.connections[0]!.sleep(10);
    expect(writeError).toBe('ECONNRESET');
    expect(device.connections[0]!.text().length).toBe(100);
  });

  test('half a body and an end in order still hears the answer', async () => {
    await using device = await startOddDevice(async ({ socket }) => {
      await new Promise((resolve) => void socket.once('end', resolve));
      socket.end(answerText('400 Bad Request', '{"error":"truncated"}'));
    });
    const result = await lab.runUpload(
      device.client,
      lab.halfCloseAt(request, request.headBytes + 50),
      device.deadline,
    );
    expect(result).toMatchObject({
      answer: { error: 'truncated' },
      sentBytes: request.headBytes + 50,
      ended: 'closed',
    });
  });

  test('silence is heard out to the device’s answer', async () => {
    await using device = await startOddDevice(async ({ socket, until, sleep }) => {
      await until(100);
      await sleep(100);
      socket.end(answerText('408 Request Timeout', '{"error":"stalled"}'));
    });
    expect(await lab.runUpload(device.client, lab.stallAt(request, 150), device.deadline)).toMatchObject({
      answer: { error: 'stalled' },
      sentBytes: 150,
    });
  });

  test('a wrong length, chunks and a second request are what goes over the wire', async () => {
    const wires: string[] = [];
    await using device = await startOddDevice(async ({ socket, until, text, sleep }) => {
      await until(ENDS);
      await sleep(30);
      wires.push(text());
      socket.end(REFUSED);
    });
    const { client, deadline } = device;
    const small = new TextEncoder().encode('hello world');
    await lab.runUpload(client, lab.wrongLength(small, 20), deadline);
    await lab.runUpload(client, lab.wrongLength(small, 5), deadline);
    await lab.runUpload(client, lab.chunked(small, 4), deadline);
    await lab.runUpload(
      client,
      lab.pipelined(lab.uploadRequest(small), 'GET /status HTTP/1.1\r\n\r\n'),
      deadline,
    );
    expect(wires[0]).toMatch(/Content-Length: 20\r\n\r\nhello world$/);
    expect(wires[1]).toMatch(/Content-Length: 5\r\n\r\nhello world$/);
    expect(wires[2]).toMatch(
      /Transfer-Encoding: chunked\r\n\r\n4\r\nhell\r\n4\r\no wo\r\n3\r\nrld\r\n0\r\n\r\n$/,
    );
    expect(wires[2]).not.toMatch(/Content-Length/);
    expect(wires[3]).toMatch(/hello worldGET \/status HTTP\/1\.1\r\n\r\n$/);
  });

  test('an answer to the second request is counted as extra bytes', async () => {
    await using device = await startOddDevice(async ({ socket, until }) => {
      await until(/GET/);
      socket.end(OK + OK);
    });
    const plan = lab.pipelined(request, 'GET / HTTP/1.1\r\n\r\n');
    expect((await lab.runUpload(device.client, plan, device.deadline)).extraBytes).toBe(OK.length);
  });

  test('the body waits for 100 Continue, and is kept when a refusal comes instead', async () => {
    await using device = await startOddDevice(async (connection) => {
      const { index, socket, until, sleep, text } = connection;
      await until(ENDS);
      await sleep(30);
      expect(bodyOf(text())).toBe('');
      if (index === 2) return void socket.end(REFUSED);
      socket.write('HTTP/1.1 100 Continue\r\n\r\n');
      await taking(connection);
    });
    const plan = lab.expectContinue(IMAGE.subarray(0, 500));
    const good = await lab.runUpload(device.client, plan, device.deadline);
    expect(good).toMatchObject({
      sawContinue: true,
      answer: { status: 200, informational: [100] },
      extraBytes: 0,
    });
    const bad = await lab.runUpload(device.client, plan, device.deadline);
    expect(bad).toMatchObject({ sawContinue: false, answer: { error: 'bad_magic', informational: [] } });
    expect(bodyOf(device.connections[1]!.text())).toBe('');
  });

  test('a connection that ends without an answer is told as that; one that never ends, by the deadline', async () => {
    await using device = await startOddDevice(async ({ index, socket, until }) => {
      await until(ENDS);
      if (index === 1) socket.end('HTTP/1.1 200 OK\r\nContent-Le');
      if (index === 2) socket.resetAndDestroy();
    });
    const { client, clock, deadline } = device;
    const plan = lab.atOnce(request);
    expect(await lab.runUpload(client, plan, deadline)).toMatchObject({
      answer: undefined,
      noAnswer: expect.stringMatching(/closed the connection before its answer was complete/),
      ended: 'closed',
    });
    expect(await lab.runUpload(client, plan, deadline)).toMatchObject({ answer: undefined, ended: 'reset' });
    using short = new Deadline({ clock, budgetMs: 150, phase: 'short', blame: 'dut' });
    await expect(lab.runUpload(client, plan, short)).rejects.toMatchObject({
      code: 'ESPRIG_DEADLINE',
      blame: 'dut',
    });
  });

  test.each([
    () => lab.splitAt(request, [0]),
    () => lab.splitAt(request, [request.bytes.length]),
    () => lab.abortAt(request, -1),
    () => lab.halfCloseAt(request, request.bytes.length + 1),
    () => lab.dribble(request, 0),
  ])('places outside of the request are a mistake of the caller: %#', (make) => {
    expect(make).toThrow(expect.objectContaining({ code: 'ESPRIG_USAGE' }));
  });
});

describe('an answer in bytes', () => {
  const read = (text: string) => readProgress(Buffer.from(text, 'latin1'));

  test('shows how much of it is there', () => {
    expect(read('')).toMatchObject({ hasBegun: false, head: undefined });
    expect(read('H')).toMatchObject({ hasBegun: true, head: undefined });
    expect(read('HTTP/1.1 100 Continue\r\n\r\n')).toMatchObject({ hasBegun: false, informational: [100] });
    expect(read(OK)).toMatchObject({
      hasBegun: true,
      endOffset: OK.length,
      head: { status: 200, reason: 'OK' },
    });
    expect(read('HTTP/1.0 204 \r\n\r\nxx')).toMatchObject({ bodyOffset: 17, endOffset: 17 });
    expect(read('HTTP/1.1 200 OK\r\n\r\nxx')).toMatchObject({ endOffset: undefined });
  });

  test.each([
    'HTTP/2 200 OK\r\n\r\n',
    'http/1.1 200 OK\r\n\r\n',
    'HTTP/1.1 20 OK\r\n\r\n',
    'HTTP/1.1 200 OK\r\nNo colon\r\n\r\n',
    'HTTP/1.1 200 OK\r\n Folded: x\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
    `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(20_000)}`,
  ])('%j is no HTTP', (text) => {
    expect(() => read(text)).toThrow(expect.objectContaining({ code: 'ESPRIG_HTTP_BAD' }));
  });
});
