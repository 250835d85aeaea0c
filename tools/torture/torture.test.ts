import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Board } from '../../harness/emulator/board';
import { qemuMissing } from '../difftest/qemu';
import { boardMachine, qemuMachine, type Machine } from './machines';
import { TORTURE_PROGRAMS, tortureProgram } from './programs';
import { compilerMissing } from './toolchain';

const noCompiler = compilerMissing();
const noQemu = qemuMissing();
const OPTIMIZATIONS = ['-O0', '-O2', '-Os'] as const;
const LIMIT_MS = 120_000;

const hashOf = (results: Uint32Array): string => createHash('sha256').update(results).digest('hex');
const whenCompiled = noCompiler === undefined ? describe : describe.skip;
const reason = noCompiler === undefined ? '' : ` (skipped: ${noCompiler})`;

whenCompiled(`C programs on the board and in QEMU${reason}`, () => {
  let qemu: (Machine & AsyncDisposable) | undefined;
  const board = boardMachine();
  /** Each build runs on the board once, however many things are said about its results. */
  const runs = new Map<string, Promise<Uint32Array>>();
  const onBoard = (...build: Parameters<typeof tortureProgram>): Promise<Uint32Array> => {
    const key = build.join(' ');
    const run = runs.get(key) ?? board.run(tortureProgram(...build)).then(({ results }) => results);
    runs.set(key, run);
    return run;
  };

  beforeAll(async () => {
    if (noQemu === undefined) qemu = await qemuMachine();
  }, LIMIT_MS);
  afterAll(async () => qemu?.[Symbol.asyncDispose]());

  const cases = TORTURE_PROGRAMS.flatMap((name) => OPTIMIZATIONS.map((level) => [name, level] as const));

  (noQemu === undefined ? it : it.skip).each(cases)(
    `%s %s leaves the same results on both${noQemu === undefined ? '' : ` (skipped: ${noQemu})`}`,
    async (name, level) => {
      const program = tortureProgram(name, level, 'library');
      const reference = await qemu!.run(program);
      expect(reference.results.length).toBeGreaterThan(20);
      expect(await onBoard(name, level, 'library')).toEqual(reference.results);
    },
    LIMIT_MS,
  );

  it.each(TORTURE_PROGRAMS)(
    '%s leaves the same results with the functions of the boot ROM, however it is optimized',
    async (name) => {
      const hashes = new Set<string>();
      for (const level of OPTIMIZATIONS) {
        hashes.add(hashOf(await onBoard(name, level, 'rom')));
        hashes.add(hashOf(await onBoard(name, level, 'library')));
      }
      expect(hashes.size).toBe(1);
    },
    LIMIT_MS,
  );

  it(
    'digest computes what the host computes',
    async () => {
      const data = Uint8Array.from({ length: 4096 }, (_, i) => i * 7 + (i >> 8));
      const [crc, ...rest] = await onBoard('digest', '-O2', 'rom');
      expect(crc).toBe(crc32(data));
      const md5 = Buffer.from(Uint32Array.from(rest.slice(0, 4)).buffer).toString('hex');
      expect(md5).toBe(createHash('md5').update(data).digest('hex'));
      expect(rest[4]).toBe(adler32(data));
    },
    LIMIT_MS,
  );

  it(
    'bytes in IRAM reach the handler of cause 3 on the board',
    async () => {
      const program = tortureProgram('traps', '-O2', 'rom');
      await board.run(program);
      expect(wordAt(board.lastBoard(), program.symbols.get('trap_count')!)).toBeGreaterThan(30);
    },
    LIMIT_MS,
  );

  it(
    'an NMI every few microseconds changes no result, comes through every level and is never nested',
    async () => {
      const program = tortureProgram('nmi', '-O2', 'rom');
      const quiet = await board.run(program);
      let raised = 0;
      const disturbed = boardMachine((each: Board) => {
        raised++;
        each.cpu.setInterruptLine(14, true);
        each.cpu.setInterruptLine(14, false);
      });
      const { results } = await disturbed.run(program);
      expect(results).toEqual(quiet.results);
      const [levelWrong, nested] = results.slice(-2);
      expect([levelWrong, nested]).toEqual([0, 0]);
      const taken = wordAt(disturbed.lastBoard(), program.symbols.get('nmi_count')!);
      expect(taken).toBeGreaterThan(100);
      expect(taken).toBeLessThanOrEqual(raised);
    },
    LIMIT_MS,
  );

  it(
    'a program that loses one instruction does not go unnoticed',
    async () => {
      const program = tortureProgram('sort', '-O2', 'rom');
      const whole = await board.run(program);
      const code = program.segments.find(({ addr }) => addr >>> 20 === 0x401)!;
      const bytes = code.bytes.slice();
      // The entry of random_word becomes RET: every number is what a2 happens to hold.
      const at = program.symbols.get('random_word')! - code.addr;
      bytes.set([0x80, 0x00, 0x00], at);
      const segments = program.segments.map((segment) => (segment === code ? { ...code, bytes } : segment));
      const damaged = await board.run({ ...program, segments });
      expect(hashOf(damaged.results)).not.toBe(hashOf(whole.results));
    },
    LIMIT_MS,
  );
});

function wordAt(board: Board, addr: number): number {
  return board.memory.words[board.bus.locate(addr) >> 2]!;
}

function crc32(bytes: Uint8Array): number {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (0xedb88320 & -(crc & 1));
  }
  return ~crc >>> 0;
}

function adler32(bytes: Uint8Array): number {
  let a = 1;
  let b = 0;
  for (const byte of bytes) {
    a = (a + byte) % 65521;
    b = (b + a) % 65521;
  }
  return ((b << 16) | a) >>> 0;
}
