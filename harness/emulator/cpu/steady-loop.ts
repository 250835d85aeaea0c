import { DRAM_BASE, DRAM_SIZE } from '../../chip/esp8266';
import { DRAM_AT } from '../memory/guest-memory';
import type { Cpu } from './cpu';
import { CODE_SIZE } from './predecode';
import { REG } from './registers';

/*
 * Busy waiting costs a chip nothing and an emulator everything: a boot that prints at 74880 baud spends nine tenths of
 * its instructions polling a status register. A loop that changes nothing is found by watching it once: it comes back
 * to the same PC with the same registers, has stored only what was in memory already and has read nothing that changes
 * with time. From there every further turn is the same until the next alarm, so whole turns are skipped; the state
 * afterwards is exactly the one that executing them would have left.
 */
const LONGEST_LOOP = 256;
const CODE_MASK = CODE_SIZE - 1;
/** Registers that a turn must leave as they were: a0-a15, SAR, PS and the rest up to the level of the interrupts. */
const COMPARED_WORDS = REG.LITBASE + 1;

const before = new Int32Array(COMPARED_WORDS);

/**
 * Executes up to LONGEST_LOOP instructions. When they turn out to be a steady loop, skips as many whole turns as fit
 * in `cycles`.
 *
 * @returns cycles that passed; `cpu.time.idledCycles` has grown by the skipped ones
 */
export function skipSteadyLoop(cpu: Cpu, cycles: number): number {
  const { regs } = cpu;
  const code = cpu.codeTable.words;
  const startPc = regs[REG.PC]!;
  for (let i = 0; i < COMPARED_WORDS; i++) before[i] = regs[i]!;
  let passed = 0;
  while (passed < LONGEST_LOOP && passed < cycles) {
    if (!isSteady(cpu, code[(regs[REG.PC]! & CODE_MASK) << 1]!)) return passed;
    const startCycle = cpu.nowCycles;
    cpu.runCycles(1);
    const took = cpu.nowCycles - startCycle;
    passed += took;
    if (took !== 1) return passed;
    if (regs[REG.PC] === startPc && sameRegisters(regs)) {
      const turns = Math.floor((cycles - passed) / passed);
      cpu.time.passIdleCycles(turns * passed);
      return passed + turns * passed;
    }
  }
  return passed;
}

function sameRegisters(regs: Int32Array): boolean {
  for (let i = 0; i < COMPARED_WORDS; i++) {
    if (i !== REG.PC && i !== REG.LEFT && regs[i] !== before[i]) return false;
  }
  return true;
}

/** Whether the predecoded instruction does the same every time as long as nothing happens outside. */
function isSteady(cpu: Cpu, w: number): boolean {
  const exec = w & 0xff;
  // Below 10 stands what leaves the hot loop, 46-49 are loads, 50-52 stores.
  if (exec < 46 || exec > 52) return exec >= 10;
  const addr =
    (cpu.ar[(w >>> 12) & 15]! + cpu.codeTable.words[((cpu.regs[REG.PC]! & CODE_MASK) << 1) + 1]!) | 0;
  const inRam = (addr - DRAM_BASE) >>> 0 < DRAM_SIZE;
  if (exec <= 49) return inRam || cpu.bus.isSteady(addr);
  if (!inRam) return false;
  const at = addr - DRAM_BASE + DRAM_AT;
  const value = cpu.ar[(w >>> 16) & 15]!;
  const { bytes, halves, words } = cpu.memory;
  if (exec === 50) return bytes[at] === (value & 0xff);
  if (exec === 51) return halves[at >> 1] === (value & 0xffff);
  return words[at >> 2] === value;
}
