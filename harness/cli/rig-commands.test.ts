import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RealClock } from '../core/clock';
import { Deadline } from '../core/deadline';
import { FakeChip, type FakeChipOptions } from '../device/testkit/fake-chip';
import { startRfc2217Server } from '../host/rfc2217-server';
import { buildSyntheticApp } from '../protocol/image-lab/encode';
import { labSlots } from '../protocol/image-lab/make';
import { boardLockName, takeLease } from '../rig/lease';
import { esprigProcess, mistakeOf, startEsprig, valuesOf, type Ended } from './testkit/run-process';

/** The commands at one device, as processes, where a rig file says which one it is. */
jest.setTimeout(120_000);

const TOKEN = 'open-sesame-0815';
const LAYOUT = 'one-mb';
const clock = new RealClock();
let folder: string;
let app: Uint8Array;
const cleanUp: (() => unknown)[] = [];
let boards = 0;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'esprig-rig-commands-'));
  process.env['ESPRIG_LOCKS'] = folder;
  app = buildSyntheticApp({ slot: labSlots(LAYOUT, 'ota_0').slot });
  writeFileSync(join(folder, 'app.bin'), app);
});
afterEach(async () => {
  for (const clean of cleanUp.splice(0).reverse()) await clean();
});
afterAll(() => {
  delete process.env['ESPRIG_LOCKS'];
  rmSync(folder, { recursive: true, force: true });
});

interface Bench {
  readonly name: string;
  readonly chip: FakeChip;
  readonly mac: string;
  readonly file: string;
}

/** A board of its own behind a serial server, and the rig file that describes it. */
async function bench(more: readonly string[] = [], options: FakeChipOptions = {}): Promise<Bench> {
  const serial = ++boards;
  const efuse = [((serial << 24) | 0xd50000) >>> 0, 0x02000123, 0x6400b000, 0x005ccf7f];
  const mac = `5c:cf:7f:01:23:${serial.toString(16).padStart(2, '0')}`;
  const chip = new FakeChip({ flashBytes: 0x100000, flashId: 0x1440ef, efuse, ...options });
  const server = await startRfc2217Server(chip.line);
  cleanUp.push(async () => {
    await server.close();
    chip.dispose();
  });
  const name = `desk-${serial}`;
  const file = join(folder, `${name}.yaml`);
  writeFileSync(
    file,
    [
      `name: ${name}`,
      'kind: serial',
      `board: { mac: "${mac}", flash: 1MB, layout: ${LAYOUT} }`,
      `serial: { port: "${server.url}", flashBaud: 921600 }`,
      `firmware: { flash: [{ offset: 0x10000, file: ${join(folder, 'app.bin')} }], slots: { ota_0: { image: ${join(folder, 'app.bin')} } } }`,
      ...more,
      '',
    ].join('\n'),
  );
  return { name, chip, mac, file };
}

const flashText = ({ chip }: Bench): string => Buffer.from(chip.flash).toString('latin1');
const esprig = (...args: readonly string[]): Promise<Ended> =>
  esprigProcess(args, { ESPRIG_LOCKS: folder, DESK_TOKEN: TOKEN });

describe('the serial commands at a rig', () => {
  it('flash what the rig is shipped with, settings among it, and say no secret', async () => {
    const desk = await bench(['dut: { tokenEnv: DESK_TOKEN }']);
    const ended = await esprig('flash', '--rig', desk.file, '--json');
    expect(ended).toMatchObject({ exitCode: 0 });
    expect(valuesOf(ended)).toMatchObject([{ rig: desk.name, mac: desk.mac }]);
    expect(desk.chip.flash.subarray(0x10000, 0x10000 + app.length)).toEqual(app);
    expect(flashText(desk)).toContain(TOKEN);
    expect(ended.stdout + ended.stderr).not.toContain(TOKEN);

    const back = join(folder, 'nvs.bin');
    const read = await esprig('read-flash', '--rig', desk.file, 'nvs', 'all', back, '--quiet');
    expect(read).toEqual({ exitCode: 0, stdout: '', stderr: '' });
    expect(readFileSync(back)).toHaveLength(0x4000);
    expect(readFileSync(back, 'latin1')).toContain(TOKEN);

    expect(await esprig('erase', '--rig', desk.file, '--region', 'nvs')).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('erased 0x9000 to 0xd000'),
    });
    expect(flashText(desk)).not.toContain(TOKEN);
  });

  it('write by the label of a partition, and only what would start there', async () => {
    const desk = await bench();
    const image = join(folder, 'app.bin');
    const ended = await esprig('flash', '--rig', desk.file, `ota_1:${image}`);
    expect(mistakeOf(ended)).toEqual([2, 'ESPRIG_IMAGE_BAD']);
    expect(ended.stderr).toMatch(/would not start from ota_1 of one-mb at 0x80000/);
    expect(desk.chip.bytesProgrammed).toBe(0);
    expect(await esprig('flash', '--rig', desk.file, `ota_1:${image}`, '--force')).toMatchObject({
      exitCode: 0,
    });
    expect(desk.chip.flash.subarray(0x80000, 0x80000 + app.length)).toEqual(app);
  });

  it('leave another board than the file names alone', async () => {
    const desk = await bench([], { efuse: [0x99d50000, 0x02000123, 0x6400b000, 0x005ccf7f] });
    const ended = await esprig('flash', '--rig', desk.file);
    expect(mistakeOf(ended)).toEqual([3, 'ESPRIG_RIG_WRONG_BOARD']);
    expect(ended.stderr).toContain('5c:cf:7f:01:23:99');
    expect(desk.chip.bytesProgrammed).toBe(0);
  });

  it('reset by the lines and show the console at the rate that the file says', async () => {
    const desk = await bench(['dut: { tokenEnv: DESK_TOKEN }'], {
      chatter: `I (7) app: ready, token ${TOKEN}\r\n`,
    });
    expect(await esprig('reset', '--rig', desk.file)).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('boot mode 3'),
    });
    const shown = await esprig('monitor', '--rig', desk.file, '--until', 'ready', '--timeout', '60');
    expect(shown).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('app: ready, token [masked]'),
    });
    const chip = await esprig('chip', '--rig', desk.file, '--quiet');
    expect(chip).toMatchObject({ exitCode: 0, stderr: '' });
    expect(chip.stdout).toMatch(new RegExp(`^chip +ESP8266EX\nMAC +${desk.mac}\nflash .*\n$`));
  });

  it('do not disturb who has the rig: refused with who that is, or waiting for it', async () => {
    const desk = await bench();
    using deadline = new Deadline({ clock, budgetMs: 60_000, phase: 'test', blame: 'harness' });
    const names = [boardLockName(desk.mac)];
    using lease = await takeLease(
      { names, rig: desk.name, owner: 'the night job', wait: false, clock },
      deadline,
    );
    const refused = esprig('chip', '--rig', desk.file);
    const tooLate = esprig('chip', '--rig', desk.file, '--wait=1');
    expect(mistakeOf(await refused)).toEqual([3, 'ESPRIG_RIG_LEASE_HELD']);
    expect((await refused).stderr).toMatch(
      new RegExp(`${desk.name} is taken by process ${process.pid} of .*, since 20.* UTC, for the night job`),
    );
    expect(mistakeOf(await tooLate)).toEqual([3, 'ESPRIG_DEADLINE']);
    expect((await tooLate).stderr).toMatch(/last seen: process .* for the night job/);

    const waiting = startEsprig(['chip', '--rig', desk.file, '--wait'], { ESPRIG_LOCKS: folder });
    await waiting.says(/is taken by .*the night job; waiting/);
    expect(desk.chip.bootModes).toEqual([]);
    lease[Symbol.dispose]();
    expect(await waiting.ended).toMatchObject({ exitCode: 0, stdout: expect.stringContaining(desk.mac) });
  });
});

describe('the commands over the network at a rig', () => {
  const STATUS = {
    ...{ app: 'demo', version: '7', elf_sha256: '0'.repeat(64), running: 'ota_0', next: 'ota_1' },
    ...{ heap_free: 1, heap_lowest: 1, uptime_ms: 1, clients: 0, upload: 'idle' },
  };

  /** What answers at the address of the board. */
  async function device(): Promise<{ readonly port: number; readonly asked: (string | undefined)[] }> {
    const asked: (string | undefined)[] = [];
    const server: Server = createServer((request, response) => {
      asked.push(request.headers.authorization);
      response.setHeader('content-type', 'application/json').end(JSON.stringify(STATUS));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    cleanUp.push(() => {
      server.closeAllConnections();
      server.close();
    });
    return { port: (server.address() as AddressInfo).port, asked };
  }

  it('take address and token from the file', async () => {
    const { port, asked } = await device();
    const desk = await bench([`network: { address: "127.0.0.1:${port}" }`, 'dut: { tokenEnv: DESK_TOKEN }']);
    const ended = await esprig('status', '--rig', desk.file, '--json');
    expect(valuesOf(ended)).toEqual([STATUS]);
    expect(asked).toEqual([`Bearer ${TOKEN}`]);
    // The board itself was left as it was.
    expect(desk.chip.bootModes).toEqual([]);
  });

  it('say that an address in the log takes a restart, and read it with --reset-first', async () => {
    const { port } = await device();
    const desk = await bench([`network: { address: from-log, port: ${port} }`], {
      chatter: 'I (7) app: address 127.0.0.1\r\n',
    });
    const ended = await esprig('status', '--rig', desk.file);
    expect(mistakeOf(ended)).toEqual([2, 'ESPRIG_RIG_NO_ADDRESS']);
    expect(ended.stderr).toMatch(/hint: --reset-first restarts the board/);
    expect(desk.chip.bootModes).toEqual([]);
    expect(await esprig('status', '--rig', desk.file, '--reset-first')).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('app      demo 7'),
    });
    expect(desk.chip.bootModes).toEqual([3]);
  });

  it('join the network of the board first, if the file says how', async () => {
    const { port } = await device();
    const mark = join(folder, 'joined');
    const network = (line: string) => [`network: { address: "127.0.0.1:${port}", join: "${line}" }`];
    const desk = await bench(network(`touch ${mark}`));
    expect(await esprig('status', '--rig', desk.file)).toMatchObject({ exitCode: 0 });
    expect(readFileSync(mark, 'utf8')).toBe('');
    const failing = await bench(network('echo no such network; false'));
    const ended = await esprig('status', '--rig', failing.file);
    expect(mistakeOf(ended)).toEqual([3, 'ESPRIG_RIG_NETWORK_FAILED']);
  });
});

describe('on an emulated rig', () => {
  it('status and upload bring up a board with its firmware, and end it', async () => {
    const [status, upload] = await Promise.all([
      esprig('status', '--rig', 'virtual-1mb', '--json', '--quiet'),
      esprig('upload', '--rig', 'virtual-1mb', '--json'),
    ]);
    expect(status).toMatchObject({ exitCode: 0, stderr: '' });
    expect(valuesOf(status)).toMatchObject([{ running: 'ota_0', next: 'ota_1', clients: 0 }]);
    expect(upload).toMatchObject({ exitCode: 0, stderr: expect.stringMatching(/starting virtual-1mb/) });
    expect(valuesOf(upload)).toMatchObject([
      { status: 200, slot: 'ota_1' },
      { restarted: true, running: 'ota_1' },
    ]);
  });

  it('an image for the wrong slot is refused by the device, and is a 1', async () => {
    const ended = await esprig('upload', join(folder, 'app.bin'), '--rig', 'virtual-1mb');
    expect(ended).toMatchObject({ exitCode: 1, stdout: expect.stringMatching(/refused: 400 wrong_slot/) });
  });

  it('the serial commands say how a board is kept', async () => {
    const ended = await esprig('erase', '--rig', 'virtual-1mb');
    expect(mistakeOf(ended)).toEqual([2, 'ESPRIG_RIG_KIND']);
    expect(ended.stderr).toContain('npx esprig board --rig virtual-1mb --serial 2217');
  });
});

describe('what cannot be meant is one message and a 2', () => {
  const CASES: readonly (readonly [string, readonly string[], string])[] = [
    ['a rig that is not there', ['chip', '--rig', 'virtual-1mp'], 'ESPRIG_RIG_NOT_FOUND'],
    ['several rigs', ['chip', '--rig', 'virtual-*'], 'ESPRIG_USAGE'],
    ['a file that is not there', ['status', '--rig', './none.yaml'], 'ESPRIG_USAGE_FILE'],
    ['a rig and a port', ['chip', '--rig', 'virtual-1mb', '--port', '/dev/x'], 'ESPRIG_USAGE'],
    ['a rig and an address', ['status', '--rig', 'virtual-1mb', '--to', 'http://x'], 'ESPRIG_USAGE'],
    ['waiting for no rig', ['chip', '--port', '/dev/x', '--wait'], 'ESPRIG_USAGE'],
    ['waiting for a word', ['upload', '--wait', 'app.bin', '--rig', 'virtual-1mb'], 'ESPRIG_USAGE'],
    ['a restart without a rig', ['status', '--to', 'http://x', '--reset-first'], 'ESPRIG_USAGE'],
    [
      'a label without a layout',
      ['read-flash', '--port', '/dev/x', 'nvs', 'all', 'x'],
      'ESPRIG_USAGE_OFFSET',
    ],
    ['an upload of nothing', ['upload', '--to', 'http://x'], 'ESPRIG_USAGE'],
  ];
  /** Side by side: they are processes, and short. */
  const started = new Map<string, Promise<Ended>>();
  beforeAll(() => {
    for (const [what, args] of CASES) started.set(what, esprig(...args));
  });

  it.each(CASES)('%s', async (what, _args, code) => {
    expect(mistakeOf(await started.get(what)!)).toEqual([2, code]);
  });

  it('a partition that the layout does not have, with the one that was meant', async () => {
    const desk = await bench();
    const ended = await esprig('erase', '--rig', desk.file, '--region', 'otadat');
    expect(mistakeOf(ended)).toEqual([2, 'ESPRIG_USAGE_OFFSET']);
    expect(ended.stderr).toContain('Did you mean otadata?');
  });
});
