import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ManualClock, RealClock } from '../../core/clock';
import { Deadline } from '../../core/deadline';
import type { CaseRecord } from '../../report/run-record';
import { boardLockName, takeLease } from '../../rig/lease';
import { esprigProcess, valuesOf, type Ended } from '../testkit/run-process';
import { chooseRigs } from './choose-rigs';
import { RunFollower } from './follow-run';
import { caseValue } from './run-values';

jest.setTimeout(240_000);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'esprig-run-json-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function record(id: string, more: Partial<CaseRecord> = {}): CaseRecord {
  return {
    ...{ id, file: 'cases/a.test.ts', titlePath: ['a', 'b'], rig: 'r', verdict: 'passed' },
    ...{ startedAtMs: 1.2, elapsedMs: 3.4, phases: [], failures: [], needs: [], repeatCommand: 'again' },
    ...more,
  };
}

describe('a run that is followed', () => {
  it('tells each case once, when its line is whole, and at the end what it has not told', () => {
    const run = join(folder, 'followed');
    mkdirSync(join(run, 'parts'), { recursive: true });
    const part = join(run, 'parts', 'worker-1.ndjson');
    const told: string[] = [];
    const clock = new ManualClock();
    using follower = new RunFollower(run, clock, ({ id, verdict, titlePath }) =>
      told.push(`${id} ${verdict} ${titlePath.join()}`),
    );
    const line = Buffer.from(
      `${JSON.stringify({ type: 'case', case: record('1', { titlePath: ['ü'] }) })}\n`,
    );
    const cut = line.indexOf(0xc3) + 1;
    appendFileSync(part, '{"type":"head"}\n{"type":"case-start","case":{}}\n');
    appendFileSync(part, line.subarray(0, cut));
    clock.advanceBy(1_000);
    expect(told).toEqual([]);
    appendFileSync(part, line.subarray(cut));
    clock.advanceBy(1_000);
    expect(told).toEqual(['1 passed ü']);
    appendFileSync(part, '{"type":"case",torn\n');
    clock.advanceBy(1_000);
    follower.finish([record('1', { titlePath: ['ü'] }), record('2'), record('1', { verdict: 'broken' })]);
    expect(told).toEqual(['1 passed ü', '2 passed a,b', '1 broken a,b']);
  });

  it('a case as a value has its phases added up and the first failure’s message', () => {
    const phase = (name: string, elapsedMs: number) => ({ name, atMs: 0, elapsedMs });
    const failures = [{ message: 'no answer', hint: 'look', evidence: [] }];
    const phases = [phase('ask', 1), phase('body', 3), phase('ask', 2)];
    expect(caseValue(record('1', { verdict: 'failed', blame: 'dut', phases, failures }))).toMatchObject({
      ...{ type: 'case', id: '1', title: 'a › b', verdict: 'failed', blame: 'dut' },
      ...{ message: 'no answer', hint: 'look', startedAtMs: 1, phasesMs: { ask: 3, body: 3 } },
    });
  });
});

describe('esprig run --json', () => {
  const TOKEN = 'open-sesame-0815';
  let ended: Ended;

  /** One run on two rigs of files elsewhere: an emulated one, and one that somebody else has. */
  beforeAll(async () => {
    const mac = '5c:cf:7f:77:88:99';
    const rig = (name: string, lines: readonly string[]): string => {
      const file = join(folder, `${name}.yaml`);
      writeFileSync(file, [`name: ${name}`, ...lines, ''].join('\n'));
      return file;
    };
    const far = rig('far-away', [
      'kind: virtual',
      'board: { flash: 1MB, layout: one-mb }',
      'dut: { tokenEnv: FAR_TOKEN }',
    ]);
    const held = rig('held', [
      'kind: serial',
      `board: { mac: "${mac}", flash: 1MB, layout: one-mb }`,
      'serial: { port: /dev/null }',
    ]);
    process.env['ESPRIG_LOCKS'] = folder;
    const clock = new RealClock();
    using deadline = new Deadline({ clock, budgetMs: 60_000, phase: 'test', blame: 'harness' });
    const lease = await takeLease(
      { names: [boardLockName(mac)], rig: 'held', owner: 'the night job', wait: false, clock },
      deadline,
    );
    delete process.env['ESPRIG_LOCKS'];
    const running = esprigProcess(
      [
        ...['run', '--rig', far, '--rig', held, '--wait=0', '--json'],
        ...['--case', 'boot/boot', '-t', 'runs its first slot', '--report', join(folder, 'reports')],
      ],
      { ESPRIG_LOCKS: folder, FAR_TOKEN: TOKEN, NO_COLOR: '1' },
    );
    ended = await running.finally(() => lease[Symbol.dispose]());
  });

  it('says on stdout nothing but a value a line: start, verdicts, summary', () => {
    const values = valuesOf(ended);
    expect(values.map(({ type }) => type)).toEqual(['start', 'case', 'case', 'summary']);
    expect(values[0]).toMatchObject({ rigs: ['far-away', 'held'] });
    expect(values.at(-1)).toMatchObject({
      exitCode: 3,
      totals: { cases: 2, passed: 1, failed: 0, broken: 1, skipped: 0 },
      folder: values[0]?.['folder'],
      report: expect.stringMatching(/index\.html$/),
    });
    expect(ended.exitCode).toBe(3);
  });

  it('has a rig of a file elsewhere, and says how the case is run again on it', () => {
    const passed = valuesOf(ended).find(({ rig }) => rig === 'far-away');
    expect(passed).toMatchObject({
      ...{ verdict: 'passed', file: 'cases/boot/boot.test.ts', id: expect.stringMatching(/^c[0-9a-f]{16}$/) },
      title: expect.stringMatching(/ › runs its first slot and says so$/),
      repeatCommand: expect.stringContaining(`--rig ${join(folder, 'far-away.yaml')} `),
      phasesMs: { flash: expect.any(Number), boot: expect.any(Number), body: expect.any(Number) },
    });
  });

  it('does not wait for a rig that somebody else has with --wait=0, and says who that is', () => {
    expect(valuesOf(ended).find(({ rig }) => rig === 'held')).toMatchObject({
      ...{ verdict: 'broken', blame: 'rig', code: 'ESPRIG_RIG_LEASE_HELD' },
      message: expect.stringMatching(/^held is taken by process \d+ of .*, for the night job$/),
      hint: expect.stringMatching(/--wait/),
    });
  });

  it('has the words for people on stderr: no colours with NO_COLOR, and never a secret', () => {
    expect(ended.stderr).toMatch(/2 cases on .* in \d/);
    expect(ended.stderr).toContain('The rig must act:');
    expect(ended.stderr).not.toContain('\u001b[');
    expect(ended.stdout + ended.stderr).not.toContain(TOKEN);
  });
});

describe('esprig run', () => {
  it('takes names, patterns and paths in one, each rig once', () => {
    const file = join(__dirname, '../../../rigs/virtual-1mb.yaml');
    expect(chooseRigs(['virtual-1*', file, 'virtual-2mb', 'virtual-*'])).toEqual([
      { name: 'virtual-1mb', nameOrPath: 'virtual-1mb' },
      { name: 'virtual-2mb', nameOrPath: 'virtual-2mb' },
    ]);
  });

  it('refuses two rigs of one name, for a report could not tell them apart', async () => {
    mkdirSync(join(folder, 'other'));
    const file = join(folder, 'other', 'virtual-1mb.yaml');
    writeFileSync(file, 'name: virtual-1mb\nkind: virtual\nboard: { flash: 1MB, layout: one-mb }\n');
    const twice = await esprigProcess(['run', '--rig', file, '--rig', 'virtual-*', '--quiet']);
    expect(twice).toMatchObject({ exitCode: 2, stdout: '' });
    expect(twice.stderr).toMatch(/^esprig: two of the rigs are called virtual-1mb: .*\(ESPRIG_USAGE\)\n$/s);
  });
});
