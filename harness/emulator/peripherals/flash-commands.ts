/** Opcodes of the W25Q family (data sheet W25Q32JV, instruction set tables; XMC's 79 from its start-up note). */
export const FLASH_COMMAND = {
  WRSR1: 0x01,
  /** PAGE PROGRAM */
  PP: 0x02,
  READ: 0x03,
  WRDI: 0x04,
  RDSR1: 0x05,
  WREN: 0x06,
  FAST_READ: 0x0b,
  WRSR3: 0x11,
  RDSR3: 0x15,
  /** SECTOR ERASE, 4 KiB */
  SE: 0x20,
  WRSR2: 0x31,
  /** PAGE PROGRAM, data on four lines */
  QUAD_PP: 0x32,
  RDSR2: 0x35,
  /** FAST READ, data on two lines */
  READ_DUAL_OUTPUT: 0x3b,
  /** READ UNIQUE ID */
  RUID: 0x4b,
  /** WRITE ENABLE for the volatile copy of the status registers */
  WREN_VOLATILE: 0x50,
  /** BLOCK ERASE, 32 KiB */
  BE32: 0x52,
  RDSFDP: 0x5a,
  /** CHIP ERASE, second opcode */
  CE2: 0x60,
  RESET_ENABLE: 0x66,
  /** FAST READ, data on four lines */
  READ_QUAD_OUTPUT: 0x6b,
  /** XMC: ultra deep power-down; others ignore it */
  XMC_ULTRA_POWER_DOWN: 0x79,
  /** READ MANUFACTURER AND DEVICE ID */
  REMS: 0x90,
  RESET: 0x99,
  RDID: 0x9f,
  /** HIGH PERFORMANCE MODE of older parts; no effect on this family */
  HPM: 0xa3,
  /** RELEASE POWER-DOWN, and the device id after three dummy bytes */
  RES: 0xab,
  /** DEEP POWER-DOWN */
  DP: 0xb9,
  /** FAST READ, address and data on two lines */
  READ_DUAL_IO: 0xbb,
  /** CHIP ERASE */
  CE: 0xc7,
  /** BLOCK ERASE, 64 KiB */
  BE64: 0xd8,
  /** FAST READ, address and data on four lines */
  READ_QUAD_IO: 0xeb,
  /** Leaves the continuous read mode */
  MODE_RESET: 0xff,
} as const;

/**
 * Bytes on the wire before the first byte of the answer: opcode, address, mode byte and dummies, dummies counted in
 * bytes of the lines they are sent on (the four dummy clocks of EB are two bytes of four lines). 0: no answer.
 */
export const FLASH_HEADER_BYTES: Uint8Array = headerBytes();

function headerBytes(): Uint8Array {
  const table = new Uint8Array(256);
  table[FLASH_COMMAND.READ] = 4;
  table[FLASH_COMMAND.FAST_READ] = 5;
  table[FLASH_COMMAND.READ_DUAL_OUTPUT] = 5;
  table[FLASH_COMMAND.READ_QUAD_OUTPUT] = 5;
  table[FLASH_COMMAND.READ_DUAL_IO] = 5;
  table[FLASH_COMMAND.READ_QUAD_IO] = 7;
  table[FLASH_COMMAND.RDSFDP] = 5;
  table[FLASH_COMMAND.RUID] = 5;
  table[FLASH_COMMAND.REMS] = 4;
  table[FLASH_COMMAND.RES] = 4;
  table[FLASH_COMMAND.RDID] = 1;
  table[FLASH_COMMAND.RDSR1] = 1;
  table[FLASH_COMMAND.RDSR2] = 1;
  table[FLASH_COMMAND.RDSR3] = 1;
  return table;
}

/** Status register 1. */
export const SR1_WIP = 0x01;
export const SR1_WEL = 0x02;
/** Block protect bits 0-2. */
export const SR1_BP = 0x1c;
/** Top/bottom protect: 1 = from the bottom. */
export const SR1_TB = 0x20;
/** Sector protect: 1 = the protected area counts in 4 KiB steps. */
export const SR1_SEC = 0x40;
/** Bits a WRSR can change: SRP0, SEC, TB, BP2-0. */
export const SR1_WRITABLE = 0xfc;
/** Quad enable: the WP and HOLD pins become data lines. */
export const SR2_QE = 0x02;
/** Complement protect: protects what the other bits leave open. */
export const SR2_CMP = 0x40;
/** SRP1, QE, LB1-3, CMP; SUS (bit 7) is read-only. */
export const SR2_WRITABLE = 0x7b;
/** WPS, drive strength, HOLD/RST. */
export const SR3_WRITABLE = 0xe4;
