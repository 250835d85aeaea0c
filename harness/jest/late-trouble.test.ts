/** What Jest and a verdict could see differently: errors behind a case's end, Jest's own kinds of errors, tries and skips. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Project, type Outcome } from './testkit/project';

const LIMIT_MS = 120_000;

const UNAWAITED = `
test('does not await', async () => {
  await using board = await rig();
  void board.waitForLog('never said');
  await board.dut.status();
});`;

const FILES = {
  'own-errors.case.ts': `
import assert from 'node:assert';
test('asserts as Node does', async () => {
  await using board = await rig();
  assert.equal((await board.dut.status()).running, 'ota_1');
});
test('expects a rejection', async () => {
  await using board = await rig();
  await expect(board.dut.get('/status')).rejects.toMatchObject({ code: 'ESPRIG_LINK_CLOSED' });
});
test('expects none', async () => {
  await using board = await rig();
  await expect(board.waitForLog('never said', { withinMs: 30 })).resolves.toBeDefined();
});
test('counts expectations, and does not apply', async () => {
  expect.assertions(2);
  await rig();
  skip('only for boards with wings');
});`,
  'unawaited.case.ts': `${UNAWAITED}\ntest('comes after it', async () => { await rig(); });`,
  'unawaited-last.case.ts': UNAWAITED,
  'hooks.case.ts': `
describe('a block', () => {
  beforeAll(async () => { await rig(); });
  test('asks too early', async () => { await rig(); });
});
afterAll(() => { throw new Error('too late'); });`,
  'tries.case.ts': `
import { jest } from '@jest/globals';
jest.retryTimes(2);
const tries = { fails: 0, hangs: 0 };
test('fails once', async () => {
  await rig();
  tries.fails += 1;
  expect(tries.fails).toBe(2);
});
test('hangs once', async () => {
  await rig();
  tries.hangs += 1;
  if (tries.hangs === 1) await new Promise(() => undefined);
}, 100);`,
};

describe('a case', () => {
  const project = new Project({ files: FILES, budgets: { bodyMs: 5000 } });
  let outcome: Outcome;
  beforeAll(async () => {
    outcome = await project.run();
  }, LIMIT_MS);
  afterAll(() => project[Symbol.dispose]());

  const of = (file: string) => outcome.record?.cases.filter((one) => one.file === file) ?? [];

  test('that fails by another assertion library, or by a promise, has failed', () => {
    expect(outcome.case('asserts as Node does')).toMatchObject({
      verdict: 'failed',
      failures: [{ blame: 'dut', expected: 'ota_1', received: 'ota_0' }],
    });
    expect(outcome.case('expects a rejection')).toMatchObject({ verdict: 'failed' });
    expect(outcome.case('expects none')).toMatchObject({ verdict: 'failed' });
  });

  test('that does not apply has no expectations to count', () => {
    expect(outcome.case('counts expectations, and does not apply')).toMatchObject({ verdict: 'skipped' });
  });

  test.each(['unawaited.case.ts', 'unawaited-last.case.ts'])('that does not await is broken (%s)', (file) => {
    const [first, ...others] = of(file);
    expect(first).toMatchObject({
      titlePath: ['does not await'],
      verdict: 'broken',
      blame: 'case',
      failures: [
        { code: 'ESPRIG_DISPOSED', message: expect.stringMatching(/never said.*nobody awaited it$/) },
      ],
    });
    expect(others.map(({ verdict }) => verdict)).not.toContain('broken');
  });

  test('that asks for a board before it begins is told what to do', () => {
    expect(outcome.case('asks too early')).toMatchObject({
      verdict: 'broken',
      blame: 'case',
      failures: [{ code: 'ESPRIG_USAGE', hint: expect.stringContaining('beforeEach') }],
    });
  });

  test('may be tried again, and the report says so', () => {
    expect(outcome.case('fails once').verdict).toBe('passed');
    expect(outcome.case('hangs once').verdict).toBe('passed');
    expect(outcome.record?.notes).toEqual([
      expect.stringMatching(/^tries\.case\.ts › fails once \[fake-1\]: failed \(.*\), and tried again/),
      expect.stringMatching(
        /^tries\.case\.ts › hangs once \[fake-1\]: broken \(.*100 ms.*\), and tried again/,
      ),
    ]);
  });

  test('is not what a hook behind all of them throws: that is told once, with a command that repeats the file', () => {
    const behind = of('hooks.case.ts').filter(({ titlePath }) => titlePath[0] === 'the file itself');
    expect(behind).toMatchObject([
      {
        failures: [{ message: 'too late' }],
        repeatCommand: 'ESPRIG_RIG=fake-1 npx jest hooks.case.ts',
      },
    ]);
  });
});

test(
  'a crash counts in a case that then does not apply, too',
  async () => {
    const files = {
      'a.case.ts': `test('dies', async () => {
        const board = await rig();
        await board.dut.upload(board.image()).catch(() => undefined);
        await board.waitForLog('Guru', { evenIfItDies: true });
        skip('no status here');
      });`,
    };
    using project = new Project({ files, rigs: ['fake-crashing'] });
    const outcome = await project.run();
    expect(outcome.case('dies')).toMatchObject({
      verdict: 'failed',
      failures: [{ code: 'ESPRIG_DUT_CRASH' }],
    });
  },
  LIMIT_MS,
);

test(
  'a rig that does not open breaks each case with the same words, and what it said is in the report',
  async () => {
    const files = { 'a.case.ts': `for (const n of [1, 2]) test('case ' + n, async () => { await rig(); });` };
    using project = new Project({ files, rigs: ['fake-silent'] });
    const outcome = await project.run();
    const [first, second] = outcome.record?.cases.map(({ failures }) => failures[0]) ?? [];
    expect(first?.message).toMatch(/^open\/boot: no HTTP answer.* within 200 ms/);
    expect(second?.message).toBe(first?.message);
    const serial = join(project.folder, 'reports', 'latest', 'serial.log');
    expect(readFileSync(serial, 'utf8')).toContain('fake: boots');
  },
  LIMIT_MS,
);
