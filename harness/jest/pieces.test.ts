import { describe, expect, test } from '@jest/globals';
import { ManualClock } from '../core/clock';
import { DutError, EsprigError, LinkError, RigError } from '../core/errors';
import { EventBus } from '../core/events';
import type { RunRecord } from '../report/run-record';
import { BodyLimit } from './body-limit';
import { describeFailure, judge, showWhole, unfold } from './failure';
import { missingNeeds, readNeeds } from './needs';
import { DEFAULT_BUDGETS, readProjectOptions } from './options';
import { Schedule, type Seat } from './schedule';
import { summaryLines } from './summary';
import { laneOf, Timeline } from './timeline';

describe('who must act', () => {
  const blameOf = (error: unknown) => judge([describeFailure(error)]);

  test('a failed expectation is the firmware’s', () => {
    let error: unknown;
    try {
      expect(1).toBe(2);
    } catch (thrown) {
      error = thrown;
    }
    expect(blameOf(error)).toEqual({ verdict: 'failed', blame: 'dut' });
    expect(blameOf(Object.assign(new Error('1 !== 2'), { code: 'ERR_ASSERTION' }))).toMatchObject({
      blame: 'dut',
    });
  });

  test('errors of ours say it themselves, also from within', () => {
    const crash = new DutError('ESPRIG_DUT_CRASH', 'it crashed');
    expect(blameOf(crash)).toEqual({ verdict: 'failed', blame: 'dut', code: 'ESPRIG_DUT_CRASH' });
    expect(blameOf(new Error('outer', { cause: crash }))).toMatchObject({ verdict: 'failed', blame: 'dut' });
    expect(blameOf(new RigError('ESPRIG_PORT_MISSING', 'gone'))).toMatchObject({
      verdict: 'broken',
      blame: 'rig',
    });
    const fault = Object.assign(new Error('at 0x0'), { code: 'ESPRIG_EMU_UNMAPPED' });
    expect(blameOf(fault)).toEqual({ verdict: 'broken', blame: 'harness', code: 'ESPRIG_EMU_UNMAPPED' });
  });

  test('everything else is the case’s own, whatever was thrown', () => {
    for (const thrown of [new TypeError('x is undefined'), 'a text', undefined, { odd: true }]) {
      expect(blameOf(thrown)).toEqual({ verdict: 'broken', blame: 'case' });
    }
    expect(describeFailure(undefined).message).toBe('undefined');
  });

  test('the first failure decides; nothing is a pass', () => {
    const rows = [new LinkError('ESPRIG_LINK_CLOSED', 'cut'), new TypeError('x')].map((one) =>
      describeFailure(one),
    );
    expect(judge(rows)).toMatchObject({ verdict: 'broken', blame: 'rig' });
    expect(judge([])).toEqual({ verdict: 'passed' });
  });

  test('what closing threw comes behind what the body threw', () => {
    const body = new Error('body');
    const close = new Error('close');
    const both = Object.assign(new Error('x'), { name: 'SuppressedError', error: close, suppressed: body });
    expect(unfold(both)).toEqual([body, close]);
  });

  test('code, hint and evidence stand behind the message, once', () => {
    const error = new EsprigError('ESPRIG_DEADLINE', 'boot: nothing came', {
      blame: 'rig',
      hint: 'Look at the plug.',
      evidence: [{ title: 'last console lines', lines: ['ets Jan  8 2013'] }],
    });
    showWhole(error);
    showWhole(error);
    expect(error.message).toBe(
      'boot: nothing came\n  (ESPRIG_DEADLINE, blames the rig)\n  hint: Look at the plug.\n' +
        '  last console lines:\n    ets Jan  8 2013',
    );
    expect(error.stack).toContain('ets Jan  8 2013');
  });
});

describe('what a file needs', () => {
  test('is read from one line or several, once each', () => {
    expect(readNeeds({ needs: 'power-cut, snapshot' })).toEqual(['power-cut', 'snapshot']);
    expect(readNeeds({ needs: ['power-cut', 'snapshot power-cut'] })).toEqual(['power-cut', 'snapshot']);
    expect(readNeeds({})).toEqual([]);
  });

  test('is held against what the rig can', () => {
    const rig = { name: 'bench-1', capabilities: ['reset'] };
    expect(missingNeeds(['reset'], rig)).toBeUndefined();
    expect(missingNeeds(['reset', 'power-cut'], rig)).toBe('needs power-cut; bench-1 can reset');
  });
});

describe('options of a project', () => {
  const asked = (testEnvironmentOptions: Readonly<Record<string, unknown>>) => ({
    rootDir: '/firmware',
    testEnvironmentOptions,
  });

  test('the project’s own word counts before the environment’s', () => {
    expect(readProjectOptions(asked({}), {})).toMatchObject({ rig: 'virtual-1mb', budgets: DEFAULT_BUDGETS });
    expect(readProjectOptions(asked({}), { ESPRIG_RIG: 'bench-1' }).rig).toBe('bench-1');
    expect(readProjectOptions(asked({ rig: 'rack-2' }), { ESPRIG_RIG: 'bench-1' }).rig).toBe('rack-2');
    expect(readProjectOptions(asked({ budgets: { bodyMs: 5 } }), {}).budgets).toEqual({
      ...DEFAULT_BUDGETS,
      bodyMs: 5,
    });
  });

  test('a rig is also named by the path of its file, and called as that is', () => {
    const file = '/boards/far-away.yaml';
    expect(readProjectOptions(asked({ rig: file }), {})).toMatchObject({ rig: 'far-away', rigFile: file });
    expect(readProjectOptions(asked({}), { ESPRIG_RIG: 'far-away.yaml' })).toMatchObject({
      ...{ rig: 'far-away', rigFile: 'far-away.yaml' },
    });
    expect(readProjectOptions(asked({ rig: 'far-away' }), {}).rigFile).toBeUndefined();
  });

  test('paths count from the project, wherever Jest is started', () => {
    const given = { rig: './rigs/demo.yaml', firmware: 'images', rigProvider: './racks.cjs' };
    expect(readProjectOptions(asked(given), {})).toMatchObject({
      rig: 'demo',
      rigFile: '/firmware/rigs/demo.yaml',
      firmware: '/firmware/images',
      rigProvider: '/firmware/racks.cjs',
    });
    expect(readProjectOptions(asked({ rigProvider: 'our-racks' }), {}).rigProvider).toBe('our-racks');
  });

  test('a lease need not be waited for; everything else takes time', () => {
    expect(readProjectOptions(asked({ budgets: { leaseMs: 0 } }), {}).budgets.leaseMs).toBe(0);
    expect(() => readProjectOptions(asked({ budgets: { bootMs: 0 } }), {})).toThrow(
      'milliseconds are wanted',
    );
  });

  test.each([
    [{ rig: 5 }, 'testEnvironmentOptions.rig: a text is wanted'],
    [{ budgets: 5 }, 'budgets: an object is wanted'],
    [{ budgets: { leapMs: 5 } }, "no phase 'leapMs'"],
    [{ budgets: { bodyMs: -1 } }, 'milliseconds are wanted'],
  ])('%j is no option', (given, message) => {
    expect(() => readProjectOptions(asked(given), {})).toThrow(message);
  });
});

describe('the schedule', () => {
  const load = (rig: string, count: number, isExclusive = false) => ({
    rig,
    isExclusive,
    files: Array.from({ length: count }, (_, i) => `${rig}/${i}`),
  });

  test('gives each real board a lane of its own and shares the rest', () => {
    expect(new Schedule([load('a', 9), load('bench', 9, true), load('rack', 9, true)]).laneCount(2)).toBe(4);
    expect(new Schedule([load('a', 1)]).laneCount(4)).toBe(1);
    expect(new Schedule([load('a', 9)]).laneCount(0)).toBe(1);
  });

  test('never has two lanes on one real board', () => {
    const schedule = new Schedule([load('bench', 2, true)]);
    const [one, two]: [Seat, Seat] = [{ rig: undefined }, { rig: undefined }];
    expect([schedule.next(one), schedule.next(two), schedule.next(one)]).toEqual([
      'bench/0',
      undefined,
      'bench/1',
    ]);
    expect(schedule.next(one)).toBeUndefined();
  });

  test('keeps a lane on its rig, then lets it help where the most are waiting', () => {
    const schedule = new Schedule([load('a', 2), load('b', 4)]);
    const [one, two]: [Seat, Seat] = [{ rig: undefined }, { rig: undefined }];
    expect(schedule.next(one)).toBe('b/0');
    expect(schedule.next(two)).toBe('a/0');
    expect(schedule.next(two)).toBe('a/1');
    expect(schedule.next(two)).toBe('b/1');
    expect([schedule.next(one), schedule.next(two), schedule.next(one)]).toEqual(['b/2', 'b/3', undefined]);
  });
});

describe('the time of a case', () => {
  const limitOf = (clock: ManualClock) => new BodyLimit({ clock, budgetMs: 100, evidence: () => [] });

  test('ends a function that hangs, and blames the case', async () => {
    const clock = new ManualClock();
    const running = limitOf(clock).run(() => new Promise(() => undefined));
    const ended = expect(running).rejects.toMatchObject({ code: 'ESPRIG_DEADLINE', blame: 'case' });
    await clock.advanceSettled(1_101);
    await ended;
  });

  test('does not count while the board is made ready, and leaves no alarm', async () => {
    const clock = new ManualClock();
    const limit = limitOf(clock);
    let finish: (value: string) => void = () => undefined;
    const running = limit.run(() => new Promise<string>((resolve) => (finish = resolve)));
    limit.pause();
    await clock.advanceSettled(60_000);
    limit.restart();
    await clock.advanceSettled(99);
    finish('done');
    expect(await running).toBe('done');
    expect(clock.pendingAlarms).toBe(0);
  });
});

describe('the timeline', () => {
  test('has a lane for everything', () => {
    const lane = (name: string, data: object = {}) => laneOf({ room: 'device', name, data: { ...data } });
    expect(
      ['http-request', 'sse-event', 'flash-block', 'line-change', 'power-on', 'console-baud'].map((n) =>
        lane(n),
      ),
    ).toEqual(['http', 'sse', 'flash', 'reset', 'power', 'serial']);
    expect(lane('odd')).toBe('rig');
    expect(lane('odd', { lane: 'air' })).toBe('air');
  });

  test('tells what came behind a mark, shortened, without raw bytes', () => {
    const clock = new ManualClock(1000);
    const bus = new EventBus(clock);
    const written: unknown[] = [];
    using timeline = new Timeline({
      rig: 'a',
      bus,
      toRunMs: (ms) => ms - 1000,
      write: (row) => written.push(row),
    });
    bus.emit('device', 'http-request', { path: '/old' });
    const mark = timeline.mark();
    clock.advanceBy(1500);
    bus.emit('device', 'console-bytes', { bytes: new Uint8Array(3) });
    bus.emit('device', 'flash-block', { bytes: new Uint8Array(3), flashOffset: 16 });
    timeline.add('serial', 'line', 2500, 'x'.repeat(500));
    expect(timeline.excerpt(mark)).toEqual([
      '    1.500 s  flash  flash-block flashOffset=16',
      `    1.500 s  serial ${'x'.repeat(160)}…`,
    ]);
    expect(written).toHaveLength(3);
  });
});

describe('words for people', () => {
  test('the summary says how it went, who must act and where the report is', () => {
    const row = (verdict: string, title: string, more: object = {}) => ({
      ...{
        id: title,
        file: 'a.test.ts',
        titlePath: [title],
        rig: 'r',
        verdict,
        startedAtMs: 0,
        elapsedMs: 1500,
      },
      ...{ phases: [], failures: [], needs: [], repeatCommand: 'again', ...more },
    });
    const record = {
      ...{ elapsedMs: 61_000, rigs: [{ name: 'r' }], notes: ['a note'] },
      totals: { passed: 1, failed: 1, broken: 1, skipped: 1, cases: 4 },
      cases: [
        row('passed', 'good'),
        row('failed', 'bad', { blame: 'dut', failures: [{ message: 'one\n\ntwo', evidence: [] }] }),
        row('broken', 'ugly', { blame: 'rig', code: 'ESPRIG_PORT_MISSING' }),
        row('skipped', 'not here', { skipReason: 'no wings' }),
      ],
    } as unknown as RunRecord;
    const text = summaryLines(record, '/reports/index.html').join('\n');
    expect(text).toContain('4 cases on r in 61.0 s\n  1 failed, 1 broken, 1 passed, 1 skipped');
    expect(text).toContain(
      'The firmware must act:\n  failed  a.test.ts › bad [r]\n          one\n          two',
    );
    expect(text).toContain('The rig must act:\n  broken  a.test.ts › ugly [r] (ESPRIG_PORT_MISSING)');
    expect(text).toContain('Skipped:\n  1  no wings');
    expect(text).toContain('The slowest:\n     1.5 s  a.test.ts › good [r]');
    expect(text).toMatch(/Note: a note\n\nReport: \/reports\/index\.html$/);
  });

  test('names the rigs of the cases, also where none was opened', () => {
    const row = (rig: string) => ({ file: 'a.test.ts', titlePath: ['a'], rig, verdict: 'skipped' });
    const on = (rigs: readonly string[], cases: readonly string[]) => {
      const record = { totals: { cases: cases.length }, elapsedMs: 1, notes: [] };
      const named = { ...record, rigs: rigs.map((name) => ({ name })), cases: cases.map(row) };
      return summaryLines(named as unknown as RunRecord, undefined)[1];
    };
    expect(on([], ['r', 's', 'r'])).toBe('3 cases on r, s in 0.0 s');
    expect(on(['s'], ['r', 's'])).toBe('2 cases on s, r in 0.0 s');
    expect(on([], [''])).toBe('1 case on no rig in 0.0 s');
  });

  test('says in a line what is new against the runs before', () => {
    const record = { cases: [], totals: {}, rigs: [], elapsedMs: 1, notes: [] } as unknown as RunRecord;
    const withNews = (worse: number, flaky: number) => {
      const ids = (count: number) => Array.from({ length: count }, (_, index) => `c${index}`);
      const news = { comparedCases: 7, lastRun: 'r', worse: ids(worse), better: [], flaky: ids(flaky) };
      return summaryLines({ ...record, news }, undefined).slice(3);
    };
    expect(withNews(2, 1)).toEqual(['  new: 2 worse than before, 1 flaky with the same images']);
    expect(withNews(0, 0)).toEqual(['  nothing new in 7 cases that ran before']);
    expect(summaryLines(record, undefined)).toHaveLength(3);
  });
});
