import type { Board } from '../board';
import { disassemble } from '../cpu/disassemble';
import { namedSpecials } from '../cpu/special-access';
import { hex32 } from '../fault';
import { causeName, interruptNames } from './cause-names';
import { angled, type SymbolTable } from './symbols';

const SHOWN_SPECIALS = ['ps', 'sar', 'epc1', 'epc2', 'epc3', 'depc', 'vecbase', 'ccount'];
const STACK_ROWS = 8;

/** What a person wants to see of a board that stopped: registers, where it is, the last exception, the stack. */
export function dumpRegisters(board: Board, symbols?: SymbolTable): readonly string[] {
  const { cpu } = board;
  const special = namedSpecials(cpu);
  const nameOf = (addr: number): string | undefined => symbols?.describe(addr);
  const pending = special['interrupt']! & special['intenable']!;
  return [
    `pc ${hex32(cpu.pc)}${angled(symbols, cpu.pc)}: ${instructionAt(board, cpu.pc, nameOf)}`,
    `called from ${hex32(cpu.ar[0]!)}${angled(symbols, cpu.ar[0]!)}`,
    ...rowsOf(Array.from({ length: 16 }, (_, i) => [`a${i}`, cpu.ar[i]!])),
    ...rowsOf(SHOWN_SPECIALS.map((name) => [name, special[name] ?? 0])),
    `last exception: cause ${causeName(special['exccause']!)}, epc1 ${hex32(special['epc1']!)}` +
      `${angled(symbols, special['epc1']!)}, excvaddr ${hex32(special['excvaddr']!)}`,
    `interrupts: pending ${interruptNames(pending)}; enabled ${interruptNames(special['intenable']!)}`,
    `stack at ${hex32(cpu.ar[1]!)}:`,
    ...stackRows(board, symbols),
  ];
}

/** The instruction at `pc` as the assembler writes it, or what keeps it from being read. */
export function instructionAt(
  board: Board,
  pc: number,
  nameOf?: (addr: number) => string | undefined,
): string {
  const romCall = board.cpu.codeTable.romCallAtAddr(pc);
  if (romCall) return `ROM function ${romCall.name}`;
  const at = board.bus.locate(pc);
  if (at < 0) return 'nothing to execute here';
  const { bytes } = board.memory;
  return disassemble(bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16), pc, nameOf);
}

/** Four values a row, in columns. */
function rowsOf(values: readonly (readonly [name: string, value: number])[]): readonly string[] {
  const rows: string[] = [];
  for (let first = 0; first < values.length; first += 4) {
    const row = values.slice(first, first + 4).map(([name, value]) => `${name.padStart(7)} ${hex32(value)}`);
    rows.push(row.join(' '));
  }
  return rows;
}

/** The words above the stack pointer; those that are addresses of code by name. */
function stackRows(board: Board, symbols: SymbolTable | undefined): readonly string[] {
  const rows: string[] = [];
  const top = board.cpu.ar[1]! >>> 0;
  for (let row = 0; row < STACK_ROWS; row++) {
    const words: number[] = [];
    for (let i = 0; i < 4; i++) {
      const at = board.bus.locate(top + 16 * row + 4 * i);
      if (at < 0 || (top & 3) !== 0) break;
      words.push(board.memory.words[at >> 2]!);
    }
    if (words.length === 0) break;
    const names = words.map((word) => (word >>> 24 === 0x40 ? symbols?.describe(word) : undefined));
    const known = names.filter((name) => name !== undefined);
    rows.push(
      `${hex32(top + 16 * row)}: ${words.map((word) => (word >>> 0).toString(16).padStart(8, '0')).join(' ')}` +
        (known.length === 0 ? '' : `  ${known.join(', ')}`),
    );
  }
  return rows.length === 0 ? ['(no memory there)'] : rows;
}
