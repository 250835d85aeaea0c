import { DPORT_BASE, IOMUX_BASE, SPI0_BASE } from '../../chip/esp8266';
import type { RomCall, RomGuest } from './rom-call';

/*
 * Flash functions of the ROM that only write registers and never wait (chip.md 2.1 and 5.3). What waits for the chip is
 * guest code in spi-source.ts and spi-chip-source.ts. Register bits: ESP8266_RTOS_SDK
 * `esp8266/include/esp8266/spi_register.h`.
 */
const SPI_CTRL = SPI0_BASE + 0x08;
const SPI_EXT2 = SPI0_BASE + 0xf8;
const CACHE_CTRL = DPORT_BASE + 0x0c;
const CACHE_BANKS = DPORT_BASE + 0x24;

const ENABLE_AHB = 1 << 17;
const MODE_BITS = (1 << 24) | (1 << 23) | (1 << 20) | (1 << 14) | (1 << 13);
const FASTRD = 1 << 13;
/** CTRL bits by the mode byte of an image: QIO, QOUT, DIO, DOUT. */
const MODE_CTRL = [(1 << 24) | FASTRD, (1 << 20) | FASTRD, (1 << 23) | FASTRD, (1 << 14) | FASTRD];

const CACHE_FLUSH = 1 << 0;
const CACHE_READ_ENABLE = 1 << 8;
const CACHE_MAP_2M = 1 << 24;
const CACHE_ODD_MB = 1 << 25;
const CACHE_32K = 1 << 26;
const CACHE_FIELDS = CACHE_FLUSH | CACHE_READ_ENABLE | (7 << 16) | CACHE_MAP_2M | CACHE_ODD_MB | CACHE_32K;

const SD_PINS = [0x1c, 0x20, 0x24, 0x28, 0x2c, 0x30];
const PIN_FUNCTION_BITS = (3 << 4) | (1 << 8);
const PIN_FUNCTION_SPI = 1 << 4;

function update(guest: RomGuest, addr: number, clear: number, set: number): void {
  guest.store32(addr, (guest.load32(addr) & ~clear) | set);
}

/** Read mode of SPI0 by the second byte of an image header; other values leave slow reads. */
export function configureFlashMode(guest: RomGuest, mode: number): void {
  update(guest, SPI_CTRL, MODE_BITS, MODE_CTRL[mode] ?? 0);
}

function selectSpiFunction(guest: RomGuest): void {
  for (const pin of SD_PINS) update(guest, IOMUX_BASE + pin, PIN_FUNCTION_BITS, PIN_FUNCTION_SPI);
  guest.store32(0x60000d48, 0);
}

/** Cache_Read_Enable(map, segment, size): flush, map, switch on. */
function cacheReadEnable(guest: RomGuest): undefined {
  const [map, segment, size] = [guest.ar[2]! >>> 0, guest.ar[3]! & 7, guest.ar[4]! >>> 0];
  update(guest, CACHE_BANKS, 0, size === 0 ? 1 << 3 : (1 << 3) | (1 << 4));
  update(guest, CACHE_CTRL, CACHE_FLUSH, 0);
  update(guest, CACHE_CTRL, 0, CACHE_FLUSH);
  update(guest, CACHE_CTRL, CACHE_FLUSH, 0);
  const mapping = map === 0 ? 0 : map === 1 ? CACHE_ODD_MB : CACHE_MAP_2M;
  update(guest, CACHE_CTRL, CACHE_FIELDS, mapping | (segment << 16) | (size === 0 ? 0 : CACHE_32K));
  update(guest, SPI_CTRL, 0, ENABLE_AHB);
  update(guest, CACHE_CTRL, 0, CACHE_READ_ENABLE);
  return undefined;
}

/** Cache_Read_Disable(): off, then wait for the SPI state machine, then off the bus. */
function cacheReadDisable(guest: RomGuest): 'again' | undefined {
  update(guest, CACHE_CTRL, CACHE_READ_ENABLE, 0);
  if ((guest.load32(SPI_EXT2) & 7) !== 0) return 'again';
  update(guest, SPI_CTRL, ENABLE_AHB, 0);
  return undefined;
}

function done(action: (guest: RomGuest) => void): (guest: RomGuest) => undefined {
  return (guest) => {
    action(guest);
    return undefined;
  };
}

// prettier-ignore
export const spiCalls: readonly RomCall[] = [
  { addr: 0x40003f58, name: 'SelectSpiFunction',  cycles: 40, run: done(selectSpiFunction) },
  { addr: 0x40004568, name: 'SPIFlashModeConfig', cycles: 20, run: done((guest) => configureFlashMode(guest, guest.ar[2]! & 0xff)) },
  { addr: 0x40004644, name: 'spi_flash_attach',   cycles: 50, run: done(selectSpiFunction) },
  { addr: 0x40004678, name: 'Cache_Read_Enable',  cycles: 60, run: cacheReadEnable },
  { addr: 0x400047f0, name: 'Cache_Read_Disable', cycles: 30, run: cacheReadDisable },
  { addr: 0x400048ec, name: 'SPIReadModeCnfig',   cycles: 20, run: done((guest) => configureFlashMode(guest, guest.ar[2]! & 0xff)) },
];
