/**
 * Where the boot ROM keeps things in RAM. Addresses with a source are facts that programs can observe (chip.md 5.4);
 * the others are ours, inside the area that the ROM clears at reset.
 */
export const ROM_RAM = {
  /** Assembly-level exception table, 64 words. */
  EXCEPTION_TABLE: 0x3fffc000,
  /** C handlers by cause, called as fn(frame, cause). */
  C_HANDLERS: 0x3fffc100,
  /** Shadow of INTENABLE, then the virtual-priority mask. */
  INTERRUPT_MASK: 0x3fffc200,
  /** {handler, argument} by interrupt number. */
  INTERRUPT_TABLE: 0x3fffc208,
  /** CPU ticks per microsecond that ets_delay_us believes in: 80. */
  TICKS_PER_MICRO: 0x3fffc704,
  /** → FLASH_CHIP. */
  FLASH_CHIP_POINTER: 0x3fffc714,
  /** {id, size, block, sector, page, status mask}. */
  FLASH_CHIP: 0x3fffc718,
  /** Initialised data ends here, zeroed data begins. */
  BSS: 0x3fffdab0,
  BSS_END: 0x3fffeb30,
  /** Boot flow: phase and its variables (ours). */
  BOOT_STATE: 0x3fffdb00,
  /** One line of 16 bytes that the image loader reads flash into (ours). */
  BOOT_LINE: 0x3fffdb60,
  /** Loader state (ours). */
  LOADER_STATE: 0x3fffdb80,
  /** Characters go to this function (ours). */
  PUTC1: 0x3fffdcc0,
  /** Entry set by ets_set_user_start or MEM_END. */
  USER_START: 0x3fffdcd0,
  LOADER_RESPONSE: 0x3fffde00,
  UART_DEVICE: 0x3fffde10,
  RX_RING: 0x3fffde60,
  /** Packets of the serial loader. */
  LOADER_BUFFER: 0x3fffa000,
} as const;

export const RX_RING_BYTES = 256;

/** Offsets in the UART device structure at UART_DEVICE. */
export const UART_DEVICE_FIELD = {
  BAUD: 0,
  DATA_BITS: 4,
  RING_SIZE: 24,
  RING_START: 28,
  RING_WRITE: 32,
  RING_READ: 36,
  RX_STATE: 56,
  UART_NUMBER: 64,
} as const;

/** Our own code and read-only data lie behind the last address that programs know (`__floatsidf` at 0x4000E2F0). */
export const ROM_OWN_CODE = 0x4000e800;
/** Own native functions, four bytes apart. */
export const ROM_OWN_CALLS = 0x4000fe00;
/** Initialised data as it lies in the ROM; copied to RAM at reset. */
export const ROM_DATA_IMAGE = 0x4000f800;
export const ROM_DATA_ADDR = 0x3fffc700;
