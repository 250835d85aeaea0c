import { Board } from '../../harness/emulator/board';
import { startQemu, writePc, type Qemu } from '../difftest/qemu';
import type { Elf } from './elf';

/** A machine that runs a linked program from its entry to `program_done`. */
export interface Machine {
  readonly name: string;
  /**
   * @throws Error when the program does not end within the limit
   */
  run(program: Elf): Promise<RunReport>;
}

export interface RunReport {
  /** Words the program has kept (support.c). */
  readonly results: Uint32Array;
  readonly wallMs: number;
  /** Instructions, where the machine counts them. */
  readonly instructions: number | undefined;
}

const RUN_LIMIT_MS = 60_000;
const LIMIT_SECONDS_VIRTUAL = 60;

function symbol(program: Elf, name: string): number {
  const addr = program.symbols.get(name);
  if (addr === undefined) throw new Error(`the program has no symbol ${name}`);
  return addr;
}

function resultsFrom(bytes: Uint8Array): Uint32Array {
  const words = new Uint32Array(bytes.slice().buffer);
  return words.slice(1, 1 + Math.min(words[0] ?? 0, words.length - 1));
}

const RESULT_BYTES = 0x2000 - 32;

/** Our board, straight into the program: no boot, every RAM bank its own. `eachSlice` may disturb it meanwhile. */
export function boardMachine(
  eachSlice?: (board: Board) => void,
): Machine & { readonly lastBoard: () => Board } {
  let last: Board | undefined;
  return {
    name: 'board',
    lastBoard: () => last!,
    async run(program) {
      const board = new Board();
      last = board;
      board.powerOn();
      for (const { addr, bytes } of program.segments) {
        board.memory.bytes.set(bytes, board.bus.locate(addr));
        if (addr >= 0x40000000) board.cpu.codeTable.invalidate(addr, bytes.length);
      }
      board.cpu.codeTable.setBreakpoint(symbol(program, 'program_done'));
      board.cpu.pc = program.entryAddr;
      const startCycles = board.cpu.nowCycles;
      const startedMs = performance.now();
      const slices = eachSlice ? 1_000_000 : LIMIT_SECONDS_VIRTUAL;
      const sliceNanos = eachSlice ? 20_000 : 1e9;
      for (let i = 0; ; i++) {
        if (board.runFor(sliceNanos) === 'stopped') break;
        if (i >= slices) throw new Error(`the program did not end in ${slices} slices on the board`);
        eachSlice?.(board);
      }
      const wallMs = performance.now() - startedMs;
      const at = board.bus.locate(symbol(program, 'results_begin'));
      return Promise.resolve({
        results: resultsFrom(board.memory.bytes.subarray(at, at + RESULT_BYTES)),
        wallMs,
        instructions: board.cpu.nowCycles - startCycles,
      });
    },
  };
}

/** QEMU's lx106; one machine for many programs. */
export async function qemuMachine(): Promise<Machine & AsyncDisposable> {
  const qemu: Qemu = await startQemu();
  const { rsp } = qemu;
  return {
    name: qemu.version,
    async run(program) {
      for (const { addr, bytes } of program.segments) await rsp.writeMemory(addr, bytes);
      const done = symbol(program, 'program_done').toString(16);
      await rsp.request(`Z0,${done},3`);
      await writePc(rsp, program.entryAddr);
      const startedMs = performance.now();
      const end = await rsp.runUntilStop(RUN_LIMIT_MS);
      const wallMs = performance.now() - startedMs;
      await rsp.request(`z0,${done},3`);
      if (end === 'timeout') throw new Error(`the program did not end in ${RUN_LIMIT_MS} ms in QEMU`);
      const results = await rsp.readMemory(symbol(program, 'results_begin'), RESULT_BYTES);
      return { results: resultsFrom(results), wallMs, instructions: undefined };
    },
    [Symbol.asyncDispose]: () => qemu[Symbol.asyncDispose](),
  };
}
