import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { assemble } from '../../harness/emulator/cpu/assemble';
import { BoardThread } from '../../harness/host/board-thread';
import { startGdbServer, type GdbServer } from '../../harness/host/gdb-tcp-server';
import { qemuMissing, readRegisters, startQemu, writePc, type Qemu } from './qemu';
import { openRsp, type RspLink } from './rsp-client';

/*
 * One client for two stubs: what a debugger does to QEMU's lx106 it must be able to do to the board, packet for packet.
 */
const CODE_ADDR = 0x40100000;
/** Special registers that can be written in both; each is given a value of its own. */
const STORED = [
  'sar',
  'litbase',
  'ddr',
  'ibreaka0',
  'dbreaka0',
  'dbreakc0',
  'epc1',
  'epc2',
  'epc3',
  'depc',
  'eps2',
  'eps3',
  'excsave1',
  'excsave2',
  'excsave3',
  'vecbase',
  'exccause',
  'excvaddr',
  'intenable',
  'icount',
  'ccompare0',
] as const;
/** What the board keeps of them: VECBASE whole 256 bytes, EXCCAUSE six bits. */
const VALUES: Readonly<Record<string, number>> = { vecbase: 1024, exccause: 28 };
const PROGRAM = assemble(
  [
    'nop',
    ...STORED.flatMap((name, i) => [`movi a2, ${VALUES[name] ?? 64 * (i + 1) + 1}`, `wsr.${name} a2`]),
  ].join('\n'),
  CODE_ADDR,
);
const STEPS = 1 + 2 * STORED.length;
/** INTERRUPT twice and CCOUNT: they move by themselves. */
const MOVING = new Set([37, 38, 44]);

let board: BoardThread;
let server: GdbServer;
let ours: RspLink;

beforeAll(async () => {
  board = BoardThread.start({ pacing: 'fast', debug: { waitForDebugger: true } });
  server = await startGdbServer(board);
  await board.act('power-on');
  ours = await openRsp(server.port);
}, 30_000);
afterAll(async () => {
  ours.close();
  await server.close();
  await board.close();
});

/** Puts the program there, steps through it, and answers the registers after every step. */
async function stepThrough(rsp: RspLink): Promise<Uint32Array[]> {
  await rsp.writeMemory(CODE_ADDR, PROGRAM.bytes);
  expect(await rsp.readMemory(CODE_ADDR, PROGRAM.bytes.length)).toEqual(PROGRAM.bytes);
  await writePc(rsp, CODE_ADDR);
  const states: Uint32Array[] = [];
  for (let i = 0; i < STEPS; i++) {
    expect(await rsp.request('s')).toBe('T05thread:01;');
    states.push(await readRegisters(rsp));
  }
  return states;
}

describe('the board’s GDB stub', () => {
  it('serves the client that drives QEMU: packets, memory in bulk, breakpoints, interruption', async () => {
    const bytes = Uint8Array.from({ length: 0x4000 }, (_, i) => (i * 7) ^ (i >> 8));
    await ours.writeMemory(0x3ffe8000, bytes);
    expect(await ours.readMemory(0x3ffe8000, bytes.length)).toEqual(bytes);
    const loop = assemble('begin: addi a2, a2, 1\nj begin', CODE_ADDR).bytes;
    await ours.writeMemory(CODE_ADDR, loop);
    await writePc(ours, CODE_ADDR);
    expect(await ours.runUntilStop(100)).toBe('timeout');
    expect(await ours.request(`Z0,${(CODE_ADDR + 3).toString(16)},3`)).toBe('OK');
    expect(await ours.runUntilStop(5000)).toBe('stopped');
    expect((await readRegisters(ours))[16]).toBe(CODE_ADDR + 3);
    expect(await ours.request(`z0,${(CODE_ADDR + 3).toString(16)},3`)).toBe('OK');
  }, 30_000);

  const missing = qemuMissing();
  (missing === undefined ? it : it.skip)(
    `lays its registers out as QEMU’s lx106 does${missing === undefined ? '' : ` (${missing})`}`,
    async () => {
      await using qemu: Qemu = await startQemu(60);
      const [reference, board_] = [await stepThrough(qemu.rsp), await stepThrough(ours)];
      expect(reference[0]).toHaveLength(50);
      for (let step = 0; step < STEPS; step++) {
        const changed = (states: readonly Uint32Array[]): string[] =>
          [...states[step]!].flatMap((value, index) =>
            MOVING.has(index) || (step > 0 && value === states[step - 1]![index]) || step === 0
              ? []
              : [`${index}=${value.toString(16)}`],
          );
        expect([step, changed(board_)]).toEqual([step, changed(reference)]);
      }
    },
    60_000,
  );
});
