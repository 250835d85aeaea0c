import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeChip } from '../device/testkit/fake-chip';
import { startRfc2217Server, type Rfc2217Server } from '../host/rfc2217-server';
import { esprigProcess, mistakeOf } from './testkit/run-process';
import { mustBeWritable } from './writable';

const LIMIT_MS = 60_000;
let folder: string;
let chip: FakeChip;
let line: Rfc2217Server;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'esprig-writable-'));
  chip = new FakeChip({ chatter: 'I (7) app: busy\r\n' });
  line = await startRfc2217Server(chip.line);
});
afterAll(async () => {
  await line.close();
  chip.dispose();
  rmSync(folder, { recursive: true, force: true });
});

describe('a file that a result should go to', () => {
  it('keeps what it holds when it is looked at, and is not made by that', () => {
    const old = join(folder, 'old.bin');
    writeFileSync(old, 'old');
    mustBeWritable('--log', old);
    expect(readFileSync(old, 'utf8')).toBe('old');
    const fresh = join(folder, 'new.bin');
    mustBeWritable('--log', fresh);
    expect(existsSync(fresh)).toBe(false);
    expect(() => mustBeWritable('--log', folder)).toThrow(`--log: cannot write ${folder}: EISDIR`);
    expect(() => mustBeWritable('--log', join(old, 'x'))).toThrow('cannot write');
  });

  it.each([
    ['monitor --log', ['monitor', '--log', 'NOWHERE', '--timeout', '3', '--port', 'PORT']],
    ['read-flash', ['read-flash', '0', 'all', 'NOWHERE', '--port', 'PORT']],
    ['board --save-flash', ['board', '--save-flash', 'NOWHERE', '--timeout', '3']],
  ])(
    'and cannot be made is told by %s before anything is done',
    async (_what, args) => {
      const values = { NOWHERE: join(folder, 'none', 'x'), PORT: line.url };
      const ended = await esprigProcess(args.map((arg) => values[arg as 'PORT'] ?? arg));
      expect(mistakeOf(ended)).toEqual([2, 'ESPRIG_USAGE_FILE']);
      expect(ended.stdout).toBe('');
      expect(ended.stderr).toContain('there is no such folder');
      expect(line.counts.clientsServed).toBe(0);
    },
    LIMIT_MS,
  );

  (existsSync('/dev/full') ? it : it.skip)(
    'that is full ends the session that it logs',
    async () => {
      const args = ['monitor', '--log', '/dev/full', '--timeout', '30', '--port', line.url];
      const ended = await esprigProcess(args);
      expect(mistakeOf(ended)).toEqual([2, 'ESPRIG_USAGE_FILE']);
      expect(ended.stderr).toContain('--log: cannot write /dev/full: ENOSPC');
    },
    LIMIT_MS,
  );
});
