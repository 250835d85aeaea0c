/**
 * The SPI flash functions that programs call (chip.md 5.3 "SPI high"), for the chip that the pointer at 0x3fffc714
 * leads to. What they do with it stands in spi-chip-source.ts.
 */
export const SPI_SOURCE = `
// SPIRead(addr, dst, len)
spi_read:
  prologue 16, a2, a3, a4
  l32r a2, =0x3fffc714
  l32i a2, a2, 0
  call0 spi_wait_idle
  l32r a2, =0x3fffc714
  l32i a2, a2, 0
  l32i a3, a1, 4
  l32i a4, a1, 8
  l32i a5, a1, 12
  call0 spi_read_data
  epilogue 16

// SPIWrite(addr, src, len): split at page ends
spi_write:
  prologue 32, a12, a13, a14, a15
  mov a12, a2
  mov a13, a3
  mov a14, a4
  l32r a15, =0x3fffc714
  l32i a15, a15, 0
  l32i a5, a15, 4
  add a4, a2, a4
  movi a2, 1
  bltu a5, a4, spi_write_leave
spi_write_page:
  movi a2, 0
  beqz a14, spi_write_leave
  l32i a6, a15, 16
  addi a7, a6, -1
  and a7, a7, a12
  sub a5, a6, a7             // room in this page
  bgeu a14, a5, spi_write_part
  mov a5, a14
spi_write_part:
  s32i a5, a1, 20
  mov a2, a15
  mov a3, a12
  mov a4, a13
  call0 spi_page_program
  bnez a2, spi_write_leave
  l32i a5, a1, 20
  add a12, a12, a5
  add a13, a13, a5
  sub a14, a14, a5
  j spi_write_page
spi_write_leave:
  epilogue 32, a12, a13, a14, a15

// SPIEraseSector(n), SPIEraseBlock(n): refuse beyond the size the ROM believes in
spi_erase_sector_number:
  l32r a3, =0x3fffc714
  l32i a3, a3, 0
  l32i a4, a3, 12
  l32r a6, =spi_sector_erase
  j spi_erase_number
spi_erase_block_number:
  l32r a3, =0x3fffc714
  l32i a3, a3, 0
  l32i a4, a3, 8
  l32r a6, =spi_block_erase
spi_erase_number:
  mull a5, a2, a4
  l32i a4, a3, 4
  bgeu a5, a4, spi_erase_number_refused
  prologue 16, a5, a6
  mov a2, a3
  call0 spi_wait_idle
  l32r a2, =0x3fffc714
  l32i a2, a2, 0
  call0 spi_write_enable
  l32r a2, =0x3fffc714
  l32i a2, a2, 0
  l32i a3, a1, 4
  l32i a6, a1, 8
  callx0 a6
  epilogue 16
spi_erase_number_refused:
  movi a2, 1
  ret

// SPIEraseChip()
spi_erase_chip:
  prologue 16
  l32r a2, =0x3fffc714
  l32i a2, a2, 0
  call0 spi_wait_idle
  l32r a2, =0x3fffc714
  l32i a2, a2, 0
  call0 spi_write_enable
  l32r a8, =0x60000200
  l32r a4, =0x00400000
  s32i a4, a8, 0
  wait_zero a4, a8, 0
  l32r a2, =0x3fffc714
  l32i a2, a2, 0
  call0 spi_wait_idle
  epilogue 16

// SPIUnlock(), SPILock(): block protection off and on
spi_unlock:
  movi a3, 0
  j spi_set_protection
spi_lock:
  movi a3, 0x1c
spi_set_protection:
  prologue 16, a3
  l32r a2, =0x3fffc714
  l32i a2, a2, 0
  call0 spi_wait_idle
  l32r a2, =0x3fffc714
  l32i a2, a2, 0
  call0 spi_write_enable
  l32r a2, =0x3fffc714
  l32i a2, a2, 0
  l32i a3, a1, 4
  call0 spi_write_status
  l32r a2, =0x3fffc714
  l32i a2, a2, 0
  call0 spi_wait_idle
  epilogue 16

// SPIParamCfg(id, size, block, sector, page, status mask)
spi_param_cfg:
  l32r a8, =0x3fffc714
  l32i a8, a8, 0
  s32i a2, a8, 0
  s32i a3, a8, 4
  s32i a4, a8, 8
  s32i a5, a8, 12
  s32i a6, a8, 16
  s32i a7, a8, 20
  movi a2, 0
  ret

// SPIEraseArea(start, size). The count of sectors up to the first 64 K boundary is not taken off the total: head + n
// sectors are erased (measured behaviour, chip.md 6.2; host tools shrink the size to make up for it).
spi_erase_area:
  prologue 32, a12, a13, a14
  l32r a8, =0x3fffc714
  l32i a8, a8, 0
  l32i a9, a8, 12
  addi a10, a9, -1
  and a11, a2, a10
  bnez a11, spi_erase_area_refused
  add a11, a2, a3
  l32i a7, a8, 4
  bltu a7, a11, spi_erase_area_refused
  srli a12, a2, 12           // sector number
  add a13, a3, a10
  srli a13, a13, 12          // n sectors
  extui a14, a12, 0, 4
  movi a4, 16
  sub a14, a4, a14           // head
  bgeu a13, a14, spi_erase_area_head
  mov a14, a13
spi_erase_area_head:
  beqz a14, spi_erase_area_blocks
  mov a2, a12
  call0 spi_erase_sector_number
  bnez a2, spi_erase_area_refused
  addi a12, a12, 1
  addi a14, a14, -1
  j spi_erase_area_head
spi_erase_area_blocks:
  movi a4, 17
  bltu a13, a4, spi_erase_area_tail
  srli a2, a12, 4
  call0 spi_erase_block_number
  bnez a2, spi_erase_area_refused
  addi a12, a12, 16
  addi a13, a13, -16
  j spi_erase_area_blocks
spi_erase_area_tail:
  beqz a13, spi_erase_area_done
  mov a2, a12
  call0 spi_erase_sector_number
  bnez a2, spi_erase_area_refused
  addi a12, a12, 1
  addi a13, a13, -1
  j spi_erase_area_tail
spi_erase_area_refused:
  movi a2, 1
  j spi_erase_area_leave
spi_erase_area_done:
  movi a2, 0
spi_erase_area_leave:
  epilogue 32, a12, a13, a14
`;
