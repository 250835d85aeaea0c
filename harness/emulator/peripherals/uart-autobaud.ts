/**
 * The speed measurement of a UART: shortest low and high pulse on RXD in APB cycles, and the number of edges. Sources:
 * chip.md 3.1; bit meanings: esp-open-rtos `uart_regs.h`. Silicon measures short: the boot ROM adds 12 cycles to the mean
 * of its two pulses and comes out at the host's rate (chip.md 6.2), so the filter must have eaten as much of each. That
 * it is 12 for every setting of the filter is a guess; the ROM sets 8.
 */
import type { Clocks } from './peripheral';
import { TICKS_PER_SECOND } from '../time';
import { levelAt } from './uart-frame';

const PULSE_MAX = 0xfffff;
const EDGES_MASK = 0x3ff;
/** What the glitch filter takes off every pulse. */
const FILTERED_CYCLES = 12;
/** AUTOBAUD after reset: disabled, glitch filter 0x10. */
const AUTOBAUD_RESET = 0x1000;

/** Watches the waveform of each received frame while AUTOBAUD bit 0 is set. */
export class UartAutobaud {
  /** AUTOBAUD. */
  control = AUTOBAUD_RESET;
  /** LOWPULSE. */
  lowPulse = PULSE_MAX;
  /** HIGHPULSE. */
  highPulse = PULSE_MAX;
  /** RXD_CNT. */
  edges = 0;
  private readonly clocks: Clocks;
  private level = 1;
  /** When the line took its present level; −1 before the first edge, whose pulse began unseen. */
  private lastEdgeTicks = -1;

  constructor(clocks: Clocks) {
    this.clocks = clocks;
  }

  get enabled(): boolean {
    return (this.control & 1) !== 0;
  }

  /** Switching the measurement on starts it afresh. */
  writeControl(value: number): void {
    const starts = (value & 1) !== 0 && !this.enabled;
    this.control = value;
    if (starts) this.clear();
  }

  reset(): void {
    this.control = AUTOBAUD_RESET;
    this.clear();
  }

  /** Takes in the bits `fromBit` up to but not including `toBit` of a frame that began at `startTicks`. */
  watch(waveform: number, startTicks: number, bitTicks: number, fromBit: number, toBit: number): void {
    for (let bit = fromBit; bit < toBit; bit++) {
      const level = levelAt(waveform, bit);
      if (level !== this.level) this.edge(level, startTicks + bit * bitTicks);
    }
  }

  save(): readonly number[] {
    return [this.control, this.lowPulse, this.highPulse, this.edges, this.level, this.lastEdgeTicks];
  }

  restore(fields: readonly number[]): void {
    this.control = fields[0]!;
    this.lowPulse = fields[1]!;
    this.highPulse = fields[2]!;
    this.edges = fields[3]!;
    this.level = fields[4]!;
    this.lastEdgeTicks = fields[5]!;
  }

  private clear(): void {
    this.lowPulse = PULSE_MAX;
    this.highPulse = PULSE_MAX;
    this.edges = 0;
    this.level = 1;
    this.lastEdgeTicks = -1;
  }

  private edge(level: number, atTicks: number): void {
    if (this.enabled && this.lastEdgeTicks >= 0) {
      const cycles = Math.round(((atTicks - this.lastEdgeTicks) * this.clocks.apbHz) / TICKS_PER_SECOND);
      // Shorter pulses than the filter do not count, in either direction.
      if (cycles >= ((this.control >>> 8) & 0xff)) {
        const measured = Math.max(0, cycles - FILTERED_CYCLES);
        if (level === 1) this.lowPulse = Math.min(this.lowPulse, measured);
        else this.highPulse = Math.min(this.highPulse, measured);
      }
    }
    if (this.enabled) this.edges = (this.edges + 1) & EDGES_MASK;
    this.level = level;
    this.lastEdgeTicks = atTicks;
  }
}
