import { describe, expect, images, rig, test } from '../../harness';

describe('an image with a wrong magic byte', () => {
  test.each(['magic-zero', 'magic-one-bit', 'magic-v2'])(
    'is refused before anything is erased: %s',
    async (kind) => {
      await using board = await rig();
      await using events = await board.dut.openEvents();
      const answer = await board.dut.upload(images.make(kind).bytes);
      expect(answer).toHaveRefused('bad_magic');
      await events.waitForProgress({ status: 'failed' });
      expect(events).toReportProgress({ from: 0, to: 0, status: 'failed', error: 'bad_magic' });
      await expect(board).toHaveUnchangedFlash();
    },
  );

  test('does not keep the next, good one from being installed', async () => {
    await using board = await rig();
    expect(await board.dut.upload(images.make('magic-zero').bytes)).toHaveRefused('bad_magic');
    expect(await board.dut.upload(board.image())).toHaveAnswered(200);
    await board.waitForUpdate();
    await expect(board).toBootFrom(board.nextSlot.label);
  });

  test('tells who reads the log', async () => {
    await using board = await rig();
    await using events = await board.dut.openEvents();
    expect(await board.dut.upload(images.make('magic-zero').bytes)).toHaveRefused('bad_magic');
    await events.waitForLog(/bad_magic/);
    await board.waitForLog(/bad_magic/);
    expect(board).toHaveLogged(/bad_magic/);
  });
});
