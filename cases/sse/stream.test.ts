import { describe, expect, rig, test } from '../../harness';

describe('an event stream', () => {
  test('begins with the time after which to come back', async () => {
    await using board = await rig();
    await using events = await board.dut.openEvents();
    await events.waitFor(({ kind }) => kind === 'retry', 'retry');
    const first = events.items.find(({ kind }) => kind !== 'open');
    expect(first).toMatchObject({ kind: 'retry', retryMs: 2000 });
  });

  test('numbers its events from one to the next, whatever they are called', async () => {
    await using board = await rig();
    await using events = await board.dut.openEvents();
    expect(await board.dut.upload(new Uint8Array(64))).toHaveRefused('bad_magic');
    await events.waitForProgress({ status: 'failed' });
    expect(events.gaps).toEqual([]);
    expect(events.events.every(({ id }) => /^\d+$/.test(id))).toBe(true);
  });

  test('gives two clients the same events under the same numbers', async () => {
    await using board = await rig();
    await using first = await board.dut.openEvents();
    await using second = await board.dut.openEvents();
    expect(await board.dut.upload(new Uint8Array(64))).toHaveRefused('bad_magic');
    await first.waitForProgress({ status: 'failed' });
    await second.waitForProgress({ status: 'failed' });
    const told = ({ events }: typeof first): readonly string[] => {
      const end = events.findIndex(({ data }) => data.includes('failed'));
      return events.slice(0, end + 1).map(({ id, data }) => `${id} ${data}`);
    };
    const seenBySecond = told(second);
    expect(told(first).slice(-seenBySecond.length)).toEqual(seenBySecond);
  });

  test('gives a client that comes back what it has missed', async () => {
    await using board = await rig();
    await using first = await board.dut.openEvents({ reconnect: false });
    expect(await board.dut.upload(new Uint8Array(64))).toHaveRefused('bad_magic');
    await first.waitForProgress({ status: 'failed' });
    const { id } = first.events[0]!;
    await first.close();
    await using second = await board.dut.openEvents({ lastEventId: id });
    await second.waitForProgress({ status: 'failed' });
    expect(Number(second.events[0]!.id)).toBe(Number(id) + 1);
  });

  test('is refused to who does not want events', async () => {
    await using board = await rig();
    const answer = await board.dut.get('/event', { headers: { Accept: 'application/json' } });
    expect(answer).toHaveRefused('not_acceptable');
  });

  test('stays open, with a sign of life in every fifteen seconds', async () => {
    await using board = await rig();
    await using events = await board.dut.openEvents();
    await events.waitFor(({ kind }) => kind === 'comment', 'keep-alive', { withinMs: 30_000 });
    expect(events.isOpen).toBe(true);
  });
});
