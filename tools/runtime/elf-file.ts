/** Sections and symbols of a linked program (System V ABI, 32 bits, little-endian, EM_XTENSA). */
export interface ElfSection {
  readonly name: string;
  readonly addr: number;
  readonly sizeBytes: number;
  /** Bytes of a section that is loaded; undefined for one without content in the file (.bss). */
  readonly bytes: Uint8Array | undefined;
}

export interface ElfFile {
  readonly entryAddr: number;
  /** Those that occupy memory, by address. */
  readonly sections: readonly ElfSection[];
  readonly symbols: ReadonlyMap<string, number>;
}

const MAGIC = 0x464c457f;
const EM_XTENSA = 94;
const SHT_SYMTAB = 2;
const SHT_NOBITS = 8;
const SHF_ALLOC = 2;
const SECTION_HEADER = { NAME: 0, TYPE: 4, FLAGS: 8, ADDR: 12, OFFSET: 16, SIZE: 20, LINK: 24 } as const;
const SYMBOL_BYTES = 16;

/** @throws Error for anything but an ELF file of an Xtensa */
export function readElf(file: Uint8Array): ElfFile {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const u32 = (at: number): number => view.getUint32(at, true);
  const u16 = (at: number): number => view.getUint16(at, true);
  if (file.length < 52 || u32(0) !== MAGIC || file[4] !== 1 || file[5] !== 1 || u16(18) !== EM_XTENSA) {
    throw new Error('not an ELF file of an Xtensa');
  }
  const textAt = (at: number): string =>
    Buffer.from(file.subarray(at, file.indexOf(0, at))).toString('latin1');
  const head = (index: number): number => u32(32) + index * u16(46);
  const field = (index: number, name: keyof typeof SECTION_HEADER): number =>
    u32(head(index) + SECTION_HEADER[name]);
  const namesAt = field(u16(50), 'OFFSET');

  const sections: ElfSection[] = [];
  const symbols = new Map<string, number>();
  for (let i = 0; i < u16(48); i++) {
    const offset = field(i, 'OFFSET');
    const sizeBytes = field(i, 'SIZE');
    if (field(i, 'TYPE') === SHT_SYMTAB) {
      const strings = field(field(i, 'LINK'), 'OFFSET');
      for (let at = offset; at < offset + sizeBytes; at += SYMBOL_BYTES) {
        const name = textAt(strings + u32(at));
        if (name !== '') symbols.set(name, u32(at + 4));
      }
    }
    if ((field(i, 'FLAGS') & SHF_ALLOC) === 0 || sizeBytes === 0) continue;
    const bytes = field(i, 'TYPE') === SHT_NOBITS ? undefined : file.subarray(offset, offset + sizeBytes);
    sections.push({ name: textAt(namesAt + field(i, 'NAME')), addr: field(i, 'ADDR'), sizeBytes, bytes });
  }
  sections.sort((a, b) => a.addr - b.addr);
  return { entryAddr: u32(24), sections, symbols };
}
