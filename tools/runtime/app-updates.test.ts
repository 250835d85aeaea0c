import { beforeAll, describe, expect, it } from '@jest/globals';
import { AppBoard, readFirmware } from './testkit/app-board';
import { buildForTests, runtimeMissing } from './testkit/app-build';

/** Updates one after the other. ESPRIG_SLOW_OTA=1: twenty of them, else six. */
const missing = runtimeMissing();
const BUILD_LIMIT_MS = 240_000;
const UPDATES = process.env['ESPRIG_SLOW_OTA'] === '1' ? 20 : 6;
const LIMIT_MS = 30_000 * UPDATES;
/** From this one on the device has been everywhere once. */
const REFERENCE = 3;

(missing === undefined ? describe : describe.skip)(
  `updates of the app on the open runtime${missing === undefined ? '' : ` (skipped: ${missing})`}`,
  () => {
    beforeAll(() => buildForTests(['one-mb']), BUILD_LIMIT_MS);

    it(
      `${UPDATES} in a row go from slot to slot, and the least free heap stays what it was`,
      async () => {
        const firmware = readFirmware('one-mb');
        await using board = await AppBoard.start(firmware);
        await board.says('main: server started');
        const lowest: number[] = [];
        for (let update = 1; update <= UPDATES; update++) {
          const slot = update % 2 === 1 ? 'ota_1' : 'ota_0';
          const from = board.console.length;
          const answer = await board.ask('/send', firmware.images[slot]);
          expect([update, answer.status, answer.body]).toEqual([
            update,
            200,
            JSON.stringify({ slot, bytes: firmware.images[slot].length }),
          ]);
          // The mark of a run is read when its update is in, before it restarts.
          const { heap_lowest } = await board.status();
          lowest.push(heap_lowest);
          await board.says(` in ${slot} at `, from);
          expect(await board.status()).toMatchObject({ running: slot });
        }
        const reference = lowest[REFERENCE - 1]!;
        expect(Math.abs(lowest.at(-1)! - reference) / reference).toBeLessThan(0.01);
        expect(board.console).not.toContain('Guru Meditation');
      },
      LIMIT_MS,
    );
  },
);
