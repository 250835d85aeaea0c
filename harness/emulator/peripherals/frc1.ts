import { Alarm } from '../event-queue';
import { FRC_RELOAD, FRC_RUN, FRC_STATUS, FrcCounter } from './frc-counter';
import { FrcInterrupt, type FrcWiring } from './frc-interrupt';
import type { PeripheralContext, SavedState } from './peripheral';
import { SavedFields } from './saved-fields';
import { unknownRegister } from './unknown-register';

const COUNT_MASK = 0x7fffff;
const COUNTS_PER_WRAP = COUNT_MASK + 1;
/** CTRL bits that keep what is written. */
const CONTROL_MASK = 0xff;

/**
 * FRC1, 0x60000600: 23 bits, counting down, interrupt on reaching 0. With RELOAD it goes on from LOAD, else from
 * 0x7FFFFF, so LOAD = n with RELOAD means one interrupt every n counts.
 */
export class Frc1 {
  private readonly context: PeripheralContext;
  private readonly counter: FrcCounter;
  private readonly interrupt: FrcInterrupt;
  private readonly zeroAlarm: Alarm;
  private load = 0;

  constructor(context: PeripheralContext, wiring: FrcWiring) {
    this.context = context;
    this.counter = new FrcCounter(context);
    this.interrupt = new FrcInterrupt(this.counter, wiring);
    this.zeroAlarm = context.scheduler.register(new Alarm('frc1.zero', () => this.reachZero()));
    context.clocks.onChange(() => this.reanchor());
  }

  read32(offset: number): number {
    switch (offset) {
      case 0x00: // LOAD
      case 0x0c: // INT reads as LOAD (esp-open-rtos)
        return this.load;
      case 0x04:
        return this.count;
      case 0x08:
        return this.counter.control | (this.interrupt.held ? FRC_STATUS : 0);
      default:
        throw unknownRegister('frc1', offset);
    }
  }

  write32(offset: number, value: number): void {
    switch (offset) {
      case 0x00:
        this.load = value & COUNT_MASK;
        this.counter.anchor(this.load);
        this.schedule();
        break;
      case 0x04: // COUNT is read only
        break;
      case 0x08: {
        const count = this.count;
        const phaseLost = ((this.counter.control ^ value) & (FRC_RUN | 0x0c)) !== 0;
        this.counter.control = value & CONTROL_MASK;
        if (phaseLost) this.counter.anchor(count);
        this.schedule();
        break;
      }
      case 0x0c:
        // INT bit 0 written as 0 clears the status; the SDK clears the bit in what it read.
        if ((value & 1) === 0) this.interrupt.clear();
        break;
      default:
        throw unknownRegister('frc1', offset);
    }
  }

  reset(): void {
    this.context.scheduler.cancel(this.zeroAlarm);
    this.load = 0;
    this.counter.control = 0;
    this.counter.anchor(0);
    this.interrupt.clear();
  }

  save(): SavedState {
    return { version: 1, load: this.load, held: this.interrupt.held, counter: this.counter.save() };
  }

  /** @throws ESPRIG_EMU_SNAPSHOT when the state does not fit. */
  restore(state: SavedState): void {
    const fields = new SavedFields('frc1', state, 1);
    this.load = fields.number('load');
    this.interrupt.held = fields.boolean('held');
    this.counter.restore(fields.numbers('counter', 4));
  }

  private get count(): number {
    const { elapsedCounts } = this.counter;
    const first = this.countsToZero;
    if (elapsedCounts < first) return (first - elapsedCounts) & COUNT_MASK;
    // Past zero before the alarm was served, within one instruction at most.
    const start = this.restart || COUNTS_PER_WRAP;
    return (start - ((elapsedCounts - first) % start)) & COUNT_MASK;
  }

  /** Counts from the anchor to zero; a start at 0 has the whole range before it. */
  private get countsToZero(): number {
    return this.counter.anchorCount || COUNTS_PER_WRAP;
  }

  private get restart(): number {
    return (this.counter.control & FRC_RELOAD) !== 0 ? this.load : 0;
  }

  private schedule(): void {
    if (this.counter.running) {
      this.context.scheduler.scheduleAt(this.zeroAlarm, this.counter.atTicks(this.countsToZero));
    } else {
      this.context.scheduler.cancel(this.zeroAlarm);
    }
  }

  private reachZero(): void {
    // Anchored at the exact moment, so that a late service never stretches the period.
    this.counter.anchor(this.restart, this.counter.atTicks(this.countsToZero));
    this.schedule();
    this.interrupt.raise();
  }

  private reanchor(): void {
    this.counter.anchor(this.count);
    this.schedule();
  }
}
