/**
 * Names of addresses from an ELF file, as the firmware's build leaves it beside the image. Format: System V ABI
 * (32-bit, little-endian) with EM_XTENSA; section and symbol tables only.
 */
import { readU16LE, readU32LE } from '../core/bytes';
import { ProtocolError } from '../core/errors';
import { latin1 } from './bytes';

export interface ElfSymbol {
  readonly name: string;
  readonly addr: number;
  /** 0 where the file does not say. */
  readonly sizeBytes: number;
  readonly kind: 'function' | 'object' | 'label';
}

const MAGIC = 0x464c457f;
const HEADER_BYTES = 52;
const SECTION_HEADER_BYTES = 40;
const SYMBOL_BYTES = 16;
const CLASS_32 = 1;
const LITTLE_ENDIAN = 1;
const EM_XTENSA = 94;
const SHT_SYMTAB = 2;
const SHN_UNDEF = 0;
const SHN_ABS = 0xfff1;
/** STT_* by the low four bits of st_info. Sections and files name no address. */
const KINDS: readonly (ElfSymbol['kind'] | undefined)[] = ['label', 'object', 'function'];
/** Labels that assemblers and compilers make up. */
const MADE_UP = /^(\.L|\$|L\d|_stext$|_etext$|\.)/;

/**
 * The symbols of an Xtensa ELF file, by address. Absolute symbols count (the SDK names the boot ROM's functions so)
 * when they can be addresses at all.
 * @throws ProtocolError ESPRIG_ELF_BAD
 */
export function parseElfSymbols(file: Uint8Array): readonly ElfSymbol[] {
  const section = sectionsOf(file);
  const symbols: ElfSymbol[] = [];
  for (let i = 0; i < section.count; i++) {
    const head = section.head(i);
    if (readU32LE(file, head + 4) !== SHT_SYMTAB) continue;
    const table = section.content(i);
    const names = section.content(readU32LE(file, head + 24));
    for (let at = 0; at + SYMBOL_BYTES <= table.length; at += SYMBOL_BYTES) {
      const symbol = symbolAt(table, at, names);
      if (symbol !== undefined) symbols.push(symbol);
    }
  }
  if (symbols.length === 0) throw bad('it has no symbols', 'Give the ELF file before it was stripped.');
  return symbols.sort((a, b) => a.addr - b.addr);
}

function bad(
  what: string,
  hint = 'Give the .elf file that the build leaves beside the .bin.',
): ProtocolError {
  return new ProtocolError('ESPRIG_ELF_BAD', `ELF file: ${what}`, { blame: 'case', hint });
}

interface Sections {
  readonly count: number;
  head(index: number): number;
  content(index: number): Uint8Array;
}

function sectionsOf(file: Uint8Array): Sections {
  if (file.length < HEADER_BYTES || readU32LE(file, 0) !== MAGIC) throw bad('it does not begin like one');
  if (file[4] !== CLASS_32 || file[5] !== LITTLE_ENDIAN || readU16LE(file, 18) !== EM_XTENSA) {
    throw bad('it is for another machine than an ESP8266 (32-bit little-endian Xtensa)');
  }
  const tableAt = readU32LE(file, 32);
  const count = readU16LE(file, 48);
  if (
    count > 0 &&
    (readU16LE(file, 46) < SECTION_HEADER_BYTES || tableAt + count * readU16LE(file, 46) > file.length)
  ) {
    throw bad('its section table lies beyond its end');
  }
  const head = (index: number): number => {
    if (index >= count) throw bad(`it names section ${index}, of ${count}`);
    return tableAt + index * readU16LE(file, 46);
  };
  return {
    count,
    head,
    content: (index) => {
      const offset = readU32LE(file, head(index) + 16);
      const endOffset = offset + readU32LE(file, head(index) + 20);
      if (endOffset > file.length) throw bad(`section ${index} lies beyond its end`);
      return file.subarray(offset, endOffset);
    },
  };
}

function symbolAt(table: Uint8Array, at: number, names: Uint8Array): ElfSymbol | undefined {
  const addr = readU32LE(table, at + 4);
  const kind = KINDS[table[at + 12]! & 0xf];
  const section = readU16LE(table, at + 14);
  if (kind === undefined || section === SHN_UNDEF) return undefined;
  // Below there are only sizes and flags that the linker script made symbols of.
  if (section === SHN_ABS && addr < 0x3ff00000) return undefined;
  const start = readU32LE(table, at);
  const end = names.indexOf(0, start);
  if (start >= names.length || end < 0) throw bad('a name lies beyond the table of names');
  const name = latin1(names.subarray(start, end));
  if (name === '' || (kind === 'label' && MADE_UP.test(name))) return undefined;
  return { name, addr, sizeBytes: readU32LE(table, at + 8), kind };
}
