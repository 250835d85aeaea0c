import { beforeAll, describe, expect, it } from '@jest/globals';
import { readFirmware } from './testkit/app-board';
import { buildForTests, runtimeMissing } from './testkit/app-build';
import { AppInside } from './testkit/app-inside';

/** Updates one after the other, in virtual time. */
const missing = runtimeMissing();
const BUILD_LIMIT_MS = 240_000;
const UPDATES = 20;
const LIMIT_MS = 300_000;
/** From this one on the device has been everywhere once. */
const REFERENCE = 3;

(missing === undefined ? describe : describe.skip)(
  `updates of the app on the open runtime${missing === undefined ? '' : ` (skipped: ${missing})`}`,
  () => {
    beforeAll(() => buildForTests(['one-mb']), BUILD_LIMIT_MS);

    it(
      `${UPDATES} in a row go from slot to slot, and the least free heap stays what it was`,
      () => {
        const firmware = readFirmware('one-mb');
        const app = new AppInside(firmware);
        const lowest: number[] = [];
        for (let update = 1; update <= UPDATES; update++) {
          const slot = update % 2 === 1 ? 'ota_1' : 'ota_0';
          const from = app.console.length;
          const { answer } = app.upload(firmware.images[slot], 20_000);
          expect([update, answer.status, answer.body]).toEqual([
            update,
            200,
            JSON.stringify({ slot, bytes: firmware.images[slot].length }),
          ]);
          // The mark of a run is read when its update is in, before it restarts.
          lowest.push(app.status().heap_lowest);
          app.until(() => app.console.indexOf(` in ${slot} at `, from) >= 0, `${slot} boots`, 5_000);
          app.until(() => app.station.state === 'ready', 'the station is back', 5_000);
          expect(app.status()).toMatchObject({ running: slot });
        }
        const reference = lowest[REFERENCE - 1]!;
        expect(Math.abs(lowest.at(-1)! - reference) / reference).toBeLessThan(0.01);
        expect(app.console).not.toContain('Guru Meditation');
      },
      LIMIT_MS,
    );
  },
);
