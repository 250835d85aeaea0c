import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  chmodSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeTogether } from './write-together';

let folder = '';
const at = (name: string) => join(folder, name);
const read = (name: string) => readFileSync(at(name), 'utf8');
const bytes = (text: string) => Buffer.from(text);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'esprig-write-'));
  writeFileSync(at('a'), 'old a', { mode: 0o755 });
  writeFileSync(at('b'), 'old b');
});
afterEach(() => rmSync(folder, { recursive: true }));

function failing(name: string, code: string) {
  return {
    rename: (from: string, to: string): void => {
      if (to.endsWith(name)) throw Object.assign(new Error(`${code}: no`), { code });
      renameSync(from, to);
    },
  };
}

describe('writing files together', () => {
  test('changes, adds and takes away, and keeps modes and links', () => {
    symlinkSync(at('b'), at('link'));
    writeFileSync(at('gone'), 'x');
    writeTogether([
      { path: at('new'), bytes: bytes('new') },
      { path: at('a'), bytes: bytes('new a') },
      { path: at('link'), bytes: bytes('new b') },
      { path: at('gone'), bytes: undefined },
    ]);
    expect([read('a'), read('b'), read('new')]).toEqual(['new a', 'new b', 'new']);
    expect(statSync(at('a')).mode & 0o777).toBe(0o755);
    expect(lstatSync(at('link')).isSymbolicLink()).toBe(true);
    expect(readdirSync(folder).sort()).toEqual(['a', 'b', 'link', 'new']);
  });

  test.each([
    ['EACCES', /b cannot be written: this user may not write there; nothing was changed/],
    ['EROFS', /the file system is read-only/],
    ['ENOSPC', /there is no room left/],
  ])('puts everything back when the last of them fails with %s', (code, wanted) => {
    const changes = [
      { path: at('note'), bytes: bytes('note') },
      { path: at('a'), bytes: bytes('new a') },
      { path: at('b'), bytes: bytes('new b') },
    ];
    let thrown: unknown;
    try {
      writeTogether(changes, failing('/b', code));
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({
      code: 'ESPRIG_USAGE_FILE',
      blame: 'rig',
      message: expect.stringMatching(wanted),
    });
    expect([read('a'), read('b')]).toEqual(['old a', 'old b']);
    expect(readdirSync(folder).sort()).toEqual(['a', 'b']);
    expect(statSync(at('a')).mode & 0o777).toBe(0o755);
  });

  test('leaves a file alone that is marked read-only, and the others with it', () => {
    chmodSync(at('b'), 0o444);
    const changes = ['a', 'b'].map((name) => ({ path: at(name), bytes: bytes('new') }));
    expect(() => writeTogether(changes)).toThrow(
      /b cannot be written: it is marked read-only; nothing was changed/,
    );
    expect([read('a'), read('b')]).toEqual(['old a', 'old b']);
    expect(readdirSync(folder).sort()).toEqual(['a', 'b']);
  });
});
