import { afterEach, describe, expect, it } from '@jest/globals';
import { RealClock } from '../core/clock';
import { EventBus } from '../core/events';
import { memoryPort } from '../port/memory-port';
import type { MemoryPort } from '../port/memory-port';
import { until } from '../port/port.contract';
import { recordingBoard } from '../port/testkit/recording-board';
import type { RecordingBoard } from '../port/testkit/recording-board';
import { Console } from './console';
import type { ConsoleOptions } from './console';
import { deadlineOf } from './testkit/deadlines';
import { QUICK_RECIPES } from './testkit/quick-recipes';

const opened: { console: Console; link: MemoryPort }[] = [];
afterEach(async () => {
  for (const { console, link } of opened.splice(0)) {
    console[Symbol.dispose]();
    await link.close();
  }
});

interface Bench {
  readonly board: RecordingBoard;
  readonly link: MemoryPort;
  readonly console: Console;
  readonly says: (text: string, baud?: number) => void;
  readonly events: string[];
}

async function bench(options: Partial<ConsoleOptions> & { readonly baud?: number } = {}): Promise<Bench> {
  const board = recordingBoard();
  const link = memoryPort(board.line, { baud: options.baud ?? 115200 });
  await link.open();
  const clock = new RealClock();
  const bus = new EventBus(clock);
  const events: string[] = [];
  bus.on((event) => events.push(event.name));
  const console = new Console({ link, clock, bus, ...options });
  opened.push({ console, link });
  return { board, link, console, events, says: (text, baud = 115200) => board.send(Buffer.from(text), baud) };
}

describe('expecting on the console', () => {
  it('finds what has already come', async () => {
    const { console, says } = await bench();
    says('I (10) app: one\r\nI (20) app: two\r\n');
    await until(() => console.lines.length === 2);
    const found = await console.expect(/app: (\w+)/, deadlineOf(1000));
    expect(found.match[1]).toBe('one');
    expect((await console.expect(/app: (\w+)/, deadlineOf(1000))).match[1]).toBe('two');
  });

  it('waits for what has not, with the time of its last byte', async () => {
    const { console, says } = await bench();
    const beforeMs = performance.now();
    const waiting = console.expect('ready.', deadlineOf(2000));
    says('rea');
    await until(() => console.mark() === 3);
    const betweenMs = performance.now();
    says('dy.');
    const found = await waiting;
    expect(found.atMs).toBeGreaterThanOrEqual(betweenMs);
    expect(beforeMs).toBeLessThan(betweenMs);
  });

  it('takes text literally and a mark as the place to begin', async () => {
    const { console, says } = await bench();
    says('value (a.b) value (a.b)');
    await until(() => console.mark() > 10);
    const first = await console.expect('(a.b)', deadlineOf(1000));
    await console.expect('(a.b)', deadlineOf(1000));
    expect((await console.expect('(a.b)', deadlineOf(1000), { since: 0 })).end).toBe(first.end);
  });

  it('sees lines through colours, carriage returns and cut pieces', async () => {
    const { console, says } = await bench();
    says('\x1b[0;3');
    says('2mI (1) app: gr');
    says('ün\x1b[0m\r\n');
    expect((await console.expect(/^I \(1\) app: (.*)$/, deadlineOf(1000))).match[1]).toBe('grün');
  });

  it('says what was seen last when the time is up', async () => {
    const { console, says } = await bench();
    says('I (5) app: nothing special\n');
    await expect(console.expect('never', deadlineOf(60))).rejects.toMatchObject({
      code: 'ESPRIG_DEADLINE',
      message: expect.stringMatching(/never on the console.*last seen: I \(5\) app: nothing special/),
      evidence: [{ title: 'last console lines', lines: ['I (5) app: nothing special'] }],
    });
  });

  it.each([
    [
      "Guru Meditation Error: Core  0 panic'ed (LoadProhibited). Exception was unhandled.\r\n",
      'ESPRIG_DUT_CRASH',
    ],
    ['Fatal exception (29): \r\n', 'ESPRIG_DUT_CRASH'],
    ['abort() was called at PC 0x40212345 on core 0\r\n', 'ESPRIG_DUT_CRASH'],
    ['\r\n ets Jan  8 2013,rst cause:4, boot mode:(3,6)\r\n', 'ESPRIG_DUT_WATCHDOG'],
    ['\r\n ets Jan  8 2013,rst cause:2, boot mode:(3,6)\r\n', 'ESPRIG_DUT_RESET'],
    ['csum err\r\n', 'ESPRIG_DUT_BOOT_FAILED'],
  ])('fails at once at %j', async (text, code) => {
    const { console, says } = await bench();
    const startMs = performance.now();
    const waiting = console.expect('never', deadlineOf(5000));
    says(text);
    await expect(waiting).rejects.toMatchObject({ code, blame: 'dut' });
    expect(performance.now() - startMs).toBeLessThan(1000);
  });

  it('still finds what came before a crash, and goes on when told to', async () => {
    const { console, says } = await bench();
    says('done\nabort() was called at PC 0x40212345 on core 0\nafterwards\n');
    await until(() => console.lines.length === 3);
    await console.expect('done', deadlineOf(1000));
    await expect(console.expect('later', deadlineOf(1000))).rejects.toMatchObject({
      code: 'ESPRIG_DUT_CRASH',
    });
    await console.expect('afterwards', deadlineOf(1000), { evenIfItDies: true });
  });

  it('does not take a fault that the program survives for a crash', async () => {
    const { console, says } = await bench();
    says('ESP_ERROR_CHECK_WITHOUT_ABORT failed: esp_err_t 0x102 at 0x40212345\nalive\n');
    await console.expect('alive', deadlineOf(1000));
    expect(console.incidents).toEqual([]);
  });

  it('ends when the cable is pulled', async () => {
    const { console, link } = await bench();
    const waiting = console.expect('never', deadlineOf(5000));
    link.unplug();
    await expect(waiting).rejects.toMatchObject({ code: 'ESPRIG_PORT_UNPLUGGED' });
  });

  it('refuses a pattern of absurd length', async () => {
    const { console } = await bench();
    await expect(console.expect('x'.repeat(2000), deadlineOf(100))).rejects.toMatchObject({
      code: 'ESPRIG_USAGE',
    });
  });

  it('stays bounded when a board sends megabytes without a line end', async () => {
    const { console, board } = await bench();
    for (let i = 0; i < 100; i++) board.send(new Uint8Array(100_000).fill(0x41), 115200);
    await until(() => console.mark() === 10_000_000);
    expect(console.textSince(0, Infinity).length).toBeLessThanOrEqual(2 << 20);
    expect(console.lines.length).toBeGreaterThan(1000);
    board.send(Buffer.from('\nend'), 115200);
    await console.expect('end', deadlineOf(2000));
  });
});

describe('the line between its users', () => {
  it('is lent to one borrower, who is named to everyone else', async () => {
    const { console, says } = await bench();
    const waiting = console.expect('never', deadlineOf(5000));
    waiting.catch(() => undefined);
    const result = await console.borrow('the flasher', async (link) => {
      await expect(console.send('x')).rejects.toMatchObject({
        code: 'ESPRIG_LINE_BORROWED',
        message: expect.stringContaining('the flasher'),
      });
      await expect(console.expect('x', deadlineOf(100))).rejects.toMatchObject({
        code: 'ESPRIG_LINE_BORROWED',
      });
      await expect(console.borrow('another', () => Promise.resolve())).rejects.toMatchObject({
        code: 'ESPRIG_LINE_BORROWED',
      });
      await link.setBaud(460800);
      return 42;
    });
    expect(result).toBe(42);
    await expect(waiting).rejects.toMatchObject({ code: 'ESPRIG_LINE_BORROWED' });
    expect(console.link.baud).toBe(115200);
    says('back\n');
    await console.expect('back', deadlineOf(1000));
  });

  it('keeps the bytes of a borrower apart from the console text', async () => {
    const { console, says } = await bench();
    await console.borrow('the flasher', async () => {
      says('\xc0binary\xc0');
      await until(() => console.capture.length === 1);
    });
    expect(console.capture[0]?.borrower).toBe('the flasher');
    expect(console.textSince(0)).toBe('');
  });

  it('comes back when the borrower fails', async () => {
    const { console, says } = await bench();
    await expect(console.borrow('the flasher', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    says('back\n');
    await console.expect('back', deadlineOf(1000));
  });

  it('keeps raw bytes with their times and the rate they came at', async () => {
    const { console, says } = await bench();
    says('abc');
    await until(() => console.capture.length === 1);
    expect(console.capture[0]).toMatchObject({ baud: 115200, borrower: undefined });
    expect(Buffer.from(console.capture[0]!.bytes).toString()).toBe('abc');
    expect(console.capture[0]!.atMs).toBeLessThanOrEqual(performance.now());
  });
});

describe('following the rate', () => {
  const BANNER =
    '\r\n ets Jan  8 2013,rst cause:2, boot mode:(3,6)\r\n\r\nload 0x40100000, len 5860, room 16 \r\ntail 4\r\n';
  const APP = 'I (231) app_main: the application has started and goes on to say so\r\n'.repeat(3);

  it('listens at the rate of the ROM before reset is released, then changes over to the app', async () => {
    const { console, board, says } = await bench();
    board.line.setLines({ dtr: false, rts: false });
    const reset = console.reset(QUICK_RECIPES.app[0]!, deadlineOf(2000));
    await until(() => board.lineLog.at(-1)?.rts === true);
    expect(board.hostBaud()).toBe(74880);
    await reset;
    says(BANNER, 74880);
    await console.expect(/boot mode:\(3,6\)/, deadlineOf(1000));
    // The switch needs some garbage to go by; what follows is read.
    says(APP, 115200);
    await until(() => console.link.baud === 115200);
    says('I (300) app_main: listening on port 80\r\n');
    await console.expect('listening on port 80', deadlineOf(1000));
    expect(console.incidents).toEqual([]);
  });

  it('finds its way back when the board resets by itself', async () => {
    const { console, says } = await bench();
    says(BANNER + BANNER + BANNER, 74880);
    await until(() => console.link.baud === 74880);
    const waiting = console.expect('never', deadlineOf(3000));
    waiting.catch(() => undefined);
    says(BANNER, 74880);
    await expect(waiting).rejects.toMatchObject({ code: 'ESPRIG_DUT_RESET' });
  });

  describe('when the rate of the app costs the banner of a reset', () => {
    const ROM =
      '\r\n ets Jan  8 2013,rst cause:4, boot mode:(3,6)\r\n\r\nload 0x40100000, len 7544, room 16 \r\n' +
      '0x40100000: tail 8\r\nload 0x3ffe8408, len 24, room 0 \r\ntail 8\r\nload 0x3ffe8420, len 3644, room 0 \r\n' +
      'tail 12\r\nchksum 0xe3\r\n';
    const LOADER =
      '\x1b[0;32mI (41) boot: ESP-IDF v3.4 2nd stage bootloader\x1b[0m\r\n' +
      '\x1b[0;32mI (118) esp_image: segment 0: paddr=0x00010010 size=0x42cb4 map\x1b[0m\r\n'.repeat(3);

    /** In pieces as a USB adapter hands them over. */
    async function saysIn(pieceBytes: number, { board }: Bench, text: string, baud: number): Promise<void> {
      const bytes = Buffer.from(text);
      for (let at = 0; at < bytes.length; at += pieceBytes) {
        board.send(bytes.subarray(at, at + pieceBytes), baud);
        await new Promise((resolve) => setImmediate(resolve));
      }
    }

    /** The app at its rate, a reset by itself, the app again. */
    async function restart(pieceBytes: number, on: Bench, rom = ROM): Promise<void> {
      await saysIn(pieceBytes, on, APP, 115200);
      await saysIn(pieceBytes, on, rom + LOADER, 74880);
      await saysIn(pieceBytes, on, APP.repeat(2), 115200);
      await until(() => on.console.link.baud === 115200);
    }

    const UNREAD = /reset by itself.*cause could not be read/;
    it.each([
      // Early enough for the end of the banner.
      [16, 'ESPRIG_DUT_WATCHDOG', /watchdog/],
      [32, 'ESPRIG_DUT_RESET', UNREAD],
      [62, 'ESPRIG_DUT_RESET', UNREAD],
      [128, 'ESPRIG_DUT_RESET', UNREAD],
    ])('its boot log tells of it, once, in pieces of %i bytes', async (pieceBytes, code, message) => {
      const on = await bench();
      const waiting = on.console.expect('never', deadlineOf(5000));
      waiting.catch(() => undefined);
      await restart(pieceBytes, on);
      await expect(waiting).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
      expect(on.console.incidents).toHaveLength(1);
      await restart(pieceBytes, on);
      expect(on.console.incidents).toHaveLength(2);
    });

    it('a wanted reset is spent all the same, and the next one is told', async () => {
      const on = await bench();
      on.console.allowResets(1);
      await restart(32, on);
      expect(on.console.incidents).toEqual([]);
      await restart(32, on);
      expect(on.console.incidents).toMatchObject([{ code: 'ESPRIG_DUT_RESET' }]);
    });

    it('what the ROM says of a watchdog is as good as the banner', async () => {
      const on = await bench();
      await restart(32, on, `${ROM.slice(0, 52)}${' '.repeat(60)}\r\nwdt reset\r\n${ROM.slice(52)}`);
      expect(on.console.incidents).toMatchObject([{ code: 'ESPRIG_DUT_WATCHDOG' }]);
    });

    it('counts once where the banner comes through as well', async () => {
      const on = await bench();
      const noise = '\r\n'.padEnd(200, 'noise of the supply ');
      await restart(32, on, noise + ROM);
      expect(on.console.incidents).toMatchObject([{ code: 'ESPRIG_DUT_WATCHDOG' }]);
    });

    it('takes nothing for a reset that an app says at either rate', async () => {
      const on = await bench();
      const words = 'tail 4\r\nload 0x40100000, len 1, room 1\r\nI (9) boot: my own tag\r\n';
      await saysIn(32, on, APP + words + APP, 115200);
      await saysIn(32, on, APP + APP + APP + words, 74880);
      await saysIn(32, on, APP.repeat(3) + words, 115200);
      expect(on.console.incidents).toEqual([]);
    });
  });

  it('stays where it is told to stay', async () => {
    const { console, says } = await bench({ fixedBaud: true });
    says(BANNER.repeat(10), 74880);
    await until(() => console.capture.length > 0);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(console.link.baud).toBe(115200);
  });

  it('gives up on a board that sends no text at any rate', async () => {
    const { console, board, events } = await bench();
    for (let i = 0; i < 100; i++) {
      board.send(new Uint8Array(64).fill(0x80), console.link.baud);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(events.filter((name) => name === 'console-baud').length).toBeLessThanOrEqual(6);
  });
});
