import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseSdkPatches } from '../../protocol/sdk-patch';
import { COMMANDS } from '../commands';
import { runCommand } from '../testkit/run-command';
import * as sdk from './sdk';

const PATCHES = parseSdkPatches(
  readFileSync(join(__dirname, '../../../firmware/sdk-patches/patches.json'), 'utf8'),
);
const FILES = PATCHES.map(({ file }) => file);
const ROWS = [{ name: 'sdk', summary: '', load: () => Promise.resolve(sdk) }];
const NOTE = '.esprig-sdk-patches.json';

let folder = '';
const at = (...parts: string[]) => join(folder, ...parts);
const write = (file: string, text: string): void => {
  mkdirSync(dirname(at(file)), { recursive: true });
  writeFileSync(at(file), text, 'latin1');
};
const contents = () => FILES.map((file) => readFileSync(at(file), 'latin1'));
/** A tree with nothing of the SDK but the lines of the examples. */
const build = (form: 'missing' | 'applied', end = '\n'): void => {
  for (const { file, example } of PATCHES) write(file, `# \xe9${end}${example[form].join(end)}${end}`);
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'esprig-sdk-'));
  build('missing');
});
afterEach(() => rmSync(folder, { recursive: true }));

const esprig = (...args: readonly string[]) => runCommand(ROWS, ['sdk', ...args]);

describe('sdk check', () => {
  test('tells file and line of what is missing, and exits 1', async () => {
    const { exitCode, stdout } = await esprig('check', folder);
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/missing {2}partition-name +components\/esp8266\/CMakeLists\.txt:3\n/);
    expect(stdout).toMatch(/missing {2}descriptor-in-text +components\/\S+\.ld\.in:10\n/);
    expect(stdout).toMatch(/0 of 2 are there; `esprig sdk patch /);
  });

  test('exits 0 when both are there, and says all of it as JSON', async () => {
    build('applied');
    write('version.txt', 'v3.4-12-gabc\n');
    const { exitCode, stdout } = await esprig('check', folder, '--json');
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      ...{ verb: 'check', version: 'v3.4-12-gabc', versionFrom: 'version.txt', changed: [] },
      patches: [
        { name: 'partition-name', file: FILES[0], state: 'applied', line: 3 },
        { name: 'descriptor-in-text', file: FILES[1], state: 'applied', line: 5 },
      ],
    });
  });

  test('takes the SDK from IDF_PATH', async () => {
    const before = process.env['IDF_PATH'];
    try {
      process.env['IDF_PATH'] = folder;
      expect(await esprig('check')).toMatchObject({ exitCode: 1, stdout: expect.stringContaining(folder) });
      delete process.env['IDF_PATH'];
      expect(await esprig('check')).toMatchObject({
        exitCode: 2,
        stderr: expect.stringContaining('IDF_PATH'),
      });
    } finally {
      if (before !== undefined) process.env['IDF_PATH'] = before;
    }
  });

  const SHA = 'a'.repeat(40);
  test.each([
    [
      'an annotated tag',
      { HEAD: SHA, 'packed-refs': `${'b'.repeat(40)} refs/tags/v3.4\n^${SHA}\n` },
      'v3.4 (by git)',
    ],
    ['a tag of its own', { HEAD: SHA, 'refs/tags/v3.3': `${SHA}\n` }, 'v3.3 (by git)'],
    [
      'a branch',
      { HEAD: 'ref: refs/heads/main\n', 'refs/heads/main': `${SHA}\n` },
      'commit aaaaaaaa (by git)',
    ],
    [
      'a packed branch',
      { HEAD: 'ref: refs/heads/x\n', 'packed-refs': `${SHA} refs/heads/x\n` },
      'commit aaaaaaaa (by git)',
    ],
    ['nothing', {}, 'version unknown'],
  ])('tells the version of a checkout of %s', async (_what, git, wanted) => {
    for (const [file, text] of Object.entries(git)) write(join('.git', file), text);
    expect((await esprig('check', folder)).stdout).toContain(wanted);
  });
});

describe('sdk patch and unpatch', () => {
  test.each([
    ['LF', '\n'],
    ['CRLF', '\r\n'],
  ])('make both changes, once, and restore every byte (%s)', async (_name, end) => {
    build('missing', end);
    const before = contents();
    const first = await esprig('patch', folder);
    expect(first).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/Made: partition-name, descriptor-in-text/),
    });
    const after = contents();
    expect(after).toEqual(PATCHES.map(({ example }) => `# \xe9${end}${example.applied.join(end)}${end}`));
    const again = await esprig('patch', folder);
    expect(again).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('nothing was changed') });
    expect(contents()).toEqual(after);
    const undone = await esprig('unpatch', folder);
    expect(undone).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/byte for byte/) });
    expect(contents()).toEqual(before);
    expect(existsSync(at(NOTE))).toBe(false);
    expect(await esprig('unpatch', folder)).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('Neither was there'),
    });
  });

  test('restore what undoing by content could not: odd blanks of the old lines', async () => {
    const [file] = FILES as [string];
    const odd = readFileSync(at(file), 'latin1').replace(/^ {4}(partition.*app_size.*)$/m, '\t$1  ');
    write(file, odd);
    expect((await esprig('patch', folder)).exitCode).toBe(0);
    expect((await esprig('unpatch', folder)).exitCode).toBe(0);
    expect(readFileSync(at(file), 'latin1')).toBe(odd);
  });

  test('keep what somebody else changed in between, and undo a change made by hand', async () => {
    const before = contents();
    await esprig('patch', folder);
    for (const file of FILES) write(file, `${readFileSync(at(file), 'latin1')}# mine\n`);
    expect(await esprig('unpatch', folder)).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/by content, other changes of yours stay/),
    });
    expect(contents()).toEqual(before.map((text) => `${text}# mine\n`));
    build('applied');
    expect((await esprig('unpatch', folder)).exitCode).toBe(0);
    expect(contents()).toEqual(before);
  });

  test('make only what is missing', async () => {
    const [first, second] = PATCHES as [(typeof PATCHES)[number], (typeof PATCHES)[number]];
    write(first.file, `${first.example.applied.join('\n')}\n`);
    const { stdout } = await esprig('patch', folder, '--json');
    expect(JSON.parse(stdout)).toMatchObject({ changed: [second.name], note: NOTE });
    expect((await esprig('check', folder)).exitCode).toBe(0);
  });

  test.each(['patch', 'unpatch'])(
    '%s changes nothing where one file is not known, and shows its line',
    async (verb) => {
      const half = readFileSync(at(FILES[1]!), 'latin1').replace(
        '*(.rodata_custom_desc .rodata_custom_desc.*)',
        '*(.z)',
      );
      write(FILES[1]!, half);
      const before = contents();
      const { exitCode, stderr } = await esprig(verb, folder);
      expect(exitCode).toBe(1);
      expect(stderr).toMatch(
        /nothing was changed\n.*\n.*\.ld\.in:10: descriptor-in-text is unknown: only|\.ld\.in:10: descriptor/,
      );
      expect(stderr).toContain('(ESPRIG_SDK_TEXT)');
      expect(contents()).toEqual(before);
      expect(existsSync(at(NOTE))).toBe(false);
    },
  );

  test('an SDK from before the linker template is unknown, not patched by half', async () => {
    rmSync(at(FILES[1]!));
    expect(await esprig('patch', folder)).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('older than v3.3'),
    });
    expect(existsSync(at(NOTE))).toBe(false);
  });

  test('a file marked read-only is the rig’s fault: exit 3, nothing changed, a hint', async () => {
    chmodSync(at(FILES[1]!), 0o444);
    const before = contents();
    const { exitCode, stderr } = await esprig('patch', folder);
    expect(exitCode).toBe(3);
    expect(stderr).toMatch(/marked read-only; nothing was changed\n {2}hint: Make the SDK writable/);
    expect(contents()).toEqual(before);
    expect(existsSync(at(NOTE))).toBe(false);
  });
});

describe('a path that is no SDK', () => {
  test.each([
    ['a folder of it', () => at('components/esp8266/ld'), /The SDK's top folder is \/.*esprig-sdk-\w+\./],
    ['the folder above it', () => dirname(folder), /is not the top folder/],
    ['a file', () => at(FILES[0]!), /is a file/],
    ['nothing', () => at('nope'), /does not exist/],
  ])('%s is told apart: exit 2', async (_what, path, wanted) => {
    expect(await esprig('patch', path())).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(wanted),
    });
  });

  test('a project, ESP-IDF, and a folder with an SDK in it get their own hints', async () => {
    write('p/sdkconfig', '');
    write('i/components/esp32/x', '');
    write('s/sdk/components/esp8266/x', '');
    rmSync(at('components'), { recursive: true });
    expect((await esprig('check', at('p'))).stderr).toMatch(/a project that uses the SDK/);
    expect((await esprig('check', at('i'))).stderr).toMatch(/ESP-IDF/);
    expect((await esprig('check', at('s'))).stderr).toContain(`There is an SDK in ${at('s/sdk')}`);
  });
});

test('the command is in the list of all commands', async () => {
  const row = COMMANDS.find(({ name }) => name === 'sdk');
  expect(await row?.load()).toHaveProperty('register');
});
