import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { AccessPoint, Medium, Random } from '../../harness/emulator/air';
import { Board } from '../../harness/emulator/board';
import { SerialText } from '../../harness/emulator/testkit/serial-text';
import type { BoardAirOptions } from '../../harness/host/air';
import { AppBoard, readFirmware, settingsFlash } from './testkit/app-board';
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

    it(
      'joins again when it is thrown out, and when the network has forgotten it without a word',
      () => {
        const firmware = readFirmware('one-mb');
        const board = new Board();
        const serial = new SerialText(board);
        const medium = new Medium({ scheduler: board.queue, random: new Random(5) });
        board.attachAir(medium);
        const told: string[] = [];
        const network = new AccessPoint({
          ...{ medium, random: new Random(6), ssid: 'bench' },
          onClient: (_mac, event) => void told.push(event),
        });
        const { offset, bytes } = settingsFlash('one-mb', { ssid: 'bench' });
        for (const part of firmware.flash) board.programFlash(part.flashOffset, part.bytes);
        board.programFlash(offset, bytes);
        const leases = (): number => told.filter((event) => event === 'leased').length;
        const untilLease = (count: number): void => {
          for (let ms = 0; ms < 15_000 && leases() < count; ms++) board.runFor(1e6);
          if (leases() < count) throw new Error(`${told.join()}; console: ${serial.text}`);
        };
        network.start();
        board.powerOn();
        untilLease(1);
        board.runFor(1e9);
        network.deauthenticate();
        untilLease(2);
        board.runFor(1e9);
        // WIFI_REASON_AUTH_LEAVE, as the frame said.
        expect(serial.text).toContain('disconnected, reason 3');
        network.stop();
        board.runFor(500e6);
        network.start();
        untilLease(3);
        board.runFor(1e9);
        // WIFI_REASON_NOT_ASSOCED: told when it announced its address.
        expect(serial.text).toContain('disconnected, reason 7');
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
