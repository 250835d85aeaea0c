import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { esprigProcess, mistakeOf, type Ended } from '../testkit/run-process';

/* What makes a run impossible is said once, before there is a folder for its report. */
const LIMIT_MS = 120_000;
let folder: string;
let reports: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'esprig-refused-'));
  reports = join(folder, 'reports');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function rigFile(name: string, lines: readonly string[]): string {
  const file = join(folder, `${name}.yaml`);
  writeFileSync(file, [`name: ${name}`, 'kind: virtual', ...lines, ''].join('\n'));
  return file;
}

const BOARD = 'board: { flash: 1MB, layout: one-mb }';

function run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  return esprigProcess(['run', '--case', 'boot/boot', '--report', reports, ...args], env);
}

describe('a run on a rig that lacks something', () => {
  it(
    'is refused once, for its secret, and leaves no report',
    async () => {
      const rig = rigFile('secretive', [BOARD, 'dut: { tokenEnv: NOBODY_HAS_SET_THIS }']);
      const ended = await run(['--rig', rig, '--rig', 'virtual-1mb']);
      expect(mistakeOf(ended)).toEqual([2, 'ESPRIG_USAGE']);
      expect(ended.stderr).toContain('NOBODY_HAS_SET_THIS is not set');
      expect(existsSync(reports)).toBe(false);
    },
    LIMIT_MS,
  );

  it(
    'is refused once, for its firmware',
    async () => {
      mkdirSync(join(folder, 'empty'), { recursive: true });
      const ended = await run(['--rig', rigFile('bare', [BOARD, 'firmware: ./empty'])]);
      expect(mistakeOf(ended)).toEqual([3, 'ESPRIG_RIG_NO_FIRMWARE']);
      const other = await run(['--rig', 'virtual-1mb'], { ESPRIG_FIRMWARE: join(folder, 'empty') });
      expect(mistakeOf(other)).toEqual([3, 'ESPRIG_RIG_NO_FIRMWARE']);
      expect(existsSync(reports)).toBe(false);
    },
    LIMIT_MS,
  );

  it.each([
    ['7 characters', 'secret7'],
    ['64 characters', 'x'.repeat(64)],
  ])(
    'is refused for a passphrase of %s, which is not shown',
    async (length, passphrase) => {
      const rig = rigFile('short', [BOARD, 'wifi: { ssid: lab, passphraseEnv: LAB_PASSPHRASE }']);
      const ended = await run(['--rig', rig], { LAB_PASSPHRASE: passphrase });
      expect(mistakeOf(ended)).toEqual([2, 'ESPRIG_USAGE']);
      expect(ended.stderr).toMatch(new RegExp(`LAB_PASSPHRASE, .*${length}; WPA2 wants 8 to 63`));
      expect(ended.stderr).not.toContain(passphrase);
    },
    LIMIT_MS,
  );
});

describe('a run in which no case takes part', () => {
  it(
    'says that the pattern means none, and leaves the reports as they were',
    async () => {
      const elder = join(reports, 'elder');
      mkdirSync(elder, { recursive: true });
      symlinkSync('elder', join(reports, 'latest'));
      const args = ['--case', 'boto/boot', '--quiet', '--report', reports];
      const ended = await esprigProcess(['run', ...args]);
      expect(mistakeOf(ended)).toEqual([2, 'ESPRIG_USAGE']);
      expect(ended.stderr).toContain("no case file or title matches 'boto/boot'");
      expect(readdirSync(reports).sort()).toEqual(['elder', 'latest']);
      expect(readlinkSync(join(reports, 'latest'))).toBe('elder');
    },
    LIMIT_MS,
  );
});
