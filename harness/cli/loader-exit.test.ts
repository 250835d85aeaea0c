import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { until } from '../core/testkit/until';
import { FakeChip } from '../device/testkit/fake-chip';
import { startRfc2217Server, type Rfc2217Server } from '../host/rfc2217-server';
import { esprigProcess, mistakeOf, startEsprig, type Ended } from './testkit/run-process';

const LIMIT_MS = 60_000;
/** Loader commands that carry data: compressed, and raw. */
const DATA_OPS = [0x11, 0x03];
const READ_OP = 0xd2;
let folder: string;
let chip: FakeChip;
let server: Rfc2217Server;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'esprig-exit-'));
  // Does not compress: the more blocks.
  writeFileSync(join(folder, 'noise.bin'), randomBytes(200_000).fill(0, 0, 1));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(async () => {
  chip = new FakeChip();
  server = await startRfc2217Server(chip.line);
});
afterEach(async () => {
  await server.close();
  chip.dispose();
});

const esprig = (...args: readonly string[]): Promise<Ended> => esprigProcess([...args, '--port', server.url]);
const file = (name: string): string => join(folder, name);

/** Ctrl-C at the n-th of the loader commands that count. */
async function interrupted(ops: readonly number[], turn: number, ...args: readonly string[]): Promise<Ended> {
  const running = startEsprig([...args, '--port', server.url]);
  let seen = 0;
  chip.onCommand = (op) => {
    if (ops.includes(op) && ++seen === turn) running.interrupt();
    return seen >= turn;
  };
  return await running.ended;
}

describe('a serial command that breaks off', () => {
  it.each([
    ['half a sector', ['erase', '--region', '0x10001:0x1000'], 'ESPRIG_USAGE_OFFSET'],
    ['nothing', ['erase', '--region', '0x10000:0'], 'ESPRIG_USAGE_OFFSET'],
    ['what no flash has', ['erase', '--region', '0xfff000:0x2000'], 'ESPRIG_USAGE_TOO_LARGE'],
    ['reading what no flash has', ['read-flash', '0x1000000', '1', 'OUT'], 'ESPRIG_USAGE_TOO_LARGE'],
    ['an odd offset', ['flash', '0x1001:NOISE'], 'ESPRIG_USAGE_OFFSET'],
  ])('at %s has not touched the board', async (_what, args, code) => {
    const paths = { OUT: file('out.bin'), NOISE: file('noise.bin') };
    const ended = await esprig(
      ...args.map((arg) => arg.replace(/OUT|NOISE/, (name) => paths[name as 'OUT'])),
    );
    expect(mistakeOf(ended)).toEqual([2, code]);
    expect(server.counts.clientsServed).toBe(0);
  });

  it(
    'at the end of this flash puts the board back into its app',
    async () => {
      const ended = await esprig('read-flash', '0x3ff000', '0x2000', file('out.bin'));
      expect(mistakeOf(ended)).toEqual([2, 'ESPRIG_USAGE_TOO_LARGE']);
      expect(ended.stderr).not.toContain('loader');
      await until(() => chip.mode === 'app');
    },
    LIMIT_MS,
  );

  it(
    'at the wrong board puts that back, too',
    async () => {
      expect(mistakeOf(await esprig('chip', '--expect-mac', '00:11:22:33:44:55'))).toEqual([
        3,
        'ESPRIG_RIG_WRONG_BOARD',
      ]);
      await until(() => chip.mode === 'app');
    },
    LIMIT_MS,
  );

  it(
    'stays in the loader where that was asked for',
    async () => {
      const ended = await esprig('read-flash', '0x3ff000', '0x2000', file('out.bin'), '--stay');
      expect(ended.exitCode).toBe(2);
      expect(chip.mode).toBe('stub');
    },
    LIMIT_MS,
  );

  it(
    'by Ctrl-C while it reads puts the board back',
    async () => {
      const ended = await interrupted([READ_OP], 2, 'read-flash', '0', 'all', file('out.bin'));
      expect(mistakeOf(ended)).toEqual([2, 'ESPRIG_CANCELLED']);
      expect(ended.stderr).not.toContain('half');
      await until(() => chip.mode === 'app');
    },
    LIMIT_MS,
  );

  it(
    'by Ctrl-C while it writes puts the board back, and says what is half written',
    async () => {
      const ended = await interrupted(DATA_OPS, 3, 'flash', `0x10000:${file('noise.bin')}`);
      expect(mistakeOf(ended)).toEqual([2, 'ESPRIG_CANCELLED']);
      expect(ended.stderr).toMatch(/; noise\.bin is half written\n/);
      expect(ended.stderr).toContain('Run flash again');
      await until(() => chip.mode === 'app');
    },
    LIMIT_MS,
  );

  it(
    'with a line that is gone says that the board is in its loader, and how it comes back',
    async () => {
      let blocks = 0;
      chip.onCommand = (op) => {
        if (DATA_OPS.includes(op) && ++blocks === 3) server.disconnectClient();
        return undefined;
      };
      const ended = await esprig('flash', `0x10000:${file('noise.bin')}`);
      expect(mistakeOf(ended)).toEqual([3, 'ESPRIG_PORT_UNPLUGGED']);
      expect(ended.stderr).toMatch(/noise\.bin is half written; the board is still in its loader/);
      expect(ended.stderr).toContain(`npx esprig reset --port ${server.url}`);
    },
    LIMIT_MS,
  );
});
