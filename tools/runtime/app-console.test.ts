import { beforeAll, describe, expect, it } from '@jest/globals';
import { readVectors } from '../firmware/vectors';
import { readFirmware } from './testkit/app-board';
import { buildForTests, runtimeMissing } from './testkit/app-build';
import { AppInside } from './testkit/app-inside';

/** Commands on the serial console of the app (docs/dut-contract.md, section 10), in virtual time. */
const missing = runtimeMissing();
const BUILD_LIMIT_MS = 240_000;
const LIMIT_MS = 120_000;
const BAUD = 74_880;
/** Of an emulated board at 74880 baud: what is printed has left by then. */
const SETTLE_NANOS = 300e6;
const HELP = ['help', 'say TEXT', 'line N', 'wide N', 'burst N', 'status', 'restart'];

/** What esptool sends at a board to see whether its loader listens. */
const SYNC = [0xc0, 0, 8, 36, 0, 0, 0, 0, 0, 7, 7, 18, 32, ...Array.from({ length: 32 }, () => 0x55), 0xc0];

(missing === undefined ? describe : describe.skip)(
  `commands on the console of the app${missing === undefined ? '' : ` (skipped: ${missing})`}`,
  () => {
    beforeAll(() => buildForTests(['one-mb']), BUILD_LIMIT_MS);

    const start = (config = {}): AppInside => {
      const app = new AppInside(readFirmware('one-mb'), config);
      app.until(() => app.console.includes('server started'), 'server started', 1_000);
      app.board.runFor(SETTLE_NANOS);
      return app;
    };
    const type = (app: AppInside, bytes: Iterable<number>): void => {
      for (const byte of bytes) {
        if (!app.board.receiveByte(byte, BAUD)) throw new Error('the board takes no more bytes');
      }
    };
    /** Types, and answers the lines of the console's tag, without time and tag, once it is quiet. */
    const answer = (app: AppInside, typed: string | Iterable<number>): readonly string[] => {
      const from = app.console.length;
      type(app, typeof typed === 'string' ? Buffer.from(typed) : typed);
      let length: number;
      do {
        length = app.console.length;
        app.board.runFor(SETTLE_NANOS);
      } while (app.console.length > length);
      const said = Buffer.from(app.console.slice(from), 'latin1').toString().split('\n');
      return said.flatMap((line) => /^[WI] \(\d+\) console: (.*)$/.exec(line)?.slice(1) ?? []);
    };

    it(
      'vectors:commands print what they are to, and no more',
      () => {
        const app = start();
        for (const [name, typed, printed] of readVectors('commands')) {
          const wanted = printed!.length === 0 ? [] : printed!.toString().split('\n');
          const said = answer(app, typed!);
          const isAny = wanted.length === 1 && wanted[0] === '?';
          expect([name!.toString(), isAny ? said.length : said]).toEqual([
            name!.toString(),
            isAny ? 1 : wanted,
          ]);
        }
        expect(app.status().running).toBe('ota_0');
      },
      LIMIT_MS,
    );

    it(
      'it tells what it knows, and how much memory is left',
      () => {
        const app = start();
        const help = answer(app, 'help\n').slice(1);
        expect(help.map((line) => line.split(':')[0])).toEqual(HELP);
        expect(answer(app, 'status\n')[1]).toMatch(/^heap \d+, lowest \d+, stack \d+ left$/);
      },
      LIMIT_MS,
    );

    it(
      'two commands at once are obeyed one after the other, however long the first one prints',
      () => {
        const app = start();
        const said = answer(app, 'burst 40\nsay later\n');
        expect(said).toHaveLength(43);
        expect(said.slice(-2)).toEqual(['> say later', 'later']);
      },
      LIMIT_MS,
    );

    it(
      'every byte of the longest lines is the one that belongs there',
      () => {
        const app = start();
        const ruler = Array.from({ length: 150 }, (_, i) => `${String(4 * i).padStart(3, '0')} `).join('');
        expect(answer(app, 'line 600\n')).toEqual(['> line 600', ruler]);
        expect(answer(app, 'line 1\n')).toEqual(['> line 1', '0']);
        const wide = Array.from({ length: 199 }, (_, i) => String.fromCharCode(0x2800 + i)).join('');
        expect(answer(app, 'wide 599\n')).toEqual(['> wide 599', `..${wide}`]);
      },
      LIMIT_MS,
    );

    it(
      'what it refuses it says why',
      () => {
        const app = start();
        expect(answer(app, 'hello\n')).toEqual(['no such command; try help']);
        expect(answer(app, 'line 601\n')).toEqual(['line wants a number from 1 to 600']);
        expect(answer(app, 'burst\n')).toEqual(['burst wants a number from 1 to 500']);
        expect(answer(app, 'say\n')).toEqual(['say wants TEXT']);
        expect(answer(app, 'status now\n')).toEqual(['status wants nothing behind it']);
      },
      LIMIT_MS,
    );

    it(
      'noise does no harm, spoils the line that it stands in, and no more',
      () => {
        const app = start();
        expect(answer(app, [...SYNC, ...SYNC, ...SYNC])).toEqual([]);
        expect(answer(app, 'say lost\nsay kept\n')).toEqual(['> say kept', 'kept']);
        const noise = Array.from({ length: 2_000 }, (_, i) => (Math.imul(i + 1, 0x9e3779b1) >>> 13) & 0xff);
        for (let at = 0; at < noise.length; at += 100) {
          const said = answer(app, noise.slice(at, at + 100));
          expect(said.filter((line) => line !== 'no such command; try help')).toEqual([]);
        }
        expect(answer(app, '\nsay kept\n')).toEqual(['> say kept', 'kept']);
        expect(app.status().running).toBe('ota_0');
      },
      LIMIT_MS,
    );

    it(
      'more input than there is room for is lost, and the console goes on',
      () => {
        const app = start();
        // A burst of 100 lines keeps its task busy; meanwhile FIFO and buffer hold 288 bytes.
        const said = answer(app, `burst 100\n${'say more and more\n'.repeat(40)}`);
        const more = said.filter((line) => line === 'more and more').length;
        expect(more).toBeGreaterThanOrEqual(10);
        expect(more).toBeLessThan(40);
        expect(answer(app, '\nsay kept\n')).toEqual(['> say kept', 'kept']);
      },
      LIMIT_MS,
    );

    it(
      '`restart` starts the app anew',
      () => {
        const app = start();
        type(app, Buffer.from('restart\n'));
        app.until(() => app.console.includes('> restart'), 'the command', 1_000);
        const from = app.console.length;
        app.until(() => app.console.includes('server started', from), 'started anew', 5_000);
        app.board.runFor(SETTLE_NANOS);
        expect(answer(app, 'say again\n')).toEqual(['> say again', 'again']);
      },
      LIMIT_MS,
    );

    it(
      'lines of a burst are on the stream or told as dropped at their place, in order, none twice',
      () => {
        const app = start({ fastWire: true });
        const events = app.events();
        const printed = answer(app, 'burst 100\n');
        expect(printed).toHaveLength(101);
        answer(app, 'say end\n');
        const seen = events
          .map(({ data }) => data)
          .slice(events.findIndex(({ data }) => /> burst/.test(data)));
        let next = 1;
        let dropped = 0;
        for (const line of seen) {
          const lost = /^\u2026 (\d+) lines? dropped$/.exec(line)?.[1];
          const number = /console: burst (\d+) of 100$/.exec(line)?.[1];
          if (lost !== undefined) {
            next += Number(lost);
            dropped += Number(lost);
          } else if (number !== undefined) {
            expect(Number(number)).toBe(next);
            next += 1;
          }
        }
        expect(next).toBe(101);
        expect(dropped).toBeGreaterThan(20);
        expect(seen.at(-1)).toMatch(/end$/);
      },
      LIMIT_MS,
    );
  },
);
