import { describe, expect, test } from '@jest/globals';
import { layoutByName } from '../../protocol/layouts';
import { otaDataFor, parseOtaData } from '../../protocol/otadata';
import { otaSlots } from '../../protocol/partition-table';
import { MATCHERS } from './index';

expect.extend(MATCHERS);

const answer = (status: number, error?: string) => ({
  ...{ status, reason: 'Why', error, headers: {} },
  body: error === undefined ? '{}' : JSON.stringify({ error }),
});

const stream = (reports: readonly (readonly [number, string])[], log: readonly string[] = []) => ({
  progress: reports.map(([progress, status], position) => ({
    ...{ position, progress, status, statusText: status, error: status === 'failed' ? 'stalled' : undefined },
  })),
  log: log.map((text) => ({ text, droppedLines: undefined })),
});

const LAYOUT = layoutByName('one-mb');
const state = (slotIndex: number, partitions: Readonly<Record<string, string>>) => ({
  bootSlot: `ota_${slotIndex}`,
  otadata: parseOtaData(otaDataFor(slotIndex)),
  slots: {},
  partitions,
});

/** A board of which only the flash is looked at: what it was, what it is. */
const board = (before: object, now: object, running = 'ota_0', lines: readonly string[] = []) => ({
  rig: {},
  before,
  slots: otaSlots(LAYOUT.partitions),
  lines: lines.map((text) => ({ text, isCut: false })),
  flashState: () => Promise.resolve(now),
  reset: () => Promise.resolve(),
  dut: { profile: { statusPath: '/status' }, status: () => Promise.resolve({ running }) },
});

/** What a matcher says when it fails. */
function complaint(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return plain(error);
  }
  throw new Error('the matcher passed');
}

async function complaintOf(work: () => unknown): Promise<string> {
  try {
    await work();
  } catch (error) {
    return plain(error);
  }
  throw new Error('the matcher passed');
}

function plain(error: unknown): string {
  // eslint-disable-next-line no-control-regex
  return (error as Error).message.replaceAll(/\u001b\[\d+m/g, '');
}

describe('toHaveAnswered', () => {
  test('wants the status', () => {
    expect(answer(200)).toHaveAnswered(200);
    expect(answer(404)).not.toHaveAnswered(200);
  });

  test('shows both sides', () => {
    expect(complaint(() => expect(answer(404, 'not_found')).toHaveAnswered(200))).toBe(
      'expect(answer).toHaveAnswered(200)\n\n' +
        'Expected: an answer with status 200\nReceived: 404 Why {"error":"not_found"}',
    );
  });

  test('says why there is no answer', () => {
    const cut = { answer: undefined, noAnswer: 'reset', sentBytes: 5, ended: 'reset' };
    expect(complaint(() => expect(cut).toHaveAnswered(200))).toContain('Received: no answer: reset');
  });

  test('takes answers only', () => {
    expect(complaint(() => expect(17).toHaveAnswered(200))).toContain('an answer of the device is wanted');
  });
});

describe('toHaveRefused', () => {
  test('wants code and status', () => {
    expect(answer(400, 'wrong_slot')).toHaveRefused('wrong_slot');
    expect(answer(413, 'too_large')).toHaveRefused('too_large');
    expect(answer(400, 'too_large')).not.toHaveRefused('too_large');
    expect(answer(400, 'bad_magic')).not.toHaveRefused('wrong_slot');
    expect(answer(200)).not.toHaveRefused('wrong_slot');
  });

  test('shows both sides', () => {
    const text = complaint(() => expect(answer(400, 'bad_magic')).toHaveRefused('wrong_slot'));
    expect(text).toContain('Expected: a refusal: 400 {"error":"wrong_slot"}');
    expect(text).toContain('Received: 400 Why {"error":"bad_magic"}');
  });

  test('knows no code that the contract does not', () => {
    expect(complaint(() => expect(answer(400)).toHaveRefused('nope' as 'busy'))).toContain(
      'one of bad_magic',
    );
  });
});

describe('toReportProgress', () => {
  const good = [
    [0, 'receiving'],
    [50, 'receiving'],
    [95, 'verifying'],
    [100, 'installed'],
  ] as const;

  test('takes a course that rises from beginning to end', () => {
    expect(stream(good)).toReportProgress({ from: 0, to: 100, monotonic: true, status: 'installed' });
    expect(stream(good)).toReportProgress();
    expect(stream([[0, 'failed']])).toReportProgress({ status: 'failed', error: 'stalled' });
  });

  test.each([
    ['nothing', [], {}, 'no progress was reported at all'],
    [
      'a fall',
      [
        [5, 'receiving'],
        [4, 'receiving'],
      ],
      {},
      'it falls from 5 to 4, report 2',
    ],
    ['a late beginning', [[9, 'receiving']], { from: 0 }, 'the first report says 9'],
    ['an early end', [[95, 'verifying']], { to: 100 }, 'the last report says 95'],
    ['another status', [[95, 'failed']], { status: 'installed' }, "the last report's status is failed"],
    ['another error', [[95, 'failed']], { error: 'busy' }, "the last report's error is stalled"],
    ['no percentage', [[101, 'receiving']], {}, '101 is no percentage'],
  ] as const)('names %s', (_what, reports, wish, text) => {
    expect(stream(reports)).not.toReportProgress(wish);
    expect(complaint(() => expect(stream(reports)).toReportProgress(wish))).toContain(text);
  });

  test('may be told that it falls', () => {
    expect(
      stream([
        [5, 'receiving'],
        [0, 'receiving'],
      ]),
    ).toReportProgress({ monotonic: false });
  });
});

describe('toHaveLogged', () => {
  const lines = ['\u001b[0;32mI (5) app: ready\u001b[0m', 'second'];

  test('looks through a board’s console and through a stream’s log', () => {
    expect(board({}, {}, '', lines)).toHaveLogged(/^I \(\d+\) app: ready$/g);
    expect(stream([], lines)).toHaveLogged('app: ready');
    expect(board({}, {}, '', lines)).not.toHaveLogged('third');
  });

  test('shows what was there', () => {
    const text = complaint(() => expect(stream([], lines)).toHaveLogged(/third/));
    expect(text).toContain('Expected: a line of the event stream with /third/');
    expect(text).toContain('2 lines, the last of them:');
    expect(complaint(() => expect(stream([])).toHaveLogged('x'))).toContain('no line at all');
  });
});

describe('toMatchSerialLog', () => {
  const said = ['one line here', 'two lines here', 'three lines here', 'four lines here'];
  const on = (lines: readonly string[]) => ({ board: board({}, {}, '', lines) as never });

  test('takes what is the same, begun later or ended earlier too', async () => {
    await expect(stream([], said)).toMatchSerialLog(on(said));
    await expect(stream([], said.slice(1, 3))).toMatchSerialLog(on(said));
  });

  test('waits for a console that is behind the stream', async () => {
    let looks = 0;
    const slow = {
      get lines() {
        looks += 1;
        return said.slice(0, looks).map((text) => ({ text, atMs: 0 }));
      },
    };
    await expect(stream([], said)).toMatchSerialLog({ board: slow as never });
    expect(looks).toBe(said.length);
  });

  test.each([
    ['a lost line', [said[0]!, said[2]!, said[3]!], "lost: 'two lines here'"],
    ['a doubled line', [said[0]!, said[1]!, said[1]!, said[2]!], "came twice: 'two lines here'"],
    ['a cut line', [said[0]!, 'two lin', said[2]!], "cut: 'two lin' of 'two lines here'"],
    [
      'a line of its own',
      [said[0]!, 'never said at all', said[1]!],
      "never on the console: 'never said at all'",
    ],
    ['no line in common', [], '0 lines in common, 1 wanted'],
    [
      'a last line of its own',
      [said[0]!, said[1]!, 'never said at all'],
      "never on the console: 'never said at all'",
    ],
  ])('names %s', async (_what, heard, text) => {
    await expect(stream([], heard)).not.toMatchSerialLog(on(said));
    expect(await complaintOf(() => expect(stream([], heard)).toMatchSerialLog(on(said)))).toContain(text);
  });
});

describe('toHaveUnchangedFlash', () => {
  const before = state(0, { nvs: 'a', ota_1: 'b', otadata: 'c' });

  test('compares each partition', async () => {
    await expect(board(before, before)).toHaveUnchangedFlash();
    const after = state(1, { nvs: 'a', ota_1: 'x', otadata: 'y' });
    await expect(board(before, after)).not.toHaveUnchangedFlash();
    await expect(board(before, after)).not.toHaveUnchangedFlash({ except: ['ota_1'] });
    await expect(board(before, after)).toHaveUnchangedFlash({ except: ['ota_1', 'otadata'] });
  });

  test('names what changed, and into what', async () => {
    const after = state(1, { nvs: 'a', ota_1: 'x', otadata: 'y' });
    const text = await complaintOf(() =>
      expect(board(before, after)).toHaveUnchangedFlash({ except: ['ota_1'] }),
    );
    expect(text).toContain('Received: changed: otadata');
    expect(text).toContain('otadata: c became y');
    expect(text).toContain('boot slot: ota_0 then, ota_1 now');
  });

  test('knows the partitions of the layout', async () => {
    const work = () => expect(board(before, before)).toHaveUnchangedFlash({ except: ['ota_7'] });
    expect(await complaintOf(work)).toContain('partitions of this layout (nvs, ota_1, otadata) is wanted');
  });
});

describe('toBootFrom', () => {
  test('reads the record in flash', async () => {
    await expect(board({}, state(1, {}))).toBootFrom('ota_1');
    await expect(board({}, state(0, {}))).not.toBootFrom('ota_1');
  });

  test('sees to it after a reset', async () => {
    await expect(board({}, state(1, {}), 'ota_1')).toBootFrom('ota_1', { afterReset: true });
    await expect(board({}, state(1, {}), 'ota_0')).not.toBootFrom('ota_1', { afterReset: true });
  });

  test('shows the records, and refuses a slot that is none', async () => {
    const text = await complaintOf(() => expect(board({}, state(0, {}))).toBootFrom('ota_1'));
    expect(text).toContain('the flash says ota_0');
    expect(text).toContain('otadata: 1 | blank');
    const other = () => expect(board({}, state(0, {}))).toBootFrom('main');
    expect(await complaintOf(other)).toContain('a slot of this layout (ota_0, ota_1) is wanted');
  });
});
