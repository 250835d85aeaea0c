import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { FakeChip } from '../device/testkit/fake-chip';
import type { FakeChipOptions } from '../device/testkit/fake-chip';
import { startRfc2217Server } from '../host/rfc2217-server';
import type { Rfc2217Server } from '../host/rfc2217-server';

const BIN = join(__dirname, 'bin.cjs');
let folder: string;
let chip: FakeChip;
let server: Rfc2217Server;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'esprig-cli-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(() => board({}));
afterEach(async () => {
  await server.close();
  chip.dispose();
});

async function board(options: FakeChipOptions): Promise<void> {
  if (server !== undefined) await server.close();
  if (chip !== undefined) chip.dispose();
  chip = new FakeChip(options);
  server = await startRfc2217Server(chip.line);
}

interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The command as a person would start it, on the board of this test. */
function esprig(...args: string[]): Promise<Ended> {
  return esprigOn(server.url, ...args);
}

function esprigOn(url: string, ...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const env = { ...process.env, ESPRIG_PORT: url };
    const child = execFile(
      process.execPath,
      [BIN, ...args],
      { env, timeout: 40_000 },
      (error, stdout, stderr) => {
        resolve({ exitCode: error === null ? 0 : Number(error.code), stdout, stderr });
      },
    );
    child.stdin?.end();
  });
}

function file(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

const last = (text: string): unknown => JSON.parse(text.trim().split('\n').at(-1)!);

describe('the serial commands', () => {
  it('tell who the board is', async () => {
    const ended = await esprig('chip', '--json');
    expect(ended).toMatchObject({ exitCode: 0 });
    expect(last(ended.stdout)).toMatchObject({
      chip: 'ESP8266EX',
      mac: '5c:cf:7f:01:23:45',
      flashSizeBytes: 0x400000,
    });
    expect(ended.stdout.trim().split('\n')).toHaveLength(1);
  }, 60_000);

  it('write, find it written, read it back and erase it', async () => {
    const data = randomBytes(50_000);
    data[0] = 0;
    const path = file('data.bin', data);
    const first = await esprig('flash', `0x10000:${path}`, '--expect-mac', '5C:CF:7F:01:23:45');
    expect(first.stderr).not.toContain('esprig:');
    expect(first.exitCode).toBe(0);
    expect(first.stdout).toContain('50000 bytes written (verified by MD5)');
    expect(Buffer.from(chip.flash.subarray(0x10000, 0x10000 + 50_000)).equals(data)).toBe(true);
    expect(chip.bootModes.at(-1)).toBe(3);

    const second = await esprig('flash', `0x10000:${path}`);
    expect(second.stdout).toContain('is there already, nothing written');

    const back = join(folder, 'back.bin');
    expect((await esprig('read-flash', '0x10000', '50000', back)).exitCode).toBe(0);
    expect(readFileSync(back).equals(data)).toBe(true);

    expect((await esprig('erase', '--region', '0x10000:0x1000')).exitCode).toBe(0);
    expect(chip.flash.subarray(0x10000, 0x11000).every((byte) => byte === 0xff)).toBe(true);
    expect(chip.flash[0x11000]).toBe(data[0x1000]);
  }, 120_000);

  it('take files and offsets from a build', async () => {
    const data = randomBytes(3000);
    data[0] = 0;
    file('table.bin', data);
    const args = file(
      'flasher_args.json',
      Buffer.from(JSON.stringify({ flash_files: { '0x8000': 'table.bin' } })),
    );
    expect(await esprig('flash', '--flasher-args', args, '--no-stub')).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('each block read back by the boot ROM'),
    });
    expect(Buffer.from(chip.flash.subarray(0x8000, 0x8000 + 3000)).equals(data)).toBe(true);
  }, 60_000);

  it('reset into the loader and into the app, and say where the chip is', async () => {
    expect(await esprig('reset', '--into', 'loader')).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('serial loader'),
    });
    expect(chip.mode).toBe('rom');
    expect(await esprig('reset')).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('boot mode 3'),
    });
    expect(chip.mode).toBe('app');
  }, 60_000);

  it('show the console with times, and end when a text comes', async () => {
    await board({ chatter: 'I (7) app: ready to serve\r\n' });
    const log = join(folder, 'raw.log');
    const ended = await esprig('monitor', '--until', 'ready', '--log', log, '--timeout', '20');
    expect(ended.exitCode).toBe(0);
    expect(ended.stdout).toMatch(/^ +\d+\.\d{3} I \(7\) app: ready to serve$/m);
    expect(readFileSync(log, 'utf8')).toContain('ready to serve\r\n');
  }, 60_000);
});

describe('the serial commands end with the right code, one clear message and an untouched flash', () => {
  const CASES = [
    [
      'another board',
      ['flash', '0x1000:DATA', '--expect-mac', '00:11:22:33:44:55'],
      3,
      'ESPRIG_RIG_WRONG_BOARD',
    ],
    ['no file', ['flash', '0x1000:/no/such.bin'], 2, 'ESPRIG_USAGE_FILE'],
    ['no offset', ['flash', 'DATA'], 2, 'ESPRIG_USAGE_OFFSET'],
    ['odd offset', ['flash', '0x1001:DATA'], 2, 'ESPRIG_USAGE_OFFSET'],
    ['overlap', ['flash', '0x1000:DATA', '0x2000:DATA'], 2, 'ESPRIG_USAGE_OVERLAP'],
    ['too large', ['flash', '0x3ff000:DATA'], 2, 'ESPRIG_USAGE_TOO_LARGE'],
    ['no bootloader at 0', ['flash', '0:DATA'], 2, 'ESPRIG_IMAGE_BAD'],
    ['nothing to do', ['flash'], 2, 'ESPRIG_USAGE'],
    ['text that never comes', ['monitor', '--until', 'never', '--timeout', '4'], 1, 'ESPRIG_DEADLINE'],
  ] as const;
  /** All of them side by side, each on a board of its own: they wait more than they work. */
  const started = new Map<string, Promise<{ ended: Ended; untouched: boolean }>>();

  beforeAll(() => {
    const data = file('some.bin', Buffer.alloc(5000, 1));
    for (const [what, args] of CASES) {
      const run = async (): Promise<{ ended: Ended; untouched: boolean }> => {
        const own = new FakeChip();
        await using line = await startRfc2217Server(own.line);
        const before = Buffer.from(own.flash);
        const ended = await esprigOn(line.url, ...args.map((arg) => arg.replace('DATA', data)));
        own.dispose();
        return { ended, untouched: before.equals(own.flash) };
      };
      started.set(what, run());
    }
  });
  afterAll(async () => {
    await Promise.allSettled(started.values());
  }, 60_000);

  it.each(CASES)(
    '%s',
    async (what, _args, exitCode, code) => {
      const { ended, untouched } = await started.get(what)!;
      expect(ended.stderr).toContain(`(${code})`);
      expect(ended.stderr.match(/^esprig: /gm)).toHaveLength(1);
      expect(ended.exitCode).toBe(exitCode);
      expect(untouched).toBe(true);
    },
    60_000,
  );
});
