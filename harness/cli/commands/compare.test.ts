import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MetricRecord, Verdict } from '../../report/run-record';
import { sampleCase, sampleRun } from '../../report/testkit/sample-run';
import { main } from '../esprig';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'esprig-compare-'));
  write('base', 'passed', 300);
  write('worse', 'failed', 300);
  write('slower', 'passed', 400);
  write('same', 'passed', 310);
  write('more', 'passed', 310, ['title', 'second', 'third']);
  write('another', 'passed', 310, ['of its own']);
  write('failing', 'failed', 310, ['title', 'second']);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, verdict: Verdict, bootMs: number, titles: readonly string[] = ['title']): void {
  const metrics: MetricRecord[] = [
    { name: 'boot time', value: bootMs, unit: 'ms', rig: 'virtual-1mb', better: 'less' },
  ];
  const cases = titles.map((title) => sampleCase({ titlePath: ['group', title], verdict }));
  mkdirSync(join(folder, name));
  writeFileSync(join(folder, name, 'run.json'), JSON.stringify(sampleRun(cases, { metrics })));
}

async function compare(...args: string[]) {
  let stdout = '';
  let stderr = '';
  const written = process.stdout.write.bind(process.stdout);
  process.stdout.write = (text: string | Uint8Array): boolean => ((stdout += String(text)), true);
  try {
    const paths = args.map((arg) => (arg.startsWith('-') || /^\d/.test(arg) ? arg : join(folder, arg)));
    const streams = {
      stdout: () => undefined,
      stderr: (text: string) => void (stderr += text),
      debug: false,
    };
    const exitCode = await main(['compare', ...paths], streams);
    return { exitCode, stdout, stderr };
  } finally {
    process.stdout.write = written;
  }
}

describe('esprig compare', () => {
  test('exits with 0 when nothing got worse', async () => {
    const { exitCode, stdout } = await compare('base', 'same');
    expect(exitCode).toBe(0);
    expect(stdout).toContain('boot time  300 -> 310 ms  x1.033  (virtual-1mb)');
    expect(stdout).toContain('1 cases unchanged');
  });

  test('exits with 1 for a worse verdict', async () => {
    const { exitCode, stdout } = await compare('base', 'worse');
    expect(exitCode).toBe(1);
    expect(stdout).toContain('worse   passed -> failed  group › title  (virtual-1mb)');
  });

  test('exits with 1 for a worse measurement, unless that is tolerated', async () => {
    expect((await compare('base', 'slower')).exitCode).toBe(1);
    expect((await compare('base', 'slower', '--tolerance', '40')).exitCode).toBe(0);
    expect((await compare('base', 'slower', '--tolerance', 'x')).exitCode).toBe(2);
  });

  test('exits with 1 where cases that passed are gone, unless that is allowed', async () => {
    const { exitCode, stdout } = await compare('more', 'same');
    expect(exitCode).toBe(1);
    expect(stdout).toContain('worse   passed -> gone  group › second  (virtual-1mb)');
    expect(stdout).toContain('2 cases that passed are gone: --allow-gone, if they were left out on purpose.');
    expect(stdout).toContain('Something got worse.');
    const allowed = await compare('more', 'same', '--allow-gone');
    expect(allowed.exitCode).toBe(0);
    expect(allowed.stdout).toContain('gone    passed  group › second  (virtual-1mb)');
    expect(allowed.stdout).toContain('Nothing got worse.');
    expect((await compare('same', 'more')).stdout).toContain('new     passed  group › second  (virtual-1mb)');
    const failing = await compare('failing', 'same');
    expect(failing.exitCode).toBe(0);
    expect(failing.stdout).toContain('gone    failed  group › second  (virtual-1mb)');
  });

  test.each([{ options: [] }, { options: ['--allow-gone'] }])(
    'of runs without a common case is no comparison (options: $options)',
    async ({ options }) => {
      const { exitCode, stdout, stderr } = await compare('base', 'another', ...options);
      expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
      expect(stderr).toContain('the runs have no case in common');
      expect(stderr).toContain('same file, title and rig');
    },
  );

  test('is one value for a script', async () => {
    const { stdout } = await compare('base', 'worse', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ gotWorse: true, verdicts: [{ change: 'worse' }] });
  });

  test('says which run is missing', async () => {
    const { exitCode, stderr } = await compare('base', 'nowhere');
    expect(exitCode).toBe(2);
    expect(stderr).toContain('there is no such file');
  });
});
