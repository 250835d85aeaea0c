import type { FlashTimingName } from './peripherals/flash-timing';
import { DEFAULT_GPIO_CONFIG, type GpioConfig } from './peripherals';

/** What one board is; everything that makes two boards differ. */
export interface BoardConfig {
  readonly flashSizeBytes: number;
  /** Station address in the efuse, six bytes. */
  readonly mac: readonly number[];
  readonly crystalHz: number;
  /** `silicon`: the times of a W25Q32-class chip. `fast`: a few µs for each operation. */
  readonly flashTiming: FlashTimingName;
  /** Of the random number generator and of everything undefined (power cuts). */
  readonly seed: number;
  readonly gpio: GpioConfig;
  /** GPIO16 is wired to EN, so that deep sleep can end. */
  readonly wakeWired: boolean;
  /** 8- and 16-bit access to IRAM, ROM and mapped flash raises cause 3, as on silicon. */
  readonly trapNarrowAccess: boolean;
  /** Unmapped accesses read zero and are counted instead of stopping the board. */
  readonly lenient: boolean;
  /** Bytes sent at another speed than the receiver's arrive as the garbage they would be. */
  readonly garbleOnBaudMismatch: boolean;
  /** Bytes leave the UART at once instead of in their bit times. */
  readonly instantTx: boolean;
  readonly inputQueueBytes: number;
  /** Bytes arrive as fast as the guest takes them and leave as fast as it sends them, not at the line's speed. */
  readonly fastWire: boolean;
  /** How long EN and the straps must stand still before the chip starts: the RC on EN and the host's line changes. */
  readonly lineSettleMicros: number;
  /** A user's own boot ROM, 64 KiB, run as it is instead of ours. */
  readonly romImage?: Uint8Array;
}

export const DEFAULT_BOARD_CONFIG: BoardConfig = {
  flashSizeBytes: 0x100000,
  mac: [0x5c, 0xcf, 0x7f, 0x01, 0x23, 0x45],
  crystalHz: 26_000_000,
  flashTiming: 'fast',
  seed: 1,
  gpio: DEFAULT_GPIO_CONFIG,
  wakeWired: true,
  trapNarrowAccess: true,
  lenient: false,
  garbleOnBaudMismatch: false,
  instantTx: false,
  inputQueueBytes: 0x10000,
  fastWire: false,
  lineSettleMicros: 20_000,
};
