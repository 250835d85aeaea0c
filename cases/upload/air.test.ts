/** @needs impair-air */
import { describe, expect, rig, test } from '../../harness';

describe('an upload over bad air', () => {
  test.each([0.05, 0.2])('gets through when this part of the frames is lost: %d', async (rate) => {
    await using board = await rig();
    await board.rig.impairAir!([{ loss: rate }]);
    expect(await board.dut.upload(board.image())).toHaveAnswered(200);
    await board.waitForUpdate();
    await expect(board).toBootFrom(board.nextSlot.label);
  });
});
