import { describe, expect, test } from '@jest/globals';
import { resolve } from 'node:path';
import { commandLine, FILE_ITSELF, repeatCommand } from './repeat-command';
import { Project } from './testkit/project';

const LIMIT_MS = 180_000;
const CHECKOUT = resolve(__dirname, '../..');
const CASE = { file: 'cases/a b.test.ts', titlePath: ['it’s', 'a (b)'], rig: 'virtual-1mb' };

describe('a command that repeats one case', () => {
  test('is one of Jest, and in a checkout one of esprig', () => {
    expect(repeatCommand({ rootDir: '/nowhere', ...CASE })).toBe(
      "ESPRIG_RIG=virtual-1mb npx jest 'cases/a b.test.ts' -t '^it’s a \\(b\\)$'",
    );
    expect(repeatCommand({ rootDir: CHECKOUT, ...CASE })).toBe(
      "npx esprig run --rig virtual-1mb --case 'cases/a b.test.ts' -t '^it’s a \\(b\\)$'",
    );
  });

  test('takes the firmware that the case ran on, where that was not the rig’s own', () => {
    const firmware = '/builds/of today';
    expect(repeatCommand({ rootDir: '/nowhere', ...CASE, firmware })).toBe(
      "ESPRIG_RIG=virtual-1mb ESPRIG_FIRMWARE='/builds/of today' npx jest 'cases/a b.test.ts' -t '^it’s a \\(b\\)$'",
    );
    expect(repeatCommand({ rootDir: CHECKOUT, ...CASE, firmware })).toBe(
      "npx esprig run --rig virtual-1mb --firmware '/builds/of today' --case 'cases/a b.test.ts' -t '^it’s a \\(b\\)$'",
    );
  });

  test('without a title repeats the whole file: one that could not be run has no case yet', () => {
    expect(repeatCommand({ rootDir: '/nowhere', ...CASE, titlePath: [FILE_ITSELF] })).toBe(
      "ESPRIG_RIG=virtual-1mb npx jest 'cases/a b.test.ts'",
    );
  });

  test(
    'says so in a run, of a file that could not be run too',
    async () => {
      const files = { 'a.case.ts': `test('is told', () => undefined);`, 'b.case.ts': 'throw 1 +;' };
      using project = new Project({ files });
      const { record } = await project.run([], { ESPRIG_FIRMWARE: '/builds/today' });
      const commands = (record?.cases ?? []).map(({ repeatCommand: command }) => command).sort();
      expect(commands).toEqual([
        "ESPRIG_RIG=fake-1 ESPRIG_FIRMWARE=/builds/today npx jest a.case.ts -t '^is told$'",
        'ESPRIG_RIG=fake-1 ESPRIG_FIRMWARE=/builds/today npx jest b.case.ts',
      ]);
    },
    LIMIT_MS,
  );
});

describe('what was typed', () => {
  test('loses the path of node and of the script', () => {
    expect(commandLine(['/usr/bin/node', '/x/node_modules/jest/bin/jest.js', '-t', 'a b'])).toBe(
      "jest -t 'a b'",
    );
  });

  test('can be typed again: a shell takes each word as it was', () => {
    const words = ['run', '--case', 'boot/boot|sse', '-t', "it's $HOME", '--rig=a,b', ''];
    expect(commandLine(['node', 'esprig', ...words])).toBe(
      "esprig run --case 'boot/boot|sse' -t 'it'\\''s $HOME' --rig=a,b ''",
    );
  });
});
