import { describe, expect, metric, rig, soakRounds, test } from '../../harness';

/** Twenty with `--soak 10`. */
const ROUNDS = 2 * soakRounds();

describe('update after update', () => {
  test('there and back, and the memory is as before', async () => {
    await using board = await rig();
    const lowestBytes: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const to = round % 2 === 0 ? board.nextSlot.label : board.shippedSlot.label;
      expect(await board.dut.upload(board.image(to))).toHaveAnswered(200);
      await board.waitForUpdate(to);
      lowestBytes.push((await board.dut.status()).heapLowestBytes);
    }
    await expect(board).toBootFrom(ROUNDS % 2 === 0 ? board.shippedSlot.label : board.nextSlot.label);
    metric('lowest heap', Math.min(...lowestBytes), 'bytes', 'more');
    const third = lowestBytes[2] ?? lowestBytes[0]!;
    expect(lowestBytes.at(-1)!).toBeGreaterThanOrEqual(third * 0.99);
  });

  test('bad ones between good ones', async () => {
    await using board = await rig();
    for (let round = 0; round < ROUNDS; round++) {
      expect(await board.dut.upload(board.make('checksum-wrong').bytes)).toHaveRefused('bad_checksum');
      expect(await board.dut.upload(new Uint8Array(4096))).toHaveRefused('bad_magic');
    }
    expect(await board.dut.upload(board.image())).toHaveAnswered(200);
    await board.waitForUpdate();
    await expect(board).toBootFrom(board.nextSlot.label);
  });
});
