/** @needs power-cut-at-operation, snapshot */
import { describe, expect, rig, soakRounds, test, type Board } from '../../harness';

/**
 * Power fails at a flash operation of an update, in its middle. Whichever it is: the old firmware boots, or the whole new
 * one. By default some operations of the image and all of the boot record are tried; `--soak 1000` tries every one.
 */
const SPREAD = 8 * soakRounds();
const LAST = 6;

/** How many operations of the flash an update that nothing disturbs takes. */
async function countOperations(board: Board): Promise<number> {
  const limit = board.within('count');
  const before = await board.power.flashOperations!(limit);
  expect(await board.dut.upload(board.image())).toHaveAnswered(200);
  return (await board.power.flashOperations!(limit)) - before;
}

function operationsToTry(count: number): readonly number[] {
  const spread = Array.from(
    { length: Math.min(SPREAD, count) },
    (_, i) => 1 + Math.floor((i * count) / SPREAD),
  );
  const last = Array.from({ length: LAST }, (_, i) => count - i);
  return [...new Set([...spread, ...last])]
    .filter((each) => each >= 1 && each <= count)
    .sort((a, b) => a - b);
}

/** Cuts power at the n-th operation of an update, powers up again, and says which slot runs then. */
async function runsAfterCutAt(board: Board, operation: number): Promise<string> {
  await board.rig.restoreFirmware(board.within('restore'));
  const before = await board.power.flashOperations!(board.within('count'));
  const cut = await board.power.armCut!(
    { operation: before + operation, counted: 'total', seed: operation },
    board.within('arm'),
  );
  const answer = board.dut.upload(board.image()).then(
    ({ status }) => status,
    () => 0,
  );
  await cut.whenCut(board.within('cut', { withinMs: 20_000 }));
  // The connection ends with the board; only then does anything that comes belong to the next start.
  await answer;
  await board.power.on(board.within('power'));
  await board.waitForReady();
  return (await board.dut.status()).running;
}

describe('power that fails during an update', () => {
  test(
    'never leaves a board that does not boot',
    async () => {
      await using board = await rig();
      const count = await countOperations(board);
      const image = board.image();
      const runs: Record<string, number> = {};
      for (const operation of operationsToTry(count)) {
        const running = await runsAfterCutAt(board, operation);
        runs[running] = (runs[running] ?? 0) + 1;
        if (running === board.shippedSlot.label) continue;
        expect(running).toBe(board.nextSlot.label);
        expect(Buffer.compare(await board.readFlash(board.nextSlot.offset, image.length), image)).toBe(0);
      }
      expect(runs[board.shippedSlot.label]).toBeGreaterThan(0);
    },
    60_000 + 3000 * SPREAD,
  );
});
