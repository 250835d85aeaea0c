import { describe, expect, test } from '@jest/globals';
import { join, resolve } from 'node:path';
import { COMMANDS } from '../commands';
import { main } from '../esprig';
import { runCommand } from '../testkit/run-command';
import { titlesIn } from './case-titles';
import { chooseCases, listCaseFiles } from './choose-cases';
import { jestConfigFor } from './jest-config';

const ROOT = resolve(__dirname, '../../..');
const FILES = ['cases/boot/boot.test.ts', 'cases/ota-bad/wrong-slot.test.ts'];

describe('--case', () => {
  test('chooses files by their path, otherwise cases by title', () => {
    expect(chooseCases(FILES, ['ota-bad'], undefined)).toEqual({ files: 'ota-bad', titles: undefined });
    expect(chooseCases(FILES, ['OTA-BAD/wrong'], 'is refused')).toEqual({
      files: 'OTA-BAD/wrong',
      titles: 'is refused',
    });
    expect(chooseCases(FILES, ['before anything is erased'], undefined)).toEqual({
      files: undefined,
      titles: 'before anything is erased',
    });
    expect(chooseCases(FILES, [], undefined)).toEqual({ files: undefined, titles: undefined });
  });

  test('may be said several times, all of them paths or all of them titles', () => {
    const chosen = chooseCases(FILES, ['boot', 'ota-bad/wrong|nowhere'], 'x');
    expect(chosen).toEqual({ files: '(boot)|(ota-bad/wrong|nowhere)', titles: 'x' });
    expect(FILES.filter((file) => new RegExp(chosen.files ?? '').test(file))).toEqual(FILES);
    expect(chooseCases(FILES, ['before', 'after'], undefined)).toEqual({
      ...{ files: undefined, titles: '(before)|(after)' },
    });
    expect(() => chooseCases(FILES, ['boot', 'after'], undefined)).toThrow(
      '--case after: no case file has such a path',
    );
  });

  test('is a regular expression', () => {
    expect(() => chooseCases(FILES, ['('], undefined)).toThrow(/^--case \(: /);
    expect(() => chooseCases(FILES, [], '[')).toThrow(/^--title \[: /);
    expect(() => chooseCases(FILES, ['nowhere'], 'is refused')).toThrow('no case file has such a path');
  });

  test('knows the case files of the checkout', () => {
    expect(listCaseFiles(ROOT)).toEqual(expect.arrayContaining(['cases/boot/boot.test.ts']));
    expect(listCaseFiles(join(ROOT, 'nowhere'))).toEqual([]);
  });
});

describe('the list of case files', () => {
  const rows = COMMANDS;
  const list = (...args: readonly string[]) => runCommand(rows, ['run', '--list', ...args]);

  test('has the files of a path, of a title, and of both', async () => {
    expect(await list('--case', 'boot/b')).toMatchObject({
      exitCode: 0,
      stdout: 'cases/boot/boot.test.ts\n',
    });
    const byTitle = await list('--case', 'as shipped runs its first slot');
    expect(byTitle.stdout).toMatch(/^no case file has .* in its path; these have it in a title:\n/);
    expect(byTitle.stdout).toMatch(/\ncases\/boot\/boot\.test\.ts\n$/);
    const { stdout } = await list('--case', 'boot', '-t', 'comes up five times', '--json', '--quiet');
    expect(stdout).toBe('{"type":"case-file","file":"cases/boot/power-cycle.test.ts"}\n');
  });

  test.each([
    ['a pattern', ['--case', 'nonsense'], "no case file or title matches 'nonsense'"],
    ['a title', ['-t', 'nonsense'], "no case title matches 'nonsense'"],
    [
      'a title in files',
      ['--case', 'boot', '-t', 'wrong slot'],
      "in the files of --case 'boot' matches 'wrong slot'",
    ],
    ['a rig', ['--rig', 'virtual-9'], "no rig is called 'virtual-9'"],
  ])('refuses %s that there is not', async (_what, args, text) => {
    const { exitCode, stdout, stderr } = await list(...args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toContain(text);
  });

  test('knows titles as they are written', () => {
    const source = `
      test('alone', () => undefined);
      describe("a group", () => {
        test.each([['x', ')']])('has %s in it', async () => undefined);
        test.skip(\`it's\`, () => undefined);
        it(
          'it\\'s late', () => undefined);
      });`;
    expect(titlesIn(source)).toEqual(['alone', 'a group has %s in it', "a group it's", "a group it's late"]);
  });
});

describe('the configuration of a run', () => {
  test('has a project for each rig, by its name', () => {
    const plan = {
      root: '/r',
      rigs: [
        { name: 'a', nameOrPath: 'a' },
        { name: 'b', nameOrPath: '/elsewhere/b.yaml' },
      ],
      ...{ workers: 3, firmware: '/f', leaseMs: 0 },
    };
    expect(jestConfigFor(plan)).toMatchObject({
      maxWorkers: 3,
      projects: [
        { displayName: 'a', testEnvironmentOptions: { rig: 'a', firmware: '/f', budgets: { leaseMs: 0 } } },
        { displayName: 'b', testEnvironmentOptions: { rig: '/elsewhere/b.yaml', firmware: '/f' } },
      ],
    });
  });
});

describe('esprig run', () => {
  const run = async (...args: readonly string[]) => {
    let said = '';
    const stderr = (text: string) => void (said += text);
    return { code: await main(['run', ...args], { stdout: () => undefined, stderr, debug: false }), said };
  };

  test.each([
    ['a rig that is not there', ['--rig', 'virtual-9'], "no rig is called 'virtual-9'"],
    ['a pattern that is none', ['--case', '('], '--case ('],
    ['no firmware set', ['--firmware', '/nowhere'], 'there is no firmware.json in it'],
    ['no number', ['--soak', 'often'], "--soak: 'often' is no whole number"],
  ])('refuses %s with 2, and leaves no report', async (_what, args, text) => {
    const { code, said } = await run(...args, '--report', join(__filename, 'reports'));
    expect(code).toBe(2);
    expect(said).toContain(text);
  });

  test('is broken where no report can be written', async () => {
    const { code, said } = await run('--report', join(__filename, 'reports'));
    expect(code).toBe(3);
    expect(said).toContain('it cannot be written');
  });
});
