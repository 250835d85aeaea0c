import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { finishRun } from './finish-run';
import { createRunFolder, writeForRun, type RunHandle } from './run-folder';

const BEGIN_PROCESS = join(__dirname, '..', 'register.cjs');
/** A call that never returns can only be ended from outside. */
const HANGS_AFTER_MS = 30_000;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'esprig-run-folder-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const begin = (reportsFolder: string): RunHandle =>
  createRunFolder({ reportsFolder, rigNames: ['a'], command: 'esprig run', startedAtWallMs: 0 });

describe('a folder of reports', () => {
  test('is made with all that is above it', () => {
    const reports = join(folder, 'of', 'many', 'reports');
    expect(begin(reports).folder).toBe(join(reports, '1970-01-01T00-00-00Z-a'));
  });

  test.each([
    ['a folder with something in it', (path: string) => (mkdirSync(path), join(path, 'thesis.txt'))],
    ['a file', (path: string) => path],
  ])('keeps %s of its own that is called latest, and the run says so', async (_what, make) => {
    const own = make(join(folder, 'latest'));
    writeFileSync(own, 'years of work');
    const { record } = await finishRun({ run: begin(folder) });
    expect(readFileSync(own, 'utf8')).toBe('years of work');
    expect(record.notes).toEqual([expect.stringMatching(/latest is no link of esprig's.*left as it is/)]);
  });

  test('holds what the processes of a run are told, until its report is whole', async () => {
    const run = begin(folder);
    const path = writeForRun(run, 'jest.json', { maxWorkers: 2 });
    expect(dirname(dirname(path))).toBe(run.folder);
    expect(readFileSync(path, 'utf8')).toBe('{"maxWorkers":2}');
    const { record } = await finishRun({ run });
    expect(existsSync(path)).toBe(false);
    expect(record.notes).toEqual([]);
    expect(() => writeForRun(run, 'jest.json', {})).toThrow(
      expect.objectContaining({ code: 'ESPRIG_USAGE_FILE', blame: 'harness' }),
    );
  });

  test('has the link where nothing was in the way, or one that leads to nothing', async () => {
    const { record } = await finishRun({ run: begin(folder) });
    rmSync(join(folder, '1970-01-01T00-00-00Z-a'), { recursive: true });
    await finishRun({ run: begin(folder) });
    expect(record.notes).toEqual([]);
    expect(lstatSync(join(folder, 'latest')).isSymbolicLink()).toBe(true);
    expect(existsSync(join(folder, 'latest', 'run.json'))).toBe(true);
  });

  // Node's own way to make a folder with all above it never ends there.
  (existsSync('/proc/self') ? test : test.skip)(
    'that no folder can be made in is said to be so',
    () => {
      const code =
        `require(${JSON.stringify(join(__dirname, 'run-folder.ts'))})` +
        ".createRunFolder({ reportsFolder: '/proc/reports/x', rigNames: [], command: '', startedAtWallMs: 0 })";
      const { status, stderr } = spawnSync(process.execPath, ['-r', BEGIN_PROCESS, '-e', code], {
        encoding: 'utf8',
        timeout: HANGS_AFTER_MS,
        killSignal: 'SIGKILL',
      });
      expect(status).toBe(1);
      expect(stderr).toContain('ESPRIG_USAGE_FILE');
      expect(stderr).toMatch(/report \/proc\/reports\/x: it cannot be written: .*\/proc\/reports'/);
    },
    2 * HANGS_AFTER_MS,
  );
});
