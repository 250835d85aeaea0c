/** @needs spoil-flash */
import { describe, expect, rig, test, uploads, type Board } from '../../harness';

const SECTOR_BYTES = 4096;
/** Whole sectors that are written before the one that is worn. */
const SOUND_SECTORS = 5;
/** Of the worn sector: written by then. */
const BEGUN_BYTES = 1024;
/** Cells of a worn sector that no longer hold a one, behind what has been written of it. */
const WORN_AT = 2048;
const WORN_BYTES = 512;

async function waitForFlash(board: Board, flashOffset: number, wanted: Uint8Array): Promise<void> {
  const limit = board.within('first half of the upload', { withinMs: 10_000 });
  while (Buffer.compare(await board.readFlash(flashOffset, wanted.length), wanted) !== 0) {
    await limit.sleep(20, `the image at 0x${flashOffset.toString(16)}`);
  }
}

describe('flash that does not hold what is written', () => {
  test('is noticed: the upload is refused, and the old firmware boots', async () => {
    await using board = await rig();
    const image = board.image();
    const request = uploads.uploadRequest(image);
    const sectorAt = SOUND_SECTORS * SECTOR_BYTES;
    const firstHalf = sectorAt + BEGUN_BYTES;
    const slot = board.nextSlot.offset;

    await using connection = await board.dut.connect();
    await connection.send(request.bytes.subarray(0, request.headBytes + firstHalf + 100));
    await waitForFlash(board, slot + sectorAt, image.subarray(sectorAt, firstHalf));
    const worn = slot + sectorAt + WORN_AT;
    await board.rig.spoilFlash!(worn, new Uint8Array(WORN_BYTES), board.within('spoil'));
    await connection.send(request.bytes.subarray(request.headBytes + firstHalf + 100));

    expect(await connection.readAnswer()).toHaveRefused('flash_error');
    await expect(board).toHaveUnchangedFlash({ except: [board.nextSlot.label] });
    await expect(board).toBootFrom(board.shippedSlot.label);
  });
});
