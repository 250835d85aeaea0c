import { describe, expect, test } from '@jest/globals';
import { Deadline } from '../core/deadline';
import { PROFILES } from './dut-profile';
import { answerText, startOddDevice, STREAM_HEAD, type OddDevice } from './testkit/odd-device';

const ENDS = /\r\n\r\n/;
const event = (id: number | undefined, name: string | undefined, data: string): string =>
  `${id === undefined ? '' : `id: ${id}\n`}${name === undefined ? '' : `event: ${name}\n`}data: ${data}\n\n`;

/** A device whose n-th connection sends the n-th text and then ends, or stays open if it is the last. */
function streaming(...texts: readonly string[]): Promise<OddDevice> {
  return startOddDevice(async ({ index, socket, until }) => {
    await until(ENDS);
    socket.write(STREAM_HEAD + (texts[index - 1] ?? ''));
    if (index < texts.length) socket.end();
  });
}

const soon = ({ clock }: OddDevice, budgetMs: number): Deadline =>
  new Deadline({ clock, budgetMs, phase: 'soon', blame: 'dut' });

describe('an event stream', () => {
  test('brings log lines and progress, with ids and times, whatever the slices', async () => {
    const text = `retry: 2000\n\n${event(1, 'log', 'grüße €')}: keep-alive\n\n${event(2, 'progress', '{"progress":7,"status":"receiving"}')}${event(3, 'progress', '{"progress":0,"status":"failed","error":"bad_magic"}')}${event(4, 'log', '… 12 lines dropped')}`;
    await using device = await startOddDevice(async ({ socket, until, sleep }) => {
      await until(ENDS);
      for (const byte of Buffer.from(STREAM_HEAD + text)) {
        socket.write(Buffer.of(byte));
        if (byte % 7 === 0) await sleep(0);
      }
    });
    const { client, deadline } = device;
    await using stream = await client.openEvents({}, deadline);
    const dropped = await stream.waitForLog(/lines dropped/, deadline);
    expect(dropped).toMatchObject({ id: 4, droppedLines: 12 });
    expect(stream.log[0]).toMatchObject({ id: 1, text: 'grüße €', droppedLines: undefined, connection: 1 });
    expect(stream.progress).toMatchObject([
      { id: 2, progress: 7, status: 'receiving', statusText: 'receiving', error: undefined },
      { id: 3, progress: 0, status: 'failed', error: 'bad_magic' },
    ]);
    expect(stream.items.map(({ kind }) => kind)).toEqual([
      'open',
      'retry',
      'event',
      'comment',
      'event',
      'event',
      'event',
    ]);
    expect(stream.items.map(({ position }) => position)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(stream.gaps).toEqual([]);
    expect(stream.lastEventId).toBe('4');
    expect(stream.receivedBytes).toBe(Buffer.byteLength(text));
    expect(device.told.filter(({ name }) => name === 'sse-event').length).toBe(4);
  });

  test('is waited for from a mark on, or from its beginning', async () => {
    await using device = await streaming(event(1, 'log', 'first') + event(2, 'log', 'second'));
    const { client, deadline } = device;
    await using stream = await client.openEvents({}, deadline);
    await stream.waitForLog('second', deadline);
    expect((await stream.waitForLog('first', deadline)).id).toBe(1);
    using short = soon(device, 100);
    await expect(stream.waitForLog('first', short, { since: stream.mark() })).rejects.toMatchObject({
      code: 'ESPRIG_DEADLINE',
      details: { lastSeen: '2 log: second' },
    });
    device.connections[0]!.socket.write(event(3, 'progress', '{"progress":3,"status":"receiving"}'));
    expect(await stream.waitForProgress({ progress: 3 }, deadline, { since: stream.mark() })).toMatchObject({
      id: 3,
    });
    expect(await stream.waitForEvent('log', ({ data }) => data.startsWith('s'), deadline)).toMatchObject({
      id: '2',
    });
  });

  test('has its gaps in the ids told: missing, repeated, begun anew', async () => {
    await using device = await streaming(
      `retry: 1\n\n${event(5, 'log', 'a')}${event(8, 'log', 'b')}${event(8, 'log', 'c')}`,
      event(1, 'log', 'after a restart'),
    );
    const { client, deadline } = device;
    await using stream = await client.openEvents({}, deadline);
    await stream.waitForLog('after a restart', deadline);
    expect(
      stream.gaps.map(({ kind, afterId, beforeId, missingEvents }) => [
        kind,
        afterId,
        beforeId,
        missingEvents,
      ]),
    ).toEqual([
      ['missing', 5, 8, 2],
      ['repeated', 8, 8, 0],
      ['restart', 8, 1, 0],
    ]);
  });

  test('comes back as a browser does, with the id it saw last, and shows that it did', async () => {
    await using device = await streaming(`retry: 20\n\n${event(7, 'log', 'a')}`, event(8, 'log', 'b'));
    const { client, deadline } = device;
    await using stream = await client.openEvents({ lastEventId: 3 }, deadline);
    await stream.waitForLog('b', deadline);
    expect(device.connections.map(({ text }) => /last-event-id: (\d+)/i.exec(text())?.[1])).toEqual([
      '3',
      '7',
    ]);
    expect(stream.items.map(({ kind, connection }) => `${connection} ${kind}`)).toEqual([
      '1 open',
      '1 retry',
      '1 event',
      '1 lost',
      '2 open',
      '2 event',
    ]);
    expect(stream.gaps).toEqual([]);
    expect(device.told.map(({ name }) => name)).toEqual(expect.arrayContaining(['sse-lost', 'sse-open']));
  });

  test('that shall not come back ends, and whoever waits is told at once', async () => {
    await using device = await streaming(event(1, 'log', 'a'), '');
    const { client, deadline } = device;
    await using stream = await client.openEvents({ reconnect: false }, deadline);
    await expect(stream.waitForLog('never', deadline)).rejects.toMatchObject({
      code: 'ESPRIG_LINK_CLOSED',
      blame: 'dut',
      message: expect.stringMatching(/the device closed it/),
    });
    expect(await stream.waitForLost(deadline)).toMatchObject({ kind: 'lost', willReturn: false });
    expect(stream.isOpen).toBe(false);
    expect(device.connections.length).toBe(1);
  });

  test('cut by a reset in the middle of an event loses that event alone', async () => {
    await using device = await startOddDevice(async ({ socket, until, sleep }) => {
      await until(ENDS);
      socket.write(`${STREAM_HEAD}${event(1, 'log', 'whole')}id: 2\nevent: log\ndata: ha`);
      await sleep(50);
      socket.resetAndDestroy();
    });
    const { client, deadline } = device;
    await using stream = await client.openEvents({ reconnect: false }, deadline);
    const lost = await stream.waitForLost(deadline);
    expect(lost).toMatchObject({ reason: expect.stringMatching(/closed|reset/) });
    expect(stream.log.map(({ text }) => text)).toEqual(['whole']);
  });

  test('that is refused brings the refusal; openEvents makes an error of it', async () => {
    const refusal = answerText('503 Busy', '{"error":"too_many_clients","detail":"3"}', ['Retry-After: 5']);
    await using device = await startOddDevice(async ({ socket, until }) => {
      await until(ENDS);
      socket.end(refusal);
    });
    const { client, deadline } = device;
    const answer = await client.requestEvents({}, deadline);
    expect(answer.refusal).toMatchObject({
      status: 503,
      error: 'too_many_clients',
      headers: { 'retry-after': '5' },
    });
    await expect(client.openEvents({}, deadline)).rejects.toMatchObject({
      code: 'ESPRIG_DUT_CONTRACT',
      message: expect.stringMatching(/503 too_many_clients/),
    });
  });

  test('that is no event stream is a refusal, too', async () => {
    await using device = await startOddDevice(async ({ socket, until }) => {
      await until(ENDS);
      socket.end(answerText('200 OK', 'data: x\n\n', ['Content-Type: text/plain']));
    });
    const { refusal } = await device.client.requestEvents({}, device.deadline);
    expect(refusal).toMatchObject({ status: 200, body: 'data: x\n\n' });
  });

  test('refused when it comes back is over, as the standard wants it', async () => {
    await using device = await startOddDevice(async ({ index, socket, until }) => {
      await until(ENDS);
      socket.end(
        index === 1
          ? `${STREAM_HEAD}retry: 1\n\n${event(1, 'log', 'a')}`
          : answerText('503 Busy', '{"error":"too_many_clients"}'),
      );
    });
    const { client, deadline } = device;
    await using stream = await client.openEvents({}, deadline);
    await expect(stream.waitForLog('never', deadline)).rejects.toMatchObject({
      message: expect.stringMatching(/coming back was refused: 503 too_many_clients/),
    });
  });

  test('of the seed’s firmware has no ids, a number as text, lines without a name', async () => {
    await using device = await startOddDevice(
      async ({ socket, until }) => {
        await until(ENDS);
        socket.write(
          STREAM_HEAD +
            event(undefined, 'update', '{"progress":"5", "status":"Connected.."}') +
            event(undefined, undefined, 'I (12) app: hello') +
            event(undefined, 'update', '{"progress":"41", "status":"Downloading.."}') +
            event(undefined, 'update', '{"progress":"100", "status":"Failed. Restarting to \'boot\'..."}'),
        );
      },
      { profile: PROFILES.seed },
    );
    const { client, deadline } = device;
    await using stream = await client.openEvents({}, deadline);
    await stream.waitForProgress({ status: 'failed' }, deadline);
    expect(stream.progress.map(({ progress, status }) => [progress, status])).toEqual([
      [5, 'idle'],
      [41, 'receiving'],
      [100, 'failed'],
    ]);
    expect(stream.log).toMatchObject([{ text: 'I (12) app: hello', id: undefined }]);
    expect(stream.items.filter(({ kind }) => kind === 'problem')).toEqual([]);
  });

  test.each([
    ['an event without an id', event(undefined, 'log', 'a'), /without an id/],
    ['an id that is no number', 'id: abc\nevent: log\ndata: a\n\n', /'abc' is no number/],
    ['progress that is no JSON', event(1, 'progress', '{progress'), /is no JSON/],
    ['progress without a status', event(1, 'progress', '{"progress":1}'), /no progress and status/],
    ['a line beyond all limits', `data: ${'x'.repeat(70_000)}\n\n`, /line over the limit/],
  ])('has %s called a problem', async (_name, text, pattern) => {
    await using device = await streaming(text);
    const { client, deadline } = device;
    await using stream = await client.openEvents({}, deadline);
    const problem = await stream.waitFor(({ kind }) => kind === 'problem', 'problem', deadline);
    expect(problem).toMatchObject({ text: expect.stringMatching(pattern) });
  });

  test('tells its listeners, until they have heard enough; closed, it tells nothing more', async () => {
    await using device = await streaming(event(1, 'log', 'a'));
    const { client, deadline } = device;
    const stream = await client.openEvents({}, deadline);
    await stream.waitForLog('a', deadline);
    const heard: string[] = [];
    const stop = stream.onItem(({ kind }) => void heard.push(kind));
    device.connections[0]!.socket.write(event(2, 'log', 'b'));
    await stream.waitForLog('b', deadline);
    stop();
    device.connections[0]!.socket.write(event(3, 'log', 'c'));
    await stream.waitForLog('c', deadline);
    expect(heard).toEqual(['event']);
    const waiting = expect(stream.waitForLog('never', deadline)).rejects.toMatchObject({
      code: 'ESPRIG_LINK_CLOSED',
      blame: 'case',
    });
    await stream.close();
    await waiting;
    expect(device.told.at(-1)!.name).toBe('sse-closed');
  });
});

describe('a slow reader', () => {
  test('takes the head and nothing more, until it is let', async () => {
    const much = 4_000_000;
    await using device = await startOddDevice(async ({ socket, until }) => {
      await until(ENDS);
      socket.write(STREAM_HEAD);
      socket.end(Buffer.alloc(much, 0x61));
    });
    const { client, deadline } = device;
    await using reader = await client.openSlowReader({}, deadline);
    expect(reader.status).toBe(200);
    await device.connections[0]!.sleep(100);
    const receivedBytes = (): number =>
      Number(device.told.filter(({ name }) => name === 'http-received').at(-1)!.data['receivedBytes']);
    expect(receivedBytes()).toBeLessThan(1_000_000);
    expect(await reader.drain(deadline)).toEqual({
      receivedBytes: much + STREAM_HEAD.length,
      ended: 'closed',
    });
  });
});
