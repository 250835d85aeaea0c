import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

jest.setTimeout(120_000);

const BIN = join(__dirname, '..', 'bin.cjs');
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'esprig-cli-rigs-'));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function esprig(...args: string[]): {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
} {
  return spawnSync(process.execPath, [BIN, ...args], { encoding: 'utf8', timeout: 100_000 });
}

describe('esprig rigs', () => {
  it('lists the rigs of the project with what they can do', () => {
    const { stdout } = esprig('rigs', '--json');
    const rigs = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(rigs).toContainEqual(
      expect.objectContaining({
        name: 'virtual-1mb',
        kind: 'virtual',
        layout: 'one-mb',
        can: expect.arrayContaining(['snapshot']),
      }),
    );
    expect(rigs).toContainEqual(
      expect.objectContaining({
        name: 'example-bench',
        kind: 'serial',
        can: ['reset', 'power-cut', 'console-commands'],
      }),
    );
  });
});

describe('a mistake in a rig file', () => {
  it('ends a command with exit code 2, and file, line, column and what to write', () => {
    const file = join(folder, 'desk.yaml');
    writeFileSync(file, 'name: desk\nkind: virtual\nboard: { flash: 1MB, layuot: one-mb }\n');
    const { status, stderr } = esprig('doctor', '--rig', file);
    expect(status).toBe(2);
    const { stdout } = esprig('doctor', '--rig', file, '--json');
    expect(stdout).toContain(`${file}:3:22: board has no key 'layuot'; write layout:`);
    expect(stderr).not.toContain('internal');
  });
});
