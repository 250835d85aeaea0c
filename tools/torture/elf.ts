/** What is needed of an ELF file to put it into a machine (System V ABI, 32 bits, little-endian). */
export interface Elf {
  readonly entryAddr: number;
  /** Pieces of memory, zeros of .bss included. */
  readonly segments: readonly { readonly addr: number; readonly bytes: Uint8Array }[];
  readonly symbols: ReadonlyMap<string, number>;
}

const PT_LOAD = 1;
const SHT_SYMTAB = 2;
const EM_XTENSA = 94;

/** @throws Error for anything but an ELF file of an Xtensa */
export function parseElf(file: Uint8Array): Elf {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const u32 = (at: number): number => view.getUint32(at, true);
  const u16 = (at: number): number => view.getUint16(at, true);
  if (u32(0) !== 0x464c457f || file[4] !== 1 || file[5] !== 1 || u16(18) !== EM_XTENSA)
    throw new Error('not an ELF file of an Xtensa');

  const segments = [];
  for (let i = 0; i < u16(44); i++) {
    const head = u32(28) + i * u16(42);
    const [offset, , addr, fileSize, memorySize] = [4, 8, 12, 16, 20].map((at) => u32(head + at)) as [
      number,
      number,
      number,
      number,
      number,
    ];
    if (u32(head) !== PT_LOAD || memorySize === 0) continue;
    const bytes = new Uint8Array(memorySize);
    bytes.set(file.subarray(offset, offset + fileSize));
    segments.push({ addr, bytes });
  }

  const symbols = new Map<string, number>();
  for (let i = 0; i < u16(48); i++) {
    const head = u32(32) + i * u16(46);
    if (u32(head + 4) !== SHT_SYMTAB) continue;
    const names = u32(u32(32) + u32(head + 24) * u16(46) + 16);
    for (let at = u32(head + 16); at < u32(head + 16) + u32(head + 20); at += 16) {
      const start = names + u32(at);
      const name = Buffer.from(file.subarray(start, file.indexOf(0, start))).toString('latin1');
      if (name !== '') symbols.set(name, u32(at + 4));
    }
  }
  return { entryAddr: u32(24), segments, symbols };
}
