import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { AppBoard, readFirmware, type AppBoardOptions, type BuiltFirmware } from './testkit/app-board';
import { AppEvents } from './testkit/app-events';
import { buildForTests, runtimeMissing } from './testkit/app-build';

/** The app on the open runtime as a soft-AP, on an emulated board whose air holds one station. */
const missing = runtimeMissing();
const BUILD_LIMIT_MS = 240_000;
const LIMIT_MS = 60_000;
const SLOT_AT = { 'one-mb': 0x80000, 'two-ota-2mb': 0x110000 } as const;

(missing === undefined ? describe : describe.skip)(
  `the app on the open runtime, soft-AP${missing === undefined ? '' : ` (skipped: ${missing})`}`,
  () => {
    const boards: AppBoard[] = [];
    const start = async (firmware: BuiltFirmware, options?: AppBoardOptions): Promise<AppBoard> => {
      const board = await AppBoard.start(firmware, options);
      boards.push(board);
      return board;
    };
    beforeAll(() => buildForTests(['one-mb', 'two-ota-2mb']), BUILD_LIMIT_MS);
    afterEach(async () => {
      for (const board of boards.splice(0)) await board[Symbol.asyncDispose]();
    });

    describe.each(['one-mb', 'two-ota-2mb'] as const)('layout %s', (layout) => {
      it(
        'boots, opens its network, lets the station in and answers',
        async () => {
          const board = await start(readFirmware(layout));
          await board.says('main: server started');
          expect(board.console).toContain('soft-AP, network esprig_012345');
          expect(board.console).toContain('wifi: address 192.168.4.1');
          await board.until(() => board.airStates('ready') === 1, 'station ready');
          expect(await board.status()).toMatchObject({ running: 'ota_0', next: 'ota_1' });
        },
        LIMIT_MS,
      );

      it(
        'takes an update into the other slot, restarts into it, and the station comes back; then the way back',
        async () => {
          const firmware = readFirmware(layout);
          const board = await start(firmware);
          await board.says('main: server started');
          let from = board.console.length;
          const there = await board.ask('/send', firmware.images.ota_1);
          expect([there.status, JSON.parse(there.body)]).toEqual([
            200,
            { slot: 'ota_1', bytes: firmware.images.ota_1.length },
          ]);
          await board.says(`in ota_1 at 0x${SLOT_AT[layout].toString(16)}`, from);
          expect(await board.status()).toMatchObject({ running: 'ota_1', next: 'ota_0' });
          // Told, not found out: the device took its leave.
          expect(board.airEvents).toContainEqual(
            expect.objectContaining({ state: 'idle', why: 'deauthenticated' }),
          );
          from = board.console.length;
          const back = await board.ask('/send', firmware.images.ota_0);
          expect(back.status).toBe(200);
          await board.says('in ota_0 at 0x10000', from);
          expect(await board.status()).toMatchObject({ running: 'ota_0' });
        },
        LIMIT_MS,
      );
    });

    it(
      'streams what the console says',
      async () => {
        const board = await start(readFirmware('one-mb'));
        await board.says('main: server started');
        const events = await AppEvents.open(board);
        expect((await board.ask('/send', new Uint8Array(64))).status).toBe(400);
        await events.until(
          () => events.logLines.some((line) => line.includes('upload refused')),
          'the refusal',
        );
        expect(events.events.map(({ id }) => id)).toEqual(
          events.events.map((_, i) => events.events[0]!.id + i),
        );
        const { logLines } = events;
        expect(logLines.length).toBeGreaterThan(0);
        await board.says(logLines.at(-1)!);
        const consoleLines = board.console.split('\n');
        for (const line of logLines) expect(consoleLines).toContain(line);
        events.close();
      },
      LIMIT_MS,
    );

    it(
      'keeps going where every fifth frame is lost, and installs what it was sent',
      async () => {
        const firmware = readFirmware('one-mb');
        const board = await start(firmware, { air: { impairments: [{ loss: 0.2 }] } });
        await board.says('main: server started');
        const from = board.console.length;
        expect((await board.ask('/send', firmware.images.ota_1)).status).toBe(200);
        await board.says('in ota_1', from);
        await board.thread.act('impair-air', []);
        expect(await board.status()).toMatchObject({ running: 'ota_1' });
      },
      LIMIT_MS,
    );
  },
);
