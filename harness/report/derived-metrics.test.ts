import { describe, expect, test } from '@jest/globals';
import { derivedMetrics } from './derived-metrics';
import type { TimelineRecord } from './run-record';
import { sampleCase } from './testkit/sample-run';

const RIG = 'virtual-1mb';
const one = sampleCase({
  titlePath: ['a'],
  startedAtMs: 1000,
  elapsedMs: 9000,
  phases: [
    { name: 'flash', atMs: 0, elapsedMs: 700.26 },
    { name: 'boot', atMs: 700, elapsedMs: 200 },
    { name: 'body', atMs: 1000, elapsedMs: 9000 },
  ],
});
const event = (name: string, atMs: number, data: TimelineRecord['data'], rig = RIG): TimelineRecord => ({
  ...{ rig, lane: 'http', name, atMs, data },
});
const request = (atMs: number, connection: number, bodyBytes: number, method = 'POST') =>
  event('http-request', atMs, { connection, method, bodyBytes });
const answer = (atMs: number, connection: number, status: number, elapsedMs: number) =>
  event('http-answer', atMs, { connection, status, elapsedMs });
const updates = (timeline: readonly TimelineRecord[], facts = one) =>
  derivedMetrics({ cases: [facts], rigs: [] }, timeline).filter(({ name }) => name === 'update time');

describe('what every run measures', () => {
  test('is how long flashing and booting took', () => {
    const later = [...one.phases, { name: 'boot', atMs: 1200, elapsedMs: 5 }];
    expect(derivedMetrics({ cases: [{ ...one, phases: later }], rigs: [] }, [])).toEqual([
      { name: 'flash time', value: 700.3, unit: 'ms', rig: RIG, caseId: one.id },
      { name: 'boot time', value: 200, unit: 'ms', rig: RIG, caseId: one.id },
    ]);
  });

  test.each([
    ['serial', 'less'],
    ['virtual', undefined],
  ] as const)('on a %s rig is judged: %s', (kind, better) => {
    const rigs = [{ name: RIG, kind, capabilities: [] }];
    const timeline = [request(2000, 1, 128_512), answer(4000, 1, 200, 2000)];
    const all = derivedMetrics({ cases: [one], rigs }, timeline);
    expect(all.map((metric) => metric.better)).toEqual([better, better, better]);
  });

  test('is how long an update took that was taken', () => {
    expect(updates([request(2000, 1, 128_512), answer(4000, 1, 200, 2000)])).toEqual([
      { name: 'update time', value: 2000, unit: 'ms', rig: RIG, caseId: one.id },
    ]);
  });

  test.each([
    ['that was refused', [request(2000, 1, 128_512), answer(4000, 1, 400, 2000)]],
    ['of no image', [request(2000, 1, 300), answer(4000, 1, 200, 2000)]],
    ['that was none', [request(2000, 1, 0, 'GET'), answer(4000, 1, 200, 2000)]],
    ['of another connection', [request(2000, 1, 128_512), answer(4000, 2, 200, 2000)]],
    ['of another board of that name', [request(2000, 1, 128_512), answer(2500, 1, 200, 30)]],
    ['outside of any case', [request(20_000, 1, 128_512), answer(22_000, 1, 200, 2000)]],
  ])('is not an upload %s', (_what, timeline) => {
    expect(updates(timeline)).toEqual([]);
  });

  test('is not what a case took that did not pass', () => {
    const timeline = [request(2000, 1, 128_512), answer(4000, 1, 200, 2000)];
    expect(updates(timeline, { ...one, verdict: 'failed' })).toEqual([]);
  });

  test('is the lowest heap that a device told of, for each rig', () => {
    const status = (bytes: number, rig: string) => event('dut-status', 1, { heapLowestBytes: bytes }, rig);
    const told = [status(30_000, 'a'), status(21_000, 'a'), status(25_000, 'a'), status(40_000, 'b')];
    expect(derivedMetrics({ cases: [], rigs: [] }, told)).toMatchObject([
      { name: 'lowest heap', value: 21_000, unit: 'bytes', rig: 'a', better: 'more' },
      { value: 40_000, rig: 'b' },
    ]);
  });
});
