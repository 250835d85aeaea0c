import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { BoardAirOptions } from '../../harness/host/air';
import { AppBoard, readFirmware } from './testkit/app-board';
import { buildForTests, runtimeMissing } from './testkit/app-build';

/** The app on the open runtime as a station, on an emulated board whose air holds one access point. */
const missing = runtimeMissing();
const BUILD_LIMIT_MS = 240_000;
const LIMIT_MS = 60_000;
/** Longer than the driver waits for beacons. */
const GONE_LIMIT_MS = 30_000;

(missing === undefined ? describe : describe.skip)(
  `the app on the open runtime, station${missing === undefined ? '' : ` (skipped: ${missing})`}`,
  () => {
    const boards: AppBoard[] = [];
    const start = async (
      settings: Readonly<Record<string, string>>,
      air: Partial<BoardAirOptions> = {},
    ): Promise<AppBoard> => {
      const board = await AppBoard.start(readFirmware('one-mb'), {
        settings,
        air: { peer: 'access-point', ssid: 'bench', ...air },
      });
      boards.push(board);
      return board;
    };
    beforeAll(() => buildForTests(['one-mb']), BUILD_LIMIT_MS);
    afterEach(async () => {
      for (const board of boards.splice(0)) await board[Symbol.asyncDispose]();
    });

    it.each([1, 13])(
      'joins the open network of its settings on channel %i, gets an address and answers',
      async (channel) => {
        const board = await start({ ssid: 'bench' }, { channel });
        await board.says(`connected with bench, aid = 1, channel ${channel}, bssid = 02:aa:bb:cc:dd:01`);
        await board.says('wifi: address 10.0.2.15');
        expect(await board.status()).toMatchObject({ running: 'ota_0', clients: 0 });
      },
      LIMIT_MS,
    );

    it(
      'notices that the network has vanished, and is back when it returns',
      async () => {
        const board = await start({ ssid: 'bench' });
        await board.says('wifi: address 10.0.2.15');
        await board.status();
        await board.thread.act('impair-air', [{ loss: 1 }]);
        // BEACON_TIMEOUT, then NO_AP_FOUND as long as there is none.
        const lost = await board.says('wifi: disconnected, reason 200', 0, GONE_LIMIT_MS);
        const away = await board.says('wifi: disconnected, reason 201', lost, GONE_LIMIT_MS);
        await board.thread.act('impair-air', []);
        await board.says('wifi: address 10.0.2.15', away);
        expect(await board.status()).toMatchObject({ running: 'ota_0' });
      },
      LIMIT_MS,
    );

    it(
      'takes an update through the network, and joins it again with the new image',
      async () => {
        const board = await start({ ssid: 'bench' });
        await board.says('wifi: address 10.0.2.15');
        const from = board.console.length;
        expect((await board.ask('/send', readFirmware('one-mb').images.ota_1)).status).toBe(200);
        const booted = await board.says('in ota_1 at 0x80000', from);
        await board.says('wifi: address 10.0.2.15', booted);
        expect(await board.status()).toMatchObject({ running: 'ota_1' });
      },
      LIMIT_MS,
    );

    it.each([
      [
        'an encrypted network',
        { passphrase: 'mypassword' },
        {},
        'it is encrypted, and the open runtime has no WPA2',
      ],
      ['an open network with a password', {}, { psk: 'mypassword' }, 'it is open, and a password is set'],
    ])(
      'does not join %s, says why, and lives on',
      async (_what, air, psk, why) => {
        const board = await start({ ssid: 'bench', ...psk }, air);
        const first = await board.says(`network bench is not joined: ${why}`);
        const again = await board.says('wifi: disconnected, reason 202', first);
        // The driver takes its time for an attempt: no flood.
        await board.says(`network bench is not joined: ${why}`, again);
        expect(board.console).not.toContain('Guru Meditation');
        expect(board.console).not.toContain('wifi: address');
      },
      LIMIT_MS,
    );
  },
);
