/** @needs spoil-flash */
import { describe, expect, rig, test, type Board } from '../../harness';

const SHA256_BYTES = 32;
/** What a boot loader looks at: all of the image but its digest. The checksum byte is the last of it. */
const TAIL_BYTES = 512;

/** Makes the board run its shipped slot while the other one is selected: that was updated and is damaged since. */
async function fallBack(board: Board): Promise<void> {
  expect(await board.dut.upload(board.image())).toHaveAnswered(200);
  await board.waitForUpdate();
  await board.rig.spoilFlash!(board.nextSlot.offset, Uint8Array.of(0), board.within('spoil'));
  await board.reset();
  expect((await board.dut.status()).running).toBe(board.shippedSlot.label);
}

/** Sends all of an image but its digest, and waits until the device has written it. */
async function sendUpToDigest(board: Board, image: Uint8Array) {
  const { bytes } = board.dut.uploadRequest(image);
  const connection = await board.dut.connect();
  await connection.send(bytes.subarray(0, -SHA256_BYTES));
  const endOffset = board.nextSlot.offset + image.length - SHA256_BYTES;
  const tail = image.subarray(-SHA256_BYTES - TAIL_BYTES, -SHA256_BYTES);
  const limit = board.within('upload up to the digest', { withinMs: 20_000 });
  while (Buffer.compare(await board.readFlash(endOffset - TAIL_BYTES, TAIL_BYTES), tail) !== 0) {
    await limit.sleep(20, 'the end of the image in flash');
  }
  return { connection, digest: bytes.slice(-SHA256_BYTES) };
}

describe('a board that runs another slot than the selected one, which is damaged', () => {
  test('never boots what was refused for its digest', async () => {
    await using board = await rig();
    await fallBack(board);
    const { connection, digest } = await sendUpToDigest(board, board.make('digest-alone').bytes);
    digest[0]! ^= 1;
    await connection.send(digest);
    expect(await connection.readAnswer()).toHaveRefused('bad_checksum');
    await expect(board).toBootFrom(board.shippedSlot.label, { afterReset: true });
  });

  test('never boots what broke off before its digest', async () => {
    await using board = await rig();
    await fallBack(board);
    const { connection } = await sendUpToDigest(board, board.make('digest-alone').bytes);
    connection.abort();
    await board.dut.waitForStatus(({ upload }) => upload !== 'receiving', 'the end of the upload');
    await expect(board).toBootFrom(board.shippedSlot.label, { afterReset: true });
  });

  test('is updated again', async () => {
    await using board = await rig();
    await fallBack(board);
    expect(await board.dut.upload(board.image())).toHaveAnswered(200);
    await board.waitForUpdate();
    await expect(board).toBootFrom(board.nextSlot.label);
  });
});
