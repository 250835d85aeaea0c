/**
 * The ESP8266 as data: addresses, sizes, causes. Facts only, no behaviour.
 * Sources: ESP8266_RTOS_SDK `components/esp8266/include/esp8266/*.h`, `components/esp8266/ld/*.ld`; esp-open-rtos
 * `core/include/esp/*_regs.h`; measurements are marked so.
 */

/** Data RAM, 80 KiB for apps and 16 KiB at the top that the ROM uses while it runs. */
export const DRAM_BASE = 0x3ffe8000;
export const DRAM_SIZE = 0x18000;

/** Boot ROM; as data it can be read 32 bits at a time only. */
export const ROM_BASE = 0x40000000;
export const ROM_SIZE = 0x10000;

/** Instruction RAM: 32 KiB always, and two banks of 16 KiB that the flash cache can take away. */
export const IRAM_BASE = 0x40100000;
export const IRAM_SIZE = 0x10000;
/** Taken by DPORT+24 bit 4. */
export const IRAM_BANK1_BASE = 0x40108000;
/** Taken by DPORT+24 bit 3. */
export const IRAM_BANK2_BASE = 0x4010c000;
export const IRAM_BANK_SIZE = 0x4000;

/** Flash through the cache, 1 MiB (2 MiB with the 2M-map bit). */
export const FLASH_WINDOW_BASE = 0x40200000;
export const FLASH_WINDOW_SIZE = 0x100000;

/** RTC memory: survives everything but power loss. */
export const RTC_MEMORY_BASE = 0x60001000;
export const RTC_MEMORY_SIZE = 0x400;

export const DPORT_BASE = 0x3ff00000;
export const WDEV_BASE = 0x3ff20000;
export const WDEV_SIZE = 0x2000;
export const UART0_BASE = 0x60000000;
export const SPI1_BASE = 0x60000100;
export const SPI0_BASE = 0x60000200;
export const GPIO_BASE = 0x60000300;
export const TIMER_BASE = 0x60000600;
export const RTC_BASE = 0x60000700;
export const IOMUX_BASE = 0x60000800;
export const WATCHDOG_BASE = 0x60000900;
export const SLC_BASE = 0x60000b00;
export const ANALOG_I2C_BASE = 0x60000d00;
export const I2S_BASE = 0x60000e00;
export const UART1_BASE = 0x60000f00;

/** Interrupt inputs of the CPU (ESP8266_RTOS_SDK `esp8266/include/rom/ets_sys.h`). */
export const INTERRUPT = {
  WDEV_FIQ: 0,
  SLC: 1,
  SPI: 2,
  RTC: 3,
  GPIO: 4,
  UART: 5,
  CCOMPARE0: 6,
  SOFTWARE: 7,
  WATCHDOG: 8,
  FRC1: 9,
  FRC2: 10,
  NMI: 14,
} as const;

/** EXCCAUSE values that occur on the LX106. */
export const EXCCAUSE = {
  ILLEGAL: 0,
  SYSCALL: 1,
  INST_FETCH_ERROR: 2,
  LOAD_STORE_ERROR: 3,
  LEVEL1_INTERRUPT: 4,
  ALIGNMENT: 9,
  INST_FETCH_PROHIBITED: 20,
  LOAD_PROHIBITED: 28,
  STORE_PROHIBITED: 29,
} as const;

/** RTC+14 bits 0-3, printed by the ROM as `rst cause`. */
export const RESET_CAUSE = {
  POWER_ON: 1,
  EXTERNAL: 2,
  SOFTWARE: 3,
  WATCHDOG: 4,
  DEEP_SLEEP: 5,
  SDIO: 6,
} as const;

/** Straps {GPIO2, GPIO0, GPIO15} as GPIO IN bits 16-18 show them; the ROM prints them as the first mode number. */
export const BOOT_STRAPS = { UART_DOWNLOAD: 1, FLASH: 3 } as const;
