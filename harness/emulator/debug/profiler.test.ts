import { beforeEach, describe, expect, it } from '@jest/globals';
import { ProgramBoard } from '../testkit/run-program';
import { Profiler } from './profiler';
import { romSymbols } from './rom-symbols';
import { SymbolTable } from './symbols';

const guest = new ProgramBoard();

beforeEach(() => {
  guest.board.sliceRunner = guest.cpu;
  guest.rewind();
});

function profiled(source: string, forMicros: number): Profiler {
  guest.load(source);
  const profiler = new Profiler(guest.cpu);
  guest.board.sliceRunner = profiler;
  guest.run(forMicros);
  return profiler;
}

/** Two functions, one of which works three times as long as the other. */
const TWO_FUNCTIONS = `
begin:
  call0 long
  call0 short
  j begin
long:
  movi a2, 1500
long_loop:
  addi a2, a2, -1
  addi a3, a3, 1
  bnez a2, long_loop
  ret
short:
  movi a2, 500
short_loop:
  addi a2, a2, -1
  addi a3, a3, 1
  bnez a2, short_loop
  ret`;

function symbolsOf(...names: readonly string[]): SymbolTable {
  return new SymbolTable([
    ...romSymbols(),
    ...names.map((name) => ({ name, addr: guest.addrOf(name), sizeBytes: 0 })),
  ]);
}

describe('a profile', () => {
  it('gives each function its share of the cycles', () => {
    const profile = profiled(TWO_FUNCTIONS, 100_000).profile(symbolsOf('begin', 'long', 'short'));
    expect(profile.rows.slice(0, 2).map(({ name }) => name)).toEqual(['long', 'short']);
    expect(profile.rows[0]!.percent).toBeGreaterThan(70);
    expect(profile.rows[0]!.percent).toBeLessThan(80);
    expect(profile.rows[1]!.percent).toBeGreaterThan(20);
    expect(profile.rows.reduce((sum, { samples }) => sum + samples, 0)).toBe(profile.samples);
  });

  it('takes a sample every 997 cycles of work', () => {
    const startCycle = guest.cpu.nowCycles;
    const profiler = profiled(TWO_FUNCTIONS, 50_000);
    const { samples } = profiler.profile();
    expect(samples).toBe(Math.floor((guest.cpu.nowCycles - startCycle) / 997));
  });

  it('counts by page of 256 bytes where no symbol is known', () => {
    const { rows } = profiled(TWO_FUNCTIONS, 10_000).profile();
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({ name: '0x40101000…', addr: 0x40101000 });
  });

  it('gives a native ROM function the cycles that it charges, not whoever called it', () => {
    const memset = romSymbols().find(({ name }) => name === 'memset')!;
    const profile = profiled(
      `
      .literals
    begin:
      l32r a2, =0x3ffe9000
      movi a3, 0
      l32r a4, =0x4000
      l32r a0, =${memset.addr}
      callx0 a0
      j begin`,
      50_000,
    ).profile(symbolsOf('begin'));
    expect(profile.rows[0]).toMatchObject({ name: 'memset' });
    expect(profile.rows[0]!.percent).toBeGreaterThan(95);
  });

  it('takes no samples while the guest sleeps, and says for how long it did', () => {
    const startCycle = guest.cpu.nowCycles;
    const profile = profiled('begin: waiti 15\nj begin', 20_000).profile();
    expect(profile.samples).toBe(0);
    expect(profile.idleCycles).toBeGreaterThan(0.9 * (guest.cpu.nowCycles - startCycle));
  });

  it('does not change what the guest computes', () => {
    profiled(TWO_FUNCTIONS, 5000);
    const watched = guest.cpu.save();
    const registers = [...guest.cpu.ar];
    guest.board.sliceRunner = guest.cpu;
    guest.rewind();
    guest.load(TWO_FUNCTIONS);
    guest.run(5000);
    expect(guest.cpu.save()).toEqual(watched);
    expect([...guest.cpu.ar]).toEqual(registers);
  });
});
