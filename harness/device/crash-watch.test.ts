import { describe, expect, it } from '@jest/globals';
import { CrashWatch, type Incident } from './crash-watch';

const BACKTRACE = 'Backtrace: 0x40212345:0x3ffea5b0 0x4021230a:0x3ffea5d0 ';
const BANNER = ' ets Jan  8 2013,rst cause:4, boot mode:(3,6)';

/** What the lines of a console are taken for, one after the other. */
function incidentsOf(watch: CrashWatch, ...lines: readonly string[]): Incident[] {
  return lines.flatMap((line, at) => watch.feedLine(line, at) ?? []);
}

describe('a crash', () => {
  it('is told by a stack that runs over its watchpoint, once, and before the reset that follows', () => {
    const watch = new CrashWatch();
    expect(
      incidentsOf(watch, 'Stack canary watchpoint triggered (uiT)', '', BACKTRACE, BANNER),
    ).toMatchObject([
      { code: 'ESPRIG_DUT_CRASH', text: 'stack overflow in task uiT', atMs: 0 },
      { code: 'ESPRIG_DUT_WATCHDOG' },
    ]);
    expect(watch.panics).toMatchObject([{ kind: 'stack-overflow', backtrace: [{ pc: 0x40212345 }, {}] }]);
  });

  it('is told by a backtrace alone', () => {
    expect(incidentsOf(new CrashWatch(), 'I (12) app: hello', '', BACKTRACE, BANNER)).toMatchObject([
      { code: 'ESPRIG_DUT_CRASH', text: 'panic: unknown reason at 0x40212345' },
      { code: 'ESPRIG_DUT_WATCHDOG' },
    ]);
  });

  it.each([
    "Guru Meditation Error: Core  0 panic'ed (LoadProhibited). Exception was unhandled.",
    'Fatal exception (29): ',
    'abort() was called at PC 0x40212345 on core 0',
    '***ERROR*** A stack overflow in task uiT has been detected.',
    'Stack canary watchpoint triggered (uiT)',
  ])('is told wherever in a line it breaks off the log: %s', (first) => {
    for (const half of ['', 'I (5123) app: 42 byt', '\x1b[0;32mI (5123) app: 42 byt', '\ufffd\ufffd']) {
      expect(incidentsOf(new CrashWatch(), half + first)).toMatchObject([{ code: 'ESPRIG_DUT_CRASH' }]);
    }
    expect(incidentsOf(new CrashWatch(), `W (310) crashlog: last time: ${first}`)).toEqual([]);
  });

  it('is told once, whatever its printout goes on with', () => {
    const guru =
      "I (5123) app: Guru Meditation Error: Core  0 panic'ed (LoadProhibited). Exception was unhandled.";
    const dump = ['Core 0 register dump:', 'PC      : 0x40212345  PS      : 0x00000030  ', '', BACKTRACE];
    expect(incidentsOf(new CrashWatch(), guru, ...dump)).toMatchObject([
      { code: 'ESPRIG_DUT_CRASH', text: 'panic: LoadProhibited', atMs: 1 },
    ]);
  });

  it('is none where the program goes on', () => {
    const survived = 'ESP_ERROR_CHECK_WITHOUT_ABORT failed: esp_err_t 0x102 at 0x40212345';
    expect(incidentsOf(new CrashWatch(), survived, `I (1) app: 42 byt${survived}`, 'alive')).toEqual([]);
  });
});
