/**
 * kill -9 in the middle of flashing and of an upload, with a leased board behind RFC 2217 that stays on the bench: of
 * `esprig run`, of Jest, of its worker, and of the board's own process. Each run is the next one of the run before: it
 * gets the board at once, writes anew what was half written, and finishes the report of the run that was killed.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RealRun, untilGone, WHILE, type RealRunOptions } from '../testkit/real-run';
import { firmwareWithBlob, rigFileFor, StandingBoard } from '../testkit/standing-board';

jest.setTimeout(300_000);

let folder: string;
let board: StandingBoard;
let sets: readonly [string, string];
let run: RealRun | undefined;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'esprig-killed-'));
  sets = [firmwareWithBlob(folder, 1), firmwareWithBlob(folder, 2)];
  board = await StandingBoard.start();
});
afterEach(() => void run?.child.kill('SIGKILL'));
afterAll(() => {
  board[Symbol.dispose]();
  rmSync(folder, { recursive: true, force: true });
});

const options = (firmware: 0 | 1): RealRunOptions => ({
  ...{ reports: join(folder, 'reports'), locks: folder, firmware: sets[firmware] },
  rig: rigFileFor(folder, board.place),
});

describe('one after the other', () => {
  let killed: RealRun;
  let gone: readonly number[];

  it('esprig run is killed in the middle of flashing', async () => {
    run = RealRun.esprig(options(0));
    await run.reaches(WHILE.flashing);
    gone = await run.kill();
    expect(gone.length).toBeGreaterThanOrEqual(3);
    killed = run;
  });

  it('Jest gets the board at once, writes it anew, and is killed in the middle of flashing', async () => {
    run = RealRun.jest(options(1));
    await run.reaches(WHILE.flashing);
    await untilGone(gone);
    expect(killed.record).toMatchObject({ exitCode: 3, totals: { passed: 0, failed: 0 } });
    gone = await run.kill();
    killed = run;
  });

  it('a worker is killed in the middle of flashing: the run is broken, and the board free', async () => {
    run = RealRun.esprig(options(0));
    const worker = await run.reaches(WHILE.flashing);
    await untilGone(gone);
    expect(killed.record).toMatchObject({ exitCode: 3, totals: { passed: 0, failed: 0 } });
    process.kill(worker, 'SIGKILL');
    const { exitCode } = await run.ended;
    expect(exitCode).toBe(3);
    expect(run.record.totals).toMatchObject({ broken: 1, passed: 0, failed: 0 });
  });

  it('the board’s process is killed in the middle of flashing: broken, and the rig must act', async () => {
    run = RealRun.esprig(options(1));
    await run.reaches(WHILE.flashing);
    await board.kill();
    const { exitCode, said } = await run.ended;
    expect(exitCode).toBe(3);
    expect(run.record.cases).toEqual([expect.objectContaining({ verdict: 'broken', blame: 'rig' })]);
    expect(said).toContain('The rig must act:');
    expect(said).toMatch(/rfc2217:\S+ went away|rfc2217:\S+: the device went away|rfc2217:\S+.*refused/);
    board = await StandingBoard.start(board.place);
  });

  it('the board’s process is killed in the middle of an upload: broken, not failed', async () => {
    run = RealRun.esprig(options(0));
    await run.reaches(WHILE.uploading);
    await board.kill();
    const { exitCode, said } = await run.ended;
    expect(exitCode).toBe(3);
    expect(run.record.cases).toEqual([
      expect.objectContaining({ verdict: 'broken', blame: 'rig', code: 'ESPRIG_PORT_UNPLUGGED' }),
    ]);
    expect(said).toMatch(/standing: its serial line rfc2217:\S+ went away/);
    board = await StandingBoard.start(board.place);
  });

  it('the next run finds the board where it was, and passes', async () => {
    run = RealRun.esprig(options(0));
    const { exitCode } = await run.ended;
    expect(exitCode).toBe(0);
    expect(run.record.totals).toMatchObject({ passed: 1, cases: 1 });
  });
});
