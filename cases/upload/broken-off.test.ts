import { describe, expect, rig, test, uploads } from '../../harness';

/** Places in the image, in parts of its length. */
const PLACES = [0, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.999];

describe('an upload that breaks off', () => {
  test.each(PLACES)('by a reset after %d of the image: nothing that boots has changed', async (part) => {
    await using board = await rig();
    const request = board.dut.uploadRequest(board.image());
    const at = request.headBytes + Math.floor(board.image().length * part);
    await board.dut.send(uploads.abortAt(request, at));
    await board.dut.waitForStatus(({ upload }) => upload !== 'receiving', 'the end of the upload');
    await expect(board).toHaveUnchangedFlash({ except: [board.nextSlot.label] });
    await expect(board).toBootFrom(board.shippedSlot.label);
  });

  test.each(PLACES)('by an end in order after %d of the image: truncated', async (part) => {
    await using board = await rig();
    const request = board.dut.uploadRequest(board.image());
    const at = request.headBytes + Math.floor(board.image().length * part);
    const result = await board.dut.send(uploads.halfCloseAt(request, at));
    expect(result).toHaveRefused('truncated');
    await expect(board).toBootFrom(board.shippedSlot.label);
  });

  test('is followed by one that succeeds', async () => {
    await using board = await rig();
    const request = board.dut.uploadRequest(board.image());
    await board.dut.send(uploads.abortAt(request, Math.floor(request.bytes.length / 2)));
    await board.dut.waitForStatus(({ upload }) => upload !== 'receiving', 'the end of the upload');
    expect(await board.dut.upload(board.image())).toHaveAnswered(200);
    await board.waitForUpdate();
    await expect(board).toBootFrom(board.nextSlot.label);
  });

  test('twenty times in a row leaves the memory as it was', async () => {
    await using board = await rig();
    const request = board.dut.uploadRequest(board.image());
    const breakOff = async (times: number): Promise<number> => {
      for (let i = 0; i < times; i++) {
        await board.dut.send(uploads.abortAt(request, request.headBytes + 3000 * (i + 1)));
        await board.dut.waitForStatus(({ upload }) => upload !== 'receiving', 'the end of the upload');
      }
      return (await board.dut.status()).heapFreeBytes;
    };
    const early = await breakOff(5);
    const late = await breakOff(15);
    expect(late).toBeGreaterThanOrEqual(early * 0.98);
  });

  test('by silence: given up after ten seconds, and the next one is let in', async () => {
    await using board = await rig();
    const request = board.dut.uploadRequest(board.image());
    const result = await board.dut.send(uploads.stallAt(request, request.headBytes + 5000), {
      withinMs: 20_000,
    });
    expect(result).toHaveRefused('stalled');
    expect(await board.dut.upload(board.image())).toHaveAnswered(200);
  });
});
