/** SPI flash chips by JEDEC id: 0xCCTTMM as RDID leaves it in SPI W0 (manufacturer in the low byte). */
export interface FlashChipFact {
  readonly sizeBytes: number;
  readonly jedecId: number;
  readonly name: string;
}

/** The W25Q family sizes a board is given by default; the id of the 4 MiB part is the one the boot ROM assumes. */
export const FLASH_CHIPS: readonly FlashChipFact[] = [
  { sizeBytes: 0x80000, jedecId: 0x1340ef, name: 'W25Q40' },
  { sizeBytes: 0x100000, jedecId: 0x1440ef, name: 'W25Q80' },
  { sizeBytes: 0x200000, jedecId: 0x1540ef, name: 'W25Q16' },
  { sizeBytes: 0x400000, jedecId: 0x1640ef, name: 'W25Q32' },
  { sizeBytes: 0x800000, jedecId: 0x1740ef, name: 'W25Q64' },
  { sizeBytes: 0x1000000, jedecId: 0x1840ef, name: 'W25Q128' },
];

export const FLASH_SECTOR_BYTES = 0x1000;
export const FLASH_BLOCK_BYTES = 0x10000;
export const FLASH_PAGE_BYTES = 0x100;
