import { describe, expect, rig, test, type Board } from '../../harness';

/** After an update the other slot holds the firmware from before: what a board could be taken back to. */
async function updateOnce(board: Board): Promise<void> {
  expect(await board.dut.upload(board.image())).toHaveAnswered(200);
  await board.waitForUpdate();
}

describe('a bad image for a slot that holds the firmware from before', () => {
  test.each(['magic-zero', 'segments-none', 'entry-above-flash'])(
    'is refused, and the slot is as it was: %s',
    async (kind) => {
      await using board = await rig();
      await updateOnce(board);
      const bad = board.make(kind, { slot: board.shippedSlot.label });
      expect(await board.dut.upload(bad.bytes)).toHaveRefused(
        bad.expected === 'accepted' ? 'bad_request' : bad.expected.error,
      );
      await expect(board).toHaveUnchangedFlash({ except: [board.nextSlot.label, 'otadata'] });
      await expect(board).toBootFrom(board.nextSlot.label);
    },
  );
});
