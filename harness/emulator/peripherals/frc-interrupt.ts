import type { IrqLine } from './peripheral';
import { FRC_LEVEL_INTERRUPT, type FrcCounter } from './frc-counter';

/** Where an FRC timer's interrupt goes. */
export interface FrcWiring {
  /** Edge-triggered input of the CPU. */
  readonly irq: IrqLine;
  /** The timer's bit in DPORT+04; without it no edge gets through. */
  readonly edgeEnabled: () => boolean;
}

/**
 * Status bit and edge of one FRC timer. In edge mode the status clears itself at once and each match makes an edge; in
 * level mode ("INT_HOLD") it stays, and no further edge comes, until software clears it.
 */
export class FrcInterrupt {
  /** CTRL bit 8. */
  held = false;
  private readonly counter: FrcCounter;
  private readonly wiring: FrcWiring;

  constructor(counter: FrcCounter, wiring: FrcWiring) {
    this.counter = counter;
    this.wiring = wiring;
  }

  raise(): void {
    const enabled = this.wiring.edgeEnabled();
    if ((this.counter.control & FRC_LEVEL_INTERRUPT) !== 0) {
      if (this.held) return;
      this.held = true;
      if (enabled) this.wiring.irq(true);
    } else if (enabled) {
      this.wiring.irq(true);
      this.wiring.irq(false);
    }
  }

  clear(): void {
    this.held = false;
    this.wiring.irq(false);
  }
}
