import { describe, expect, rig, test, uploads } from '../../harness';

describe('a good upload in odd pieces', () => {
  test.each([1, 2, 4, 17, 30, 45, 60, 90])('is taken when its head is cut at byte %d', async (at) => {
    await using board = await rig();
    const request = board.dut.uploadRequest(board.image());
    const result = await board.dut.send(uploads.splitAt(request, [at]));
    expect(result).toHaveAnswered(200);
  });

  test.each([0, 1, 4, 7, 8, 9, 16, 511, 1460])(
    'is taken when its first packet ends %d bytes into the image',
    async (bytes) => {
      await using board = await rig();
      const request = board.dut.uploadRequest(board.image());
      const result = await board.dut.send(uploads.splitAt(request, [request.headBytes + bytes]));
      expect(result).toHaveAnswered(200);
      await board.waitForUpdate();
      await expect(board).toBootFrom(board.nextSlot.label);
    },
  );

  test('is taken when head and first eight bytes come byte by byte', async () => {
    await using board = await rig();
    const request = board.dut.uploadRequest(board.image());
    const cuts = Array.from({ length: request.headBytes + 8 }, (_, i) => i + 1);
    const result = await board.dut.send(uploads.splitAt(request, cuts, 1));
    expect(result).toHaveAnswered(200);
  });

  test('is taken in packets of 100 bytes', async () => {
    await using board = await rig();
    const request = board.dut.uploadRequest(board.image());
    const cuts: number[] = [];
    for (let at = 100; at < request.bytes.length; at += 100) cuts.push(at);
    const result = await board.dut.send(uploads.splitAt(request, cuts, 0));
    expect(result).toHaveAnswered(200);
  });

  test('is taken with pauses of a second in the body', async () => {
    await using board = await rig();
    const request = board.dut.uploadRequest(board.image());
    const cuts = [request.headBytes + 3, request.headBytes + 5000, request.bytes.length - 1];
    const result = await board.dut.send(uploads.splitAt(request, cuts, 1000));
    expect(result).toHaveAnswered(200);
  });

  test('is asked for with 100 Continue', async () => {
    await using board = await rig();
    const result = await board.dut.send(uploads.expectContinue(board.image(), board.dut.asUpload));
    expect(result.sawContinue).toBe(true);
    expect(result).toHaveAnswered(200);
  });
});
