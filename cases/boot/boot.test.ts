import { describe, expect, rig, test } from '../../harness';

describe('a board as shipped', () => {
  test('runs its first slot and says so', async () => {
    await using board = await rig();
    const status = await board.dut.status();
    expect(status.running).toBe(board.shippedSlot.label);
    expect(status.next).toBe(board.nextSlot.label);
    expect(status.version).toBe(board.firmware.version);
    await expect(board).toBootFrom(board.shippedSlot.label);
  });

  test('comes up after a reset, and the clock of its uptime begins anew', async () => {
    await using board = await rig();
    await board.reset();
    const status = await board.dut.status();
    expect(status.running).toBe(board.shippedSlot.label);
    expect(status.upload).toBe('idle');
    expect(board.incidents).toEqual([]);
  });

  test('prints what runs, and from where', async () => {
    await using board = await rig();
    await board.reset();
    const { label, offset } = board.shippedSlot;
    await board.waitForLog(new RegExp(`in ${label} at 0x0*${offset.toString(16)}\\b`));
    await board.waitForLog(/server started/);
  });

  test('comes up ten times in a row', async () => {
    await using board = await rig();
    for (let round = 0; round < 10; round++) {
      await board.reset();
      expect((await board.dut.status()).running).toBe(board.shippedSlot.label);
    }
  });

  test('serves the page and knows no other', async () => {
    await using board = await rig();
    const page = await board.dut.get('/');
    expect(page).toHaveAnswered(200);
    expect(page.body).toMatch(/<html/i);
    expect(page.body).not.toMatch(/https?:\/\//);
    expect(await board.dut.get('/favicon.ico')).toHaveRefused('not_found');
  });

  test('does not lose memory by answering', async () => {
    await using board = await rig();
    for (let round = 0; round < 20; round++) await board.dut.status();
    const early = await board.dut.status();
    for (let round = 0; round < 100; round++) await board.dut.status();
    const late = await board.dut.status();
    expect(late.heapLowestBytes).toBeGreaterThanOrEqual(early.heapLowestBytes * 0.99);
  });
});
