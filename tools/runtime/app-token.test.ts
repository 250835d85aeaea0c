import { beforeAll, describe, expect, it } from '@jest/globals';
import { readFirmware } from './testkit/app-board';
import { buildForTests, runtimeMissing } from './testkit/app-build';
import { AppInside } from './testkit/app-inside';

/** The app and the token in its NVS: one that cannot be used must not leave the device open to everybody. */
const missing = runtimeMissing();
const LAYOUT = 'one-mb';
const BUILD_LIMIT_MS = 240_000;
const LIMIT_MS = 60_000;
const BAUD = 74_880;
const STATUS = 'GET /status HTTP/1.1\r\nHost: d\r\n';
const NOT_STARTED =
  'E main: server not started: the token in NVS cannot be used; write one of 1 to 64 bytes, or erase it';

(missing === undefined ? describe : describe.skip)(
  `the token in NVS of the app on the open runtime${missing === undefined ? '' : ` (skipped: ${missing})`}`,
  () => {
    beforeAll(() => buildForTests([LAYOUT]), BUILD_LIMIT_MS);

    const start = (settings: Readonly<Record<string, string>>): AppInside => {
      const app = new AppInside(readFirmware(LAYOUT), {}, settings);
      app.until(() => /server (not )?started/.test(app.console), 'a word of the server', 5_000);
      app.board.runFor(100e6);
      return app;
    };
    const withoutTimes = (app: AppInside): string => app.console.replaceAll(/ \(\d+\)/g, '');
    const status = (app: AppInside, header = ''): number =>
      app.ask(`${STATUS}${header}\r\n`, undefined, 2_000).status;

    it(
      'of 64 bytes is asked for',
      () => {
        const token = 'x'.repeat(64);
        const app = start({ token });
        expect(app.console).toContain('server started, with a token');
        expect([status(app), status(app, `Authorization: Bearer ${token}\r\n`)]).toEqual([401, 200]);
      },
      LIMIT_MS,
    );

    it(
      'that is not there is not asked for',
      () => {
        const app = start({ psk: '' });
        expect(app.console).toMatch(/server started\n/);
        expect(status(app)).toBe(200);
      },
      LIMIT_MS,
    );

    it.each([
      ['of 65 bytes', 'x'.repeat(65)],
      ['of more than a page', 'x'.repeat(600)],
      ['of no bytes', ''],
    ])(
      '%s: nobody is served, the console says why, and goes on',
      (_what, token) => {
        const app = start({ token });
        expect(withoutTimes(app)).toContain(NOT_STARTED);
        expect(app.console).not.toContain('server started');
        expect(() => status(app)).toThrow(/refused/);
        for (const byte of Buffer.from('say here\n')) {
          expect(app.board.receiveByte(byte, BAUD)).toBe(true);
          app.board.runFor(1e6);
        }
        app.until(() => app.console.includes('console: here'), 'the console', 2_000);
      },
      LIMIT_MS,
    );
  },
);
