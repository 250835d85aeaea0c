/** @needs sleeping-client */
import { describe, expect, metric, phase, rig, test, uploads } from '../../harness';
import type { Board, CaseEvents } from '../../harness';

/** An upload that is refused when all of it is there: as many events as any, and no restart behind it. */
async function refusedUpload(board: Board): Promise<number> {
  const startedMs = performance.now();
  expect(await board.dut.upload(board.make('checksum-wrong').bytes)).toHaveRefused('bad_checksum');
  return performance.now() - startedMs;
}

/** Half of one: its events fill what the network holds for a client, and leave room in what the device keeps. */
async function halfAnUpload(board: Board): Promise<void> {
  const request = board.dut.uploadRequest(board.image());
  const half = Math.floor(request.bytes.length / 2);
  expect(await board.dut.send(uploads.halfCloseAt(request, half))).toHaveRefused('truncated');
}

/** Ids that are missing within one connection. Between two they may: then the client knows that it was away. */
function silentGaps({ gaps, events }: CaseEvents): readonly unknown[] {
  return gaps.filter(({ position }) => {
    const at = events.findIndex((event) => event.position === position);
    return events[at]?.connection === events[at - 1]?.connection;
  });
}

describe('a client of the event stream that falls asleep', () => {
  test('holds up neither an upload nor another client', async () => {
    await using board = await rig();
    await using sleeper = await board.dut.openEvents();
    await using events = await board.dut.openEvents();
    const besideAwakeMs = await refusedUpload(board);
    await board.putToSleep(sleeper);
    const besideAsleepMs = await phase('beside the sleeper', () => refusedUpload(board));
    expect(besideAsleepMs).toBeLessThan(2 * besideAwakeMs + 3000);
    metric('upload beside a sleeper', besideAsleepMs, 'ms', 'less');
    expect(await board.dut.upload(board.image())).toHaveAnswered(200);
    await events.waitForProgress({ status: 'installed' });
    expect(events.gaps).toEqual([]);
    await board.waitForUpdate();
  });

  test('has everything when it wakes in time', async () => {
    await using board = await rig();
    await using sleeper = await board.dut.openEvents();
    await using events = await board.dut.openEvents();
    await board.putToSleep(sleeper);
    const since = sleeper.mark();
    await halfAnUpload(board);
    const { id } = await events.waitForProgress({ status: 'failed' });
    expect(sleeper.mark()).toBe(since);
    await board.wake(sleeper);
    const last = await sleeper.waitForProgress({ status: 'failed' });
    expect(last.id).toBe(id);
    expect(sleeper.gaps).toEqual([]);
    expect(sleeper.items.filter(({ kind }) => kind === 'lost')).toEqual([]);
  });

  test('is dropped once its events had to make room, and comes back without a silent gap', async () => {
    await using board = await rig();
    await using sleeper = await board.dut.openEvents();
    await using events = await board.dut.openEvents();
    await board.putToSleep(sleeper);
    await refusedUpload(board);
    await halfAnUpload(board);
    await board.dut.waitForStatus(({ clients }) => clients === 1, 'one client', { withinMs: 10_000 });
    await board.wake(sleeper);
    const { position } = await sleeper.waitForLost();
    await sleeper.waitFor(({ kind }) => kind === 'open', 'its return', { since: position });
    const since = sleeper.mark();
    await halfAnUpload(board);
    await sleeper.waitForProgress({ status: 'failed' }, { since });
    expect(silentGaps(sleeper)).toEqual([]);
    expect(events.gaps).toEqual([]);
  });

  test('is dropped when it has taken nothing for thirty seconds', async () => {
    await using board = await rig();
    await using sleeper = await board.dut.openEvents();
    await using events = await board.dut.openEvents();
    await board.putToSleep(sleeper);
    await halfAnUpload(board);
    const { uptimeMs: fullAtMs, clients } = await board.dut.status();
    expect(clients).toBe(2);
    const isOne = ({ clients: left }: { readonly clients: number }): boolean => left === 1;
    const { uptimeMs } = await board.dut.waitForStatus(isOne, 'one client');
    expect(uptimeMs - fullAtMs).toBeGreaterThan(20_000);
    expect(uptimeMs - fullAtMs).toBeLessThan(35_000);
    expect([events.isOpen, events.gaps]).toEqual([true, []]);
  }, 120_000);
});
