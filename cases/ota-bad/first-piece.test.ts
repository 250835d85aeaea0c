import { describe, expect, images, rig, test, uploads } from '../../harness';

/** An image's first eight bytes decide; how the network cuts them must not. */
describe('a bad image whose first packet ends within its header', () => {
  test.each([1, 4, 7])('is refused before anything is erased: a first piece of %d bytes', async (bytes) => {
    await using board = await rig();
    const request = board.dut.uploadRequest(images.make('magic-zero').bytes);
    const plan = uploads.splitAt(request, [request.headBytes, request.headBytes + bytes], 100);
    expect(await board.dut.send(plan)).toHaveRefused('bad_magic');
    await expect(board).toHaveUnchangedFlash();
  });

  test.each([1, 4, 7])('is refused for its address: a first piece of %d bytes', async (bytes) => {
    await using board = await rig();
    const request = board.dut.uploadRequest(images.make('entry-above-flash').bytes);
    const plan = uploads.splitAt(request, [request.headBytes, request.headBytes + bytes], 100);
    expect(await board.dut.send(plan)).toHaveRefused('wrong_slot');
    await expect(board).toHaveUnchangedFlash();
  });
});
