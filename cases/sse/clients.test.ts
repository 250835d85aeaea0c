import { describe, expect, rig, test } from '../../harness';

describe('clients of the event stream', () => {
  test('the one too many is told to come later, and the others go on', async () => {
    await using board = await rig();
    await using a = await board.dut.openEvents();
    await using b = await board.dut.openEvents();
    await using c = await board.dut.openEvents();
    const { refusal } = await board.dut.requestEvents();
    expect(refusal).toHaveRefused('too_many_clients');
    expect(refusal!.headers['retry-after'] ?? '(none)').toMatch(/^\d+$/);
    expect(await board.dut.upload(new Uint8Array(64))).toHaveRefused('bad_magic');
    for (const events of [a, b, c]) await events.waitForProgress({ status: 'failed' });
  });

  test('the log goes on after one was sent away', async () => {
    await using board = await rig();
    await using a = await board.dut.openEvents();
    await using b = await board.dut.openEvents();
    await using c = await board.dut.openEvents();
    const { refusal } = await board.dut.requestEvents();
    expect(refusal).toHaveRefused('too_many_clients');
    const since = a.mark();
    expect(await board.dut.upload(new Uint8Array(64))).toHaveRefused('bad_magic');
    for (const events of [b, c]) await events.waitForLog(/bad_magic/, { withinMs: 15_000 });
    await a.waitForLog(/bad_magic/, { since, withinMs: 15_000 });
  });

  test('a place is free again once its client has gone', async () => {
    await using board = await rig();
    const streams = [
      await board.dut.openEvents(),
      await board.dut.openEvents(),
      await board.dut.openEvents(),
    ];
    await streams[1]!.close();
    await board.dut.waitForStatus(({ clients }) => clients === 2, 'two clients');
    await using next = await board.dut.openEvents();
    expect(next.isOpen).toBe(true);
  });

  test('fifty come and go, and the memory is as before', async () => {
    await using board = await rig();
    const visit = async (times: number): Promise<void> => {
      for (let i = 0; i < times; i++) {
        await using events = await board.dut.openEvents({ reconnect: false });
        await events.waitFor(({ kind }) => kind === 'retry', 'retry');
      }
      await board.dut.waitForStatus(({ clients }) => clients === 0, 'no client');
    };
    await visit(10);
    const early = await board.dut.status();
    await visit(40);
    const late = await board.dut.status();
    expect(late.heapFreeBytes).toBeGreaterThanOrEqual(early.heapFreeBytes * 0.98);
  });

  test('one that goes with a reset leaves its place, too', async () => {
    await using board = await rig();
    for (let round = 0; round < 6; round++) {
      await using connection = await board.dut.connect();
      const head = `GET /event HTTP/1.1\r\nHost: d\r\n${board.dut.tokenLine()}`;
      await connection.send(`${head}Accept: text/event-stream\r\n\r\n`);
      await connection.waitForBytes(/retry: 2000/);
      connection.abort();
    }
    await using events = await board.dut.openEvents();
    expect(events.isOpen).toBe(true);
  });

  test('one that never reads does not hold up the others', async () => {
    await using board = await rig();
    await using slow = await board.dut.openSlowReader();
    await using events = await board.dut.openEvents();
    expect(await board.dut.upload(board.image())).toHaveAnswered(200);
    await events.waitForProgress({ status: 'installed' });
    expect(events.gaps).toEqual([]);
    expect(slow).toBeDefined();
    await board.waitForUpdate();
  });
});
