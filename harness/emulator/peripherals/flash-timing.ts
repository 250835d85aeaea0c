/** How long a chip is busy with each kind of operation, in virtual time. */
export interface FlashTiming {
  readonly programNanos: number;
  readonly eraseSectorNanos: number;
  readonly eraseBlock32Nanos: number;
  readonly eraseBlockNanos: number;
  /** A chip erase grows with the chip. */
  readonly eraseChipPerMebibyteNanos: number;
  readonly writeStatusNanos: number;
}

/**
 * - `silicon`: typical times of the W25Q32 class, from its data sheet: page program 0.4 ms, sector 45 ms, 32 KiB block
 *   120 ms, 64 KiB block 150 ms, chip 10 s for 4 MiB, status register 10 ms.
 * - `fast`: a few microseconds each. Long enough that software sees the chip busy and that a power cut finds an inside
 *   of the operation, short enough to cost no wall time.
 */
export const FLASH_TIMINGS = {
  silicon: {
    programNanos: 400_000,
    eraseSectorNanos: 45_000_000,
    eraseBlock32Nanos: 120_000_000,
    eraseBlockNanos: 150_000_000,
    eraseChipPerMebibyteNanos: 2_500_000_000,
    writeStatusNanos: 10_000_000,
  },
  fast: {
    programNanos: 2_000,
    eraseSectorNanos: 4_000,
    eraseBlock32Nanos: 6_000,
    eraseBlockNanos: 8_000,
    eraseChipPerMebibyteNanos: 5_000,
    writeStatusNanos: 2_000,
  },
} as const satisfies Record<string, FlashTiming>;

export type FlashTimingName = keyof typeof FLASH_TIMINGS;
