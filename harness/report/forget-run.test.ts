import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { finishRun } from './finish-run';
import { forgetRun, latestRun } from './forget-run';
import { createRunFolder } from './run-folder';
import { sampleCase } from './testkit/sample-run';

let reports: string;
beforeEach(() => {
  reports = mkdtempSync(join(tmpdir(), 'esprig-forget-'));
});
afterEach(() => rmSync(reports, { recursive: true, force: true }));

/** A run of these cases, with its report; answers its folder. */
async function runOf(titles: readonly string[]): Promise<string> {
  const run = createRunFolder({ reportsFolder: reports, rigNames: ['a'], command: '', startedAtWallMs: 0 });
  await finishRun({ run, extraCases: titles.map((title) => sampleCase({ titlePath: [title] })) });
  return run.folder;
}

const history = (): string => readFileSync(join(reports, 'history.jsonl'), 'utf8');

describe('a run that is forgotten', () => {
  test('leaves nothing where it was the first', async () => {
    forgetRun(await runOf([]), undefined);
    expect(readdirSync(reports)).toEqual([]);
  });

  test('gives back the place of the newest one, and its row', async () => {
    const first = await runOf(['works']);
    const before = { latest: latestRun(reports), history: history() };
    expect(before.latest).toBe(basename(first));
    const second = await runOf([]);
    expect(latestRun(reports)).toBe(basename(second));
    forgetRun(second, before.latest);
    expect({ latest: latestRun(reports), history: history() }).toEqual(before);
    expect(readdirSync(reports).sort()).toEqual([basename(first), 'history.jsonl', 'latest']);
  });

  test('takes nothing from a run that came behind it', async () => {
    const forgotten = await runOf([]);
    const later = await runOf(['works']);
    const before = history();
    forgetRun(forgotten, undefined);
    expect(latestRun(reports)).toBe(basename(later));
    expect(history()).toBe(before);
  });

  test('leaves a torn row and a link of somebody’s own alone', () => {
    symlinkSync('elsewhere', join(reports, 'latest'));
    appendFileSync(join(reports, 'history.jsonl'), '{"startedAt":"20');
    const run = createRunFolder({ reportsFolder: reports, rigNames: ['a'], command: '', startedAtWallMs: 0 });
    forgetRun(run.folder, 'elsewhere');
    expect(latestRun(reports)).toBe('elsewhere');
    expect(history()).toBe('{"startedAt":"20');
  });
});
