import type { Board } from '../board';
import { disassemble } from '../cpu/disassemble';
import { hex32 } from '../fault';

/** Registers and the instruction at PC, as lines for a person. */
export function dumpRegisters(board: Board): readonly string[] {
  const { cpu } = board;
  const lines: string[] = [];
  for (let first = 0; first < 16; first += 4) {
    const row = [0, 1, 2, 3].map((i) => `a${first + i}`.padStart(3) + ' ' + hex32(cpu.ar[first + i]!));
    lines.push(row.join('  '));
  }
  const special = cpu.namedSpecials();
  const shown = [
    'ps',
    'sar',
    'exccause',
    'excvaddr',
    'epc1',
    'epc3',
    'depc',
    'vecbase',
    'interrupt',
    'intenable',
    'ccount',
  ];
  lines.push(shown.map((name) => `${name} ${hex32(special[name] ?? 0)}`).join('  '));
  lines.push(`pc ${hex32(cpu.pc)}: ${instructionAt(board, cpu.pc)}`);
  return lines;
}

/** The instruction at `pc` as the assembler writes it, or what keeps it from being read. */
export function instructionAt(
  board: Board,
  pc: number,
  nameOf?: (addr: number) => string | undefined,
): string {
  const at = board.bus.locate(pc);
  if (at < 0) return 'nothing to execute here';
  const { bytes } = board.memory;
  return disassemble(bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16), pc, nameOf);
}
