import {
  DRAM_BASE,
  DRAM_SIZE,
  FLASH_WINDOW_BASE,
  IRAM_BANK1_BASE,
  IRAM_BANK2_BASE,
  IRAM_BASE,
  IRAM_SIZE,
  ROM_BASE,
  ROM_SIZE,
  RTC_MEMORY_BASE,
  RTC_MEMORY_SIZE,
} from '../../chip/esp8266';
import { EmulatorFault } from '../fault';
import type { Peripheral } from '../peripherals/peripheral';
import { DRAM_AT, FLASH_AT, IRAM_AT, ROM_AT, RTC_AT } from './guest-memory';

/** `locate` answers: not memory. */
export const NOT_MEMORY = -1;
/** `locate` answers: flash window while the cache is off. */
export const CACHE_OFF = -2;

const PAGE_SHIFT = 8;
/** Peripheral pages of 256 bytes: 0x3FF00000-0x3FF7FFFF, then 0x60000000-0x6007FFFF. */
const LOW_PAGES = 0x800;
const HIGH_PAGES = 0x800;

/** What the flash window shows; FlashCache is the real one. */
export interface FlashWindow {
  readonly live: boolean;
  readonly windowSize: number;
  physicalOffset(windowOffset: number): number;
}

/**
 * The address map. Memories are answered as places in GuestMemory, registers by their peripheral. Strict: an address
 * with nothing behind it is a fault; `lenient` turns it into zero and counts it.
 */
export class Bus {
  /** Reads of zero that strictness would have refused; stands in reports. */
  unmappedCount = 0;
  /** Loads from mapped flash that the NMI handler made while the cache was off; they read zero. */
  cacheOffLoads = 0;
  lenient = false;
  private readonly peripherals: (Peripheral | undefined)[] = new Array<Peripheral | undefined>(
    LOW_PAGES + HIGH_PAGES,
  ).fill(undefined);
  private readonly baseAddrs = new Uint32Array(LOW_PAGES + HIGH_PAGES);
  private window: FlashWindow = { live: false, windowSize: 0, physicalOffset: () => 0 };
  /** Which of the two upper IRAM banks the flash cache has taken: bit 0 = 0x40108000, bit 1 = 0x4010C000. */
  private cacheBanks = 0;

  attachFlashWindow(window: FlashWindow): void {
    this.window = window;
  }

  setCacheBanks(bank1Taken: boolean, bank2Taken: boolean): void {
    this.cacheBanks = (bank1Taken ? 1 : 0) | (bank2Taken ? 2 : 0);
  }

  /** Puts a register block on the bus; blocks are whole pages of 256 bytes. A later one replaces an earlier one. */
  attach(peripheral: Peripheral, baseAddr: number, sizeBytes: number): void {
    for (let addr = baseAddr; addr < baseAddr + sizeBytes; addr += 1 << PAGE_SHIFT) {
      const page = pageOf(addr);
      if (page < 0)
        throw new EmulatorFault('ESPRIG_EMU_BAD_CONFIG', `${peripheral.name} is outside the register space`, {
          addr,
        });
      this.peripherals[page] = peripheral;
      this.baseAddrs[page] = baseAddr;
    }
  }

  /**
   * Place in GuestMemory of the word or byte at `addr`, NOT_MEMORY for registers and unmapped addresses, CACHE_OFF for
   * a flash window that is not live.
   */
  locate(addr: number): number {
    const unsigned = addr >>> 0;
    if (unsigned - DRAM_BASE < DRAM_SIZE && unsigned >= DRAM_BASE) return unsigned - DRAM_BASE + DRAM_AT;
    if (unsigned >= FLASH_WINDOW_BASE) {
      if (unsigned < FLASH_WINDOW_BASE + 0x200000) {
        const windowOffset = unsigned - FLASH_WINDOW_BASE;
        if (!this.window.live) return CACHE_OFF;
        if (windowOffset >= this.window.windowSize) return NOT_MEMORY;
        return this.window.physicalOffset(windowOffset) + FLASH_AT;
      }
      if (unsigned >= RTC_MEMORY_BASE && unsigned < RTC_MEMORY_BASE + RTC_MEMORY_SIZE)
        return unsigned - RTC_MEMORY_BASE + RTC_AT;
      return NOT_MEMORY;
    }
    if (unsigned >= IRAM_BASE && unsigned < IRAM_BASE + IRAM_SIZE) {
      if (
        unsigned >= IRAM_BANK2_BASE
          ? (this.cacheBanks & 2) !== 0
          : unsigned >= IRAM_BANK1_BASE && (this.cacheBanks & 1) !== 0
      ) {
        return NOT_MEMORY;
      }
      return unsigned - IRAM_BASE + IRAM_AT;
    }
    if (unsigned >= ROM_BASE && unsigned < ROM_BASE + ROM_SIZE) return unsigned - ROM_BASE + ROM_AT;
    return NOT_MEMORY;
  }

  /** Whether a read of this address changes nothing and stays the same until an alarm fires or somebody writes. */
  isSteady(addr: number): boolean {
    if (this.locate(addr) >= 0) return true;
    const page = pageOf(addr);
    const peripheral = page < 0 ? undefined : this.peripherals[page];
    return peripheral?.isSteady?.((addr >>> 0) - this.baseAddrs[page]!) ?? false;
  }

  /** Reads a register word. @throws EmulatorFault `ESPRIG_EMU_UNMAPPED` */
  readRegister(addr: number, pc: number): number {
    const page = pageOf(addr);
    const peripheral = page < 0 ? undefined : this.peripherals[page];
    if (peripheral === undefined) return this.unmapped('load', addr, pc);
    try {
      return peripheral.read32((addr >>> 0) - this.baseAddrs[page]!) | 0;
    } catch (error) {
      return this.refused(error, addr, pc);
    }
  }

  /** Writes a register word. @throws EmulatorFault `ESPRIG_EMU_UNMAPPED` */
  writeRegister(addr: number, value: number, pc: number): void {
    const page = pageOf(addr);
    const peripheral = page < 0 ? undefined : this.peripherals[page];
    if (peripheral === undefined) this.unmapped('store', addr, pc);
    else {
      try {
        peripheral.write32((addr >>> 0) - this.baseAddrs[page]!, value >>> 0);
      } catch (error) {
        this.refused(error, addr, pc);
      }
    }
  }

  /** A block that refuses a register knows neither PC nor address; here they are added. */
  private refused(error: unknown, addr: number, pc: number): number {
    if (!(error instanceof EmulatorFault) || error.pc !== undefined) throw error;
    if (error.code === 'ESPRIG_EMU_UNMAPPED') {
      this.unmappedCount++;
      if (this.lenient) return 0;
    }
    throw new EmulatorFault(error.code, error.message, { pc, addr: addr >>> 0 });
  }

  private unmapped(what: string, addr: number, pc: number): number {
    this.unmappedCount++;
    if (this.lenient) return 0;
    throw new EmulatorFault('ESPRIG_EMU_UNMAPPED', `${what} with nothing behind the address`, { pc, addr });
  }
}

function pageOf(addr: number): number {
  const unsigned = addr >>> 0;
  if (unsigned >= 0x3ff00000 && unsigned < 0x3ff80000) return (unsigned - 0x3ff00000) >>> PAGE_SHIFT;
  if (unsigned >= 0x60000000 && unsigned < 0x60080000)
    return LOW_PAGES + ((unsigned - 0x60000000) >>> PAGE_SHIFT);
  return -1;
}
