import { beforeAll, describe, expect, it } from '@jest/globals';
import { buildSyntheticApp } from '../../harness/protocol/image-lab/encode';
import { labSlots } from '../../harness/protocol/image-lab/make';
import { readFirmware } from './testkit/app-board';
import { buildForTests, runtimeMissing } from './testkit/app-build';
import { AppInside } from './testkit/app-inside';

/** Event streams beside an update, in virtual time: the same numbers on every machine. */
const missing = runtimeMissing();
const BUILD_LIMIT_MS = 240_000;
const LIMIT_MS = 180_000;
/** Good for the other slot. Small: a chip's erase times are polled through, and that is slow to emulate. */
const image = buildSyntheticApp({ slot: labSlots('one-mb', 'ota_1').slot, seed: 3, textBytes: 0x8000 });
const UPLOAD_LIMIT_MS = 20_000;

(missing === undefined ? describe : describe.skip)(
  `event streams of the app on the open runtime${missing === undefined ? '' : ` (skipped: ${missing})`}`,
  () => {
    beforeAll(() => buildForTests(['one-mb']), BUILD_LIMIT_MS);

    /** With the times of a flash chip: an update is mostly erasing and programming, as on a real board. */
    const start = (): AppInside => {
      const app = new AppInside(readFirmware('one-mb'), { flashTiming: 'silicon' });
      app.until(() => app.console.includes('server started'), 'server started', 1_000);
      return app;
    };

    it(
      'three of them, one never read, cost an update less than a tenth of its time, and the two others lose nothing',
      () => {
        const alone = start().upload(image, UPLOAD_LIMIT_MS);
        const app = start();
        const streams = [app.events(), app.events()] as const;
        app.deafEvents();
        const withThree = app.upload(image, UPLOAD_LIMIT_MS);
        app.until(() => streams[0].some(({ data }) => data.includes('restarting')), 'the last line', 1_000);
        app.until(() => /restarting.*\n/.test(app.console), 'the console', 1_000);

        expect([alone.answer.status, withThree.answer.status]).toEqual([200, 200]);
        expect(withThree.tookMs).toBeLessThan(alone.tookMs * 1.1);

        const [a, b] = streams;
        for (const events of streams) {
          expect(events.map(({ id }) => id)).toEqual(events.map((_, i) => events[0]!.id + i));
          const progress = events.filter(({ name }) => name === 'progress').map(({ data }) => data);
          expect(progress.length).toBeGreaterThan(20);
          expect(progress.at(-1)).toBe('{"progress":100,"status":"installed"}');
        }
        expect(b).toEqual(a.slice(-b.length));

        // The console and the log events are the same lines in the same order.
        const logLines = a.filter(({ name }) => name === 'log').map(({ data }) => data);
        const consoleLines = app.console.split('\n');
        const begin = consoleLines.indexOf(logLines[0]!);
        expect(logLines.length).toBeGreaterThan(1);
        expect(consoleLines.slice(begin, begin + logLines.length)).toEqual(logLines);
      },
      LIMIT_MS,
    );
  },
);
