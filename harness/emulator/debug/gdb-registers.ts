import type { Cpu } from '../cpu/cpu';
import { REG } from '../cpu/registers';
import { SR } from '../cpu/special-registers';

/**
 * The `g` packet of the LX106: 50 words, a0-a15, PC, then the special registers by number. The order was measured on
 * qemu-system-xtensa -cpu lx106 by writing each register and looking which word changed (chip.md section 11), so that
 * one debugger or client serves both. -1: a register that the core does not have (MMID), read as zero.
 */
const PC_WORD = 16;
// prettier-ignore
const SPECIAL_WORDS: readonly number[] = [
  SR.SAR, SR.LITBASE, SR.CONFIGID0, SR.CONFIGID1, SR.PS, -1, SR.IBREAKENABLE, SR.DDR, SR.IBREAKA0, SR.DBREAKA0,
  SR.DBREAKC0, SR.EPC1, SR.EPC2, SR.EPC3, SR.DEPC, SR.EPS2, SR.EPS3, SR.EXCSAVE1, SR.EXCSAVE2, SR.EXCSAVE3,
  SR.INTERRUPT, SR.INTERRUPT, SR.INTCLEAR, SR.INTENABLE, SR.VECBASE, SR.EXCCAUSE, SR.DEBUGCAUSE, SR.CCOUNT, SR.PRID,
  SR.ICOUNT, SR.ICOUNTLEVEL, SR.EXCVADDR, SR.CCOMPARE0,
];

export const GDB_REGISTER_COUNT = PC_WORD + 1 + SPECIAL_WORDS.length;

/** Written by a debugger these would not be stored but act: what it read must not act when it is written back. */
const ACTING: ReadonlySet<number> = new Set([SR.INTERRUPT, SR.INTCLEAR]);

export function readGdbRegister(cpu: Cpu, index: number): number {
  if (index < PC_WORD) return cpu.ar[index]! >>> 0;
  if (index === PC_WORD) return cpu.pc;
  const number = SPECIAL_WORDS[index - PC_WORD - 1]!;
  return number < 0 || number === SR.INTCLEAR ? 0 : cpu.readSpecial(number) >>> 0;
}

/** A register that holds the value already is left alone: writing all of them back changes nothing. */
export function writeGdbRegister(cpu: Cpu, index: number, value: number): void {
  if (readGdbRegister(cpu, index) === value >>> 0) return;
  if (index < PC_WORD) cpu.ar[index] = value;
  else if (index === PC_WORD) {
    cpu.pc = value;
    // A core that sleeps goes on where it was put.
    cpu.regs[REG.WAITING] = 0;
  } else {
    const number = SPECIAL_WORDS[index - PC_WORD - 1]!;
    if (number >= 0 && !ACTING.has(number)) cpu.writeSpecial(number, value);
  }
}
