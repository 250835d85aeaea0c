import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FakeChip } from '../device/testkit/fake-chip';
import type { FakeChipOptions } from '../device/testkit/fake-chip';
import { startRfc2217Server } from '../host/rfc2217-server';
import type { Rfc2217Server } from '../host/rfc2217-server';
import { Child, hasProgram } from '../port/testkit/child';

/*
 * What goes wrong at a bench, as a person meets it: one message, what to do, the exit code. Each case has a board of
 * its own and they run side by side: nearly all of their time is waiting.
 */
const BIN = join(__dirname, 'bin.cjs');
const LIMIT_MS = 60_000;
const CLEANUP: (() => unknown)[] = [];
let folder: string;

interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

function esprig(...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [BIN, ...args],
      { env: { ...process.env, ESPRIG_PORT: '' }, timeout: LIMIT_MS },
      (error, stdout, stderr) =>
        resolve({ exitCode: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
    child.stdin?.end();
  });
}

async function board(options: FakeChipOptions): Promise<{ chip: FakeChip; server: Rfc2217Server }> {
  const chip = new FakeChip(options);
  const server = await startRfc2217Server(chip.line);
  CLEANUP.push(() => {
    chip.dispose();
    return server.close();
  });
  return { chip, server };
}

async function onBoard(options: FakeChipOptions, ...args: string[]): Promise<Ended> {
  const { server } = await board(options);
  return esprig(...args, '--port', server.url);
}

/** The cable goes after so many blocks of data. */
async function unplugged(): Promise<Ended> {
  const { chip, server } = await board({});
  let blocks = 0;
  chip.onCommand = (op) => {
    // 0x11: compressed data, 0x03: raw.
    if ((op === 0x11 || op === 0x03) && ++blocks === 3) server.disconnectClient();
    return undefined;
  };
  const path = join(folder, 'noise.bin');
  // Does not compress: the more blocks.
  writeFileSync(path, randomBytes(100_000).fill(0, 0, 1));
  return esprig('flash', `0x10000:${path}`, '--port', server.url);
}

async function lineTaken(): Promise<Ended> {
  const { server } = await board({});
  const socket = connect({ host: '127.0.0.1', port: server.port });
  CLEANUP.push(() => socket.destroy());
  await new Promise<void>((resolve) => socket.once('data', () => resolve()));
  return esprig('chip', '--port', server.url);
}

const HAS_PTY = hasProgram('socat') && hasProgram('flock');

/** A local port whose lock another program holds. */
async function portHeld(): Promise<Ended> {
  const near = join(folder, 'near');
  const socat = new Child('socat', [
    `pty,raw,echo=0,link=${near}`,
    `pty,raw,echo=0,link=${join(folder, 'far')}`,
  ]);
  const holder = spawn('sh', [
    '-c',
    `while ! [ -e ${near} ]; do sleep 0.05; done; echo here; exec flock --no-fork ${near} sleep 50`,
  ]);
  CLEANUP.push(async () => {
    holder.kill('SIGKILL');
    await socat[Symbol.asyncDispose]();
  });
  await new Promise<void>((resolve) => holder.stdout.once('data', () => resolve()));
  await new Promise((resolve) => setTimeout(resolve, 300));
  return esprig('chip', '--port', near);
}

interface Case {
  readonly what: string;
  readonly run: () => Promise<Ended>;
  readonly code: string;
  readonly message: RegExp;
  readonly hint: RegExp;
  readonly possible?: boolean;
}

const CASES: readonly Case[] = [
  {
    what: 'a port that is not there',
    run: () => esprig('chip', '--port', '/dev/ttyNOSUCH9'),
    code: 'ESPRIG_PORT_MISSING',
    message: /\/dev\/ttyNOSUCH9/,
    hint: /port/i,
  },
  {
    what: 'a serial server that is not there',
    run: () => esprig('chip', '--port', 'rfc2217://127.0.0.1:1'),
    code: 'ESPRIG_PORT_REFUSED',
    message: /127\.0\.0\.1:1/,
    hint: /Start the serial server/,
  },
  {
    what: 'a port that another program holds',
    run: portHeld,
    code: 'ESPRIG_PORT_BUSY',
    message: /held by .*pid \d+ \(sleep 50\)/,
    hint: /Close the program/,
    possible: HAS_PTY,
  },
  {
    what: 'a serial server that serves another client',
    run: lineTaken,
    code: 'ESPRIG_PORT_BUSY',
    message: /in use by 127\.0\.0\.1:\d+/,
    hint: /Close the program/,
  },
  {
    what: 'a board in no reset circuit',
    run: () => onBoard({ circuit: 'none', chatter: 'I (7) app: busy\r\n' }, 'chip'),
    code: 'ESPRIG_ROM_NO_SYNC',
    message: /goes on sending and does not reset/,
    hint: /wire RTS to EN and DTR to GPIO0/,
  },
  {
    what: 'a board whose GPIO0 is not wired',
    run: () => onBoard({ circuit: 'en-only' }, 'chip'),
    code: 'ESPRIG_ROM_NO_SYNC',
    message: /boot mode 3 instead of 1/,
    hint: /hold the FLASH button/,
  },
  {
    what: 'a silent board',
    run: () => onBoard({ mute: true }, 'chip'),
    code: 'ESPRIG_ROM_NO_SYNC',
    message: /the board is silent/,
    hint: /Is it powered\?/,
  },
  {
    what: 'a cable that is pulled in the middle of writing',
    run: unplugged,
    code: 'ESPRIG_PORT_UNPLUGGED',
    message: /went away/,
    hint: /half-written image does not start/,
  },
];

describe('at the bench, one message, a hint and exit code 3 for', () => {
  const ended = new Map<string, Promise<Ended>>();

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'esprig-bench-'));
    for (const { what, run, possible = true } of CASES) if (possible) ended.set(what, run());
  });
  afterAll(async () => {
    await Promise.allSettled(ended.values());
    for (const clean of CLEANUP.splice(0).reverse()) await clean();
    rmSync(folder, { recursive: true, force: true });
  }, LIMIT_MS);

  for (const { what, code, message, hint, possible = true } of CASES) {
    (possible ? it : it.skip)(
      what,
      async () => {
        const { exitCode, stderr } = await ended.get(what)!;
        expect(stderr).toContain(`(${code})`);
        expect(stderr).toMatch(message);
        expect(stderr).toMatch(hint);
        expect(stderr.match(/^esprig: /gm)).toHaveLength(1);
        expect(exitCode).toBe(3);
      },
      LIMIT_MS,
    );
  }
});
