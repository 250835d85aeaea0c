import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { nearest } from './nearest';
import { baseOf, findRig, listRigFiles, selectRigFiles } from './select-rigs';

let root: string;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'esprig-rigs-'));
  mkdirSync(join(root, 'rigs', 'local'), { recursive: true });
  const write = (path: string): void => {
    const name = basename(path, '.yaml');
    writeFileSync(
      join(root, 'rigs', path),
      `name: ${name}\nkind: virtual\nboard: { flash: 1MB, layout: one-mb }\n`,
    );
  };
  for (const path of [
    'virtual-1mb.yaml',
    'example-bench.yaml',
    'local/rack-1.yaml',
    'local/rack-2.yaml',
    'local/desk.yaml',
    'notes.yaml.old',
    'local/shelf.yml',
  ])
    write(path);
});

afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('rigs are chosen', () => {
  const names = (...patterns: string[]): readonly string[] =>
    selectRigFiles(patterns, { root }).map((file) => basename(file, '.yaml'));

  it('by name, by pattern, and each once', () => {
    expect(names('desk')).toEqual(['desk']);
    expect(names('rack-*', 'rack-2')).toEqual(['rack-1', 'rack-2']);
    expect(names('rack-?', 'virtual-1mb')).toEqual(['rack-1', 'rack-2', 'virtual-1mb']);
  });

  it('without the example, unless it is named', () => {
    expect(names('*')).toEqual(['virtual-1mb', 'desk', 'rack-1', 'rack-2']);
    expect(names('example-bench')).toEqual(['example-bench']);
  });

  it('by path, and read', () => {
    const file = join(root, 'rigs', 'local', 'desk.yaml');
    expect(findRig(file).description.name).toBe('desk');
    expect(findRig('desk', { root })).toMatchObject({ file, description: { kind: 'virtual' } });
  });

  it('by the name of a file with another ending, which is told', () => {
    const file = join(root, 'rigs', 'local', 'shelf.yml');
    for (const name of ['shelf', 'shelf.yml']) {
      expect(() => names(name)).toThrow(
        expect.objectContaining({
          code: 'ESPRIG_RIG_NOT_FOUND',
          hint: `There is ${file}: rig files end in .yaml, so rename it.`,
        }),
      );
    }
  });

  it('by nobody’s name with a word of help', () => {
    expect(() => names('rakc-1')).toThrow(
      expect.objectContaining({
        code: 'ESPRIG_RIG_NOT_FOUND',
        hint: expect.stringMatching(/^Did you mean rack-1\?/),
      }),
    );
    expect(() => names('virtual')).toThrow(
      expect.objectContaining({ hint: expect.stringMatching(/^Did you mean virtual-1mb\?/) }),
    );
    expect(() => names('rack')).toThrow(
      expect.objectContaining({ hint: expect.stringMatching(/^Did you mean rack-1 or rack-2\?/) }),
    );
    expect(() => names('zzz*')).toThrow(
      expect.objectContaining({
        message: "no rig has a name like 'zzz*'",
        hint: expect.stringMatching(
          /^There are example-bench, virtual-1mb, desk, rack-1, rack-2\. .*named by its path/,
        ),
      }),
    );
    expect(() => findRig('rack-*', { root })).toThrow(/means 2 rigs/);
    expect(() => findRig(join(root, 'gone.yaml'))).toThrow(
      expect.objectContaining({ code: 'ESPRIG_USAGE_FILE' }),
    );
  });

  it('one name means one rig', () => {
    const twin = join(root, 'rigs', 'local', 'virtual-1mb.yaml');
    writeFileSync(twin, 'name: virtual-1mb\n');
    try {
      expect(() => names('virtual-1mb')).toThrow(/two rig files are called virtual-1mb/);
    } finally {
      rmSync(twin);
    }
    expect(listRigFiles({ root })).toHaveLength(5);
  });
});

describe('the nearest word', () => {
  it.each([
    ['prot', 'port'],
    ['flash_baud', 'flashBaud'],
    ['pwer', 'power'],
    ['colour', undefined],
  ])('to %s is %s', (word, meant) => {
    expect(nearest(word, ['port', 'power', 'flashBaud', 'reset'])).toBe(meant);
  });
});

describe('names of files in a rig file', () => {
  it.each([
    ['/p/rigs/desk.yaml', '/p'],
    ['/p/rigs/local/desk.yaml', '/p'],
    ['/p/boards/desk.yaml', '/p/boards'],
    ['/p/local/desk.yaml', '/p/local'],
  ])('in %s count from %s', (file, base) => expect(baseOf(file)).toBe(base));
});
