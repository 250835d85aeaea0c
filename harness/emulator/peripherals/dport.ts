/**
 * DPORT, 0x3FF00000: interrupt gates, clocks, cache, efuse. Sources: esp-open-rtos `dport_regs.h`, ESP8266_RTOS_SDK
 * `eagle_soc.h`, chip.md 3.3 and 2.1. What is not named here is storage.
 */
import type { Peripheral, SavedState } from './peripheral';
import type { EfuseWords } from './efuse';
import { SavedFields } from './saved-fields';
import { unknownRegister } from './unknown-register';

/** DPORT+0C, which belongs to the flash cache. */
export interface CacheControl {
  read(): number;
  write(value: number): void;
}

/** Called when a setting has changed; never while a snapshot is restored, everybody restores its own half. */
export interface DportWiring {
  readonly cache: CacheControl;
  /** +00 bit 0: the WiFi MAC's interrupt goes to the NMI. */
  readonly onNmiEnable: (enabled: boolean) => void;
  /** +14 bit 0. */
  readonly onCpuDoubled: (doubled: boolean) => void;
  /** +18 bit 3. */
  readonly onWatchdogClockGated: (gated: boolean) => void;
  /** +18 bits of 0x7700 that have just been set: those peripherals are held in reset. */
  readonly onPeripheralReset: (bits: number) => void;
  /** +24 bits 3 and 4: the flash cache takes IRAM banks. */
  readonly onCacheBanks: (value: number) => void;
  /** +28 bit 2: UART0 on GPIO15 and GPIO13. */
  readonly onUart0Swapped: (swapped: boolean) => void;
  /** +20: bit 4 SPI0, bit 7 SPI1, bit 9 I2S. */
  readonly spiInterruptCause: () => number;
}

export interface DportConfig {
  readonly efuse: EfuseWords;
}

export const DPORT_SIZE = 0x60;

const NMI_INT_ENABLE = 0x00;
const EDGE_INT_ENABLE = 0x04;
const CACHE_FLASH_CTRL = 0x0c;
const CPU_CLOCK = 0x14;
const CLOCK_GATES = 0x18;
const SPI_INT_STATUS = 0x20;
const SPI_CACHE_RAM = 0x24;
const PERI_IO_SWAP = 0x28;
const EFUSE_DATA0 = 0x50;

const PERIPHERAL_RESETS = 0x7700;
const WATCHDOG_CLOCK_OFF = 1 << 3;
const CACHE_BANKS = 0x18;
const UART0_PIN_SWAP = 1 << 2;

/** The registers between the core and the peripherals. */
export class Dport implements Peripheral {
  readonly name = 'dport';
  private readonly wiring: DportWiring;
  private readonly config: DportConfig;
  private readonly words = new Uint32Array(DPORT_SIZE / 4);

  constructor(wiring: DportWiring, config: DportConfig) {
    this.wiring = wiring;
    this.config = config;
  }

  get nmiEnabled(): boolean {
    return (this.words[NMI_INT_ENABLE >>> 2]! & 1) !== 0;
  }

  get watchdogEdgeEnabled(): boolean {
    return (this.words[EDGE_INT_ENABLE >>> 2]! & 1) !== 0;
  }

  get frc1EdgeEnabled(): boolean {
    return (this.words[EDGE_INT_ENABLE >>> 2]! & 2) !== 0;
  }

  get frc2EdgeEnabled(): boolean {
    return (this.words[EDGE_INT_ENABLE >>> 2]! & 4) !== 0;
  }

  read32(offset: number): number {
    if (offset === CACHE_FLASH_CTRL) return this.wiring.cache.read();
    if (offset === SPI_INT_STATUS) return this.wiring.spiInterruptCause();
    if (offset >= EFUSE_DATA0 && offset < DPORT_SIZE) return this.config.efuse[(offset - EFUSE_DATA0) >>> 2]!;
    const word = this.words[offset >>> 2];
    if (word === undefined) throw unknownRegister(this.name, offset);
    return word;
  }

  write32(offset: number, value: number): void {
    if (offset >= DPORT_SIZE) throw unknownRegister(this.name, offset);
    if (offset === CACHE_FLASH_CTRL) {
      this.wiring.cache.write(value);
      return;
    }
    if (offset === SPI_INT_STATUS || offset >= EFUSE_DATA0) return; // read only
    const changed = this.words[offset >>> 2]! ^ value;
    this.words[offset >>> 2] = value;
    if (changed !== 0) this.announce(offset, changed, value);
  }

  reset(): void {
    for (let offset = 0; offset < EFUSE_DATA0; offset += 4) {
      if (offset === CACHE_FLASH_CTRL) continue; // its owner resets it
      const changed = this.words[offset >>> 2]!;
      this.words[offset >>> 2] = 0;
      if (changed !== 0) this.announce(offset, changed, 0);
    }
  }

  save(): SavedState {
    return { version: 1, words: Array.from(this.words) };
  }

  /** @throws ESPRIG_EMU_SNAPSHOT when the state does not fit. */
  restore(state: SavedState): void {
    this.words.set(new SavedFields(this.name, state, 1).numbers('words', this.words.length));
  }

  private announce(offset: number, changed: number, value: number): void {
    const { wiring } = this;
    switch (offset) {
      case NMI_INT_ENABLE:
        if ((changed & 1) !== 0) wiring.onNmiEnable((value & 1) !== 0);
        break;
      case CPU_CLOCK:
        if ((changed & 1) !== 0) wiring.onCpuDoubled((value & 1) !== 0);
        break;
      case CLOCK_GATES: {
        if ((changed & WATCHDOG_CLOCK_OFF) !== 0)
          wiring.onWatchdogClockGated((value & WATCHDOG_CLOCK_OFF) !== 0);
        const nowReset = changed & value & PERIPHERAL_RESETS;
        if (nowReset !== 0) wiring.onPeripheralReset(nowReset);
        break;
      }
      case SPI_CACHE_RAM:
        if ((changed & CACHE_BANKS) !== 0) wiring.onCacheBanks(value);
        break;
      case PERI_IO_SWAP:
        if ((changed & UART0_PIN_SWAP) !== 0) wiring.onUart0Swapped((value & UART0_PIN_SWAP) !== 0);
        break;
    }
  }
}
