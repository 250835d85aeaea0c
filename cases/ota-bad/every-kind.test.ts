import { describe, expect, images, rig, skip, test } from '../../harness';

/** All that the laboratory can make and the contract refuses. The kinds are a table; the title says what each is. */
const REFUSED = images.kinds.filter(({ refusal }) => refusal !== 'accepted');

describe('a bad image is refused, and nothing that boots has changed', () => {
  test.each(REFUSED)('$name: $text', async ({ name }) => {
    await using board = await rig();
    const made = board.makeIfPossible(name);
    if (made === undefined) skip('no such image can be made of this firmware on this layout');
    if (made.expected === 'accepted') skip('at the place that was chosen this image is a good one');
    const { error, moment } = made.expected;

    const answer = await board.dut.upload(made.bytes);

    expect(answer).toHaveRefused(error);
    const except = moment === 'before-erase' ? [] : [board.nextSlot.label];
    await expect(board).toHaveUnchangedFlash({ except });
    await expect(board).toBootFrom(board.shippedSlot.label);
    expect((await board.dut.status()).upload).toBe('failed');
  });
});
