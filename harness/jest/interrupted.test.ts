/** What ends a run or a case before its time: signals, kill -9, a rig that goes away. Real Jest, rigs in a few lines. */
import { describe, expect, test } from '@jest/globals';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunRecord } from '../report/run-record';
import { until } from '../core/testkit/until';
import { Project } from './testkit/project';

const LIMIT_MS = 180_000;

/** Says by its number which process it is in, then goes on as given. */
const thatTells = (rest: string): string => `test('is under way', async () => {
  await using board = await rig();
  require('node:fs').writeFileSync(process.cwd() + '/pid-' + process.pid, '');
  ${rest}
});
test('comes later', async () => { await rig(); });`;
const WAITS = thatTells('await new Promise(() => undefined);');
/** Hears nothing for longer than any of these tests lasts. */
const LOOPS = thatTells('for (const end = Date.now() + 180_000; Date.now() < end; );');
const GOOD = `test('answers', async () => { await using board = await rig(); await board.dut.status(); });`;

const pidsOf = (project: Project): readonly number[] =>
  readdirSync(project.folder).flatMap((name) => (name.startsWith('pid-') ? [Number(name.slice(4))] : []));

const areGone = (pids: readonly number[]): boolean =>
  pids.every((pid) => !existsSync(`/proc/${String(pid)}`));

/** Names of the reports' folders, oldest first. */
const reportsOf = (project: Project): readonly string[] =>
  readdirSync(join(project.folder, 'reports'))
    .filter((name) => /^\d/.test(name))
    .sort();

const recordIn = (project: Project, name: string): RunRecord =>
  JSON.parse(readFileSync(join(project.folder, 'reports', name, 'run.json'), 'utf8')) as RunRecord;

describe('a signal to Jest', () => {
  test.each([
    ['SIGINT', []],
    ['SIGTERM', ['-i']],
    ['SIGTERM', ['--watchAll']],
  ] as const)(
    '%s (options: %j) ends the case, gives the boards back, and leaves the report of what is known',
    async (signal, args) => {
      const files = { 'a.case.ts': WAITS, ...(args.length === 0 ? { 'b.case.ts': WAITS } : {}) };
      using project = new Project({ files });
      const { child, ended, said } = project.start(args);
      const count = Object.keys(files).length;
      await until(() => pidsOf(project).length === count, said);
      child.kill(signal);
      const { exitCode, record, output } = project.outcome(...(await ended));
      expect(exitCode).toBe(3);
      expect(record).toMatchObject({
        exitCode: 3,
        totals: { broken: count, skipped: count, passed: 0, failed: 0 },
        notes: [`The run was interrupted (${signal}).`],
      });
      expect(record?.cases).toContainEqual(
        expect.objectContaining({ titlePath: ['is under way'], code: 'ESPRIG_CANCELLED' }),
      );
      expect(record?.cases).toContainEqual(
        expect.objectContaining({ titlePath: ['comes later'], skipReason: 'the run was ended before it' }),
      );
      expect(output).toContain('Cut short, and not judged:');
      expect(project.traceOf('close-')).toHaveLength(count);
      expect(areGone(pidsOf(project))).toBe(true);
    },
    LIMIT_MS,
  );

  test(
    'that comes a second time ends all at once, a case in an endless loop too',
    async () => {
      using project = new Project({ files: { 'a.case.ts': LOOPS, 'b.case.ts': LOOPS } });
      const { child, ended, said } = project.start();
      await until(() => pidsOf(project).length === 2, said);
      child.kill('SIGINT');
      await until(() => said().includes('once more ends at once'), said);
      child.kill('SIGINT');
      const [exitCode] = await ended;
      expect(exitCode).toBe(3);
      await until(() => areGone(pidsOf(project)), said);
    },
    LIMIT_MS,
  );
});

describe('kill -9 of Jest', () => {
  test(
    'leaves no worker, not even in an endless loop; the next run writes its report',
    async () => {
      using project = new Project({ files: { 'a.case.ts': LOOPS, 'b.case.ts': WAITS } });
      const { child, ended, said } = project.start();
      await until(() => pidsOf(project).length === 2, said);
      child.kill('SIGKILL');
      await ended;
      const workers = pidsOf(project);
      project.write(
        'a.case.ts',
        `import { rig, test } from ${JSON.stringify(join(__dirname, '../index'))};\n${GOOD}`,
      );
      const next = await project.run(['a.case']);
      expect({ code: next.exitCode, verdicts: next.verdicts }).toEqual({
        code: 0,
        verdicts: { answers: 'passed' },
      });
      const [killed = ''] = reportsOf(project);
      expect(recordIn(project, killed)).toMatchObject({
        exitCode: 3,
        totals: { broken: 2, cases: 2 },
        notes: expect.arrayContaining([expect.stringContaining('a later run put it together')]),
      });
      await until(() => areGone(workers), said);
    },
    LIMIT_MS,
  );
});

describe('a rig that goes away in the middle of an upload', () => {
  test(
    'breaks the case, whatever the network showed of it, and is opened anew for the next',
    async () => {
      const uploads = `test('uploads', async () => { await using board = await rig(); await board.dut.upload(board.image()); });
test('waits for a line', async () => { await using board = await rig(); await board.dut.upload(board.image()).catch(() => undefined); await board.waitForLog('never said'); });`;
      using project = new Project({ files: { 'a.case.ts': uploads }, rigs: ['fake-vanishing'] });
      const outcome = await project.run();
      expect({ code: outcome.exitCode, verdicts: outcome.verdicts }).toEqual({
        code: 3,
        verdicts: { uploads: 'broken', 'waits for a line': 'broken' },
      });
      for (const { blame, code, failures, elapsedMs } of outcome.record?.cases ?? []) {
        expect({ blame, code }).toEqual({ blame: 'rig', code: 'ESPRIG_PORT_UNPLUGGED' });
        expect(failures[0]?.message).toBe('fake-vanishing: its serial line went away');
        // Nobody waits for the end of the case's time.
        expect(elapsedMs).toBeLessThan(30_000);
      }
      expect(project.traceOf('open-')).toHaveLength(2);
    },
    LIMIT_MS,
  );
});
