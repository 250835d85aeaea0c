import { describe, expect, images, rig, skip, test } from '../../harness';

/** Unusual, and sound: refusing these is as wrong as taking a bad one. Those that would then crash are left out. */
const SOUND = images.kinds.filter(({ refusal, boot }) => refusal === 'accepted' && boot === 'starts');

describe('an unusual image that is sound', () => {
  test.each(SOUND)('is installed: $name ($text)', async ({ name }) => {
    await using board = await rig();
    const made = board.makeIfPossible(name);
    if (made === undefined) skip('no such image can be made of this firmware on this layout');
    const answer = await board.dut.upload(made.bytes);
    expect(answer).toHaveAnswered(200);
    expect(answer.takenBytes).toBe(made.bytes.length);
    await board.waitForUpdate();
    await expect(board).toBootFrom(board.nextSlot.label);
  });
});
