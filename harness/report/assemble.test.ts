import { describe, expect, test } from '@jest/globals';
import { assembleRun, exitCodeOfRun } from './assemble';
import type { RunParts } from './run-reader';
import { caseId } from './run-record';
import { SerialLines } from './serial-lines';
import { sampleCase } from './testkit/sample-run';

const EMPTY: RunParts = {
  cases: [],
  rigs: [],
  events: [],
  serial: [],
  metrics: [],
  captures: [],
  notes: [],
  lastAtMs: 0,
};
const FACTS = { startedAt: '2026-11-22T20:15:28.000Z', command: 'esprig run' };

describe('the exit code of a run', () => {
  const one = (verdict: 'passed' | 'failed' | 'broken' | 'skipped') =>
    sampleCase({ titlePath: [verdict], verdict });
  test.each([
    [[], 2],
    [[one('passed')], 0],
    [[one('passed'), one('skipped')], 0],
    [[one('passed'), one('failed')], 1],
    [[one('broken'), one('passed')], 3],
    [[one('failed'), one('broken')], 3],
  ])('of %j is %d', (cases, exitCode) => {
    expect(exitCodeOfRun(cases)).toBe(exitCode);
  });
});

describe('a run from its parts', () => {
  test('counts verdicts, and takes a worker’s word before what the parent adds', () => {
    const told = sampleCase({ titlePath: ['a'], verdict: 'failed', startedAtMs: 20 });
    const { record } = assembleRun(
      { ...EMPTY, cases: [told], lastAtMs: 777, notes: ['n'] },
      {
        ...FACTS,
        notes: ['m'],
        extraCases: [
          { ...told, verdict: 'passed' },
          sampleCase({ titlePath: ['b'], verdict: 'skipped', startedAtMs: 10 }),
        ],
      },
    );
    expect(record.totals).toEqual({ passed: 0, failed: 1, broken: 0, skipped: 1, cases: 2 });
    expect(record.cases.map(({ titlePath }) => titlePath[0])).toEqual(['b', 'a']);
    expect(record).toMatchObject({ exitCode: 1, elapsedMs: 777, notes: ['n', 'm'] });
  });

  test('takes the parent’s word where a worker had called a case passed', () => {
    const told = sampleCase({ titlePath: ['a'], verdict: 'passed' });
    const late = sampleCase({ titlePath: ['a'], verdict: 'broken', blame: 'case' });
    const { record } = assembleRun({ ...EMPTY, cases: [told] }, { ...FACTS, extraCases: [late] });
    expect(record.cases).toEqual([late]);
    expect(record.exitCode).toBe(3);
  });

  test('that was cut short against anybody’s wish says why, and proves nothing; one that was to end then is judged', () => {
    const cases = [sampleCase({ titlePath: ['a'] })];
    const cut = (isWanted: boolean) =>
      assembleRun({ ...EMPTY, cases }, { ...FACTS, cutShort: { reason: 'Ctrl-C', isWanted } }).record;
    expect(cut(false)).toMatchObject({ exitCode: 3, cutShort: 'Ctrl-C', notes: ['Ctrl-C'] });
    expect(cut(true)).toMatchObject({ exitCode: 0, cutShort: undefined, notes: ['Ctrl-C'] });
  });

  test('has console lines on its timeline, made from the bytes of each rig apart', () => {
    const serial = [
      { type: 'serial', atMs: 1, rig: 'a', bytes: 'one\r\ntw' },
      { type: 'serial', atMs: 2, rig: 'b', bytes: 'other' },
      { type: 'serial', atMs: 3, rig: 'a', bytes: 'o\nlast' },
    ] as const;
    const told = { atMs: 1.5, rig: 'c', lane: 'serial', name: 'line', text: 'said itself' } as const;
    const { timeline } = assembleRun({ ...EMPTY, serial, events: [told] }, FACTS);
    expect(timeline.map(({ atMs, rig, text }) => [atMs, rig, text])).toEqual([
      [1, 'a', 'one'],
      [1, 'a', 'two'],
      [1.5, 'c', 'said itself'],
      [2, 'b', 'other'],
      [3, 'a', 'last'],
    ]);
  });

  test('has no line twice where a rig tells its lines itself', () => {
    const serial = [{ type: 'serial', atMs: 1, rig: 'a', bytes: 'one\n' }] as const;
    const told = { atMs: 1, rig: 'a', lane: 'serial', name: 'line', text: 'one' } as const;
    expect(assembleRun({ ...EMPTY, serial, events: [told] }, FACTS).timeline).toEqual([told]);
  });
});

describe('lines from bytes', () => {
  test('decode UTF-8, also one that is cut by a chunk', () => {
    const bytes = Buffer.from('größe\n', 'utf8').toString('latin1');
    const lines = new SerialLines();
    const made = Array.from(bytes).flatMap((byte, index) => lines.feed(byte, index));
    expect(made).toEqual([{ atMs: 0, text: 'größe' }]);
    expect(lines.end()).toEqual([]);
  });

  test('never grow without end', () => {
    const lines = new SerialLines();
    const made = [...lines.feed('x'.repeat(10_000), 5), ...lines.feed('y\n', 6)];
    expect(made).toHaveLength(2);
    expect(made[1]).toEqual({ atMs: 6, text: 'y' });
  });
});

test('the id of a case is the same in every run and differs with file, titles and rig', () => {
  expect(caseId('a.test.ts', ['x', 'y'], 'r')).toBe('cb70ed79520f52664');
  const ids = [
    caseId('a', ['x', 'y'], 'r'),
    caseId('a', ['xy'], 'r'),
    caseId('a', ['x', 'y'], 's'),
    caseId('b', ['x', 'y'], 'r'),
  ];
  expect(new Set(ids).size).toBe(4);
  for (const id of ids) expect(id).toMatch(/^c[0-9a-f]{16}$/);
});
