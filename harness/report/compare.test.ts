import { describe, expect, test } from '@jest/globals';
import { compareRuns } from './compare';
import type { MetricRecord, RunRecord, Verdict } from './run-record';
import { sampleCase, sampleRun } from './testkit/sample-run';

const runWith = (verdicts: Readonly<Record<string, Verdict>>, facts: Partial<RunRecord> = {}): RunRecord =>
  sampleRun(
    Object.entries(verdicts).map(([title, verdict]) => sampleCase({ titlePath: [title], verdict })),
    { metrics: [], ...facts },
  );
const compare = (base: RunRecord, head: RunRecord) => compareRuns(base, head, { tolerance: 0.1 });

describe('verdicts', () => {
  test.each([
    ['passed', 'failed', 'worse'],
    ['passed', 'broken', 'worse'],
    ['passed', 'skipped', 'worse'],
    ['skipped', 'failed', 'worse'],
    ['broken', 'failed', 'worse'],
    ['failed', 'passed', 'better'],
    ['broken', 'passed', 'better'],
    ['skipped', 'passed', 'changed'],
  ] as const)('from %s to %s is %s', (base, head, change) => {
    const { verdicts, gotWorse } = compare(
      runWith({ a: base, b: 'passed' }),
      runWith({ a: head, b: 'passed' }),
    );
    expect(verdicts).toMatchObject([{ title: 'a', base, head, change }]);
    expect(gotWorse).toBe(change === 'worse');
  });

  test('that did not change are counted, cases of one run only are named', () => {
    const found = compare(
      runWith({ a: 'passed', b: 'failed', old: 'skipped' }),
      runWith({ a: 'passed', b: 'failed', new: 'failed' }),
    );
    expect(found).toMatchObject({ unchanged: 2, inCommon: 2, verdicts: [], gotWorse: false });
    expect(found.added.map(({ titlePath }) => titlePath)).toEqual([['new']]);
    expect(found.removed.map(({ titlePath }) => titlePath)).toEqual([['old']]);
  });

  test.each([
    ['passed', true],
    ['failed', false],
    ['broken', false],
    ['skipped', false],
  ] as const)('%s and then gone is worse: %s; unless that is allowed', (verdict, isWorse) => {
    const [base, head] = [runWith({ a: 'passed', old: verdict }), runWith({ a: 'passed' })];
    const found = compare(base, head);
    expect(found.lost.map(({ titlePath }) => titlePath)).toEqual(isWorse ? [['old']] : []);
    expect(found.removed).toHaveLength(1);
    expect(found.gotWorse).toBe(isWorse);
    expect(compareRuns(base, head, { tolerance: 0.1, allowGone: true })).toMatchObject({
      ...{ lost: [], gotWorse: false },
      removed: [{ titlePath: ['old'] }],
    });
  });

  test('of two boards with different names are compared where each run has one', () => {
    const on = (rig: string, verdict: Verdict) => {
      const [first] = sampleRun([]).rigs;
      return sampleRun([sampleCase({ titlePath: ['a'], rig, verdict })], {
        rigs: [{ ...first!, name: rig }],
        metrics: [],
      });
    };
    expect(compare(on('bench-1', 'passed'), on('bench-2', 'failed')).verdicts).toMatchObject([
      { change: 'worse' },
    ]);
  });
});

describe('metrics', () => {
  const metric = (value: number, better?: 'less' | 'more', rig = 'virtual-1mb'): MetricRecord => ({
    name: 'm',
    value,
    unit: 'ms',
    rig,
    better,
  });
  const change = (base: readonly MetricRecord[], head: readonly MetricRecord[]) =>
    compare(runWith({}, { metrics: base }), runWith({}, { metrics: head }));

  test.each([
    [100, 111, 'less', 'worse'],
    [100, 110, 'less', undefined],
    [100, 89, 'less', 'better'],
    [100, 89, 'more', 'worse'],
    [100, 111, 'more', 'better'],
    [100, 200, undefined, 'changed'],
    [0, 5, 'less', 'worse'],
    [0, 0, 'less', undefined],
  ] as const)('%d to %d where %s is better: %s', (base, head, better, expected) => {
    const found = change([metric(base, better)], [metric(head, better)]);
    expect(found.metrics).toMatchObject([{ base, head, change: expected }]);
    expect(found.metrics[0]?.ratio).toBe(base === 0 ? undefined : head / base);
    expect(found.gotWorse).toBe(expected === 'worse');
  });

  test('measured several times are compared by their medians, each rig with itself', () => {
    const base = [1, 100, 3].map((value) => metric(value)).concat(metric(50, undefined, 'virtual-2mb'));
    const head = [4, 2].map((value) => metric(value)).concat(metric(1, undefined, 'gone'));
    expect(change(base, head).metrics).toMatchObject([{ base: 3, head: 3, ratio: 1, change: undefined }]);
  });
});

test('an image that changed is told with the segments that moved or grew', () => {
  const withImage = (
    sizeBytes: number,
    segments: readonly { addr: number; sizeBytes: number; name?: string }[],
  ) => {
    const [rig] = sampleRun([]).rigs;
    const image = { slot: 'ota_0', sizeBytes, sha256: String(sizeBytes), segments };
    return sampleRun([], {
      rigs: [{ ...rig!, firmware: { app: 'a', version: '1', images: [image] } }],
      metrics: [],
    });
  };
  const base = withImage(1000, [
    { addr: 0x40210010, sizeBytes: 500, name: 'irom' },
    { addr: 0x40100000, sizeBytes: 20 },
  ]);
  const head = withImage(1100, [
    { addr: 0x40210010, sizeBytes: 600, name: 'irom' },
    { addr: 0x40100000, sizeBytes: 20 },
    { addr: 0x3ffe8000, sizeBytes: 4 },
  ]);
  expect(compare(base, head).images).toEqual([
    {
      rig: 'virtual-1mb',
      slot: 'ota_0',
      baseBytes: 1000,
      headBytes: 1100,
      segments: [
        { what: 'segment 0 irom', base: '0x40210010 500 bytes', head: '0x40210010 600 bytes' },
        { what: 'segment 2', base: 'none', head: '0x3ffe8000 4 bytes' },
      ],
    },
  ]);
  expect(compare(base, base).images).toEqual([]);
});
