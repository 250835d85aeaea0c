/**
 * What FRC1 and FRC2 share: the CTRL register and counting without ticking. Sources: esp-open-rtos
 * `core/include/esp/timer_regs.h`, chip.md 3.5.
 */
import type { PeripheralContext } from './peripheral';
import { TICKS_PER_SECOND } from '../time';

/** CTRL bit 0: the interrupt status stays until software clears it. */
export const FRC_LEVEL_INTERRUPT = 1 << 0;
/** CTRL bit 6: FRC1 starts again from LOAD. */
export const FRC_RELOAD = 1 << 6;
/** CTRL bit 7. */
export const FRC_RUN = 1 << 7;
/** CTRL bit 8, read only: the interrupt status. */
export const FRC_STATUS = 1 << 8;

/** CTRL bits 2-3 → divider of the APB clock; the fourth code is not described anywhere and counts like the third. */
const PRESCALE = [1, 16, 256, 256] as const;

/** Counts prescaled APB cycles since an anchor, from the time alone. */
export class FrcCounter {
  /** CTRL without its status bit. */
  control = 0;
  /** COUNT at the anchor. */
  anchorCount = 0;
  anchorTicks = 0;
  private readonly context: PeripheralContext;
  private ticksPerCount: number;

  constructor(context: PeripheralContext) {
    this.context = context;
    this.ticksPerCount = this.currentTicksPerCount();
  }

  get running(): boolean {
    return (this.control & FRC_RUN) !== 0;
  }

  /** Whole counts since the anchor; 0 while stopped. */
  get elapsedCounts(): number {
    if (!this.running) return 0;
    return Math.floor((this.context.scheduler.nowTicks() - this.anchorTicks) / this.ticksPerCount);
  }

  /** The moment at which `counts` counts have passed since the anchor. */
  atTicks(counts: number): number {
    return this.anchorTicks + counts * this.ticksPerCount;
  }

  /** From now on counts from `count`, at the rate that CTRL and the clocks give now. */
  anchor(count: number, atTicks = this.context.scheduler.nowTicks()): void {
    this.anchorCount = count;
    this.anchorTicks = atTicks;
    this.ticksPerCount = this.currentTicksPerCount();
  }

  private currentTicksPerCount(): number {
    return (PRESCALE[(this.control >>> 2) & 3]! * TICKS_PER_SECOND) / this.context.clocks.apbHz;
  }

  save(): readonly number[] {
    return [this.control, this.anchorCount, this.anchorTicks, this.ticksPerCount];
  }

  restore(fields: readonly number[]): void {
    this.control = fields[0]!;
    this.anchorCount = fields[1]!;
    this.anchorTicks = fields[2]!;
    this.ticksPerCount = fields[3]!;
  }
}
