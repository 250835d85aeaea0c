/** The MAC's interrupt block and its line to the NMI (wifi.md 2.1, 3.2). */
import type { IrqLine } from '../peripherals/peripheral';

/**
 * line = ((RAW & ENA) != 0) && gate. RAW latches whatever mask and gate say, so that opening one of them later makes
 * the edge: the driver does so thousands of times a second.
 */
export class MacInterrupts {
  raw = 0;
  enabled = 0;
  private gateOpen = false;
  private readonly irq: IrqLine;

  constructor(irq: IrqLine) {
    this.irq = irq;
  }

  get status(): number {
    return (this.raw & this.enabled) >>> 0;
  }

  get gate(): boolean {
    return this.gateOpen;
  }

  raise(bits: number): void {
    this.raw = (this.raw | bits) >>> 0;
    this.update();
  }

  clear(bits: number): void {
    this.raw = (this.raw & ~bits) >>> 0;
    this.update();
  }

  enable(mask: number): void {
    this.enabled = mask;
    this.update();
  }

  /** DPORT +00 bit 0. */
  setGate(open: boolean): void {
    this.gateOpen = open;
    this.update();
  }

  /** Nothing pending, nothing wanted; the gate belongs to DPORT. */
  reset(): void {
    this.raw = 0;
    this.enabled = 0;
    this.update();
  }

  /** Sets everything without moving the line: the CPU restores its own half. */
  restore(raw: number, enabled: number, gateOpen: boolean): void {
    this.raw = raw;
    this.enabled = enabled;
    this.gateOpen = gateOpen;
  }

  private update(): void {
    this.irq(this.gateOpen && (this.raw & this.enabled) !== 0);
  }
}
