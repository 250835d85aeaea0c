import { Board } from '../../harness/emulator/board';
import { layoutByName } from '../../harness/protocol/layouts';
import type { ElfFile } from './elf-file';
import type { KernelReport } from './kernel-report';
import type { BuiltFirmware } from './testkit/app-board';

/** What a start function takes of the heap: its own memory, its task's stack, what kernel and lwIP keep about them. */
export interface HeapTaken {
  /** Sizes that malloc was asked for meanwhile, in their order. */
  readonly requests: readonly number[];
  /** How much less is free when it returns, the heap's own headers included. */
  readonly takenBytes: number;
}

const START_LIMIT_NANOS = 5e9;
/** Registers of the CALL0 ABI. */
const RETURN_ADDRESS = 0;
const FIRST_ARGUMENT = 2;
const MAX_REQUESTS = 100;

/** Boots the firmware and watches the heap from a function's entry to its return. @throws Error when it is never called */
export function heapTakenBy(firmware: BuiltFirmware, elf: ElfFile, name: string): HeapTaken {
  const board = new Board({
    flashSizeBytes: layoutByName(firmware.layout).flashBytes,
    instantTx: true,
  });
  for (const { flashOffset, bytes } of firmware.flash) board.programFlash(flashOffset, bytes);
  const symbol = (wanted: string): number => {
    const addr = elf.symbols.get(wanted);
    if (addr === undefined) throw new Error(`the program has no ${wanted}`);
    return addr >>> 0;
  };
  const { codeTable, ar } = board.cpu;
  const { bytes } = board.memory;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const freeBytes = (): number => view.getUint32(board.bus.locate(symbol('s_free_bytes')), true);
  const runToOneOf = (...addrs: readonly number[]): number => {
    for (const addr of addrs) codeTable.setBreakpoint(addr);
    const end = board.runFor(START_LIMIT_NANOS);
    for (const addr of addrs) codeTable.clearBreakpoint(addr);
    if (end !== 'stopped') throw new Error(`${name}: not called, or it does not return`);
    return board.cpu.pc;
  };

  board.powerOn();
  runToOneOf(symbol(name));
  const freeBeforeBytes = freeBytes();
  const returnsTo = ar[RETURN_ADDRESS]! >>> 0;
  const requests: number[] = [];
  while (runToOneOf(symbol('malloc'), returnsTo) !== returnsTo) {
    if (requests.length === MAX_REQUESTS) throw new Error(`${name}: more than ${MAX_REQUESTS} requests`);
    requests.push(ar[FIRST_ARGUMENT]! >>> 0);
    // Off the breakpoint.
    runToOneOf(ar[RETURN_ADDRESS]! >>> 0);
  }
  return { requests, takenBytes: freeBeforeBytes - freeBytes() };
}

/** A table for people: stacks by how far they have been used, and the heap. */
export function memoryTable({ stacks, heapFreeBytes, heapLowestBytes }: KernelReport): string {
  const row = (name: string, cells: readonly (string | number)[]): string =>
    name.padEnd(14) + cells.map((cell) => String(cell).padStart(9)).join('');
  return [
    row('', ['stack', 'used', 'unused']),
    ...[...stacks]
      .sort((a, b) => b.sizeBytes - a.sizeBytes)
      .map(({ name, sizeBytes, unusedBytes }) =>
        row(name, [sizeBytes, sizeBytes - unusedBytes, unusedBytes]),
      ),
    `heap: ${heapFreeBytes} bytes free, ${heapLowestBytes} at the lowest`,
  ].join('\n');
}
