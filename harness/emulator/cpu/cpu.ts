import {
  EXCCAUSE,
  FLASH_WINDOW_BASE,
  IRAM_BANK1_BASE,
  IRAM_BANK_SIZE,
  ROM_BASE,
  ROM_SIZE,
} from '../../chip/esp8266';
import { Alarm, type EventQueue } from '../event-queue';
import { EmulatorFault, hex32 } from '../fault';
import { CACHE_OFF, type Bus } from '../memory/bus';
import { ROM_AT, type GuestMemory } from '../memory/guest-memory';
import { invokeRomCall } from '../rom/rom-port';
import type { RomCall } from '../rom/rom-call';
import { TICKS_PER_MICRO } from '../time';
import { CODE_BASE, CODE_SIZE, encodeDecoded } from './predecode';
import { execute } from './execute';
import { interruptDeliverable, raiseException, takeInterrupt } from './exceptions';
import { lengthOf } from './decode';
import { skipSteadyLoop } from './steady-loop';
import { REG, REGISTER_WORDS, STORED } from './registers';
import { SPECIAL_REGISTERS, SR } from './special-registers';
import { EXEC_BREAKPOINT, EXEC_ROM_CALL } from './table';

const CODE_MASK = CODE_SIZE - 1;
const CODE_PAGE_SHIFT = 8;

const LONGEST_INSTRUCTION_BYTES = 3;

const LEVEL_TRIGGERED = 0x3f;
const EDGE_TRIGGERED = 0x3f00;
const CCOMPARE0_BIT = 1 << 6;
const SOFTWARE_BIT = 1 << 7;

/** Shorter slices are over before a look would pay. */
const WORTH_A_LOOK_CYCLES = 600;
const SETTLE_CYCLES = 300;
const LOOK_AT_LEAST_EVERY = 64;

export interface RomProgram {
  /** 64 KiB as data. */
  readonly image: Uint8Array;
  /** 1 where a byte belongs to code or data of the image: anything else is an unknown ROM address. */
  readonly known: Uint8Array;
  readonly calls: readonly RomCall[];
}

export interface CpuState {
  readonly version: 1;
  readonly cycles: number;
  readonly nowTicks: number;
  readonly ticksPerCycle: number;
  readonly ccountOrigin: number;
}

/**
 * The LX106 core: registers, predecoded code, time in cycles, and every memory access that is not the hot loop's fast
 * path. The hot loop is execute.ts, exceptions.ts enters vectors, system.ts has the privileged instructions.
 */
export class Cpu {
  /** The register file by REG index; lies in the guest's memory. */
  readonly regs: Int32Array;
  readonly ar: Int32Array;
  readonly memory: GuestMemory;
  readonly bus: Bus;
  readonly code = new Int32Array(CODE_SIZE * 2);
  /** Jump targets at or above this raise or fault: lowered while the flash cache is off. */
  codeLimit = CODE_SIZE;
  /** 8- and 16-bit access to IRAM, ROM and mapped flash raises cause 3, as on silicon. */
  trapNarrowAccess = true;
  /** A guest that only waits is skipped to the next alarm (steady-loop.ts); off, every turn is executed. */
  skipsSteadyLoops = true;
  /** Set by a breakpoint or by `stop()`: the run ends before the next instruction. */
  stopRequested = false;
  romCalls: readonly RomCall[] = [];

  /** Cycles in which the guest did nothing but wait, since power-on. */
  idledCycles = 0;

  /** The native ROM function that ran last and when it was done: its cycles are charged at one PC, for profiles. */
  lastRomCall: RomCall | undefined;
  lastRomCallEndCycle = -1;

  private readonly queue: EventQueue;
  private slicesUntilLook = 1;
  private lookEvery = 1;
  private readonly codePages = new Uint8Array(CODE_SIZE >> CODE_PAGE_SHIFT);
  private readonly breakpoints = new Set<number>();
  private readonly romCallAt = new Map<number, number>();
  private romKnown: Uint8Array = new Uint8Array(ROM_SIZE);
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
    this.invalidateAll();
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
        this.invalidateAll();
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

  // --- data accesses that are not plain DRAM words ------------------------------------------------------------------

  load32(addr: number): number {
    if ((addr & 3) !== 0) return this.trap(EXCCAUSE.ALIGNMENT, addr);
    const at = this.bus.locate(addr);
    return at >= 0 ? this.memory.words[at >> 2]! : this.loadElsewhere(addr, at);
  }

  /** Unsigned. */
  load16(addr: number): number {
    if ((addr & 1) !== 0) return this.trap(EXCCAUSE.ALIGNMENT, addr);
    const at = this.bus.locate(addr);
    if (at < 0) return (this.loadElsewhere(addr, at) >>> ((addr & 2) * 8)) & 0xffff;
    if (this.trapNarrowAccess && addr >>> 24 === 0x40) return this.trap(EXCCAUSE.LOAD_STORE_ERROR, addr);
    return this.memory.halves[at >> 1]!;
  }

  load8(addr: number): number {
    const at = this.bus.locate(addr);
    if (at < 0) return (this.loadElsewhere(addr, at) >>> ((addr & 3) * 8)) & 0xff;
    if (this.trapNarrowAccess && addr >>> 24 === 0x40) return this.trap(EXCCAUSE.LOAD_STORE_ERROR, addr);
    return this.memory.bytes[at]!;
  }

  store32(addr: number, value: number): void {
    if ((addr & 3) !== 0) this.trap(EXCCAUSE.ALIGNMENT, addr);
    else this.storeMasked(addr, addr, value, -1);
  }

  store16(addr: number, value: number): void {
    if ((addr & 1) !== 0) this.trap(EXCCAUSE.ALIGNMENT, addr);
    else this.storeNarrow(addr, (value & 0xffff) << ((addr & 2) * 8), 0xffff << ((addr & 2) * 8));
  }

  store8(addr: number, value: number): void {
    this.storeNarrow(addr, (value & 0xff) << ((addr & 3) * 8), 0xff << ((addr & 3) * 8));
  }

  private storeNarrow(addr: number, lanes: number, mask: number): void {
    if (this.trapNarrowAccess && addr >>> 24 === 0x40 && this.bus.locate(addr) >= 0) {
      this.trap(EXCCAUSE.LOAD_STORE_ERROR, addr);
      return;
    }
    this.storeMasked(addr & ~3, addr, lanes, mask);
  }

  /** Stores the bits of `mask` into the word at the aligned `addr`; `excvaddr` is what the instruction named. */
  private storeMasked(addr: number, excvaddr: number, value: number, mask: number): void {
    const at = this.bus.locate(addr);
    if (at >= 0) {
      if (addr >>> 20 !== 0x401 && addr >>> 24 === 0x40) {
        // ROM and mapped flash cannot be written; what silicon raises was not measured.
        this.trap(EXCCAUSE.LOAD_STORE_ERROR, excvaddr);
        return;
      }
      const words = this.memory.words;
      words[at >> 2] = (words[at >> 2]! & ~mask) | (value & mask);
      if (addr >>> 20 === 0x401) this.invalidateCode(addr, 4);
      return;
    }
    if (this.prohibited(addr)) {
      this.trap(EXCCAUSE.STORE_PROHIBITED, excvaddr);
      return;
    }
    if (at === CACHE_OFF) this.cacheOff(addr);
    const old = mask === -1 ? 0 : this.bus.readRegister(addr, this.pc);
    this.bus.writeRegister(addr, (old & ~mask) | (value & mask), this.pc);
  }

  private loadElsewhere(addr: number, at: number): number {
    if (this.prohibited(addr)) return this.trap(EXCCAUSE.LOAD_PROHIBITED, addr);
    if (at === CACHE_OFF) {
      if (this.regs[REG.IN_NMI] === 0) this.cacheOff(addr);
      // The SDK's WiFi driver (3.2) looks into a table in flash when an acknowledgment is missing, also from the NMI
      // of a flash operation: real boards live with whatever a cache that is off answers.
      this.bus.cacheOffLoads++;
      return 0;
    }
    return this.bus.readRegister(addr & ~3, this.pc);
  }

  /** Region protection: attribute 0xF (no access) of the 512 MB that the address lies in. */
  private prohibited(addr: number): boolean {
    return (this.regs[REG.DTLB + (addr >>> 29)]! & 0xf) === 0xf;
  }

  private cacheOff(addr: number): never {
    throw new EmulatorFault('ESPRIG_EMU_CACHE_OFF', 'access to mapped flash while the cache is off', {
      pc: this.pc,
      addr,
    });
  }

  private trap(cause: number, excvaddr: number): number {
    raiseException(this, cause, this.pc, excvaddr);
    this.regs[REG.TRAP] = 1;
    return 0;
  }

  /** Where L32R finds its literal: behind LITBASE when bit 0 enables it, else at the PC-relative address. */
  literalAddr(pc: number, relativeAddr: number): number {
    const litbase = this.regs[REG.LITBASE]!;
    if ((litbase & 1) === 0) return relativeAddr;
    return ((litbase & 0xfffff000) + (relativeAddr - ((pc + 3) & ~3))) | 0;
  }

  // --- predecoded code ----------------------------------------------------------------------------------------------

  setRom(rom: RomProgram): void {
    this.memory.bytes.set(rom.image, ROM_AT);
    this.romKnown = rom.known;
    this.romCalls = rom.calls;
    this.romCallAt.clear();
    rom.calls.forEach((call, index) => this.romCallAt.set(call.addr, index));
    this.invalidateAll();
  }

  /**
   * Decodes the instruction at `pc` into the code table. Returns false when there is nothing to execute there: then
   * the exception was raised and PC points at its vector.
   *
   * @throws EmulatorFault for an unknown ROM address or code in flash while the cache is off
   */
  decodeAt(pc: number): boolean {
    const slot = (pc & CODE_MASK) << 1;
    const inRom = pc >>> 16 === ROM_BASE >>> 16;
    const romCall = inRom ? this.romCallAt.get(pc >>> 0) : undefined;
    if (this.breakpoints.has(pc >>> 0) && !this.steppingOff) {
      this.code[slot] = EXEC_BREAKPOINT;
    } else if (romCall !== undefined) {
      this.code[slot] = EXEC_ROM_CALL;
      this.code[slot + 1] = romCall;
    } else {
      if (inRom && this.romKnown[pc & (ROM_SIZE - 1)] === 0) {
        throw new EmulatorFault(
          'ESPRIG_EMU_UNKNOWN_ROM_CALL',
          `no boot-ROM function is known at ${hex32(pc)}; called from ${hex32(this.ar[0]!)}`,
          { pc },
        );
      }
      const at = this.fetchPlace(pc);
      if (at < 0) return false;
      const first = this.memory.bytes[at]!;
      const length = lengthOf(first);
      // The last byte may lie beyond the end of the memory that the first one is in.
      const lastAt = this.fetchPlace(pc + length - 1);
      if (lastAt < 0) return false;
      const word = first | (this.memory.bytes[at + 1]! << 8) | (this.memory.bytes[lastAt]! << 16);
      encodeDecoded(this, pc, word, this.code, slot);
    }
    this.codePages[(pc & CODE_MASK) >> CODE_PAGE_SHIFT] = 1;
    return true;
  }

  private fetchPlace(pc: number): number {
    const top = pc >>> 23 === CODE_BASE >>> 23;
    const at = top ? this.bus.locate(pc) : -1;
    if (at >= 0) return at;
    if (at === CACHE_OFF) {
      throw new EmulatorFault('ESPRIG_EMU_CACHE_OFF', 'execution in mapped flash while the cache is off', {
        pc,
        addr: pc,
      });
    }
    const prohibited = (this.regs[REG.ITLB + (pc >>> 29)]! & 0xf) === 0xf;
    raiseException(this, prohibited ? EXCCAUSE.INST_FETCH_PROHIBITED : EXCCAUSE.INST_FETCH_ERROR, pc, pc);
    return -1;
  }

  /** Code in [addr, addr + length) changed. */
  invalidateCode(addr: number, length: number): void {
    const first = (addr - 2) & CODE_MASK;
    const last = (addr + length - 1) & CODE_MASK;
    for (let page = first >> CODE_PAGE_SHIFT; page <= last >> CODE_PAGE_SHIFT; page++) {
      if (this.codePages[page] === 0) continue;
      const from = Math.max(first, page << CODE_PAGE_SHIFT);
      const to = Math.min(last, (page << CODE_PAGE_SHIFT) + 255);
      this.code.fill(0, from << 1, (to + 1) << 1);
      if (to - from === 255) this.codePages[page] = 0;
    }
  }

  invalidateAll(): void {
    this.invalidateCode(CODE_BASE + 2, CODE_SIZE - 2);
  }

  /** The flash window went live, went away, or shows other flash now. */
  flashWindowChanged(live: boolean, remapped: boolean): void {
    this.codeLimit = live ? CODE_SIZE : FLASH_WINDOW_BASE - CODE_BASE;
    // Jumps into the window are compared with the limit; code that switches off what it runs in must be stopped too.
    if (!live && this.pc >= FLASH_WINDOW_BASE) this.invalidateCode(this.pc, LONGEST_INSTRUCTION_BYTES + 1);
    if (remapped) this.invalidateCode(FLASH_WINDOW_BASE, 0x200000);
  }

  /** The flash cache took IRAM banks or gave them back. */
  cacheBanksChanged(): void {
    this.invalidateCode(IRAM_BANK1_BASE, 2 * IRAM_BANK_SIZE);
  }

  // --- debugging ----------------------------------------------------------------------------------------------------

  private steppingOff = false;

  setBreakpoint(addr: number): void {
    this.breakpoints.add(addr >>> 0);
    this.invalidateCode(addr, 1);
  }

  clearBreakpoint(addr: number): void {
    this.breakpoints.delete(addr >>> 0);
    this.invalidateCode(addr, 1);
  }

  /** Executes the instruction under a breakpoint. */
  stepOffBreakpoint(): void {
    const addr = this.pc;
    this.steppingOff = true;
    this.invalidateCode(addr, 1);
    try {
      this.step();
    } finally {
      this.steppingOff = false;
      this.invalidateCode(addr, 1);
    }
  }

  hasBreakpoint(addr: number): boolean {
    return this.breakpoints.has(addr >>> 0);
  }

  /** The native ROM function that stands at `addr`. */
  romCallAtAddr(addr: number): RomCall | undefined {
    const index = this.romCallAt.get(addr >>> 0);
    return index === undefined ? undefined : this.romCalls[index];
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
    const romCall = this.romCallAt.get(this.pc);
    if (romCall !== undefined) {
      // A ROM function that waits asks how much of the slice is left.
      const cycles = Math.ceil((untilTicks - this.nowTicks) / this.ticksPerCycleNow);
      const bounded = Math.max(1, Math.min(cycles, 0x3fffffff));
      this.sliceEndCycle = this.nowCycles + bounded;
      this.regs[REG.LEFT] = bounded - 1;
      this.runRomCall(romCall);
      this.cutSlice(0);
    } else if (this.hasBreakpoint(this.pc)) this.stepOffBreakpoint();
    else this.runCycles(1);
  }

  runRomCall(index: number): void {
    const call = this.romCalls[index]!;
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
    this.invalidateAll();
  }
}

function toUint32(cycles: number): number {
  return cycles - Math.floor(cycles / 2 ** 32) * 2 ** 32;
}
