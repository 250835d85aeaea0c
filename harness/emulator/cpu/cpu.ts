import { ROM_BASE } from '../../chip/esp8266';
import type { EventQueue } from '../event-queue';
import type { Bus } from '../memory/bus';
import type { GuestMemory } from '../memory/guest-memory';
import type { RomCall } from '../rom/rom-call';
import { invokeRomCall } from '../rom/rom-port';
import { CodeTable } from './code-table';
import { CpuTime, type CpuState } from './cpu-time';
import { DataAccess } from './data-access';
import { raiseException } from './exceptions';
import { execute } from './execute';
import { CCOMPARE0_BIT, driveInterruptLine, interruptDeliverable, takeInterrupt } from './interrupts';
import { REG, REGISTER_WORDS } from './registers';
import { readSpecial, writeSpecial } from './special-access';
import { SteadyLoopWatch } from './steady-loop-watch';

/**
 * The LX106 core: the register file and how it runs. The hot loop is execute.ts; code-table.ts holds what it executes,
 * data-access.ts makes the accesses that are not plain RAM, cpu-time.ts counts, interrupts.ts and exceptions.ts enter
 * vectors, system.ts and special-access.ts have the privileged instructions.
 */
export class Cpu {
  /** The register file by REG index; lies in the guest's memory. */
  readonly regs: Int32Array;
  readonly ar: Int32Array;
  readonly memory: GuestMemory;
  readonly bus: Bus;
  readonly time: CpuTime;
  readonly codeTable: CodeTable;
  readonly data: DataAccess;
  /** A guest that only waits is skipped to the next alarm (steady-loop.ts); off, every turn is executed. */
  skipsSteadyLoops = true;
  /** Set by a breakpoint or by `stop()`: the run ends before the next instruction. */
  stopRequested = false;

  /** The native ROM function that ran last and when it was done: its cycles are charged at one PC, for profiles. */
  lastRomCall: RomCall | undefined;
  lastRomCallEndCycle = -1;

  private readonly steadyLoops: SteadyLoopWatch;

  constructor(memory: GuestMemory, bus: Bus, queue: EventQueue) {
    this.memory = memory;
    this.bus = bus;
    this.regs = memory.words.subarray(0, REGISTER_WORDS);
    this.ar = memory.words.subarray(0, 16);
    this.codeTable = new CodeTable(this);
    this.data = new DataAccess(this);
    this.time = new CpuTime(this.regs, queue, () => {
      this.regs[REG.INTERRUPT]! |= CCOMPARE0_BIT;
      this.interruptsChanged();
    });
    this.steadyLoops = new SteadyLoopWatch(this, queue);
  }

  get pc(): number {
    return this.regs[REG.PC]! >>> 0;
  }

  set pc(addr: number) {
    this.regs[REG.PC] = addr;
  }

  /** Cycles since power-on. */
  get nowCycles(): number {
    return this.time.nowCycles;
  }

  get nowTicks(): number {
    return this.time.nowTicks;
  }

  /** Waiting for an interrupt (WAITI). */
  get waiting(): boolean {
    return this.regs[REG.WAITING] !== 0;
  }

  get interruptDue(): boolean {
    return interruptDeliverable(this);
  }

  reset(): void {
    this.regs.fill(0, REG.SAR, REG.LINES);
    this.regs[REG.PC] = 0x40000080;
    this.regs[REG.PS] = 0x1f;
    this.regs[REG.VECBASE] = ROM_BASE;
    this.regs.fill(2, REG.ITLB, REG.DTLB + 8);
    this.codeTable.invalidateAll();
    this.time.ccount = 0;
    this.stopRequested = false;
  }

  // --- running ----------------------------------------------------------------------------------------------------

  /**
   * Runs until `untilTicks` or until something must be looked at first (interrupt, earlier alarm, WAITI, stop). The
   * caller fires alarms between slices.
   */
  runSlice(untilTicks: number): void {
    if (interruptDeliverable(this)) takeInterrupt(this);
    const cycles = this.time.cyclesUntil(untilTicks);
    if (cycles <= 0) return;
    if (this.waiting) this.time.passIdleCycles(cycles);
    else if (this.skipsSteadyLoops) this.steadyLoops.run(cycles, untilTicks);
    else this.runCycles(cycles);
  }

  /** Executes up to `cycles` cycles (instructions); stops early when the slice is cut. */
  runCycles(cycles: number): void {
    this.time.beginSlice(cycles);
    execute(this);
  }

  /** One instruction, and an interrupt before it if one is due. */
  step(): void {
    if (interruptDeliverable(this)) takeInterrupt(this);
    if (!this.waiting) this.runCycles(1);
  }

  runRomCall(index: number): void {
    const call = this.codeTable.romCalls[index]!;
    invokeRomCall(this, call);
    this.lastRomCall = call;
    this.lastRomCallEndCycle = this.nowCycles;
  }

  // --- exceptions and interrupts ----------------------------------------------------------------------------------

  raise(cause: number, excvaddr?: number): void {
    raiseException(this, cause, this.pc, excvaddr);
  }

  /** Level of interrupt input `number`; edge inputs and the NMI latch the rise. */
  setInterruptLine(number: number, asserted: boolean): void {
    driveInterruptLine(this, number, asserted);
  }

  /** Leaves the hot loop if an interrupt can be taken now. */
  interruptsChanged(): void {
    if (interruptDeliverable(this)) this.time.cutSlice(0);
  }

  // --- special registers ------------------------------------------------------------------------------------------

  readSpecial(number: number): number {
    return readSpecial(this, number);
  }

  writeSpecial(number: number, value: number): void {
    writeSpecial(this, number, value);
  }

  /** Where L32R finds its literal: behind LITBASE when bit 0 enables it, else at the PC-relative address. */
  literalAddr(pc: number, relativeAddr: number): number {
    const litbase = this.regs[REG.LITBASE]!;
    if ((litbase & 1) === 0) return relativeAddr;
    return ((litbase & 0xfffff000) + (relativeAddr - ((pc + 3) & ~3))) | 0;
  }

  // --- debugging ----------------------------------------------------------------------------------------------------

  /** Executes the instruction under a breakpoint. */
  stepOffBreakpoint(): void {
    this.codeTable.withoutBreakpointAt(this.pc, () => this.step());
  }

  /** Takes the interrupt that would be taken before the next instruction. */
  takeDueInterrupt(): boolean {
    if (!interruptDeliverable(this)) return false;
    takeInterrupt(this);
    return true;
  }

  /**
   * One instruction, also under a breakpoint. What happens is the same to the cycle as in a slice up to `untilTicks`;
   * interrupts and WAITI are the caller's.
   */
  stepSlice(untilTicks: number): void {
    const romCall = this.codeTable.romCallIndex(this.pc);
    if (romCall !== undefined) {
      // A ROM function that waits asks how much of the slice is left.
      this.time.beginSlice(Math.max(1, this.time.cyclesUntil(untilTicks)));
      this.time.chargeCycles(1);
      this.runRomCall(romCall);
      this.time.cutSlice(0);
    } else if (this.codeTable.hasBreakpoint(this.pc)) this.stepOffBreakpoint();
    else this.runCycles(1);
  }

  // --- snapshot ---------------------------------------------------------------------------------------------------

  save(): CpuState {
    return this.time.save();
  }

  /** Registers and memory are restored by the board before this. @throws EmulatorFault `ESPRIG_EMU_SNAPSHOT` */
  restore(state: CpuState): void {
    this.time.restore(state);
    this.codeTable.invalidateAll();
  }
}
