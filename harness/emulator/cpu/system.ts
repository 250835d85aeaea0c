import { EXCCAUSE } from '../../chip/esp8266';
import type { Cpu } from './cpu';
import { raiseDebugException, raiseException } from './exceptions';
import { findInstruction } from './decode';
import { REG } from './registers';
import { PS, SPECIAL_REGISTERS } from './special-registers';

const DEBUGCAUSE_BREAK = 1 << 3;
const DEBUGCAUSE_BREAK_N = 1 << 4;
/** Address bits that choose one of the eight regions of 512 MB. */
const REGION = 0xe0000000;

/** Runs one instruction that the hot loop leaves to here; PC stands on it and is moved on. */
export function executeSystem(cpu: Cpu, word: number): void {
  const regs = cpu.regs;
  const instruction = findInstruction(word)!;
  const s = (word >>> 8) & 15;
  const t = (word >>> 4) & 15;
  const nextPc = regs[REG.PC]! + instruction.lengthBytes;
  const illegal = (): void => raiseException(cpu, EXCCAUSE.ILLEGAL, regs[REG.PC]!);

  switch (instruction.name) {
    case 'rsr':
    case 'wsr':
    case 'xsr': {
      const number = (word >>> 8) & 0xff;
      const kind = instruction.name[0]!;
      if (!SPECIAL_REGISTERS.get(number)?.access.includes(kind)) return illegal();
      const value = cpu.ar[t]!;
      regs[REG.PC] = nextPc;
      if (kind !== 'w') cpu.ar[t] = cpu.readSpecial(number);
      if (kind !== 'r') cpu.writeSpecial(number, value);
      return;
    }
    case 'rsil':
      cpu.ar[t] = regs[REG.PS]!;
      regs[REG.PS] = (regs[REG.PS]! & ~PS.INTLEVEL_MASK) | s;
      regs[REG.PC] = nextPc;
      return cpu.interruptsChanged();
    case 'waiti':
      regs[REG.PS] = (regs[REG.PS]! & ~PS.INTLEVEL_MASK) | s;
      regs[REG.PC] = nextPc;
      regs[REG.WAITING] = 1;
      return cpu.time.cutSlice(0);
    case 'rfe':
      regs[REG.PS]! &= ~PS.EXCM;
      regs[REG.PC] = regs[REG.EPC1]!;
      return cpu.interruptsChanged();
    case 'rfde':
      regs[REG.PC] = regs[REG.DEPC]!;
      return;
    case 'rfi':
      if (s < 2 || s > 3) return illegal();
      regs[REG.PC] = s === 2 ? regs[REG.EPC2]! : regs[REG.EPC3]!;
      regs[REG.PS] = s === 2 ? regs[REG.EPS2]! : regs[REG.EPS3]!;
      if (s === 3) regs[REG.IN_NMI] = 0;
      return cpu.interruptsChanged();
    case 'syscall':
      return raiseException(cpu, EXCCAUSE.SYSCALL, regs[REG.PC]!);
    case 'simcall':
      return illegal();
    case 'break':
      if (!raiseDebugException(cpu, DEBUGCAUSE_BREAK)) regs[REG.PC] = nextPc;
      return;
    case 'break.n':
      if (!raiseDebugException(cpu, DEBUGCAUSE_BREAK_N)) regs[REG.PC] = nextPc;
      return;
    case 'witlb':
      regs[REG.ITLB + (cpu.ar[s]! >>> 29)] = cpu.ar[t]! & 0xf;
      break;
    case 'wdtlb':
      regs[REG.DTLB + (cpu.ar[s]! >>> 29)] = cpu.ar[t]! & 0xf;
      break;
    case 'ritlb0':
    case 'rdtlb0':
      // Region protection translates nothing: the physical region is the virtual one.
      cpu.ar[t] = cpu.ar[s]! & REGION;
      break;
    case 'pitlb':
    case 'pdtlb':
      // Every region has its entry: bit 0 says that the probe hit.
      cpu.ar[t] = (cpu.ar[s]! & REGION) | 1;
      break;
    case 'ritlb1':
      cpu.ar[t] = (cpu.ar[s]! & REGION) | regs[REG.ITLB + (cpu.ar[s]! >>> 29)]!;
      break;
    case 'rdtlb1':
      cpu.ar[t] = (cpu.ar[s]! & REGION) | regs[REG.DTLB + (cpu.ar[s]! >>> 29)]!;
      break;
    case 'iitlb':
    case 'idtlb':
      break;
    default:
      return illegal();
  }
  regs[REG.PC] = nextPc;
}
