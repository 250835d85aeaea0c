import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeChip } from '../../device/testkit/fake-chip';
import { startRfc2217Server } from '../../host/rfc2217-server';
import { esprigProcess } from '../testkit/run-process';

const BIN = join(__dirname, '..', 'bin.cjs');
const GCC = 'xtensa-lx106-elf-gcc';
const hasCompiler = spawnSync(GCC, ['--version']).error === undefined;
const testWithCompiler = hasCompiler ? test : test.skip;

let folder: string;
let elf: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'esprig-decode-'));
  elf = join(folder, 'app.elf');
  if (!hasCompiler) return;
  const source = join(folder, 'crash.c');
  const inner = 'static inline __attribute__((always_inline)) void store(volatile int *at) {\n  *at = 1;\n}';
  writeFileSync(
    source,
    `${inner}\nvoid crash_here(void) {\n  store((int *)0);\n}\nvoid _start(void) { crash_here(); }\n`,
  );
  const args = ['-g', '-O1', '-fno-ipa-icf', '-nostdlib', '-Wl,-Ttext=0x40210010', '-o', elf, source];
  const built = spawnSync(GCC, args, { encoding: 'utf8' });
  if (built.status !== 0) throw new Error(built.stderr);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function decode(args: readonly string[], input = '') {
  const ended = spawnSync(process.execPath, [BIN, 'decode', ...args], {
    encoding: 'utf8',
    input,
    timeout: 60_000,
  });
  return { exitCode: ended.status, stdout: ended.stdout, stderr: ended.stderr };
}

const PC = 0x40210010;
const panicAt = (pc: number, stamp = ''): string =>
  [
    'I (1) app: start',
    "Guru Meditation Error: Core  0 panic'ed (StoreProhibited). Exception was unhandled.",
    'Core 0 register dump:',
    `PC      : 0x${pc.toString(16)}  PS      : 0x00000030  A0      : 0x00000000  A1      : 0x3ffea5b0  `,
    '',
    `Backtrace: 0x${pc.toString(16)}:0x3ffea5b0 0x40299999:0x3ffea5d0 `,
    '',
  ]
    .map((line) => `${stamp}${line}`)
    .join('\n');

/** A 512-byte app image whose descriptor names an ELF: magic, one segment, descriptor at its begin, checksum, SHA. */
function imageNaming(elfSha256: Buffer): Buffer {
  const descriptor = Buffer.alloc(256);
  descriptor.writeUInt32LE(0xabcd5432, 0);
  elfSha256.copy(descriptor, 144);
  const header = Buffer.from([0xe9, 1, 0, 0, 0x10, 0x01, 0x21, 0x40]);
  const segment = Buffer.alloc(8);
  segment.writeUInt32LE(0x40210010, 0);
  segment.writeUInt32LE(descriptor.length, 4);
  const body = Buffer.concat([header, segment, descriptor]);
  const padded = Buffer.concat([body, Buffer.alloc(16 - (body.length % 16))]);
  padded[padded.length - 1] = descriptor.reduce((sum, byte) => sum ^ byte, 0xef);
  return Buffer.concat([padded, createHash('sha256').update(padded).digest()]);
}

describe('esprig decode', () => {
  testWithCompiler(
    'tells the source line of a panic on standard input, with the function it was inlined into',
    () => {
      const { exitCode, stdout } = decode(['--elf', elf], panicAt(PC));
      expect(exitCode).toBe(0);
      expect(stdout).toContain('panic: StoreProhibited at 0x40210010');
      expect(stdout).toMatch(/PC {4}0x40210010 {2}(store|crash_here) at .*crash\.c:\d/);
      expect(stdout).toMatch(/#0 {4}0x40299999 {2}\?\?/);
    },
  );

  testWithCompiler('tells the places of a stack overflow, which comes without registers', () => {
    const log = `I (12) app: 42 bytStack canary watchpoint triggered (uiT)\n\r\nBacktrace: 0x${PC.toString(16)}:0x3ffea5b0 \r\n`;
    const { exitCode, stdout } = decode(['--symbols-only', '--elf', elf], log);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('stack overflow in task uiT at 0x40210010');
    expect(stdout).toMatch(/#0 {4}0x40210010 {2}crash_here/);
  });

  testWithCompiler('names functions without addr2line, from a log of a report', () => {
    const log = join(folder, 'serial.log');
    writeFileSync(log, panicAt(PC + 2, '    1.204000 virtual-1mb | '));
    const { exitCode, stdout } = decode(['--symbols-only', '--elf', elf, '--json', log]);
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      kind: 'guru',
      frames: [{ what: 'PC', addr: PC + 2, places: ['crash_here+0x2'] }, { places: ['??'] }],
    });
  });

  (hasCompiler ? test : test.skip).each([
    ['with its usual stamps', [], /^ +\d+\.\d{3} PC {6}: /m],
    ['with clock stamps', ['--stamps', 'clock'], /^\d\d:\d\d:\d\d\.\d{3} PC {6}: /m],
    ['without stamps', ['--stamps', 'none'], /^PC {6}: /m],
    ['as JSON', ['--json'], /^\{"atMs":.*"text":"PC {6}: /m],
  ])(
    'takes what monitor prints %s',
    async (_how, args, format) => {
      const chatter = `${panicAt(PC + 2)}Restarting...\n`.replaceAll('\n', '\r\n');
      const chip = new FakeChip({ chatter });
      await using line = await startRfc2217Server(chip.line);
      const until = ['--until', 'Restarting...', '--timeout', '60', '--port', line.url];
      const shown = await esprigProcess(['monitor', ...args, ...until]);
      chip.dispose();
      expect(shown.stdout).toMatch(format);
      const { stdout } = decode(['--symbols-only', '--elf', elf], shown.stdout);
      expect(stdout).toContain('panic: StoreProhibited at 0x40210012');
      expect(stdout).toContain('crash_here+0x2');
    },
    120_000,
  );

  testWithCompiler('takes what events prints, and its values', () => {
    const lines = panicAt(PC).split('\n');
    const values = lines.map((data, id) =>
      JSON.stringify({ kind: 'event', name: 'log', id: String(id), data, atMs: 0 }),
    );
    for (const log of [lines.map((line) => `[    1.204] ${line}`), values]) {
      const { stdout } = decode(['--symbols-only', '--elf', elf], log.join('\n'));
      expect(stdout).toContain('panic: StoreProhibited at 0x40210010');
    }
  });

  testWithCompiler('refuses the ELF of another build, and takes the right one', () => {
    const image = join(folder, 'app.bin');
    writeFileSync(image, imageNaming(createHash('sha256').update(readFileSync(elf)).digest()));
    expect(decode(['--elf', elf, '--image', image], panicAt(PC))).toMatchObject({ exitCode: 0 });
    writeFileSync(image, imageNaming(createHash('sha256').update('another').digest()));
    const refused = decode(['--elf', elf, '--image', image], panicAt(PC));
    expect(refused.exitCode).toBe(2);
    expect(refused.stdout).toBe('');
    expect(refused.stderr).toContain('is not the ELF of');
    expect(refused.stderr).toContain('(ESPRIG_ELF_BAD)');
    writeFileSync(image, imageNaming(Buffer.alloc(32)));
    expect(decode(['--elf', elf, '--image', image]).stdout).toContain('on trust');
  });

  testWithCompiler('says so when there is no crash', () => {
    const { exitCode, stdout } = decode(['--elf', elf, '-'], 'I (1) all is well\n');
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: 'no crash in 2 lines\n' });
  });

  test('says what is wrong with a file', () => {
    expect(decode(['--elf', join(folder, 'none.elf')]).stderr).toContain('there is no such file');
    const text = join(folder, 'text.elf');
    writeFileSync(text, 'no ELF at all, only a text that is long enough for a header');
    expect(decode(['--elf', text])).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('ESPRIG_ELF_BAD'),
    });
  });
});
