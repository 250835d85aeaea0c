import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { AppBoard, readFirmware } from './testkit/app-board';
import { AppEvents } from './testkit/app-events';
import { buildForTests, runtimeMissing } from './testkit/app-build';

/** Event streams beside an update, on an emulated board with a soft-AP. */
const missing = runtimeMissing();
const BUILD_LIMIT_MS = 240_000;
const LIMIT_MS = 120_000;

(missing === undefined ? describe : describe.skip)(
  `event streams of the app on the open runtime${missing === undefined ? '' : ` (skipped: ${missing})`}`,
  () => {
    const boards: AppBoard[] = [];
    const start = async (): Promise<AppBoard> => {
      const board = await AppBoard.start(readFirmware('one-mb'));
      boards.push(board);
      await board.says('main: server started');
      await board.status();
      return board;
    };
    beforeAll(() => buildForTests(['one-mb']), BUILD_LIMIT_MS);
    afterEach(async () => {
      for (const board of boards.splice(0)) await board[Symbol.asyncDispose]();
    });

    /** Time of the device that an update takes, by its own log. */
    const updateMs = async (board: AppBoard): Promise<number> => {
      const from = board.console.length;
      expect((await board.ask('/send', readFirmware('one-mb').images.ota_1)).status).toBe(200);
      await board.says('rst cause', from);
      const times = [...board.console.slice(from).matchAll(/^I \((\d+)\) sse_ota: upload/gm)].map(([, ms]) =>
        Number(ms),
      );
      expect(times.length).toBeGreaterThan(1);
      return times.at(-1)! - times[0]!;
    };

    it(
      'three of them, one never read, cost an update less than a tenth of its time, and the two others lose nothing',
      async () => {
        const aloneMs = await updateMs(await start());

        const board = await start();
        const deaf = await AppEvents.openDeaf(board);
        const streams = [await AppEvents.open(board), await AppEvents.open(board)] as const;
        expect(await board.status()).toMatchObject({ clients: 3 });
        const withThreeMs = await updateMs(board);
        for (const stream of streams) await stream.ended();
        deaf.destroy();
        expect(withThreeMs).toBeLessThan(aloneMs * 1.1);

        const [a, b] = streams;
        for (const { events } of streams) {
          expect(events.map(({ id }) => id)).toEqual(events.map((_, i) => events[0]!.id + i));
          const progress = events.filter(({ name }) => name === 'progress').map(({ data }) => data);
          expect(progress.at(-1)).toBe('{"progress":100,"status":"installed"}');
        }
        const lastId = b.events.at(-1)!.id;
        const common = a.events.filter(({ id }) => id >= b.events[0]!.id && id <= lastId);
        expect(b.events.slice(0, common.length)).toEqual(common);

        // The console and the log events are the same lines in the same order.
        const lines = a.logLines;
        const consoleLines = board.console.split('\n');
        const begin = consoleLines.indexOf(lines[0]!);
        expect(begin).toBeGreaterThanOrEqual(0);
        expect(consoleLines.slice(begin, begin + lines.length)).toEqual(lines);
      },
      LIMIT_MS,
    );
  },
);
