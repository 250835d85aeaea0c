import { Alarm, type EventQueue } from '../event-queue';
import { EmulatorFault } from '../fault';
import { TICKS_PER_MICRO } from '../time';
import { REG } from './registers';

export interface CpuState {
  readonly version: 1;
  readonly cycles: number;
  readonly nowTicks: number;
  readonly ticksPerCycle: number;
  readonly ccountOrigin: number;
}

/** CCOMPARE0 equals CCOUNT once in so many cycles. */
const CCOUNT_SPAN_CYCLES = 2 ** 32;
/** LEFT is a signed word. */
const LONGEST_SLICE_CYCLES = 0x3fffffff;

/**
 * The core's time: cycles since power-on, what they are in ticks, CCOUNT and CCOMPARE0, and the running slice. The hot
 * loop counts only LEFT, the cycles left in the slice; now = end of the slice - LEFT, exact whenever the loop has
 * stored its state (every slow path).
 */
export class CpuTime {
  /** Cycles in which the guest did nothing but wait, since power-on. */
  idledCycles = 0;

  private readonly regs: Int32Array;
  private readonly queue: EventQueue;
  private readonly ccompareAlarm: Alarm;
  private sliceEndCycle = 0;
  private originCycle = 0;
  private originTicks = 0;
  private ticksPerCycleNow = 40;
  private ccountOrigin = 0;

  /** `onCcompare` is called whenever CCOUNT reaches CCOMPARE0. */
  constructor(regs: Int32Array, queue: EventQueue, onCcompare: () => void) {
    this.regs = regs;
    this.queue = queue;
    this.ccompareAlarm = queue.register(
      new Alarm('cpu.ccompare0', () => {
        this.ccompareChanged();
        onCcompare();
      }),
    );
    queue.readNowTicks = () => this.nowTicks;
    queue.onEarlier = (atTicks) => this.endSliceAt(atTicks);
  }

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
    this.ccompareChanged();
    this.cutSlice(0);
  }

  /** Whole cycles that reach `untilTicks`; 0 or less when it is over. */
  cyclesUntil(untilTicks: number): number {
    return Math.ceil((untilTicks - this.nowTicks) / this.ticksPerCycleNow);
  }

  // --- slices -----------------------------------------------------------------------------------------------------

  /** The hot loop may execute so many cycles from now on. */
  beginSlice(cycles: number): void {
    const bounded = Math.min(cycles, LONGEST_SLICE_CYCLES);
    this.sliceEndCycle = this.nowCycles + bounded;
    this.regs[REG.LEFT] = bounded;
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

  /** Time passes without work. */
  passIdleCycles(cycles: number): void {
    this.sliceEndCycle += cycles;
    this.idledCycles += cycles;
  }

  /** Time passes while nothing is executed: reset held, sleep. */
  passUntil(untilTicks: number): void {
    this.passIdleCycles(Math.max(0, this.cyclesUntil(untilTicks)));
  }

  private endSliceAt(atTicks: number): void {
    if (this.regs[REG.LEFT]! <= 0) return;
    this.cutSlice(Math.max(0, this.cyclesUntil(atTicks)));
  }

  // --- CCOUNT and CCOMPARE0 ---------------------------------------------------------------------------------------

  get ccount(): number {
    const cycles = this.nowCycles - this.ccountOrigin;
    return cycles - Math.floor(cycles / CCOUNT_SPAN_CYCLES) * CCOUNT_SPAN_CYCLES;
  }

  set ccount(value: number) {
    this.ccountOrigin = this.nowCycles - (value >>> 0);
    this.ccompareChanged();
  }

  /** CCOMPARE0 has a new value: the next match is another one. */
  ccompareChanged(): void {
    const delta = (this.regs[REG.CCOMPARE0]! - this.ccount) >>> 0 || CCOUNT_SPAN_CYCLES;
    this.queue.scheduleAt(this.ccompareAlarm, this.nowTicks + delta * this.ticksPerCycleNow);
  }

  // --- snapshot ---------------------------------------------------------------------------------------------------

  save(): CpuState {
    return {
      version: 1,
      cycles: this.nowCycles,
      nowTicks: this.nowTicks,
      ticksPerCycle: this.ticksPerCycleNow,
      ccountOrigin: this.ccountOrigin,
    };
  }

  /** The register file is restored before this. @throws EmulatorFault `ESPRIG_EMU_SNAPSHOT` */
  restore(state: CpuState): void {
    if (state.version !== 1) {
      throw new EmulatorFault('ESPRIG_EMU_SNAPSHOT', `snapshot of cpu: version ${String(state.version)}`);
    }
    this.sliceEndCycle = state.cycles + this.regs[REG.LEFT]!;
    this.originCycle = state.cycles;
    this.originTicks = state.nowTicks;
    this.ticksPerCycleNow = state.ticksPerCycle;
    this.ccountOrigin = state.ccountOrigin;
  }
}
