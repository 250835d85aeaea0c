import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assemble } from '../../emulator/cpu/assemble';
import { RspClient } from '../../host/testkit/rsp-client';
import { encodeImage } from '../../protocol/image-lab/encode';

const BIN = join(__dirname, '..', 'bin.cjs');
const CODE_ADDR = 0x40100000;
const TEXT_ADDR = 0x3ffe8000;
const LIMIT_MS = 60_000;

let folder: string;
/** Prints "hello board", then rests. */
let hello: string;
/** Prints, then reads an address with nothing behind it. */
let faulty: string;

/** An image of a program that prints a text through the boot ROM and goes on with `rest`. */
function program(text: string, rest: string): Uint8Array {
  const code = assemble(
    `.literals
    begin:
      l32r a2, =${TEXT_ADDR}
      l32r a0, =0x400024cc
      callx0 a0
    ${rest}
    .align 4
    nop
    nop.n
    nop.n
    nop
    nop`,
    CODE_ADDR,
  );
  const whole = (bytes: Uint8Array): Uint8Array => bytes.subarray(0, bytes.length & ~3);
  return encodeImage({
    entryAddr: code.labels.get('begin')!,
    sizeNibble: 2,
    hasSha256: false,
    segments: [
      { loadAddr: CODE_ADDR, data: whole(code.bytes) },
      { loadAddr: TEXT_ADDR, data: whole(assemble(`.asciz "${text}"\n.word 0, 0`, TEXT_ADDR).bytes) },
    ],
  });
}

function file(name: string, content: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'esprig-board-'));
  hello = file('hello.bin', program('hello board\\n', 'rest: waiti 0\nj rest'));
  faulty = file('faulty.bin', program('going\\n', 'l32r a3, =0x3ff70000\nl32i a4, a3, 0'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

class Running {
  readonly child: ChildProcessWithoutNullStreams;
  stdout = '';
  stderr = '';
  private readonly ended: Promise<number | null>;

  constructor(args: readonly string[]) {
    this.child = spawn(process.execPath, [BIN, 'board', ...args], { cwd: folder, timeout: LIMIT_MS });
    this.child.stdout.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    this.child.stderr.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.ended = new Promise((resolve) => this.child.on('close', (code) => resolve(code)));
  }

  /** Waits until stdout shows it. */
  async shows(pattern: RegExp): Promise<RegExpExecArray> {
    const untilMs = performance.now() + LIMIT_MS;
    for (;;) {
      const match = pattern.exec(this.stdout);
      if (match) return match;
      if (performance.now() > untilMs || this.child.exitCode !== null) {
        this.child.kill('SIGKILL');
        throw new Error(`${String(pattern)} was not shown: ${this.stdout} ${this.stderr}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  async end(): Promise<Ended> {
    const exitCode = await this.ended;
    return { exitCode, stdout: this.stdout, stderr: this.stderr };
  }
}

/** The command as a person would start it. */
function board(...args: string[]): Promise<Ended> {
  return new Running(args).end();
}

interface Line {
  readonly event: string;
  readonly [key: string]: unknown;
}

const valuesOf = (stdout: string): Line[] =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);

const consoleOf = (values: readonly Line[]): string =>
  values
    .filter(({ event }) => event === 'serial')
    .map(({ text }) => text as string)
    .join('');

describe('what cannot be put into the flash', () => {
  it.each<[string, () => string[], string]>([
    ['a missing file', () => ['--image', `0:${join(folder, 'none.bin')}`], 'none.bin: there is no such file'],
    ['a missing dump', () => ['--flash', 'none.bin'], 'none.bin: there is no such file'],
    [
      'a file larger than the flash',
      () => ['--flash', file('large.bin', new Uint8Array(0x80001)), '--flash-size', '512KB'],
      'large.bin: 524289 bytes at 0x0 end beyond the flash of 0x80000',
    ],
    [
      'an image that ends beyond the flash',
      () => ['--image', `0xff000:${file('two.bin', new Uint8Array(0x1001))}`],
      'two.bin: 4097 bytes at 0xff000 end beyond the flash of 0x100000',
    ],
    [
      'images over each other',
      () => ['--image', `0:${file('long.bin', new Uint8Array(0x2001))}`, '--image', `0x2000:${hello}`],
      'hello.bin at 0x2000 lies over',
    ],
    ['an odd offset', () => ['--image', `0x1001:${hello}`], 'offset 0x1001 is not at a sector'],
    ['no offset at all', () => ['--image', hello], 'hello.bin'],
    ['a flash that no board has', () => ['--flash-size', '3MB'], '--flash-size 3MB'],
    [
      'a boot ROM of another size',
      () => ['--rom', file('rom.bin', new Uint8Array(100))],
      'rom.bin: 100 bytes, a boot ROM has 65536',
    ],
    ['an ELF file that is none', () => ['--elf', hello], 'ELF file: it does not begin like one'],
    ['a port that is none', () => ['--serial', '70000'], '--serial'],
    ['two ways for time to go', () => ['--fast', '--realtime'], 'exclude each other'],
    ['a peer that there is not', () => ['--peer', 'lab'], '--peer lab: there is no such peer'],
    [
      'a trace where nothing can be written',
      () => ['--trace', join(folder, 'no-folder', 'x')],
      'no such file or directory',
    ],
  ])('%s: one clear line, what to do, and 2', async (_what, args, text) => {
    const { exitCode, stdout, stderr } = await board(...args());
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    const [first = '', ...rest] = stderr.trimEnd().split('\n');
    expect(first).toMatch(/^esprig: /);
    expect(first).toContain(text);
    expect(rest.at(-1)).toMatch(/^ {2}\(ESPRIG_\w+\)$/);
    expect(rest.length).toBeLessThanOrEqual(2);
  });
});

describe('a run', () => {
  it('shows the console as it is and ends well when the text comes', async () => {
    const { exitCode, stdout, stderr } = await board('--image', `0:${hello}`, '--until', 'hello board');
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toContain(' ets Jan  8 2013,rst cause:1, boot mode:(3,6)\r\n');
    expect(stdout).toContain('hello board\r\n');
    expect(stdout).toMatch(/esprig: "hello board" was seen after \d+\.\d ms of the board's time/);
  });

  it('ends with 1 when the text does not come in time', async () => {
    const { exitCode, stdout } = await board('--image', `0:${hello}`, '--until', 'goodbye', '--timeout', '1');
    expect(exitCode).toBe(1);
    expect(stdout).toContain('esprig: time is up');
  });

  it('ends with 0 when its time is up and nothing was asked for', async () => {
    const { exitCode, stdout } = await board('--timeout', '1');
    expect(exitCode).toBe(0);
    expect(stdout).toContain('the flash is empty');
  });

  it('ends at Ctrl-C, with 1 where a text was still awaited', async () => {
    const plain = new Running(['--image', `0:${hello}`]);
    await plain.shows(/hello board/);
    plain.child.kill('SIGINT');
    const awaiting = new Running(['--image', `0:${hello}`, '--until', 'goodbye']);
    await awaiting.shows(/hello board/);
    awaiting.child.kill('SIGINT');
    expect(await plain.end()).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('switched off') });
    expect((await awaiting.end()).exitCode).toBe(1);
  });

  it('for scripts is one JSON value a line: ready first, the end last', async () => {
    const { exitCode, stdout, stderr } = await board(
      ...['--json', '--image', `0:${hello}`, '--until', 'hello board'],
    );
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const values = valuesOf(stdout);
    expect(values[0]).toEqual({
      event: 'ready',
      serial: null,
      gdb: null,
      forwards: [],
      flash: [{ offset: 0, file: hello, bytes: readFileSync(hello).length }],
    });
    expect(values[1]).toEqual({ event: 'reset', kind: 'power-on', atMs: 0 });
    expect(values.at(-1)).toMatchObject({ event: 'end', why: 'until', unmappedAccesses: 0 });
    expect(consoleOf(values)).toContain('hello board');
  });

  it('serves its serial line over RFC 2217', async () => {
    const run = new Running(['--json', '--serial', '0', '--image', `0:${hello}`]);
    const [, port] = await run.shows(/"serial":"rfc2217:\/\/127\.0\.0\.1:(\d+)"/);
    const socket = connect(Number(port), '127.0.0.1');
    // IAC WILL COM-PORT-OPTION is answered with IAC DO COM-PORT-OPTION.
    const answer = new Promise<Buffer>((resolve) => {
      let heard = Buffer.alloc(0);
      socket.on('data', (bytes: Buffer) => {
        heard = Buffer.concat([heard, bytes]);
        if (heard.includes(Buffer.of(255, 253, 44))) resolve(heard);
      });
    });
    socket.on('error', () => undefined);
    socket.write(Buffer.of(255, 251, 44));
    expect((await answer).length).toBeGreaterThan(0);
    run.child.kill('SIGTERM');
    expect((await run.end()).exitCode).toBe(0);
    socket.destroy();
  });

  it('starts in the serial loader when asked to', async () => {
    const { exitCode, stdout } = await board('--download', '--until', 'boot mode:(1,', '--timeout', '20');
    expect({ exitCode, stdout }).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('boot mode:(1,'),
    });
  });

  it('puts images over a dump, and keeps the flash when asked to', async () => {
    const dump = file('dump.bin', new Uint8Array(0x3000).fill(0x5a));
    const kept = join(folder, 'kept.bin');
    const { exitCode } = await board(
      ...['--flash', dump, '--image', `0:${hello}`, '--until', 'hello board', '--save-flash', kept],
    );
    expect(exitCode).toBe(0);
    const content = readFileSync(kept);
    const image = readFileSync(hello);
    expect(content.length).toBe(0x100000);
    expect(content.subarray(0, image.length).equals(image)).toBe(true);
    expect([content[0x2000], content[0x2fff], content[0x3000]]).toEqual([0x5a, 0x5a, 0xff]);
  });
});

describe('a fault', () => {
  it('ends the run with 3, where the board is, and the last steps when they were kept', async () => {
    const { exitCode, stdout, stderr } = await board('--image', `0:${faulty}`, '--trace-last', '5');
    expect(exitCode).toBe(3);
    expect(stdout).toContain('going');
    expect(stderr).toMatch(
      /^esprig: load with nothing behind the address at pc 0x4010\w{4}, address 0x3ff70000$/m,
    );
    expect(stderr).toMatch(/^ {4}pc 0x4010\w{4}: l32i a4, a3, 0$/m);
    expect(stderr).toMatch(/^ {5}\s*a0 0x\w{8} .*a3 0x3ff70000$/m);
    expect(stderr).toMatch(/^ {4}stack at 0x/m);
    expect(stderr).toMatch(
      /^ {2}last steps:\n( {4}.*\n){5} {4}-- the emulator stopped in this instruction$/m,
    );
    expect(stderr).toMatch(/^ {2}hint: .*--lenient/m);
    expect(stderr).toMatch(/\(ESPRIG_EMU_UNMAPPED\)\n$/);
  });

  it('is told to scripts too', async () => {
    const { exitCode, stdout } = await board('--json', '--image', `0:${faulty}`);
    expect(exitCode).toBe(3);
    expect(valuesOf(stdout).at(-1)).toMatchObject({
      event: 'end',
      why: 'fault',
      fault: { code: 'ESPRIG_EMU_UNMAPPED', addr: 0x3ff70000, lastSteps: [] },
    });
  });

  it('that lenience forgives is counted', async () => {
    const { exitCode, stdout } = await board(
      ...['--lenient', '--image', `0:${faulty}`, '--until', 'going', '--timeout', '20'],
    );
    expect(exitCode).toBe(0);
    expect(stdout).toContain('going');
  });
});

describe('watching it', () => {
  it('writes a trace with the boot ROM’s names', async () => {
    const { exitCode, stdout } = await board(
      ...['--image', `0:${hello}`, '--until', 'hello board', '--trace', 'my.trace'],
    );
    expect(exitCode).toBe(0);
    const trace = readFileSync(join(folder, 'my.trace'), 'latin1');
    expect(stdout).toContain(`esprig: trace of ${trace.split('\n').length - 1} lines in my.trace`);
    expect(trace).toMatch(/^-- ROM ets_printf\(3ffe8000, .*\) from 4010/m);
  });

  it('ends a profile with a table, and gives scripts the rows', async () => {
    const args = ['--image', `0:${hello}`, '--until', 'hello board', '--profile'];
    const [people, script] = await Promise.all([board(...args), board('--json', ...args)]);
    expect(people.stdout).toMatch(/esprig: \d+ samples, one every 997 cycles of work/);
    expect(people.stdout).toMatch(/^ +\d+ +\d+\.\d {2}tx_wait$/m);
    const profile = valuesOf(script.stdout).find(({ event }) => event === 'profile');
    expect(profile).toMatchObject({ sampleEveryCycles: 997 });
    expect((profile?.['rows'] as Line[])[0]).toMatchObject({ name: 'tx_wait' });
  });

  it('waits for a debugger, and ends when that kills it', async () => {
    const run = new Running(['--json', '--gdb', '0', '--image', `0:${hello}`]);
    const [, port] = await run.shows(/"gdb":"127\.0\.0\.1:(\d+)"/);
    await using gdb = await RspClient.open(Number(port));
    const registers = Buffer.from(await gdb.ask('g'), 'hex');
    expect(registers.readUInt32LE(4 * 16)).toBe(0x40000080);
    expect(await gdb.ask(`Z0,${CODE_ADDR.toString(16)},3`)).toBe('OK');
    gdb.send('k');
    const { exitCode, stdout } = await run.end();
    expect(exitCode).toBe(0);
    expect(consoleOf(valuesOf(stdout))).toBe('');
    expect(valuesOf(stdout).at(-1)).toMatchObject({ event: 'end', why: 'killed', cycles: 0 });
  });
});
