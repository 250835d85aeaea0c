/** Small projects, real Jest, a rig in a few lines: what ends in which verdict, with which exit code. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../core/testkit/until';
import { Project, type Outcome } from './testkit/project';

const LIMIT_MS = 120_000;

const CASES = `
describe('a device', () => {
  test('answers', async () => {
    await using board = await rig();
    const status = await phase('ask', () => board.dut.status());
    expect(status.running).toBe('ota_0');
  });
  test('refuses for another reason', async () => {
    await using board = await rig();
    expect(await board.dut.upload(new Uint8Array(10))).toHaveRefused('wrong_slot');
  });
  test('throws in its case', async () => {
    await using board = await rig();
    (board as any).noSuchThing.at(0);
  });
  test('waits for a line that does not come', async () => {
    await using board = await rig();
    await board.waitForLog('never said', { withinMs: 50 });
  });
  test('hangs on something else', async () => {
    await rig();
    await new Promise(() => undefined);
  }, 100);
  test('does not apply', async () => {
    await rig();
    skip('only for boards with wings');
  });
  test.skip('is left out', () => undefined);
  test('is updated and comes back as shipped', async () => {
    await using board = await rig();
    await using events = await board.dut.openEvents();
    expect(await board.dut.upload(board.image())).toHaveAnswered(200);
    await events.waitForProgress({ status: 'installed' });
    await expect(board).toBootFrom('ota_1');
  });
  test('knows nothing of the case before', async () => {
    await using board = await rig();
    await expect(board).toBootFrom('ota_0');
    await expect(board).toHaveUnchangedFlash();
  });
});`;

describe('a run of cases that end in every way', () => {
  const project = new Project({ files: { 'all.case.ts': CASES }, budgets: { bodyMs: 5000 } });
  let outcome: Outcome;
  beforeAll(async () => {
    outcome = await project.run();
  }, LIMIT_MS);
  afterAll(() => project[Symbol.dispose]());

  test('gives each its verdict', () => {
    expect(outcome.verdicts).toEqual({
      answers: 'passed',
      'refuses for another reason': 'failed',
      'throws in its case': 'broken',
      'waits for a line that does not come': 'failed',
      'hangs on something else': 'broken',
      'does not apply': 'skipped',
      'is left out': 'skipped',
      'is updated and comes back as shipped': 'passed',
      'knows nothing of the case before': 'passed',
    });
  });

  test('ends with 3, for something is broken', () => {
    expect(outcome.exitCode).toBe(3);
    expect(outcome.record?.exitCode).toBe(3);
  });

  test('says who must act', () => {
    expect(outcome.case('refuses for another reason').blame).toBe('dut');
    expect(outcome.case('throws in its case').blame).toBe('case');
    expect(outcome.output).toMatch(
      /The firmware must act:\n {2}failed {2}all\.case\.ts › a device › refuses/,
    );
    expect(outcome.output).toMatch(/The case must act:\n {2}broken {2}all\.case\.ts › a device › throws/);
  });

  test('names the phase that ran out, and shows the console', () => {
    const waited = outcome.case('waits for a line that does not come').failures[0];
    expect(waited?.message).toMatch(/^body\/console: no .*never said.* within 50 ms/);
    expect(waited?.evidence).toContainEqual({ title: 'last console lines', lines: ['fake: boots'] });
    const hung = outcome.case('hangs on something else').failures[0];
    expect(hung?.message).toMatch(/^body: no end of the case within 100 ms/);
    expect(hung?.evidence[0]).toEqual({
      title: 'last console lines',
      lines: expect.arrayContaining(['fake: boots']),
    });
  });

  test('shows both sides and what happened before', () => {
    expect(outcome.case('refuses for another reason').failures[0]).toMatchObject({
      expected: expect.stringContaining('wrong_slot'),
      received: expect.stringContaining('bad_magic'),
    });
    expect(outcome.output).toMatch(/before that:\n.*http.*POST|before that:[^]*http-request/);
  });

  test('keeps reasons of what was skipped', () => {
    expect(outcome.case('does not apply').skipReason).toBe('only for boards with wings');
    expect(outcome.case('is left out').skipReason).toBe('skipped in the case file');
  });

  test('measures phases, those that a case names among them', () => {
    const names = outcome.case('answers').phases.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['boot', 'restore', 'ask', 'body', 'teardown']));
  });

  test('opens one board for all and closes it', () => {
    expect(project.traceOf('open-')).toHaveLength(1);
    expect(project.traceOf('close-')).toHaveLength(1);
  });

  test('leaves a report with a command that repeats each case', () => {
    const folder = join(project.folder, 'reports', 'latest');
    expect(readdirSync(folder)).toEqual(
      expect.arrayContaining(['index.html', 'junit.xml', 'run.json', 'serial.log']),
    );
    expect(outcome.case('answers').repeatCommand).toBe(
      "ESPRIG_RIG=fake-1 npx jest all.case.ts -t '^a device answers$'",
    );
  });
});

const GOOD = `test('answers', async () => { await using board = await rig(); await board.dut.status(); });`;

describe('a run', () => {
  test(
    'knows all kinds of tests that Jest has; those that may be concurrent take turns at the board',
    async () => {
      const cases = `let atOnce = 0;
test.concurrent.each([1, 2, 3])('beside %i', async () => {
  await using board = await rig();
  expect(++atOnce).toBe(1);
  await board.dut.status();
  await new Promise((later) => setTimeout(later, 20));
  atOnce--;
});
test.failing('fails as said', async () => { await rig(); expect(1).toBe(2); });
test('calls back', (done) => void setTimeout(done, 1));
describe('with a hook', () => {
  beforeEach(async () => { await rig(); });
  test.concurrent('that has the board', async () => { await using board = await rig(); await board.dut.status(); });
});
test.todo('comes later');`;
      using project = new Project({ files: { 'all.case.ts': cases } });
      const { exitCode, verdicts, output } = await project.run();
      const ran = ['beside 1', 'beside 2', 'beside 3', 'fails as said', 'calls back', 'that has the board'];
      expect({ exitCode, verdicts, output: exitCode === 0 ? '' : output }).toEqual({
        ...{ exitCode: 0, output: '' },
        verdicts: { ...Object.fromEntries(ran.map((title) => [title, 'passed'])), 'comes later': 'skipped' },
      });
    },
    LIMIT_MS,
  );

  test(
    'that only passes ends with 0',
    async () => {
      using project = new Project({ files: { 'a.case.ts': GOOD, 'b.case.ts': GOOD } });
      const outcome = await project.run();
      expect({ code: outcome.exitCode, verdicts: outcome.verdicts }).toEqual({
        code: 0,
        verdicts: { answers: 'passed' },
      });
      expect(outcome.record?.totals.cases).toBe(2);
    },
    LIMIT_MS,
  );

  test(
    'with a failed expectation alone ends with 1',
    async () => {
      using project = new Project({ files: { 'a.case.ts': `test('is wrong', () => expect(1).toBe(2));` } });
      const { exitCode, verdicts } = await project.run();
      expect({ exitCode, verdicts }).toEqual({ exitCode: 1, verdicts: { 'is wrong': 'failed' } });
    },
    LIMIT_MS,
  );

  test(
    'whose firmware crashes ends with 1, also when what a case saw was a broken connection',
    async () => {
      const file = `test('uploads', async () => { await using board = await rig(); await board.dut.upload(board.image()); });`;
      using project = new Project({ files: { 'a.case.ts': file }, rigs: ['fake-crashing'] });
      const outcome = await project.run();
      expect({ code: outcome.exitCode, verdicts: outcome.verdicts }).toEqual({
        code: 1,
        verdicts: { uploads: 'failed' },
      });
      expect(outcome.case('uploads').code).toBe('ESPRIG_DUT_CRASH');
    },
    LIMIT_MS,
  );

  test.each(['fake-broken', 'fake-silent', 'no-such-rig'])(
    'on a rig that does not open (%s) is broken',
    async (rig) => {
      using project = new Project({ files: { 'a.case.ts': GOOD }, rigs: [rig] });
      const { exitCode, verdicts, record } = await project.run();
      expect({ exitCode, verdicts }).toEqual({ exitCode: 3, verdicts: { answers: 'broken' } });
      expect(record?.cases[0]?.blame).toBe('rig');
    },
    LIMIT_MS,
  );

  test(
    'skips a file that needs what the rig cannot, without opening it',
    async () => {
      const file = `/** @needs power-cut, reset */\nbeforeAll(() => { throw new Error('must not run'); });\n${GOOD}`;
      using project = new Project({ files: { 'a.case.ts': file } });
      const outcome = await project.run();
      expect({ code: outcome.exitCode, verdicts: outcome.verdicts }).toEqual({
        code: 0,
        verdicts: { answers: 'skipped' },
      });
      expect(outcome.case('answers').skipReason).toBe('needs power-cut; fake-1 can reset, read-flash-live');
      expect(project.traceOf('open-')).toEqual([]);
    },
    LIMIT_MS,
  );

  test(
    'with a file that cannot be loaded is broken',
    async () => {
      using project = new Project({ files: { 'a.case.ts': `import './nowhere';`, 'b.case.ts': GOOD } });
      const { exitCode, verdicts } = await project.run();
      expect({ exitCode, verdicts }).toEqual({
        exitCode: 3,
        verdicts: { answers: 'passed', 'the file itself': 'broken' },
      });
    },
    LIMIT_MS,
  );

  test(
    'whose report cannot be written is broken and runs nothing',
    async () => {
      using project = new Project({ files: { 'a.case.ts': GOOD } });
      writeFileSync(join(project.folder, 'reports'), 'in the way');
      const { exitCode, output } = await project.run();
      expect(exitCode).toBe(3);
      expect(output).toContain('it cannot be written');
      expect(project.traceOf('open-')).toEqual([]);
    },
    LIMIT_MS,
  );

  test(
    'whose report goes away meanwhile is broken',
    async () => {
      const file = `test('loses its report', async () => {
      await using board = await rig();
      require('node:fs').rmSync(process.cwd() + '/reports', { recursive: true });
      require('node:fs').writeFileSync(process.cwd() + '/reports', '');
    });`;
      using project = new Project({ files: { 'a.case.ts': file } });
      const { exitCode, output } = await project.run();
      expect(exitCode).toBe(3);
      expect(output).toContain('it cannot be written');
    },
    LIMIT_MS,
  );
});

describe('workers', () => {
  const SLOW = `test('waits', async () => { await using board = await rig(); await new Promise((r) => setTimeout(r, 60)); });`;

  test(
    'have a board each and keep it from file to file; a real board has one worker',
    async () => {
      const files = Object.fromEntries(
        ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => [`${name}.case.ts`, SLOW]),
      );
      using project = new Project({ files, rigs: ['fake-1', 'fake-serial'] });
      const { exitCode, record } = await project.run(['--workerThreads=false']);
      expect(exitCode).toBe(0);
      expect(record?.totals.passed).toBe(12);
      expect(project.traceOf('open-fake-serial')).toHaveLength(1);
      expect(project.traceOf('open-fake-1').length).toBeLessThanOrEqual(2);
      expect(project.traceOf('close-')).toHaveLength(project.traceOf('open-').length);
    },
    LIMIT_MS,
  );

  test(
    'that are killed leave a broken case; the rest runs on a new board',
    async () => {
      const killed = `test('is killed', async () => { await rig(); process.kill(process.pid, 'SIGKILL'); await new Promise(() => undefined); });`;
      using project = new Project({
        files: { 'a.case.ts': killed, 'b.case.ts': GOOD, 'c.case.ts': GOOD, 'd.case.ts': GOOD },
        rigs: ['fake-serial'],
      });
      const outcome = await project.run();
      expect(outcome.exitCode).toBe(3);
      expect(outcome.record?.totals).toMatchObject({ passed: 3, failed: 0 });
      expect(outcome.verdicts['is killed']).toBe('broken');
      expect(project.traceOf('open-')).toHaveLength(2);
    },
    LIMIT_MS,
  );

  test(
    'go when Jest is killed',
    async () => {
      const file = `test('waits', async () => {
      await rig();
      require('node:fs').writeFileSync(process.cwd() + '/pid-' + process.pid, '');
      await new Promise(() => undefined);
    });`;
      using project = new Project({ files: { 'a.case.ts': file, 'b.case.ts': file } });
      const { child, ended } = project.start();
      const pids = (): number[] =>
        readdirSync(project.folder).flatMap((name) =>
          name.startsWith('pid-') ? [Number(name.slice(4))] : [],
        );
      await until(() => pids().length === 2);
      child.kill('SIGKILL');
      await ended;
      await until(() => pids().every((pid) => !existsSync(`/proc/${pid}`)));
    },
    LIMIT_MS,
  );
});
