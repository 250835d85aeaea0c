/** kill -9 and signals in the middle of real runs on emulated boards: nothing stays, and the next run starts at once. */
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PARTS_FOLDER } from '../../report/run-folder';
import { RealRun, untilGone, WHILE, type RealRunOptions } from '../testkit/real-run';

jest.setTimeout(300_000);

let reports: string;
let options: RealRunOptions;
let run: RealRun | undefined;

beforeAll(() => {
  reports = mkdtempSync(join(tmpdir(), 'esprig-killed-'));
  options = { reports, rig: 'virtual-1mb' };
});
afterEach(() => void run?.child.kill('SIGKILL'));
afterAll(() => rmSync(reports, { recursive: true, force: true }));

/** What a run wrote that was killed; the one that was started next has put it together. */
const finished = (killed: RealRun) => ({
  verdicts: killed.record.cases.map(({ verdict }) => verdict),
  exitCode: killed.record.exitCode,
});

describe('one after the other', () => {
  let killed: RealRun;
  let gone: readonly number[];

  it('esprig run is killed in the middle of an upload', async () => {
    run = RealRun.esprig(options);
    await run.reaches(WHILE.uploading);
    gone = await run.kill();
    expect(gone.length).toBeGreaterThanOrEqual(3);
    killed = run;
  });

  it('Jest starts at once, finishes that report, and is killed in the middle of an upload', async () => {
    run = RealRun.jest(options);
    await run.reaches(WHILE.uploading);
    await untilGone(gone);
    expect(finished(killed)).toEqual({ verdicts: ['broken'], exitCode: 3 });
    gone = await run.kill();
    killed = run;
  });

  it('esprig run starts at once; its worker is killed in the middle of flashing, and that is broken', async () => {
    run = RealRun.esprig(options);
    const worker = await run.reaches(WHILE.flashingSlot);
    const all = run.processes;
    process.kill(worker, 'SIGKILL');
    await untilGone(gone);
    expect(finished(killed)).toEqual({ verdicts: ['broken'], exitCode: 3 });
    const { exitCode, said } = await run.ended;
    expect(exitCode).toBe(3);
    expect(said).toContain('was terminated by another process');
    expect(run.record).toMatchObject({ exitCode: 3, totals: { broken: 1, passed: 0, failed: 0 } });
    await untilGone(all);
  });

  it('its worker is killed in the middle of an upload: broken with the case’s name', async () => {
    run = RealRun.esprig(options);
    process.kill(await run.reaches(WHILE.uploading), 'SIGKILL');
    const { exitCode } = await run.ended;
    expect(exitCode).toBe(3);
    expect(run.record.cases).toContainEqual(
      expect.objectContaining({
        titlePath: ['a good image', 'is installed, and the board restarts into it'],
        verdict: 'broken',
        blame: 'harness',
      }),
    );
  });

  it('SIGINT in the middle of an upload ends in order: report, no process, exit code 3', async () => {
    run = RealRun.esprig(options);
    await run.reaches(WHILE.uploading);
    const all = run.processes;
    run.child.kill('SIGINT');
    const { exitCode, said } = await run.ended;
    expect(exitCode).toBe(3);
    expect(said).toContain('Cut short, and not judged:');
    expect(said).toContain(join(run.folder ?? '', 'index.html'));
    expect(run.record).toMatchObject({
      exitCode: 3,
      totals: { broken: 1, cases: 1 },
      rigs: [{ name: 'virtual-1mb' }],
      notes: ['The run was interrupted (SIGINT).'],
    });
    await untilGone(all);
  });

  it('SIGTERM a second time ends at once and leaves no process', async () => {
    run = RealRun.esprig(options);
    await run.reaches(WHILE.uploading);
    const all = run.processes;
    run.child.kill('SIGTERM');
    run.child.kill('SIGINT');
    const { exitCode } = await run.ended;
    expect(exitCode).toBe(3);
    expect(readdirSync(run.folder ?? '')).toContain('run-start.json');
    await untilGone(all);
    killed = run;
  });

  it('two runs at the same time have boards and reports of their own, and finish that report once', async () => {
    const both = [RealRun.esprig(options)];
    run = both[0];
    // A folder is told apart by what was there when its run was started.
    await run!.reaches(/"type":"head"/);
    both.push(RealRun.esprig(options));
    expect(finished(killed)).toEqual({ verdicts: ['broken'], exitCode: 3 });
    const ends = await Promise.all(both.map(({ ended }) => ended));
    expect(ends.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    expect(new Set(both.map(({ folder }) => folder)).size).toBe(2);
    const urls = both.map(({ record }) => record.rigs[0]?.baseUrl);
    expect(new Set(urls).size).toBe(2);
    for (const { record, folder = '' } of both) {
      expect(record.totals).toMatchObject({ passed: 1, cases: 1 });
      expect(readdirSync(folder)).not.toContain(PARTS_FOLDER);
    }
  });
});
