/**
 * Registers of SPI0 (0x60000200, flash) and SPI1 (0x60000100, "HSPI") as byte offsets, and their bits.
 * Sources: ESP8266_RTOS_SDK components/esp8266/include/esp8266/{spi_register,spi_struct}.h; esp-open-rtos
 * core/include/esp/spi_regs.h (CTRL divider, names); docs of the project for what was measured.
 *
 * One object instead of single constants: where modules are not bundled, an imported constant is a getter call, and
 * these stand in the path of every register access.
 */
export const SPI_REGISTERS = {
  SPI_CMD: 0x00,
  /** Bits 0-23 address and 24-31 byte count of READ and PP; the USR address phase sends it from bit 31 down. */
  SPI_ADDR: 0x04,
  SPI_CTRL: 0x08,
  /** Result of RDSR, data of WRSR; bits 16-23 are the mode byte of fast reads. */
  SPI_RD_STATUS: 0x10,
  SPI_CLOCK: 0x18,
  SPI_USER: 0x1c,
  SPI_USER1: 0x20,
  SPI_USER2: 0x24,
  /** Goes on where ADDR ends in an address phase of more than 32 bits. */
  SPI_WR_STATUS: 0x28,
  SPI_SLAVE: 0x30,
  SPI_W0: 0x40,
  /** First offset behind W15. */
  SPI_W_END: 0x80,
  /** First of the four extension registers; between W15 and it there is nothing. */
  SPI_EXT0: 0xf0,
  /** Bits 0-2: state of the controller, 0 = idle. */
  SPI_EXT2: 0xf8,
  SPI_SIZE_BYTES: 0x100,

  /** CMD: one bit a flash command. They clear themselves when the command is over. */
  SPI_FLASH_READ: 0x80000000,
  SPI_FLASH_WREN: 0x40000000,
  SPI_FLASH_WRDI: 0x20000000,
  SPI_FLASH_RDID: 0x10000000,
  SPI_FLASH_RDSR: 0x08000000,
  SPI_FLASH_WRSR: 0x04000000,
  /** Page program. */
  SPI_FLASH_PP: 0x02000000,
  /** Sector erase, 4 KiB. */
  SPI_FLASH_SE: 0x01000000,
  /** Block erase, 64 KiB. */
  SPI_FLASH_BE: 0x00800000,
  /** Chip erase. */
  SPI_FLASH_CE: 0x00400000,
  /** Deep power-down. */
  SPI_FLASH_DP: 0x00200000,
  /** Release from power-down. */
  SPI_FLASH_RES: 0x00100000,
  /** High performance mode. */
  SPI_FLASH_HPM: 0x00080000,
  /** A transfer as the USER registers describe it. */
  SPI_USR: 0x00040000,

  /** CTRL */
  SPI_QIO_MODE: 0x01000000,
  SPI_DIO_MODE: 0x00800000,
  /** WRSR sends two bytes. */
  SPI_WRSR_2B: 0x00400000,
  SPI_QOUT_MODE: 0x00100000,
  /** The cache may fetch through this controller. */
  SPI_ENABLE_AHB: 0x00020000,
  SPI_DOUT_MODE: 0x00004000,
  /** Enables the four mode bits above. */
  SPI_FASTRD_MODE: 0x00002000,
  /** Flash clock = system clock; otherwise divided by CLKCNT_N (bits 8-11) + 1. */
  SPI_CTRL_CLK_EQU_SYSCLK: 0x00001000,
  /** Bit order of MISO and MOSI data: 1 = least significant bit first. */
  SPI_RD_BIT_ORDER: 0x02000000,
  SPI_WR_BIT_ORDER: 0x04000000,

  /** CLOCK: bit 31 clock = system clock; otherwise divided by (CLKDIV_PRE + 1) * (CLKCNT_N + 1). */
  SPI_CLK_EQU_SYSCLK: 0x80000000,

  /** USER */
  SPI_USR_COMMAND: 0x80000000,
  SPI_USR_ADDR: 0x40000000,
  SPI_USR_DUMMY: 0x20000000,
  SPI_USR_MISO: 0x10000000,
  SPI_USR_MOSI: 0x08000000,
  /** MOSI, MISO data begins in W8 instead of W0. */
  SPI_USR_MOSI_HIGHPART: 0x02000000,
  SPI_USR_MISO_HIGHPART: 0x01000000,
  /** PP with data on four lines. */
  SPI_FWRITE_QUAD: 0x00002000,
  /** Byte order within a W word: 1 = big-endian. */
  SPI_WR_BYTE_ORDER: 0x00000800,
  SPI_RD_BYTE_ORDER: 0x00000400,
  /** MISO is sampled while MOSI is sent. */
  SPI_DUPLEX: 0x00000001,

  /** SLAVE */
  SPI_SYNC_RESET: 0x80000000,
  SPI_SLAVE_MODE: 0x40000000,
  /** Counts transfers, bits 23-26. */
  SPI_TRANS_CNT: 0x07800000,
  SPI_TRANS_CNT_ONE: 0x00800000,
  SPI_TRANS_DONE_EN: 0x00000200,
  SPI_TRANS_DONE: 0x00000010,
} as const;
