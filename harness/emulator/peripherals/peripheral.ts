import type { Scheduler } from '../event-queue';

/**
 * Why the chip starts over (chip.md section 4).
 * - `power-on`: everything is lost, RTC memory too.
 * - `external`: the EN pin; RTC memory and scratch survive, straps are sampled again.
 * - `watchdog`: stage 2 of the watchdog; straps are not sampled again.
 * - `software`: RTC CONTROL bit 31.
 */
export type ResetKind = 'power-on' | 'external' | 'watchdog' | 'software';

/** JSON-like values only (numbers, strings, booleans, arrays, Uint8Array…): structured-clonable, named fields. */
export type SavedState = Readonly<Record<string, unknown>>;

/**
 * A block of registers on the bus. `offset` counts bytes from the block's base and is always a multiple of 4: the bus
 * turns narrower accesses into the lanes of a word. Values are passed as unsigned 32-bit numbers (`>>> 0`).
 */
export interface Peripheral {
  readonly name: string;
  read32(offset: number): number;
  write32(offset: number, value: number): void;
  /**
   * Whether reading this register has no effect and gives the same until an alarm fires or something is written:
   * then a guest that polls it can be skipped to the next alarm. Absent: never.
   */
  isSteady?(offset: number): boolean;
  /** Puts the registers back to their reset values; cancels what was under way. */
  reset(kind: ResetKind): void;
  save(): SavedState;
  restore(state: SavedState): void;
}

/** Level of one interrupt input of the CPU: `true` asserts it. Edge inputs latch the change from false to true. */
export type IrqLine = (asserted: boolean) => void;

/** The chip's clocks as a peripheral sees them; they change when the app switches the PLL on. */
export interface Clocks {
  /** Crystal, normally 26 MHz. */
  readonly crystalHz: number;
  /** APB: UART, timers, SPI. 52 MHz from reset with a 26 MHz crystal, 80 MHz once the PLL runs. */
  readonly apbHz: number;
  /** 1 × or 2 × APB. */
  readonly cpuHz: number;
  /** Called after every change of a frequency. */
  onChange(listener: () => void): void;
}

export interface PeripheralContext {
  readonly scheduler: Scheduler;
  readonly clocks: Clocks;
}
