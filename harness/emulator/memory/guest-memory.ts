import {
  DRAM_BASE,
  DRAM_SIZE,
  FLASH_WINDOW_BASE,
  IRAM_BASE,
  IRAM_SIZE,
  ROM_BASE,
  ROM_SIZE,
  RTC_MEMORY_BASE,
  RTC_MEMORY_SIZE,
} from '../../chip/esp8266';
import { EmulatorFault } from '../fault';

/**
 * Where the guest's memories lie inside the board's one WebAssembly.Memory, so that translated code can address all
 * of them (and the registers) with one base.
 */
export const REGISTERS_AT = 0;
export const DRAM_AT = 0x10000;
export const IRAM_AT = 0x30000;
export const ROM_AT = 0x40000;
export const RTC_AT = 0x50000;
export const FLASH_AT = 0x100000;

/** The part of the WebAssembly API that is used; its types come with the DOM library only. */
declare const WebAssembly: {
  readonly Memory: new (limits: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer };
};

const WASM_PAGE_BYTES = 0x10000;

/** What RAM holds after power-on: undefined on silicon; a pattern makes reads of uninitialised memory visible. */
const POWER_ON_PATTERN = 0xa5;

export interface Region {
  readonly name: 'dram' | 'iram' | 'rom' | 'rtc' | 'flash';
  readonly baseAddr: number;
  readonly at: number;
  readonly sizeBytes: number;
}

/** All bytes of a board. */
export class GuestMemory {
  readonly flashSizeBytes: number;
  readonly bytes: Uint8Array;
  readonly halves: Uint16Array;
  readonly words: Int32Array;
  /** The flash chip's array. */
  readonly flash: Uint8Array;
  readonly regions: readonly Region[];

  constructor(flashSizeBytes: number) {
    if (
      flashSizeBytes < 0x80000 ||
      flashSizeBytes > 0x1000000 ||
      (flashSizeBytes & (flashSizeBytes - 1)) !== 0
    ) {
      throw new EmulatorFault(
        'ESPRIG_EMU_BAD_CONFIG',
        `flash size ${flashSizeBytes} bytes: an ESP8266 board has 512 KB to 16 MB, a power of two`,
      );
    }
    this.flashSizeBytes = flashSizeBytes;
    const pages = (FLASH_AT + flashSizeBytes) / WASM_PAGE_BYTES;
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    this.bytes = new Uint8Array(memory.buffer);
    this.halves = new Uint16Array(memory.buffer);
    this.words = new Int32Array(memory.buffer);
    this.flash = this.bytes.subarray(FLASH_AT, FLASH_AT + flashSizeBytes);
    this.flash.fill(0xff);
    this.regions = [
      { name: 'dram', baseAddr: DRAM_BASE, at: DRAM_AT, sizeBytes: DRAM_SIZE },
      { name: 'iram', baseAddr: IRAM_BASE, at: IRAM_AT, sizeBytes: IRAM_SIZE },
      { name: 'rom', baseAddr: ROM_BASE, at: ROM_AT, sizeBytes: ROM_SIZE },
      { name: 'rtc', baseAddr: RTC_MEMORY_BASE, at: RTC_AT, sizeBytes: RTC_MEMORY_SIZE },
      { name: 'flash', baseAddr: FLASH_WINDOW_BASE, at: FLASH_AT, sizeBytes: flashSizeBytes },
    ];
    this.losePower();
  }

  /** Power is gone: RAM and RTC memory lose their content, ROM and flash do not. */
  losePower(): void {
    this.bytes.fill(POWER_ON_PATTERN, DRAM_AT, DRAM_AT + DRAM_SIZE);
    this.bytes.fill(POWER_ON_PATTERN, IRAM_AT, IRAM_AT + IRAM_SIZE);
    this.bytes.fill(POWER_ON_PATTERN, RTC_AT, RTC_AT + RTC_MEMORY_SIZE);
  }

  /** The bytes of one region (a live view). */
  region(name: Region['name']): Uint8Array {
    const { at, sizeBytes } = this.regions.find((region) => region.name === name)!;
    return this.bytes.subarray(at, at + sizeBytes);
  }
}
