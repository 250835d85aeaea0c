import { EXCCAUSE, INTERRUPT } from '../../chip/esp8266';
import type { Cpu } from './cpu';
import { raiseException, VECTOR } from './exceptions';
import { REG } from './registers';
import { PS } from './special-registers';

/*
 * Interrupts of the LX106 by number (ESP8266_RTOS_SDK `xtensa/config/core-isa.h`): 0-5 follow the level of their
 * input, 6 is CCOMPARE0, 7 software's, 8-13 latch the rise of their input, 14 is the NMI.
 */
const LEVEL_TRIGGERED = 0x3f;
const EDGE_TRIGGERED = 0x3f00;
const LEVEL1_INPUTS = 0x3fff;
export const CCOMPARE0_BIT = 1 << 6;
/** What INTSET can set. */
export const SOFTWARE_BIT = 1 << 7;
/** What INTCLEAR can clear. */
export const CLEARABLE_BITS = EDGE_TRIGGERED | SOFTWARE_BIT;

/**
 * Whether an interrupt would be taken before the next instruction. The NMI comes through at any level, but not again
 * before its handler's `rfi 3` (wifi.md 2.2: the only rule under which all images were seen to work).
 */
export function interruptDeliverable(cpu: Cpu): boolean {
  const regs = cpu.regs;
  if (regs[REG.NMI_PENDING] !== 0 && regs[REG.IN_NMI] === 0) return true;
  return (
    (regs[REG.INTERRUPT]! & regs[REG.INTENABLE]! & LEVEL1_INPUTS) !== 0 &&
    (regs[REG.PS]! & (PS.INTLEVEL_MASK | PS.EXCM)) === 0
  );
}

/** Takes the interrupt that is due; ends WAITI. */
export function takeInterrupt(cpu: Cpu): void {
  const regs = cpu.regs;
  regs[REG.WAITING] = 0;
  if (regs[REG.NMI_PENDING] !== 0 && regs[REG.IN_NMI] === 0) {
    regs[REG.NMI_PENDING] = 0;
    regs[REG.IN_NMI] = 1;
    regs[REG.EPC3] = regs[REG.PC]!;
    regs[REG.EPS3] = regs[REG.PS]!;
    regs[REG.PS] = (regs[REG.PS]! & ~PS.INTLEVEL_MASK) | PS.EXCM | 3;
    regs[REG.PC] = regs[REG.VECBASE]! + VECTOR.NMI;
    return;
  }
  raiseException(cpu, EXCCAUSE.LEVEL1_INTERRUPT, regs[REG.PC]!);
}

/** A peripheral drives interrupt input `number`. */
export function driveInterruptLine(cpu: Cpu, number: number, asserted: boolean): void {
  const regs = cpu.regs;
  const bit = 1 << number;
  const before = regs[REG.LINES]!;
  const after = asserted ? before | bit : before & ~bit;
  if (after === before) return;
  regs[REG.LINES] = after;
  if (number === INTERRUPT.NMI) {
    if (asserted) regs[REG.NMI_PENDING] = 1;
  } else if ((bit & LEVEL_TRIGGERED) !== 0) {
    regs[REG.INTERRUPT] = (regs[REG.INTERRUPT]! & ~LEVEL_TRIGGERED) | (after & LEVEL_TRIGGERED);
  } else if (asserted) {
    regs[REG.INTERRUPT]! |= bit;
  }
  cpu.interruptsChanged();
}
