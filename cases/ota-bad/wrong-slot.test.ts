import { describe, expect, firmware, images, rig, skip, test } from '../../harness';

describe('an image for another address than its slot', () => {
  test('is refused before anything is erased when it is linked for the running slot', async () => {
    await using board = await rig();
    if (board.linksAreShared) skip('both slots share one link on this layout');
    const answer = await board.dut.upload(firmware.image(board.shippedSlot.label));
    expect(answer).toHaveRefused('wrong_slot');
    await expect(board).toHaveUnchangedFlash();
  });

  test('is taken when both slots share one link', async () => {
    await using board = await rig();
    if (!board.linksAreShared) skip('each slot has a link of its own on this layout');
    expect(await board.dut.upload(firmware.image(board.shippedSlot.label))).toHaveAnswered(200);
    await board.waitForUpdate();
    await expect(board).toBootFrom(board.nextSlot.label);
  });

  test.each(['entry-below-window', 'entry-at-window-end', 'entry-above-flash'])(
    'is refused at the very edge of the window: %s',
    async (kind) => {
      await using board = await rig();
      await using events = await board.dut.openEvents();
      expect(await board.dut.upload(images.make(kind).bytes)).toHaveRefused('wrong_slot');
      await events.waitForProgress({ status: 'failed', error: 'wrong_slot' });
      await expect(board).toHaveUnchangedFlash();
    },
  );

  test('still boots the old firmware after a reset', async () => {
    await using board = await rig();
    expect(await board.dut.upload(images.make('entry-below-window').bytes)).toHaveRefused('wrong_slot');
    await board.reset();
    expect((await board.dut.status()).running).toBe(board.shippedSlot.label);
  });
});
