import type { Cpu } from './cpu';
import { CCOMPARE0_BIT, CLEARABLE_BITS, SOFTWARE_BIT } from './interrupts';
import { REG, STORED } from './registers';
import { SPECIAL_REGISTERS, SR } from './special-registers';

/** Values of this core, as `rsr` gives them on silicon. */
const CONFIGID0 = 0xc28cdafa | 0;
const CONFIGID1 = 0x1082b6f6;

/** What RSR gives. */
export function readSpecial(cpu: Cpu, number: number): number {
  switch (number) {
    case SR.CCOUNT:
      return cpu.time.ccount | 0;
    case SR.CONFIGID0:
      return CONFIGID0;
    case SR.CONFIGID1:
      return CONFIGID1;
    case SR.PRID:
      return 0;
    default: {
      const index = STORED.get(number);
      return index === undefined ? 0 : cpu.regs[index]!;
    }
  }
}

/** A write with all its effects; the caller has checked that the register may be written. */
export function writeSpecial(cpu: Cpu, number: number, value: number): void {
  const { regs } = cpu;
  switch (number) {
    case SR.SAR:
      regs[REG.SAR] = value & 0x3f;
      break;
    case SR.LITBASE:
      regs[REG.LITBASE] = value & 0xfffff001;
      cpu.codeTable.invalidateAll();
      break;
    case SR.PS:
      regs[REG.PS] = value & 0x3f;
      cpu.interruptsChanged();
      break;
    case SR.VECBASE:
      regs[REG.VECBASE] = value & ~0xff;
      break;
    case SR.INTENABLE:
      regs[REG.INTENABLE] = value;
      cpu.interruptsChanged();
      break;
    case SR.INTERRUPT: // INTSET
      regs[REG.INTERRUPT]! |= value & SOFTWARE_BIT;
      cpu.interruptsChanged();
      break;
    case SR.INTCLEAR:
      regs[REG.INTERRUPT]! &= ~(value & CLEARABLE_BITS);
      break;
    case SR.CCOUNT:
      cpu.time.ccount = value;
      break;
    case SR.CCOMPARE0:
      regs[REG.CCOMPARE0] = value;
      regs[REG.INTERRUPT]! &= ~CCOMPARE0_BIT;
      cpu.time.ccompareChanged();
      break;
    case SR.IBREAKENABLE:
      regs[REG.IBREAKENABLE] = value & 1;
      break;
    case SR.ICOUNTLEVEL:
      regs[REG.ICOUNTLEVEL] = value & 0xf;
      break;
    case SR.EXCCAUSE:
      regs[REG.EXCCAUSE] = value & 0x3f;
      break;
    case SR.CONFIGID0:
    case SR.DEBUGCAUSE:
      break;
    default: {
      const index = STORED.get(number);
      if (index !== undefined) regs[index] = value;
    }
  }
}

/** All special registers by name, for dumps and traces. */
export function namedSpecials(cpu: Cpu): Record<string, number> {
  const named: Record<string, number> = {};
  for (const [number, { name, access }] of SPECIAL_REGISTERS) {
    if (access.includes('r')) named[name] = readSpecial(cpu, number) >>> 0;
  }
  return named;
}
