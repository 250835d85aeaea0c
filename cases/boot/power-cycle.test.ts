/** @needs power-cut */
import { describe, expect, rig, test } from '../../harness';

describe('a board that was without power', () => {
  test('comes up with the firmware it had', async () => {
    await using board = await rig();
    await board.cyclePower();
    expect((await board.dut.status()).running).toBe(board.shippedSlot.label);
    await expect(board).toHaveUnchangedFlash();
  });

  test('comes up with the new firmware after an update', async () => {
    await using board = await rig();
    expect(await board.dut.upload(board.image())).toHaveAnswered(200);
    await board.waitForUpdate();
    await board.cyclePower();
    expect((await board.dut.status()).running).toBe(board.nextSlot.label);
  });

  test('comes up five times in a row', async () => {
    await using board = await rig();
    for (let round = 0; round < 5; round++) await board.cyclePower();
    await expect(board).toBootFrom(board.shippedSlot.label);
  });
});
