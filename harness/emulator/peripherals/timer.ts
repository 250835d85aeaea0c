import { Frc1 } from './frc1';
import { Frc2 } from './frc2';
import type { FrcWiring } from './frc-interrupt';
import type { Peripheral, PeripheralContext, SavedState } from './peripheral';
import { SavedFields } from './saved-fields';
import { unknownRegister } from './unknown-register';

export interface TimerWiring {
  /** Interrupt 9, DPORT+04 bit 1. */
  readonly frc1: FrcWiring;
  /** Interrupt 10, DPORT+04 bit 2. */
  readonly frc2: FrcWiring;
}

export const TIMER_SIZE = 0x100;
const FRC2_OFFSET = 0x20;
const FRC2_END = 0x34;

/** The timer block at 0x60000600: FRC1 at +00, FRC2 at +20. */
export class TimerBlock implements Peripheral {
  readonly name = 'timer';
  private readonly frc1: Frc1;
  private readonly frc2: Frc2;

  constructor(context: PeripheralContext, wiring: TimerWiring) {
    this.frc1 = new Frc1(context, wiring.frc1);
    this.frc2 = new Frc2(context, wiring.frc2);
  }

  read32(offset: number): number {
    if (offset < FRC2_OFFSET) return this.frc1.read32(offset);
    if (offset < FRC2_END) return this.frc2.read32(offset - FRC2_OFFSET);
    throw unknownRegister(this.name, offset);
  }

  write32(offset: number, value: number): void {
    if (offset < FRC2_OFFSET) this.frc1.write32(offset, value);
    else if (offset < FRC2_END) this.frc2.write32(offset - FRC2_OFFSET, value);
    else throw unknownRegister(this.name, offset);
  }

  reset(): void {
    this.frc1.reset();
    this.frc2.reset();
  }

  save(): SavedState {
    return { version: 1, frc1: this.frc1.save(), frc2: this.frc2.save() };
  }

  /** @throws ESPRIG_EMU_SNAPSHOT when the state does not fit. */
  restore(state: SavedState): void {
    const fields = new SavedFields(this.name, state, 1);
    this.frc1.restore(fields.part('frc1'));
    this.frc2.restore(fields.part('frc2'));
  }
}
