/** A firmware project of somebody's own that has esprig among its packages: its rigs, its images, its cases, its Jest. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { cleanEnv } from '../core/testkit/clean-env';
import type { RunRecord } from '../report/run-record';
import { ROOT } from './testkit/real-run';
import { BIN, valuesOf, type Ended } from './testkit/run-process';

const JEST = join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js');
const LIMIT_MS = 180_000;
/** Of a process; a test that waits for it in vain ends before Jest ends the test. */
const PROCESS_LIMIT_MS = 110_000;

const FILES = {
  'package.json': '{ "name": "our-firmware", "private": true }',
  'jest.config.js': `module.exports = {
  projects: [{
    preset: 'esprig',
    displayName: 'desk',
    testMatch: ['<rootDir>/hardware/**/*.test.ts'],
    testEnvironmentOptions: { rig: './rigs/our-desk.yaml' },
  }],
  reporters: ['default', 'esprig/harness/jest/reporter.cjs'],
};`,
  'rigs/our-desk.yaml': `name: our-desk
kind: virtual
board: { flash: 1MB, layout: one-mb }
firmware: images
`,
  'hardware/update.test.ts': `import { expect, images, rig, test } from 'esprig';
test('refuses an image of another kind', async () => {
  await using board = await rig();
  const answer = await board.dut.upload(images.make('magic-v2').bytes);
  expect(answer).toHaveRefused('bad_magic');
  expect((await board.dut.status()).running satisfies unknown).toBe('ota_0');
});`,
} as const;

describe("another project's", () => {
  // With what breaks paths that are put together by hand.
  const folder = mkdtempSync(join(tmpdir(), 'esprig naïve (c++) '));
  const here = (program: string, args: readonly string[], below = ''): Promise<Ended> =>
    new Promise((done) => {
      const options = { cwd: join(folder, below), env: cleanEnv(), timeout: PROCESS_LIMIT_MS };
      execFile(process.execPath, [program, ...args], options, (error, stdout, stderr) =>
        done({ exitCode: error === null ? 0 : Number(error.code ?? -1), stdout, stderr }),
      );
    });
  const newest = (): RunRecord =>
    JSON.parse(readFileSync(join(folder, 'reports', 'latest', 'run.json'), 'utf8')) as RunRecord;

  beforeAll(() => {
    for (const [name, text] of Object.entries(FILES)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    cpSync(join(ROOT, 'build', 'firmware', 'one-mb'), join(folder, 'images'), { recursive: true });
    // What `npm install ../esprig` makes.
    mkdirSync(join(folder, 'node_modules'));
    symlinkSync(ROOT, join(folder, 'node_modules', 'esprig'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test(
    'cases run by its own Jest, from any folder of it, on its rig file and its images',
    async () => {
      const { exitCode, stderr } = await here(JEST, [], 'hardware');
      expect({ exitCode, stderr: exitCode === 0 ? '' : stderr }).toEqual({ exitCode: 0, stderr: '' });
      expect(newest()).toMatchObject({
        exitCode: 0,
        totals: { passed: 1, cases: 1 },
        rigs: [{ name: 'our-desk' }],
      });
    },
    LIMIT_MS,
  );

  test(
    'rig is known to the command by its name',
    async () => {
      const rigs = valuesOf(await here(BIN, ['rigs', '--json']));
      expect(rigs.find(({ name }) => name === 'our-desk')).toMatchObject({
        file: join(folder, 'rigs', 'our-desk.yaml'),
        firmware: expect.stringContaining('esprig_app'),
      });
      expect(rigs.map(({ name }) => name)).toContain('virtual-1mb');
    },
    LIMIT_MS,
  );

  test(
    'images are tried by the cases of esprig, and the report stays with the project',
    async () => {
      const title = 'runs its first slot and says so';
      const { exitCode, stderr, stdout } = await here(BIN, [
        'run',
        '--rig',
        'our-desk',
        '--case',
        'boot',
        '-t',
        title,
      ]);
      expect({ exitCode, said: exitCode === 0 ? '' : stderr }).toEqual({ exitCode: 0, said: '' });
      expect(stdout).toContain(join(folder, 'reports'));
      expect(readdirSync(join(folder, 'reports')).filter((name) => name.endsWith('-our-desk'))).toHaveLength(
        2,
      );
      expect(newest()).toMatchObject({ exitCode: 0, rigs: [{ name: 'our-desk' }] });
    },
    LIMIT_MS,
  );
});
