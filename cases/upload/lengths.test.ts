import { describe, expect, rig, test, uploads } from '../../harness';

describe('what an upload says of its length', () => {
  test('nothing: refused', async () => {
    await using board = await rig();
    const plan = uploads.atOnce(board.dut.uploadRequest(board.image(), { contentLength: false }));
    expect(await board.dut.send(plan)).toHaveRefused('no_length');
    await expect(board).toHaveUnchangedFlash();
  });

  test.each([
    ['no number', 'many'],
    ['negative', '-1'],
    ['empty', ''],
    ['with a sign', '+100000'],
    ['hexadecimal', '0x10000'],
    ['two numbers', '100000, 200000'],
  ])('%s: refused as no sound request', async (_what, contentLength) => {
    await using board = await rig();
    const plan = uploads.atOnce(board.dut.uploadRequest(board.image(), { contentLength }));
    expect(await board.dut.send(plan)).toHaveRefused('bad_request');
    await expect(board).toHaveUnchangedFlash();
  });

  test.each(['2147483648', '4294967295', '4294967296', '18446744073709551616'])(
    'huge (%s): refused before anything is erased',
    async (contentLength) => {
      await using board = await rig();
      const plan = uploads.atOnce(board.dut.uploadRequest(board.image(), { contentLength }));
      expect(await board.dut.send(plan)).toHaveRefused('too_large');
      await expect(board).toHaveUnchangedFlash();
    },
  );

  test('one byte more than the slot holds: refused', async () => {
    await using board = await rig();
    const plan = uploads.wrongLength(board.image(), board.nextSlot.sizeBytes + 1, board.dut.asUpload);
    expect(await board.dut.send(plan)).toHaveRefused('too_large');
    await expect(board).toHaveUnchangedFlash();
  });

  test.each([0, 1, 7])('%d bytes: too short for an image', async (bytes) => {
    await using board = await rig();
    expect(await board.dut.upload(board.image().subarray(0, bytes))).toHaveRefused('truncated');
    await expect(board).toHaveUnchangedFlash();
  });

  test('in any spelling of the header: taken', async () => {
    await using board = await rig();
    const image = board.image();
    const request = board.dut.uploadRequest(image, {
      contentLength: false,
      headers: { 'cONTENT-lENGTH': String(image.length) },
    });
    expect(await board.dut.send(uploads.atOnce(request))).toHaveAnswered(200);
  });

  test('twice the same: taken; twice another: refused', async () => {
    await using board = await rig();
    const image = board.image();
    const other = board.dut.uploadRequest(image, { headers: { 'content-length': '5000' } });
    expect(await board.dut.send(uploads.atOnce(other))).toHaveRefused('bad_request');
    const same = board.dut.uploadRequest(image, { headers: { 'content-length': String(image.length) } });
    expect(await board.dut.send(uploads.atOnce(same))).toHaveAnswered(200);
  });

  test('less than comes: the rest is not part of the image', async () => {
    await using board = await rig();
    const image = board.image();
    const request = board.dut.uploadRequest(image);
    const longer = uploads.pipelined(request, new Uint8Array(3000).fill(0x55));
    const result = await board.dut.send(longer);
    expect(result).toHaveAnswered(200);
    await board.waitForUpdate();
    const held = await board.readFlash(board.nextSlot.offset, image.length);
    expect(Buffer.compare(held, image)).toBe(0);
  });

  test('more than comes: truncated, and the old firmware boots', async () => {
    await using board = await rig();
    const image = board.image();
    const announced = Math.min(image.length + 4096, board.nextSlot.sizeBytes);
    const result = await board.dut.send(uploads.wrongLength(image, announced, board.dut.asUpload));
    expect(result.answer?.status ?? 400).toBe(400);
    await board.dut.waitForStatus(({ upload }) => upload === 'failed', 'the end of the upload');
    await expect(board).toBootFrom(board.shippedSlot.label);
  });

  test('chunks in its place: refused', async () => {
    await using board = await rig();
    expect(await board.dut.send(uploads.chunked(board.image(), 1024, board.dut.asUpload))).toHaveRefused(
      'chunked_unsupported',
    );
    await expect(board).toHaveUnchangedFlash();
  });
});
