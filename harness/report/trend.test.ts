import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { appendHistory, caseInRow, historyRow, readHistory } from './history';
import type { MetricRecord, RunRecord, Verdict } from './run-record';
import { sampleNights } from './testkit/sample-history';
import { largeRun, sampleCase, sampleRun } from './testkit/sample-run';
import { newsOf, trendOf } from './trend';

const run = (verdict: Verdict, facts: Partial<RunRecord> = {}): RunRecord =>
  sampleRun([sampleCase({ titlePath: ['a'], verdict }), sampleCase({ titlePath: ['b'] })], facts);
const [CASE_A, CASE_B] = run('passed').cases.map(({ id }) => id) as [string, string];

/** How the first case went in the nights before; a verdict in capitals had other images. */
function trendAfter(before: string, now: Verdict) {
  const words: Readonly<Record<string, Verdict>> = { p: 'passed', f: 'failed', b: 'broken', s: 'skipped' };
  const record = run(now);
  const rows = sampleNights(record, {
    count: before.length,
    verdictOf: (index, night) => (index === 0 ? words[before[night]!.toLowerCase()] : 'passed'),
    withSameImages: before.length - (before.match(/[A-Z]/g)?.length ?? 0),
  });
  const trend = trendOf(record, { rows, notes: [] });
  return { record, trend, news: newsOf(record, trend), ofA: trend.cases[CASE_A] };
}

describe('the trend of a case', () => {
  test('names earlier verdicts and times, oldest first, the last twenty', () => {
    const { ofA, trend } = trendAfter('fp'.repeat(15), 'passed');
    expect(ofA!.marks.map(({ verdict }) => verdict[0]).join('')).toBe('fp'.repeat(10));
    expect(trend.runs[ofA!.marks[0]!.run]!.run).toBe('night-10');
    for (const { elapsedMs } of ofA!.marks) {
      expect(elapsedMs).toBeGreaterThan(80);
      expect(elapsedMs).toBeLessThan(120);
    }
  });

  test.each([
    ['ppp', 'failed', 'worse'],
    ['ppp', 'broken', 'worse'],
    ['ppf', 'passed', 'better'],
    ['ppf', 'failed', undefined],
    ['pps', 'failed', 'worse'],
    ['s', 'passed', undefined],
    ['ppp', 'skipped', undefined],
    ['PPP', 'failed', 'worse'],
  ] as const)('after %s is, when it %s now, %s', (before, now, change) => {
    const { ofA, news } = trendAfter(before, now);
    expect(ofA?.change).toBe(change);
    expect(news).toMatchObject({
      comparedCases: 2,
      worse: change === 'worse' ? [CASE_A] : [],
      better: change === 'better' ? [CASE_A] : [],
    });
  });

  test.each([
    ['pf', 'passed', true],
    ['pp', 'failed', true],
    ['PP', 'failed', false],
    ['FPp', 'passed', false],
    ['pbs', 'passed', false],
    ['ff', 'failed', false],
  ] as const)('after %s and then %s is flaky: %s', (before, now, isFlaky) => {
    const { ofA, news } = trendAfter(before, now);
    expect(ofA!.isFlaky).toBe(isFlaky);
    expect(news!.flaky).toEqual(isFlaky ? [CASE_A] : []);
  });

  test('is not worse for a case that was ended from outside, then or now', () => {
    const cut = run('broken', {
      cases: run('broken').cases.map((one) => ({ ...one, code: 'ESPRIG_CANCELLED' })),
    });
    const nights = sampleNights(cut, { count: 2 });
    expect(trendOf(cut, { rows: nights, notes: [] }).cases[CASE_A]!.change).toBeUndefined();
    const rows = [...nights, { ...historyRow(cut, 'cut'), startedAt: '2026-11-22T00:00:00.000Z' }];
    const after = trendOf(run('passed'), { rows, notes: [] }).cases[CASE_A]!;
    expect(after.marks.at(-1)!.verdict).toBe('skipped');
    expect(after.change).toBeUndefined();
  });

  test('is not called flaky where nobody knows the images', () => {
    const rigs = run('failed').rigs.map((rig) => ({ ...rig, firmware: undefined }));
    const record = run('failed', { rigs });
    const rows = sampleNights(record, { count: 3 });
    expect(trendOf(record, { rows, notes: [] }).cases[CASE_A]).toMatchObject({
      isFlaky: false,
      change: 'worse',
    });
  });

  test('of a first run is none, and there is no news', () => {
    const record = run('passed');
    const trend = trendOf(record, { rows: [], notes: [] });
    expect(trend).toEqual({ runs: [], cases: {}, metrics: [], notes: [] });
    expect(newsOf(record, trend)).toBeUndefined();
  });

  test('leaves out runs that began later, and the run itself', () => {
    const record = run('passed');
    const own = historyRow(record, 'own');
    const later = { ...own, run: 'later', startedAt: '2027-01-01T00:00:00.000Z' };
    const before = { ...own, run: 'before', startedAt: '2026-01-01T00:00:00.000Z' };
    const { runs } = trendOf(record, { rows: [before, own, later], notes: [] }, 'own');
    expect(runs.map((one) => one.run)).toEqual(['before']);
  });
});

describe('the trend of a measurement', () => {
  const metric = (value: number, better?: MetricRecord['better']): MetricRecord => ({
    ...{ name: 'boot time', unit: 'ms', rig: 'virtual-1mb', better },
    value,
  });
  const after = (before: readonly number[], now: readonly number[], better?: MetricRecord['better']) => {
    const rows = before.map((value, index) => ({
      ...historyRow(run('passed', { metrics: [metric(value, better)] }), `r${index}`),
      startedAt: `2026-01-${10 + index}`,
    }));
    const record = run('passed', { metrics: now.map((value) => metric(value, better)) });
    return trendOf(record, { rows, notes: [] }).metrics[0];
  };

  test('has the present value, and median and range of those before', () => {
    expect(after([300, 500, 400, 310], [330, 340, 350], 'less')).toMatchObject({
      ...{ now: 340, median: 355, low: 300, high: 500, change: undefined },
      points: [300, 500, 400, 310].map((value, index) => ({ run: index, value })),
    });
  });

  test.each([
    [[300, 310, 320], 400, 'less', 'worse'],
    [[300, 310, 320], 200, 'less', 'better'],
    [[300, 310, 320], 200, 'more', 'worse'],
    [[300, 310, 320], 200, undefined, 'changed'],
    [[300, 310, 320], 380, 'less', undefined],
    [[300, 310], 900, 'less', undefined],
  ] as const)('%j and then %d, where %s is good, is %s', (before, now, better, change) => {
    expect(after(before, [now], better)!.change).toBe(change);
  });

  test('that is measured for the first time is none', () => {
    expect(after([], [1])).toBeUndefined();
  });
});

describe('history.jsonl', () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'esprig-history-'));
    path = join(folder, 'history.jsonl');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const row = (index: number) => ({
    ...historyRow(run(index % 2 === 0 ? 'passed' : 'failed'), `run-${index}`),
    startedAt: `2026-01-01T00:${String(index).padStart(5, '0')}`,
  });

  test('gives back what was put in', () => {
    appendHistory(path, row(1));
    const { rows, notes } = readHistory(path);
    expect(rows).toEqual([JSON.parse(JSON.stringify(row(1)))]);
    expect(caseInRow(rows[0]!, CASE_A)).toEqual({ verdict: 'failed', elapsedMs: 100 });
    expect(caseInRow(rows[0]!, CASE_B)).toEqual({ verdict: 'passed', elapsedMs: 100 });
    expect(caseInRow(rows[0]!, 'other')).toBeUndefined();
    expect(notes).toEqual([]);
  });

  test('that is not there is empty', () => {
    expect(readHistory(path)).toEqual({ rows: [], notes: [] });
  });

  test('with a torn last line loses that line alone, also for the next run', () => {
    appendHistory(path, row(1));
    const whole = readFileSync(path, 'utf8');
    for (let length = 1; length < whole.length - 1; length += 37) {
      writeFileSync(path, whole + whole.slice(0, length));
      expect(readHistory(path)).toMatchObject({
        rows: [{ run: 'run-1' }],
        notes: [expect.stringContaining('1 line of history.jsonl cannot be read')],
      });
      appendHistory(path, row(2));
      expect(readHistory(path).rows.map((one) => one.run)).toEqual(['run-1', 'run-2']);
    }
  });

  test('has lines of an older format told of and passed over, and what is no run at all', () => {
    appendFileSync(path, '{"startedAt":"2026-01-01","run":"old","totals":{},"notPassed":{},"metrics":[]}\n');
    appendFileSync(path, '{"formatVersion":2,"run":"half"}\n[]\nnull\n7\n\n"x"\n');
    appendHistory(path, row(1));
    const { rows, notes } = readHistory(path);
    expect(rows.map((one) => one.run)).toEqual(['run-1']);
    expect(notes).toEqual([
      '3 earlier runs are in another format of history.jsonl: not shown',
      '3 lines of history.jsonl cannot be read: passed over',
    ]);
  });

  test('of thousands of runs is read from its end, and no more than is needed', () => {
    const { record } = largeRun(250, 0);
    const line = JSON.stringify(historyRow(record, 'night')).replace('"night"', '"night-#"');
    const nights = Array.from({ length: 3000 }, (_, index) =>
      line.replace('#', String(index)).replace(record.startedAt, `2020-${String(index).padStart(6, '0')}`),
    );
    writeFileSync(path, `${nights.join('\n')}\n`);
    const startedMs = performance.now();
    const { rows, notes } = readHistory(path);
    // Twenty megabytes; a tenth of a second on an idle machine.
    expect(performance.now() - startedMs).toBeLessThan(5000);
    expect(rows).toHaveLength(200);
    expect(rows.at(-1)!.run).toBe('night-2999');
    expect(notes).toEqual([]);
  });

  test('has a run once that was told twice, and runs in the order of their beginning', () => {
    for (const index of [3, 1, 2, 1]) appendHistory(path, row(index));
    expect(readHistory(path).rows.map((one) => one.run)).toEqual(['run-1', 'run-2', 'run-3']);
    expect(readHistory(path, 2).rows.map((one) => one.run)).toEqual(['run-2', 'run-3']);
  });

  test('with cells that mean nothing is read without them', () => {
    const odd = { ...row(1), cases: { [CASE_A]: 'x12', [CASE_B]: 7 } };
    appendFileSync(path, `${JSON.stringify(odd)}\n`);
    const trend = trendOf(run('passed'), readHistory(path));
    expect(trend.cases).toEqual({});
  });
});
