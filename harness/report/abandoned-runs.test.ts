import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ManualClock } from '../core/clock';
import { finishAbandonedRuns } from './abandoned-runs';
import { readHistory } from './history';
import { isRunning, ownMark } from './process-life';
import { readRun } from './read-run';
import { createRunFolder, type RunHandle } from './run-folder';
import { RunWriter } from './run-writer';
import { sampleCase } from './testkit/sample-run';

const START = Date.UTC(2026, 10, 22, 20, 15, 28);
/** No process has this number: it is above the system's limit. */
const NOBODY = 4_194_999;

let reports: string;
beforeEach(() => {
  reports = mkdtempSync(join(tmpdir(), 'esprig-abandoned-'));
});
afterEach(() => rmSync(reports, { recursive: true, force: true }));

const begin = (): RunHandle =>
  createRunFolder({
    reportsFolder: reports,
    rigNames: ['virtual-1mb'],
    command: 'esprig run',
    startedAtWallMs: START,
  });

/** A run with a case that passed and one that was under way, of a process as given. */
function killedRun(process: object = { pid: NOBODY }): RunHandle {
  const run = begin();
  const writer = new RunWriter({ run, clock: new ManualClock(0, START), worker: 'worker-1' });
  writer.case(sampleCase({ titlePath: ['works'] }));
  writer.startCase(sampleCase({ titlePath: ['was under way'] }));
  writer[Symbol.dispose]();
  const file = join(run.folder, 'run-start.json');
  const start = JSON.parse(readFileSync(file, 'utf8')) as object;
  writeFileSync(file, JSON.stringify({ ...start, ...process }));
  return run;
}

describe('a run that was killed', () => {
  test('gets its report from the next one, broken with the case that was under way', async () => {
    const { folder } = killedRun();
    expect(await finishAbandonedRuns(reports)).toEqual([folder]);
    expect(await readRun(folder)).toMatchObject({
      totals: { passed: 1, broken: 1 },
      exitCode: 3,
      notes: expect.arrayContaining([expect.stringContaining('ended before it could write its report')]),
    });
    expect(readdirSync(folder).filter((name) => /^(parts|run-start|claimed)/.test(name))).toEqual([]);
    expect(readdirSync(reports)).not.toContain('latest');
    expect(await finishAbandonedRuns(reports)).toEqual([]);
  });

  test('is broken also when all that it had told was good', async () => {
    const { folder } = begin();
    const file = join(folder, 'run-start.json');
    const start = JSON.parse(readFileSync(file, 'utf8')) as object;
    writeFileSync(file, JSON.stringify({ ...start, pid: NOBODY }));
    await finishAbandonedRuns(reports);
    expect(await readRun(folder)).toMatchObject({ exitCode: 3, totals: { cases: 0 } });
  });

  test('is left alone while it goes on', async () => {
    const { folder } = begin();
    expect(await finishAbandonedRuns(reports)).toEqual([]);
    expect(readdirSync(folder)).toEqual(['parts', 'run-start.json']);
  });

  test('is known as ended although another process has its number by now', async () => {
    const { folder } = killedRun({ pid: process.pid, began: '1' });
    expect(await finishAbandonedRuns(reports)).toEqual([folder]);
  });

  test('is finished once by those who come at the same time', async () => {
    const killed = [killedRun(), killedRun(), killedRun()];
    const done = await Promise.all([1, 2, 3].map(() => finishAbandonedRuns(reports)));
    expect(done.flat().sort()).toEqual(killed.map(({ folder }) => folder).sort());
    expect(readHistory(join(reports, 'history.jsonl')).rows).toHaveLength(3);
    for (const { folder } of killed) expect(await readRun(folder)).toMatchObject({ totals: { cases: 2 } });
  });

  test.each([
    ['is left to the process that puts its report together', ownMark(), 0],
    ['is taken over from one that died over it', { pid: NOBODY, began: '7' }, 1],
  ])('%s', async (_what, holder, finished) => {
    const { folder } = killedRun();
    mkdirSync(join(folder, 'claimed'));
    writeFileSync(join(folder, 'claimed', 'by.json'), JSON.stringify(holder));
    expect(await finishAbandonedRuns(reports)).toHaveLength(finished);
    expect(readdirSync(folder).includes('run.json')).toBe(finished === 1);
  });
});

describe('a process', () => {
  test('is told from another of the same number', () => {
    const own = ownMark();
    expect(isRunning(own)).toBe(true);
    expect(isRunning({ ...own, began: `${own.began}0` })).toBe(false);
    expect(isRunning({ pid: NOBODY, began: '' })).toBe(false);
  });
});
