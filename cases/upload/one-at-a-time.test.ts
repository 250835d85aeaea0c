import { describe, expect, rig, test, uploads } from '../../harness';

describe('a second upload', () => {
  test('is told to come later while one runs, and does not disturb it', async () => {
    await using board = await rig();
    const request = board.dut.uploadRequest(board.image());
    const half = Math.floor(request.bytes.length / 2);
    await using first = await board.dut.connect();
    await first.send(request.bytes.subarray(0, half));
    await board.dut.waitForStatus(({ upload }) => upload === 'receiving', 'the first upload');
    expect(await board.dut.upload(board.image())).toHaveRefused('busy');
    await first.send(request.bytes.subarray(half));
    expect((await first.readAnswer()).status).toBe(200);
    board.rig.console.allowResets(1);
    await board.waitForUpdate();
    await expect(board).toBootFrom(board.nextSlot.label);
  });

  test('behind the first on one connection is not answered', async () => {
    await using board = await rig();
    const bad = board.dut.uploadRequest(new Uint8Array(64));
    const plan = uploads.pipelined(bad, board.dut.uploadRequest(board.image()).bytes);
    const result = await board.dut.send(plan, { goOnAfterAnswer: true });
    expect(result).toHaveRefused('bad_magic');
    expect(result.extraBytes).toBe(0);
    await expect(board).toHaveUnchangedFlash();
  });

  test('is let in once the first has failed', async () => {
    await using board = await rig();
    expect(await board.dut.upload(new Uint8Array(64))).toHaveRefused('bad_magic');
    expect(await board.dut.upload(new Uint8Array(64))).toHaveRefused('bad_magic');
    expect(await board.dut.upload(board.image())).toHaveAnswered(200);
  });
});
