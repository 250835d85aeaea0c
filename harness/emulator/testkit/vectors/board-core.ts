import { Cpu } from '../../cpu/cpu';
import { REG } from '../../cpu/registers';
import { SR } from '../../cpu/special-registers';
import { EventQueue } from '../../event-queue';
import { Bus } from '../../memory/bus';
import { GuestMemory } from '../../memory/guest-memory';
import { VECTORS, wordsOf, type BoardOutcome, type TestCase } from './case';
import { AR_COUNT, PC_SLOT, slotOf, STATE_SPECIALS, STATE_WORDS, TEST_PLACES } from './state';

/** A core that can be put into a state, run and looked at: what the differential test asks of an implementation. */
export interface CpuUnderTest {
  setState(state: Uint32Array): void;
  getState(): Uint32Array;
  readWord(addr: number): number;
  writeWord(addr: number, value: number): void;
  /** One instruction, or the entry of an interrupt that is due. */
  step(): void;
}

/** `j .`: where the core comes to rest. */
const REST = [0x06, 0xff, 0xff] as const;
/** The instruction, an interrupt that it lets in, and what stands at the place of rest. */
const STEPS = 3;
const FLASH_BYTES = 0x80000;

/** Our core on a bare bus: RAM and no peripherals. */
export function boardCore(): CpuUnderTest {
  const memory = new GuestMemory(FLASH_BYTES);
  const bus = new Bus();
  const cpu = new Cpu(memory, bus, new EventQueue());
  cpu.reset();
  memory.region('dram').fill(0);
  memory.region('iram').fill(0);
  return {
    setState(state) {
      cpu.regs[REG.WAITING] = 0;
      cpu.regs[REG.TRAP] = 0;
      cpu.regs[REG.INTERRUPT] = 0;
      // As the boot ROM leaves it: the lowest 512 MB closed, the rest open (chip.md, "Exception causes").
      cpu.regs.fill(1, REG.ITLB, REG.DTLB + 8);
      cpu.regs[REG.ITLB] = 15;
      cpu.regs[REG.DTLB] = 15;
      // Held back until the whole state is there.
      cpu.writeSpecial(SR.PS, 0x1f);
      STATE_SPECIALS.forEach((special, index) => {
        if (special !== SR.PS) cpu.writeSpecial(special, state[AR_COUNT + index]! | 0);
      });
      cpu.regs[REG.DEBUGCAUSE] = state[slotOf(SR.DEBUGCAUSE)]!;
      for (let i = 0; i < AR_COUNT; i++) cpu.ar[i] = state[i]!;
      cpu.pc = state[PC_SLOT]!;
      cpu.writeSpecial(SR.PS, state[slotOf(SR.PS)]!);
    },
    getState() {
      const state = new Uint32Array(STATE_WORDS);
      for (let i = 0; i < AR_COUNT; i++) state[i] = cpu.ar[i]!;
      STATE_SPECIALS.forEach((special, index) => (state[AR_COUNT + index] = cpu.readSpecial(special)));
      state[PC_SLOT] = cpu.pc;
      return state;
    },
    readWord: (addr) => memory.words[bus.locate(addr) >> 2]! >>> 0,
    writeWord(addr, value) {
      memory.words[bus.locate(addr) >> 2] = value;
      if (addr >= 0x40000000) cpu.codeTable.invalidate(addr, 4);
    },
    step: () => cpu.step(),
  };
}

/** Runs one case to its place of rest. */
export function runCase(core: CpuUnderTest, test: TestCase): BoardOutcome {
  const words = wordsOf(test, () => REST);
  for (const { offset } of VECTORS) {
    const vector = test.state[slotOf(SR.VECBASE)]! + offset;
    core.writeWord(vector, REST[0] | (REST[1] << 8) | (REST[2] << 16));
  }
  for (const [addr, value] of words) core.writeWord(addr, value);
  core.setState(test.state);
  for (let i = 0; i < STEPS; i++) core.step();
  const state = core.getState();
  const watched = test.watches.map((addr) => core.readWord(addr));
  for (const [addr] of words) core.writeWord(addr, 0);
  return { state, watched, stray: test.watches.length > 0 ? strayStore(core) : undefined };
}

/** The first word of the data area that is not zero any more, mended. */
function strayStore(core: CpuUnderTest): number | undefined {
  let stray: number | undefined;
  for (let addr: number = TEST_PLACES.dataAddr; addr < TEST_PLACES.dataEndAddr; addr += 4) {
    if (core.readWord(addr) === 0) continue;
    stray ??= addr;
    core.writeWord(addr, 0);
  }
  return stray;
}
