import { ROM_BASE } from '../../chip/esp8266';
import { Alarm, type EventQueue } from '../event-queue';
import { EmulatorFault } from '../fault';
import type { Bus } from '../memory/bus';
import type { GuestMemory } from '../memory/guest-memory';
import type { RomCall } from '../rom/rom-call';
import { invokeRomCall } from '../rom/rom-port';
import { TICKS_PER_MICRO } from '../time';
import { CodeTable } from './code-table';
import { DataAccess } from './data-access';
import { interruptDeliverable, raiseException, takeInterrupt } from './exceptions';
import { execute } from './execute';
import { REG, REGISTER_WORDS, STORED } from './registers';
import { SPECIAL_REGISTERS, SR } from './special-registers';
import { skipSteadyLoop } from './steady-loop';

const LEVEL_TRIGGERED = 0x3f;
const EDGE_TRIGGERED = 0x3f00;
const CCOMPARE0_BIT = 1 << 6;
const SOFTWARE_BIT = 1 << 7;

/** Shorter slices are over before a look would pay. */
const WORTH_A_LOOK_CYCLES = 600;
const SETTLE_CYCLES = 300;
const LOOK_AT_LEAST_EVERY = 64;

export interface CpuState {
  readonly version: 1;
  readonly cycles: number;
  readonly nowTicks: number;
  readonly ticksPerCycle: number;
  readonly ccountOrigin: number;
}

/**
 * The LX106 core: registers, interrupts, time in cycles. The hot loop is execute.ts; code-table.ts holds what it
 * executes, data-access.ts makes the accesses that are not plain RAM, exceptions.ts enters vectors, system.ts has the
 * privileged instructions.
 */
export class Cpu {
  /** The register file by REG index; lies in the guest's memory. */
  readonly regs: Int32Array;
  readonly ar: Int32Array;
  readonly memory: GuestMemory;
  readonly bus: Bus;
  readonly codeTable: CodeTable;
  readonly data: DataAccess;
  /** A guest that only waits is skipped to the next alarm (steady-loop.ts); off, every turn is executed. */
  skipsSteadyLoops = true;
  /** Set by a breakpoint or by `stop()`: the run ends before the next instruction. */
  stopRequested = false;

  /** Cycles in which the guest did nothing but wait, since power-on. */
  idledCycles = 0;

  /** The native ROM function that ran last and when it was done: its cycles are charged at one PC, for profiles. */
  lastRomCall: RomCall | undefined;
  lastRomCallEndCycle = -1;

  private readonly queue: EventQueue;
  private slicesUntilLook = 1;
  private lookEvery = 1;
  private readonly ccompareAlarm: Alarm;
  /** Cycle count at the end of the running slice; now = sliceEndCycle - LEFT. */
  private sliceEndCycle = 0;
  private originCycle = 0;
  private originTicks = 0;
  private ticksPerCycleNow = 40;
  private ccountOrigin = 0;

  constructor(memory: GuestMemory, bus: Bus, queue: EventQueue) {
    this.memory = memory;
    this.bus = bus;
    this.queue = queue;
    this.regs = memory.words.subarray(0, REGISTER_WORDS);
    this.ar = memory.words.subarray(0, 16);
    this.codeTable = new CodeTable(this);
    this.data = new DataAccess(this);
    this.ccompareAlarm = queue.register(
      new Alarm('cpu.ccompare0', () => {
        this.regs[REG.INTERRUPT]! |= CCOMPARE0_BIT;
        this.scheduleCcompare();
        this.interruptsChanged();
      }),
    );
    queue.readNowTicks = () => this.nowTicks;
    queue.onEarlier = (atTicks) => this.endSliceAt(atTicks);
  }

  get pc(): number {
    return this.regs[REG.PC]! >>> 0;
  }

  set pc(addr: number) {
    this.regs[REG.PC] = addr;
  }

  // --- time -------------------------------------------------------------------------------------------------------

  /** Cycles since power-on, exact whenever the hot loop has stored its state (every slow path). */
  get nowCycles(): number {
    return this.sliceEndCycle - this.regs[REG.LEFT]!;
  }

  get nowTicks(): number {
    return this.originTicks + (this.nowCycles - this.originCycle) * this.ticksPerCycleNow;
  }

  get ticksPerCycle(): number {
    return this.ticksPerCycleNow;
  }

  /** The CPU clock changed: time goes on from here at the new rate. */
  setClock(cpuHz: number): void {
    this.originTicks = this.nowTicks;
    this.originCycle = this.nowCycles;
    this.ticksPerCycleNow = (TICKS_PER_MICRO * 1_000_000) / cpuHz;
    this.scheduleCcompare();
    this.cutSlice(0);
  }

  get ccount(): number {
    return toUint32(this.nowCycles - this.ccountOrigin);
  }

  set ccount(value: number) {
    this.ccountOrigin = this.nowCycles - (value >>> 0);
    this.scheduleCcompare();
  }

  /** Ends the running slice when `cycles` more have passed. */
  cutSlice(cycles: number): void {
    const left = this.regs[REG.LEFT]!;
    if (left <= cycles) return;
    this.sliceEndCycle -= left - cycles;
    this.regs[REG.LEFT] = cycles;
  }

  chargeCycles(cycles: number): void {
    this.regs[REG.LEFT]! -= cycles;
  }

  private endSliceAt(atTicks: number): void {
    if (this.regs[REG.LEFT]! <= 0) return;
    this.cutSlice(Math.max(0, Math.ceil((atTicks - this.nowTicks) / this.ticksPerCycleNow)));
  }

  private scheduleCcompare(): void {
    const delta = (this.regs[REG.CCOMPARE0]! - this.ccount) >>> 0 || 2 ** 32;
    this.queue.scheduleAt(this.ccompareAlarm, this.nowTicks + delta * this.ticksPerCycleNow);
  }

  // --- running ----------------------------------------------------------------------------------------------------

  /** Waiting for an interrupt (WAITI). */
  get waiting(): boolean {
    return this.regs[REG.WAITING] !== 0;
  }

  get interruptDue(): boolean {
    return interruptDeliverable(this);
  }

  /**
   * Runs until `untilTicks` or until something must be looked at first (interrupt, earlier alarm, WAITI, stop). The
   * caller fires alarms between slices.
   */
  runSlice(untilTicks: number): void {
    if (interruptDeliverable(this)) takeInterrupt(this);
    const cycles = Math.ceil((untilTicks - this.nowTicks) / this.ticksPerCycleNow);
    if (cycles <= 0) return;
    if (this.waiting) this.passIdleCycles(cycles);
    else if (cycles < WORTH_A_LOOK_CYCLES) this.runCycles(cycles);
    else if (!this.skipsSteadyLoops) this.runCycles(Math.min(cycles, 0x3fffffff));
    else this.runLongSlice(Math.min(cycles, 0x3fffffff), untilTicks);
  }

  /** A slice that is worth a look whether the guest only waits in it (steady-loop.ts); seldom where it never does. */
  private runLongSlice(cycles: number, untilTicks: number): void {
    if (--this.slicesUntilLook > 0) {
      this.runCycles(cycles);
      return;
    }
    const settledCycle = this.nowCycles + SETTLE_CYCLES;
    // What woke the guest up is served first; the wait comes after it.
    this.runCycles(SETTLE_CYCLES);
    const stopped = this.waiting || this.stopRequested || interruptDeliverable(this);
    if (stopped || this.nowCycles !== settledCycle) return;
    // Meanwhile the guest may have started something that is over earlier than what this slice was made for.
    const untilEarliest = Math.min(untilTicks, this.queue.nextAtTicks);
    const left = Math.ceil((untilEarliest - this.nowTicks) / this.ticksPerCycleNow);
    if (left <= 0) return;
    const idledBefore = this.idledCycles;
    skipSteadyLoop(this, left);
    this.lookEvery = this.idledCycles > idledBefore ? 1 : Math.min(this.lookEvery * 2, LOOK_AT_LEAST_EVERY);
    this.slicesUntilLook = this.lookEvery;
  }

  /** Time passes while nothing is executed: reset held, sleep. */
  passUntil(untilTicks: number): void {
    this.passIdleCycles(Math.max(0, Math.ceil((untilTicks - this.nowTicks) / this.ticksPerCycleNow)));
  }

  /** Time passes without work. */
  passIdleCycles(cycles: number): void {
    this.sliceEndCycle += cycles;
    this.idledCycles += cycles;
  }

  /** Executes up to `cycles` cycles (instructions); stops early when the slice is cut. */
  runCycles(cycles: number): void {
    this.sliceEndCycle = this.nowCycles + cycles;
    this.regs[REG.LEFT] = cycles;
    execute(this);
  }

  /** One instruction, and an interrupt before it if one is due. */
  step(): void {
    if (interruptDeliverable(this)) takeInterrupt(this);
    if (!this.waiting) this.runCycles(1);
  }

  reset(): void {
    this.regs.fill(0, REG.SAR, REG.LINES);
    this.regs[REG.PC] = 0x40000080;
    this.regs[REG.PS] = 0x1f;
    this.regs[REG.VECBASE] = ROM_BASE;
    this.regs.fill(2, REG.ITLB, REG.DTLB + 8);
    this.codeTable.invalidateAll();
    this.ccount = 0;
    this.stopRequested = false;
  }

  // --- interrupts -------------------------------------------------------------------------------------------------

  /** Level of interrupt input `number`; edge inputs and the NMI latch the rise. */
  setInterruptLine(number: number, asserted: boolean): void {
    const bit = 1 << number;
    const before = this.regs[REG.LINES]!;
    const after = asserted ? before | bit : before & ~bit;
    if (after === before) return;
    this.regs[REG.LINES] = after;
    if (number === 14) {
      if (asserted) this.regs[REG.NMI_PENDING] = 1;
    } else if ((bit & LEVEL_TRIGGERED) !== 0) {
      this.regs[REG.INTERRUPT] = (this.regs[REG.INTERRUPT]! & ~LEVEL_TRIGGERED) | (after & LEVEL_TRIGGERED);
    } else if (asserted) {
      this.regs[REG.INTERRUPT]! |= bit;
    }
    this.interruptsChanged();
  }

  /** Leaves the hot loop if an interrupt can be taken now. */
  interruptsChanged(): void {
    if (interruptDeliverable(this)) this.cutSlice(0);
  }

  raise(cause: number, excvaddr?: number): void {
    raiseException(this, cause, this.pc, excvaddr);
  }

  // --- special registers ------------------------------------------------------------------------------------------

  readSpecial(number: number): number {
    switch (number) {
      case SR.CCOUNT:
        return this.ccount | 0;
      case SR.CONFIGID0:
        return 0xc28cdafa | 0;
      case SR.CONFIGID1:
        return 0x1082b6f6;
      case SR.PRID:
        return 0;
      default: {
        const index = STORED.get(number);
        return index === undefined ? 0 : this.regs[index]!;
      }
    }
  }

  /** A write with all its effects; the caller has checked that the register may be written. */
  writeSpecial(number: number, value: number): void {
    const regs = this.regs;
    switch (number) {
      case SR.SAR:
        regs[REG.SAR] = value & 0x3f;
        break;
      case SR.LITBASE:
        regs[REG.LITBASE] = value & 0xfffff001;
        this.codeTable.invalidateAll();
        break;
      case SR.PS:
        regs[REG.PS] = value & 0x3f;
        this.interruptsChanged();
        break;
      case SR.VECBASE:
        regs[REG.VECBASE] = value & ~0xff;
        break;
      case SR.INTENABLE:
        regs[REG.INTENABLE] = value;
        this.interruptsChanged();
        break;
      case SR.INTERRUPT: // INTSET
        regs[REG.INTERRUPT]! |= value & SOFTWARE_BIT;
        this.interruptsChanged();
        break;
      case SR.INTCLEAR:
        regs[REG.INTERRUPT]! &= ~(value & (EDGE_TRIGGERED | SOFTWARE_BIT));
        break;
      case SR.CCOUNT:
        this.ccount = value;
        break;
      case SR.CCOMPARE0:
        regs[REG.CCOMPARE0] = value;
        regs[REG.INTERRUPT]! &= ~CCOMPARE0_BIT;
        this.scheduleCcompare();
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
  namedSpecials(): Record<string, number> {
    const named: Record<string, number> = {};
    for (const [number, { name, access }] of SPECIAL_REGISTERS) {
      if (access.includes('r')) named[name] = this.readSpecial(number) >>> 0;
    }
    return named;
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
      const cycles = Math.ceil((untilTicks - this.nowTicks) / this.ticksPerCycleNow);
      const bounded = Math.max(1, Math.min(cycles, 0x3fffffff));
      this.sliceEndCycle = this.nowCycles + bounded;
      this.regs[REG.LEFT] = bounded - 1;
      this.runRomCall(romCall);
      this.cutSlice(0);
    } else if (this.codeTable.hasBreakpoint(this.pc)) this.stepOffBreakpoint();
    else this.runCycles(1);
  }

  runRomCall(index: number): void {
    const call = this.codeTable.romCalls[index]!;
    invokeRomCall(this, call);
    this.lastRomCall = call;
    this.lastRomCallEndCycle = this.nowCycles;
  }

  save(): CpuState {
    return {
      version: 1,
      cycles: this.nowCycles,
      nowTicks: this.nowTicks,
      ticksPerCycle: this.ticksPerCycleNow,
      ccountOrigin: this.ccountOrigin,
    };
  }

  /** Registers and memory are restored by the board before this. @throws EmulatorFault `ESPRIG_EMU_SNAPSHOT` */
  restore(state: CpuState): void {
    if (state.version !== 1) {
      throw new EmulatorFault('ESPRIG_EMU_SNAPSHOT', `snapshot of cpu: version ${String(state.version)}`);
    }
    this.sliceEndCycle = state.cycles + this.regs[REG.LEFT]!;
    this.originCycle = state.cycles;
    this.originTicks = state.nowTicks;
    this.ticksPerCycleNow = state.ticksPerCycle;
    this.ccountOrigin = state.ccountOrigin;
    this.codeTable.invalidateAll();
  }
}

function toUint32(cycles: number): number {
  return cycles - Math.floor(cycles / 2 ** 32) * 2 ** 32;
}
