/**
 * The ESP8266 image formats as data. Sources: ESP8266_RTOS_SDK `components/bootloader_support/include/esp_image_format.h`,
 * `esp_app_format.h`, `components/esptool_py/esptool/esptool.py` (class ESP8266V3FirmwareImage); images.md sections 1 to 3.
 */
import {
  DRAM_BASE,
  DRAM_SIZE,
  FLASH_WINDOW_BASE,
  FLASH_WINDOW_SIZE,
  IRAM_BANK2_BASE,
  IRAM_BASE,
  RTC_MEMORY_BASE,
  RTC_MEMORY_SIZE,
} from '../chip/esp8266';

export const IMAGE_MAGIC = 0xe9;
/** First byte of a V2 image (NonOS OTA), followed by 04. */
export const IMAGE_MAGIC_V2 = 0xea;
export const IMAGE_HEADER_BYTES = 8;
export const SEGMENT_HEADER_BYTES = 8;
export const MAX_SEGMENTS = 16;
export const CHECKSUM_SEED = 0xef;
/** The checksum byte is the last of a block of this size. */
export const CHECKSUM_ALIGN_BYTES = 16;
export const SHA256_BYTES = 32;
export const FILL_ERASED = 0xff;

/** File offset of the first segment's data, hence the distance from a slot to its link base. */
export const FIRST_DATA_OFFSET = IMAGE_HEADER_BYTES + SEGMENT_HEADER_BYTES;

/** Byte 2. QIO and QOUT configurations write 2 here too; the bootloader switches by itself. */
export const SPI_MODES: ReadonlyMap<number, string> = new Map([
  [0, 'QIO'],
  [1, 'QOUT'],
  [2, 'DIO'],
  [3, 'DOUT'],
]);

/** Low nibble of byte 3. */
export const SPI_SPEEDS: ReadonlyMap<number, string> = new Map([
  [0, '40 MHz'],
  [1, '26.7 MHz'],
  [2, '20 MHz'],
  [0xf, '80 MHz'],
]);

/** High nibble of byte 3 in a V1 image (the bootloader): the ESP8266 table. This one counts at boot. */
export const FLASH_SIZES_V1: ReadonlyMap<number, string> = new Map([
  [0, '512KB'],
  [1, '256KB'],
  [2, '1MB'],
  [3, '2MB'],
  [4, '4MB'],
  [5, '2MB-c1'],
  [6, '4MB-c1'],
  [8, '8MB'],
  [9, '16MB'],
]);

/** High nibble of byte 3 in a V3 image (the app): the writer uses the ESP32 table. Nobody reads it at boot. */
export const FLASH_SIZES_V3: ReadonlyMap<number, string> = new Map([
  [0, '1MB'],
  [1, '2MB'],
  [2, '4MB'],
  [3, '8MB'],
  [4, '16MB'],
]);

export type RegionName = 'flash' | 'dram' | 'iram' | 'rtc';

export interface MemoryRegion {
  readonly name: RegionName;
  readonly baseAddr: number;
  readonly endAddr: number;
  readonly text: string;
}

/** Where a segment of an app may be loaded. IRAM ends where the 16 KiB flash cache begins. */
export const LOAD_REGIONS: readonly MemoryRegion[] = [
  {
    name: 'flash',
    baseAddr: FLASH_WINDOW_BASE,
    endAddr: FLASH_WINDOW_BASE + FLASH_WINDOW_SIZE,
    text: 'flash, mapped',
  },
  { name: 'dram', baseAddr: DRAM_BASE, endAddr: DRAM_BASE + DRAM_SIZE, text: 'data RAM' },
  { name: 'iram', baseAddr: IRAM_BASE, endAddr: IRAM_BANK2_BASE, text: 'instruction RAM' },
  {
    name: 'rtc',
    baseAddr: RTC_MEMORY_BASE,
    endAddr: RTC_MEMORY_BASE + RTC_MEMORY_SIZE,
    text: 'RTC memory',
  },
];

/** The region that holds all of [addr, addr + sizeBytes), or undefined. */
export function loadRegionOf(addr: number, sizeBytes: number): MemoryRegion | undefined {
  return LOAD_REGIONS.find((region) => addr >= region.baseAddr && addr + sizeBytes <= region.endAddr);
}

/** esp_app_desc_t: 256 bytes, found by its magic word. */
export const DESCRIPTOR_MAGIC = 0xabcd5432;
export const DESCRIPTOR_BYTES = 256;
export const DESCRIPTOR_FIELDS = {
  SECURE_VERSION: 4,
  VERSION: 16,
  PROJECT: 48,
  TIME: 80,
  DATE: 96,
  IDF_VERSION: 112,
  ELF_SHA256: 144,
} as const;

/** Bytes from the end of the last segment to the end of the checksum's block. */
export function checksumBlockEnd(segmentsEndOffset: number): number {
  return (Math.floor(segmentsEndOffset / CHECKSUM_ALIGN_BYTES) + 1) * CHECKSUM_ALIGN_BYTES;
}
