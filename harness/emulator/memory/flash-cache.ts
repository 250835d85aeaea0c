/**
 * The cache in front of the flash window at 0x40200000: DPORT+0C and what follows from it. Always coherent: a fetch
 * reads the chip's array, so no stale line is ever seen.
 * Sources: docs/emulator-fidelity.md; ESP8266_RTOS_SDK components/spi_flash/src/spi_flash.c (bits of the register as
 * software reads them back), components/esp8266/include/esp8266/spi_register.h (CACHE_MAP_*).
 */
import { EmulatorFault } from '../fault';
import type { CacheControl } from '../peripherals/dport';
import type { SavedState } from '../peripherals/peripheral';
import { SavedFields } from '../peripherals/saved-fields';
import type { FlashWindow } from './bus';

/** Starts a flush; software clears it again. */
const FLUSH_START = 0x00000001;
/** The flush is over, "empty". */
const FLUSH_DONE = 0x00000002;
const READ_ENABLE = 0x00000100;
/** SPI busy: software waits for 0. */
const SPI_BUSY = 0x00000200;
/** 2 MiB segment, bits 16-18. */
const SEGMENT_SHIFT = 16;
const SEGMENT_MASK = 7;
/** The window shows the whole 2 MiB segment. */
const MAP_2M = 0x01000000;
/** The window shows the segment's upper MiB. */
const MAP_1M_HIGH = 0x02000000;

const MEBIBYTE = 0x100000;

export interface FlashCacheConfig {
  readonly flashSizeBytes: number;
  /**
   * Whether the chip can answer a fetch right now (SpiController.fetchable). Fetches of a busy chip or over a busy
   * controller are rubbish on silicon.
   */
  readonly isFetchable?: () => boolean;
}

/** The register for DPORT, the window for the bus. */
export class FlashCache implements CacheControl, FlashWindow {
  /** Told when `live`, the offset or the size of the window changed. */
  onMappingChanged: (() => void) | undefined;

  private readonly addrMask: number;
  private readonly isFetchable: () => boolean;
  private register = 0;
  private flushed = false;
  private ahbEnabled = false;
  private isLive = false;
  private base = 0;
  private size = MEBIBYTE;

  /** @throws EmulatorFault ESPRIG_EMU_BAD_CONFIG when the size is not a power of two */
  constructor(config: FlashCacheConfig) {
    const { flashSizeBytes } = config;
    if (flashSizeBytes <= 0 || (flashSizeBytes & (flashSizeBytes - 1)) !== 0) {
      throw new EmulatorFault(
        'ESPRIG_EMU_BAD_CONFIG',
        `flash of ${flashSizeBytes} bytes: not a power of two`,
      );
    }
    this.addrMask = flashSizeBytes - 1;
    this.isFetchable = config.isFetchable ?? (() => true);
  }

  /** Read enable and SPI0's ENABLE_AHB are both set. */
  get live(): boolean {
    return this.isLive;
  }

  /** 1 or 2 MiB; the window ends there. */
  get windowSize(): number {
    return this.size;
  }

  /** Place in the flash of the window's first byte. */
  get windowBase(): number {
    return this.base;
  }

  /**
   * Live, and the chip would answer. Slower than `live` and not asked in the hot path: a strict or a tracing bus asks
   * it to find code that runs from flash while the flash is being written.
   */
  get readable(): boolean {
    return this.isLive && this.isFetchable();
  }

  /** Place in the flash of a byte of the window; the chip's address lines wrap. */
  physicalOffset(windowOffset: number): number {
    return (this.base + windowOffset) & this.addrMask;
  }

  /** SPI0 CTRL bit 17 changed. */
  setAhbEnabled(enabled: boolean): void {
    this.ahbEnabled = enabled;
    this.derive();
  }

  read(): number {
    return (this.register | (this.flushed ? FLUSH_DONE : 0)) >>> 0;
  }

  write(value: number): void {
    this.register = (value & ~(FLUSH_DONE | SPI_BUSY)) >>> 0;
    if ((value & FLUSH_START) !== 0) this.flushed = true;
    this.derive();
  }

  /** The chip was reset, in whatever way. */
  reset(): void {
    this.register = 0;
    this.flushed = false;
    this.derive();
  }

  save(): SavedState {
    return {
      version: 1,
      register: this.register,
      flushed: this.flushed,
      ahbEnabled: this.ahbEnabled,
    };
  }

  /** @throws EmulatorFault ESPRIG_EMU_SNAPSHOT for another version */
  restore(state: SavedState): void {
    const fields = new SavedFields('flash-cache', state, 1);
    this.register = fields.number('register');
    this.flushed = fields.boolean('flushed');
    this.ahbEnabled = fields.boolean('ahbEnabled');
    this.derive();
  }

  private derive(): void {
    const live = this.ahbEnabled && (this.register & READ_ENABLE) !== 0;
    const whole = (this.register & MAP_2M) !== 0;
    const segment = (this.register >> SEGMENT_SHIFT) & SEGMENT_MASK;
    const upper = !whole && (this.register & MAP_1M_HIGH) !== 0;
    const base = segment * 2 * MEBIBYTE + (upper ? MEBIBYTE : 0);
    const size = whole ? 2 * MEBIBYTE : MEBIBYTE;
    if (live === this.isLive && base === this.base && size === this.size) return;
    this.isLive = live;
    this.base = base;
    this.size = size;
    this.onMappingChanged?.();
  }
}
