/**
 * Virtual time. One tick is 1/2080 µs, the largest unit in which a cycle of every clock of the chip is a whole
 * number: 26 MHz = 80 ticks, 40 MHz = 52, 52 MHz = 40, 80 MHz = 26, 160 MHz = 13. Sums of whole numbers below 2^53
 * are exact in a double, so time never drifts (2^53 ticks are 50 days).
 */
export const TICKS_PER_MICRO = 2080;
export const TICKS_PER_MILLI = 2080_000;
export const TICKS_PER_SECOND = 2080_000_000;

export function nanosToTicks(nanos: number): number {
  return Math.round((nanos * TICKS_PER_MICRO) / 1000);
}

export function ticksToNanos(ticks: number): number {
  return (ticks * 1000) / TICKS_PER_MICRO;
}

export function microsToTicks(micros: number): number {
  return Math.round(micros * TICKS_PER_MICRO);
}
