/** @needs spoil-flash */
import { describe, expect, rig, test, type Board } from '../../harness';

const SECTOR_BYTES = 4096;
/** Whole sectors that are written before the one that is worn. */
const SOUND_SECTORS = 5;
/** Of the worn sector: written by then. */
const BEGUN_BYTES = 1024;
/** Where in that sector cells no longer hold a one, behind what has been written of it. */
const WORN_AT = 2048;
const WORN_BYTES = 512;

/** Two equal bytes: with both gone the image's checksum is still right, so only reading back what was written tells. */
function equalPair(image: Uint8Array, from: number, to: number): readonly [number, number] {
  for (let first = from; first < to; first++) {
    const second = image.subarray(0, to).indexOf(image[first]!, first + 1);
    if (image[first] !== 0 && second >= 0) return [first, second];
  }
  throw new Error(`the image has no two equal bytes from ${from} to ${to}`);
}

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
    const request = board.dut.uploadRequest(image);
    const sectorAt = SOUND_SECTORS * SECTOR_BYTES;
    const firstHalf = sectorAt + BEGUN_BYTES;
    const slot = board.nextSlot.offset;

    await using connection = await board.dut.connect();
    await connection.send(request.bytes.subarray(0, request.headBytes + firstHalf + 100));
    await waitForFlash(board, slot + sectorAt, image.subarray(sectorAt, firstHalf));
    for (const at of equalPair(image, sectorAt + WORN_AT, sectorAt + WORN_AT + WORN_BYTES)) {
      await board.rig.spoilFlash!(slot + at, Uint8Array.of(0), board.within('spoil'));
    }
    await connection.send(request.bytes.subarray(request.headBytes + firstHalf + 100));

    expect(await connection.readAnswer()).toHaveRefused('flash_error');
    await expect(board).toHaveUnchangedFlash({ except: [board.nextSlot.label] });
    await expect(board).toBootFrom(board.shippedSlot.label);
  });
});
