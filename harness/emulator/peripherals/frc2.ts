import { Alarm } from '../event-queue';
import { FRC_RUN, FRC_STATUS, FrcCounter } from './frc-counter';
import { FrcInterrupt, type FrcWiring } from './frc-interrupt';
import type { PeripheralContext, SavedState } from './peripheral';
import { SavedFields } from './saved-fields';
import { unknownRegister } from './unknown-register';

const COUNTS_PER_WRAP = 0x100000000;
const CONTROL_MASK = 0xff;

/**
 * FRC2, 0x60000620: 32 bits, counting up for ever; interrupt when COUNT becomes equal to ALARM. The compare is by
 * equality alone (wifi.md 2.6): an ALARM already passed fires one wrap later, one equal to COUNT fires at once.
 */
export class Frc2 {
  private readonly context: PeripheralContext;
  private readonly counter: FrcCounter;
  private readonly interrupt: FrcInterrupt;
  private readonly matchAlarm: Alarm;
  private load = 0;
  private alarm = 0;

  constructor(context: PeripheralContext, wiring: FrcWiring) {
    this.context = context;
    this.counter = new FrcCounter(context);
    this.interrupt = new FrcInterrupt(this.counter, wiring);
    this.matchAlarm = context.scheduler.register(new Alarm('frc2.match', () => this.match()));
    context.clocks.onChange(() => this.reanchor());
  }

  read32(offset: number): number {
    switch (offset) {
      case 0x00:
      case 0x0c: // INT reads as LOAD (esp-open-rtos)
        return this.load;
      case 0x04:
        return this.count;
      case 0x08:
        return this.counter.control | (this.interrupt.held ? FRC_STATUS : 0);
      case 0x10:
        return this.alarm;
      default:
        throw unknownRegister('frc2', offset);
    }
  }

  write32(offset: number, value: number): void {
    switch (offset) {
      case 0x00: {
        const equalBefore = this.equal;
        this.load = value;
        this.counter.anchor(value);
        this.compare(equalBefore);
        break;
      }
      case 0x04: // COUNT is read only; LOAD sets it
        break;
      case 0x08: {
        const equalBefore = this.equal;
        const count = this.count;
        const phaseLost = ((this.counter.control ^ value) & (FRC_RUN | 0x0c)) !== 0;
        this.counter.control = value & CONTROL_MASK;
        if (phaseLost) this.counter.anchor(count);
        this.compare(equalBefore);
        break;
      }
      case 0x0c:
        if ((value & 1) === 0) this.interrupt.clear();
        break;
      case 0x10:
        this.alarm = value;
        // Written again while equal still counts as "equal to COUNT": at once.
        this.compare(false);
        break;
      default:
        throw unknownRegister('frc2', offset);
    }
  }

  reset(): void {
    this.context.scheduler.cancel(this.matchAlarm);
    this.load = 0;
    this.alarm = 0;
    this.counter.control = 0;
    this.counter.anchor(0);
    this.interrupt.clear();
  }

  save(): SavedState {
    return {
      version: 1,
      load: this.load,
      alarm: this.alarm,
      held: this.interrupt.held,
      counter: this.counter.save(),
    };
  }

  /** @throws ESPRIG_EMU_SNAPSHOT when the state does not fit. */
  restore(state: SavedState): void {
    const fields = new SavedFields('frc2', state, 1);
    this.load = fields.number('load');
    this.alarm = fields.number('alarm');
    this.interrupt.held = fields.boolean('held');
    this.counter.restore(fields.numbers('counter', 4));
  }

  private get count(): number {
    return (this.counter.anchorCount + this.counter.elapsedCounts) % COUNTS_PER_WRAP;
  }

  private get equal(): boolean {
    return this.count === this.alarm;
  }

  /** Fires if COUNT has just become equal to ALARM, and plans the next time it will. */
  private compare(equalBefore: boolean): void {
    if (!this.counter.running) {
      this.context.scheduler.cancel(this.matchAlarm);
      return;
    }
    this.scheduleNext();
    if (!equalBefore && this.equal) this.interrupt.raise();
  }

  private scheduleNext(): void {
    const countsToMatch = (this.alarm - this.count) >>> 0 || COUNTS_PER_WRAP;
    this.context.scheduler.scheduleAt(
      this.matchAlarm,
      this.counter.atTicks(this.counter.elapsedCounts + countsToMatch),
    );
  }

  private match(): void {
    this.scheduleNext();
    this.interrupt.raise();
  }

  private reanchor(): void {
    this.counter.anchor(this.count);
    if (this.counter.running) this.scheduleNext();
  }
}
