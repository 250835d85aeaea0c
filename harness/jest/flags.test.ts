/** Jest's own options on projects of the preset: each must do what it does elsewhere, with boards in hand. */
import { describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { RunRecord } from '../report/run-record';
import { until } from '../core/testkit/until';
import { Project } from './testkit/project';

const LIMIT_MS = 180_000;

const GOOD = `test('answers', async () => { await using board = await rig(); await board.dut.status(); });`;

/** Says that it is there, and waits for what never comes. */
const WAITS = `test('waits', async () => {
  await rig();
  require('node:fs').writeFileSync(process.cwd() + '/waits', '');
  await new Promise(() => undefined);
});`;

describe("Jest's own flags", () => {
  const TWO = `test('one', async () => { await rig(); });\ntest('two', async () => { await rig(); });`;

  test(
    '-t leaves the others out, and opens nothing for a file without a chosen case',
    async () => {
      using project = new Project({ files: { 'a.case.ts': TWO, 'b.case.ts': GOOD } });
      const { exitCode, verdicts } = await project.run(['-t', 'two']);
      expect({ exitCode, verdicts }).toEqual({ exitCode: 0, verdicts: { two: 'passed' } });
    },
    LIMIT_MS,
  );

  test(
    '--selectProjects chooses rigs, -i runs in one process and closes the board',
    async () => {
      using project = new Project({ files: { 'a.case.ts': TWO }, rigs: ['fake-1', 'fake-2'] });
      const { exitCode, record } = await project.run(['-i', '--selectProjects', 'fake-2']);
      expect(exitCode).toBe(0);
      expect(record?.cases.map(({ rig }) => rig)).toEqual(['fake-2', 'fake-2']);
      expect(project.traceOf('close-fake-2')).toHaveLength(1);
    },
    LIMIT_MS,
  );

  test(
    '--shard takes a part of the files',
    async () => {
      using project = new Project({ files: { 'a.case.ts': GOOD, 'b.case.ts': GOOD } });
      const { exitCode, record } = await project.run(['--shard=1/2']);
      expect({ exitCode, cases: record?.totals.cases }).toEqual({ exitCode: 0, cases: 1 });
    },
    LIMIT_MS,
  );

  test(
    '--bail ends the run in order: what was under way is not judged, and its board is given back',
    async () => {
      const fails = `test('fails', async () => {
        await rig();
        while (!require('node:fs').existsSync(process.cwd() + '/waits')) await new Promise((r) => setTimeout(r, 20));
        expect(1).toBe(2);
      });`;
      const files = { 'a.case.ts': fails, 'b.case.ts': WAITS, 'c.case.ts': GOOD };
      using project = new Project({ files });
      const outcome = await project.run(['--bail']);
      expect({ code: outcome.exitCode, verdicts: outcome.verdicts }).toEqual({
        code: 1,
        verdicts: { fails: 'failed', waits: 'skipped' },
      });
      expect(outcome.case('waits').skipReason).toBe('ended by --bail after 1 bad case(s)');
      expect(project.traceOf('close-')).toHaveLength(2);
    },
    LIMIT_MS,
  );

  test(
    '--json leaves stdout to the script',
    async () => {
      using project = new Project({ files: { 'a.case.ts': TWO } });
      const { exitCode, stdout, output } = await project.run(['--json']);
      expect(exitCode).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({ success: true, numPassedTests: 2 });
      expect(output).toContain('2 cases on fake-1');
    },
    LIMIT_MS,
  );

  test(
    'that choose only tests of other projects leave the exit code to those',
    async () => {
      using project = new Project({ files: { 'a.case.ts': GOOD } });
      const config = JSON.parse(readFileSync(join(project.folder, 'jest.config.json'), 'utf8')) as {
        projects: object[];
      };
      const plain = { displayName: 'plain', rootDir: project.folder, testMatch: ['<rootDir>/plain.js'] };
      project.write('jest.config.json', JSON.stringify({ ...config, projects: [...config.projects, plain] }));
      project.write('plain.js', `test('of another kind', () => undefined);`);
      const { exitCode, record } = await project.run(['-t', 'of another kind']);
      expect({ exitCode, cases: record?.totals.cases }).toEqual({ exitCode: 0, cases: 0 });
    },
    LIMIT_MS,
  );
});

describe('watch mode', () => {
  /** Reports that are whole, oldest first. */
  const reports = (project: Project): readonly RunRecord[] => {
    const folder = join(project.folder, 'reports');
    return readdirSync(folder)
      .filter((name) => /^\d/.test(name))
      .sort()
      .flatMap((name) => {
        const files = readdirSync(join(folder, name));
        if (!files.includes('run.json') || files.includes('run-start.json')) return [];
        return [JSON.parse(readFileSync(join(folder, name, 'run.json'), 'utf8')) as RunRecord];
      });
  };
  /** Enough for a run that nobody called for; its cases take a tenth of it. */
  const SECOND_THOUGHT_MS = 1_000;
  /** Has had reports before: Jest watches their folder from its start, and a new one must not start a run. */
  const watchable = (): Project => {
    const project = new Project({ files: { 'a.case.ts': GOOD, 'b.case.ts': GOOD } });
    mkdirSync(join(project.folder, 'reports'));
    return project;
  };

  test(
    'runs again when a file has changed, on a board of its own, with a report of its own',
    async () => {
      using project = watchable();
      // The second time Jest knows that the files are short, and runs them in its own process.
      const { child, ended, said } = project.start(['--watchAll']);
      await until(() => reports(project).length === 1, said);
      writeFileSync(
        join(project.folder, 'b.case.ts'),
        readFileSync(join(project.folder, 'b.case.ts'), 'utf8').replace('answers', 'answers again'),
      );
      await until(() => reports(project).length === 2, said);
      await setTimeout(SECOND_THOUGHT_MS);
      child.kill('SIGTERM');
      await ended;
      const [first, second, ...further] = reports(project);
      expect(further).toEqual([]);
      expect(first).toMatchObject({ exitCode: 0, totals: { passed: 2, cases: 2 } });
      expect(second).toMatchObject({
        exitCode: 0,
        totals: { passed: 2, cases: 2 },
        rigs: [{ name: 'fake-1' }],
      });
      expect(second?.cases.map(({ titlePath }) => titlePath[0]).sort()).toEqual(['answers', 'answers again']);
    },
    LIMIT_MS,
  );

  test(
    'of what git calls changed runs that and no more',
    async () => {
      using project = watchable();
      const git = (...args: readonly string[]): void => {
        const who = ['-c', 'user.name=nobody', '-c', 'user.email=nobody@localhost'];
        execFileSync('git', [...who, ...args], { cwd: project.folder });
      };
      project.write('.gitignore', 'reports\ntraces\n');
      git('init', '--quiet');
      git('add', '.');
      git('commit', '--quiet', '-m', 'All of it');
      const { child, ended, said } = project.start(['--watch']);
      await until(() => said().includes('No tests found related to files changed'), said);
      project.write(
        'b.case.ts',
        readFileSync(join(project.folder, 'b.case.ts'), 'utf8').replace('answers', 'again'),
      );
      await until(() => reports(project).length === 1, said);
      child.kill('SIGTERM');
      await ended;
      expect(reports(project)).toMatchObject([
        {
          exitCode: 0,
          totals: { passed: 1, cases: 1 },
          cases: [{ file: 'b.case.ts', titlePath: ['again'] }],
        },
      ]);
    },
    LIMIT_MS,
  );

  test(
    'in one process keeps the board from Enter to Enter, and ends by q',
    async () => {
      using project = watchable();
      const { child, ended, said } = project.startInTerminal(['--watchAll', '-i']);
      for (const count of [1, 2, 3]) {
        await until(() => reports(project).length === count, said);
        // Keys that come before Jest waits for them are keys to the run.
        await until(
          () =>
            said().split('Press w to show more').length > count || said().split('Watch Usage').length > count,
          said,
        );
        await setTimeout(SECOND_THOUGHT_MS);
        expect(reports(project)).toHaveLength(count);
        if (count < 3) child.stdin.write('\r');
      }
      child.stdin.write('q');
      const [exitCode] = await ended;
      expect(exitCode).toBe(0);
      for (const record of reports(project)) {
        expect(record).toMatchObject({
          exitCode: 0,
          totals: { passed: 2, cases: 2 },
          rigs: [{ name: 'fake-1' }],
        });
      }
      expect(project.traceOf('open-')).toHaveLength(1);
    },
    LIMIT_MS,
  );
});
