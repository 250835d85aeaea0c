import { EXCCAUSE } from '../../chip/esp8266';
import type { Cpu } from './cpu';
import { REG } from './registers';
import { PS } from './special-registers';

/** Vector offsets from VECBASE (ESP8266_RTOS_SDK `xtensa/config/core-isa.h`). */
export const VECTOR = { DEBUG: 0x10, NMI: 0x20, KERNEL: 0x30, USER: 0x50, DOUBLE: 0x70 } as const;

/** Causes that leave the faulting address in EXCVADDR. */
const HAS_ADDRESS: ReadonlySet<number> = new Set([
  EXCCAUSE.INST_FETCH_ERROR,
  EXCCAUSE.LOAD_STORE_ERROR,
  EXCCAUSE.ALIGNMENT,
  EXCCAUSE.INST_FETCH_PROHIBITED,
  EXCCAUSE.LOAD_PROHIBITED,
  EXCCAUSE.STORE_PROHIBITED,
]);

/** Enters the general exception vector; with EXCM already set the double exception vector. */
export function raiseException(cpu: Cpu, cause: number, pc: number, excvaddr?: number): void {
  const regs = cpu.regs;
  const ps = regs[REG.PS]!;
  if ((ps & PS.EXCM) !== 0) {
    regs[REG.DEPC] = pc;
    regs[REG.PC] = regs[REG.VECBASE]! + VECTOR.DOUBLE;
  } else {
    regs[REG.EPC1] = pc;
    regs[REG.PC] = regs[REG.VECBASE]! + ((ps & PS.UM) !== 0 ? VECTOR.USER : VECTOR.KERNEL);
  }
  regs[REG.EXCCAUSE] = cause;
  regs[REG.PS] = ps | PS.EXCM;
  if (excvaddr !== undefined && HAS_ADDRESS.has(cause)) regs[REG.EXCVADDR] = excvaddr;
}

/** BREAK: a debug exception at level 2, unless the processor runs at that level already. */
export function raiseDebugException(cpu: Cpu, debugCause: number): boolean {
  const regs = cpu.regs;
  const ps = regs[REG.PS]!;
  const level = (ps & PS.EXCM) !== 0 ? Math.max(1, ps & PS.INTLEVEL_MASK) : ps & PS.INTLEVEL_MASK;
  if (level >= 2) return false;
  regs[REG.EPC2] = regs[REG.PC]!;
  regs[REG.EPS2] = ps;
  regs[REG.PS] = (ps & ~PS.INTLEVEL_MASK) | PS.EXCM | 2;
  regs[REG.DEBUGCAUSE] = debugCause;
  regs[REG.PC] = regs[REG.VECBASE]! + VECTOR.DEBUG;
  return true;
}
