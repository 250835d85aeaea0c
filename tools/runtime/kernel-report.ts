import type { Board } from '../../harness/emulator/board';
import type { ElfFile } from './elf-file';

/** How far the stacks of a running program have been used, and its heap, read from the board's memory from outside. */
export interface KernelReport {
  readonly stacks: readonly StackUse[];
  readonly heapFreeBytes: number;
  readonly heapLowestBytes: number;
}

export interface StackUse {
  readonly name: string;
  readonly sizeBytes: number;
  readonly unusedBytes: number;
}

const STACK_FILL = 0xa5;
/** include/kernel/memory_map.h */
const ISR_STACK = { addr: 0x3ffffc00, sizeBytes: 1024 } as const;
const NMI_STACK = { addr: 0x3ffff900, sizeBytes: 768 } as const;
const NAME_BYTES = 16;
/** The list's head is the node of nobody; behind it stand the offsets. */
const NODE_BYTES = 12;
const MAX_TASKS = 64;

/** @throws Error when the program has no kernel, or its list of tasks does not end */
export function kernelReport(board: Board, elf: ElfFile): KernelReport {
  const { bytes } = board.memory;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const at = (addr: number): number => board.bus.locate(addr);
  const word = (addr: number): number => view.getUint32(at(addr), true);
  const symbol = (name: string): number => {
    const addr = elf.symbols.get(name);
    if (addr === undefined) throw new Error(`the program has no ${name}`);
    return addr;
  };
  const stackUse = (name: string, addr: number, sizeBytes: number): StackUse => {
    const stack = bytes.subarray(at(addr), at(addr) + sizeBytes);
    const used = stack.findIndex((byte) => byte !== STACK_FILL);
    return { name, sizeBytes, unusedBytes: used < 0 ? sizeBytes : used };
  };

  const list = symbol('kernel_task_list');
  const [nameAt, stackAt, sizeAt] = [0, 2, 4].map((offset) =>
    view.getInt16(at(list + NODE_BYTES + offset), true),
  ) as [number, number, number];
  const stacks: StackUse[] = [];
  for (let node = word(list); node !== list; node = word(node)) {
    if (stacks.length === MAX_TASKS) throw new Error('the list of tasks does not end');
    const raw = bytes.subarray(at(node + nameAt), at(node + nameAt) + NAME_BYTES);
    const name = String.fromCharCode(...raw.subarray(0, raw.indexOf(0)));
    stacks.push(stackUse(name, word(node + stackAt), word(node + sizeAt)));
  }
  stacks.push(stackUse('(interrupts)', ISR_STACK.addr, ISR_STACK.sizeBytes));
  stacks.push(stackUse('(NMI)', NMI_STACK.addr, NMI_STACK.sizeBytes));
  return {
    stacks,
    heapFreeBytes: word(symbol('s_free_bytes')),
    heapLowestBytes: word(symbol('s_lowest_bytes')),
  };
}
