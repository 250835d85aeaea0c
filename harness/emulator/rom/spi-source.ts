/**
 * The SPI flash functions (chip.md 5.3 "SPI low" and "SPI high"): they drive SPI0's registers as guest code, so they
 * take the flash's own time and let interrupts through. chip* is {id, size, block, sector, page, status mask}.
 */
export const SPI_SOURCE = `
// read_status(chip, *out): RDSR until WIP is clear
spi_read_status:
  l32r a8, =0x60000200
  l32r a7, =0x08000000
spi_read_status_again:
  movi a4, 0
  s32i a4, a8, 0x10
  s32i a7, a8, 0
spi_read_status_spin:
  l32i a4, a8, 0
  bnez a4, spi_read_status_spin
  l32i a4, a8, 0x10
  l32i a5, a2, 20
  and a4, a4, a5
  bbsi a4, 0, spi_read_status_again
  s32i a4, a3, 0
  movi a2, 0
  ret

// write_status(chip, value)
spi_write_status:
  l32r a8, =0x60000200
  s32i a3, a8, 0x10
  l32r a4, =0x04000000
  s32i a4, a8, 0
spi_write_status_spin:
  l32i a4, a8, 0
  bnez a4, spi_write_status_spin
  movi a2, 0
  ret

// write_enable(chip): WREN, then RDSR until WEL reads 1
spi_write_enable:
  l32r a8, =0x60000200
  l32r a7, =0x40000000
  s32i a7, a8, 0
spi_write_enable_spin:
  l32i a4, a8, 0
  bnez a4, spi_write_enable_spin
  l32r a7, =0x08000000
spi_write_enable_again:
  s32i a7, a8, 0
spi_write_enable_poll:
  l32i a4, a8, 0
  bnez a4, spi_write_enable_poll
  l32i a4, a8, 0x10
  bbci a4, 1, spi_write_enable_again
  movi a2, 0
  ret

// wait_idle(chip)
spi_wait_idle:
  addi a1, a1, -16
  s32i a0, a1, 0
  l32r a3, =0x3ff0000c
spi_wait_idle_bus:
  l32i a4, a3, 0
  bbsi a4, 9, spi_wait_idle_bus
  addi a3, a1, 4
  call0 spi_read_status
  l32i a0, a1, 0
  addi a1, a1, 16
  ret

// enable_qmode(chip), disable_qmode(chip): QE through a two-byte WRSR
spi_enable_qmode:
  movi a3, 0x200
  j spi_set_qmode
spi_disable_qmode:
  movi a3, 0
spi_set_qmode:
  addi a1, a1, -16
  s32i a0, a1, 0
  s32i a2, a1, 4
  s32i a3, a1, 8
  l32r a8, =0x60000200
  l32i a4, a8, 0x08
  l32r a5, =0x00400000
  or a4, a4, a5
  s32i a4, a8, 0x08
  call0 spi_wait_idle
  l32i a2, a1, 4
  call0 spi_write_enable
  l32i a2, a1, 4
  l32i a3, a1, 8
  call0 spi_write_status
  l32i a2, a1, 4
  call0 spi_wait_idle
  l32i a0, a1, 0
  addi a1, a1, 16
  ret

// sector_erase(chip, addr): no WREN in here; addr must be sector-aligned
spi_sector_erase:
  l32i a4, a2, 12
  l32r a5, =0x01000000
  j spi_erase
// block_erase(chip, addr)
spi_block_erase:
  l32i a4, a2, 8
  l32r a5, =0x00800000
spi_erase:
  addi a4, a4, -1
  bany a3, a4, spi_refused
  l32r a8, =0x60000200
  l32r a6, =0x00ffffff
  and a3, a3, a6
  s32i a3, a8, 0x04
  s32i a5, a8, 0
spi_erase_spin:
  l32i a4, a8, 0
  bnez a4, spi_erase_spin
  j spi_wait_idle
spi_refused:
  movi a2, 1
  ret

// page_program(chip, addr, src, len): pieces of 32 bytes, WREN before each; len a multiple of 4, inside one page
spi_page_program:
  extui a6, a5, 0, 2
  bnez a6, spi_refused
  l32i a6, a2, 16
  addi a7, a6, -1
  and a7, a7, a3
  add a7, a7, a5
  bltu a6, a7, spi_refused
  addi a1, a1, -32
  s32i a0, a1, 0
  s32i a12, a1, 4
  s32i a13, a1, 8
  s32i a14, a1, 12
  s32i a15, a1, 16
  mov a12, a2
  mov a13, a3
  mov a14, a4
  mov a15, a5
  call0 spi_wait_idle
spi_page_program_piece:
  beqz a15, spi_page_program_done
  mov a2, a12
  call0 spi_write_enable
  movi a6, 32
  bgeu a15, a6, spi_page_program_length
  mov a6, a15
spi_page_program_length:
  l32r a8, =0x60000200
  l32r a5, =0x00ffffff
  and a4, a13, a5
  slli a5, a6, 24
  or a4, a4, a5
  s32i a4, a8, 0x04
  add a13, a13, a6
  sub a15, a15, a6
  addi a7, a8, 0x40
spi_page_program_copy:
  l32i a4, a14, 0
  s32i a4, a7, 0
  addi a14, a14, 4
  addi a7, a7, 4
  addi a6, a6, -4
  bnez a6, spi_page_program_copy
  l32r a4, =0x02000000
  s32i a4, a8, 0
spi_page_program_spin:
  l32i a4, a8, 0
  bnez a4, spi_page_program_spin
  mov a2, a12
  call0 spi_wait_idle
  j spi_page_program_piece
spi_page_program_done:
  movi a2, 0
  l32i a0, a1, 0
  l32i a12, a1, 4
  l32i a13, a1, 8
  l32i a14, a1, 12
  l32i a15, a1, 16
  addi a1, a1, 32
  ret

// read_data(chip, addr, dst, len): pieces of 32 bytes; fails beyond chip.size
spi_read_data:
  add a6, a3, a5
  l32i a7, a2, 4
  bltu a7, a6, spi_read_refused
  l32r a8, =0x60000200
  l32r a9, =0x80000000
spi_read_piece:
  beqz a5, spi_read_done
  movi a6, 32
  bgeu a5, a6, spi_read_length
  mov a6, a5
spi_read_length:
  l32r a10, =0x00ffffff
  and a7, a3, a10
  slli a10, a6, 24
  or a7, a7, a10
  s32i a7, a8, 0x04
  s32i a9, a8, 0
  add a3, a3, a6
  sub a5, a5, a6
spi_read_spin:
  l32i a7, a8, 0
  bnez a7, spi_read_spin
  addi a10, a8, 0x40
spi_read_word:
  movi a7, 4
  bltu a6, a7, spi_read_tail
  l32i a7, a10, 0
  s32i a7, a4, 0
  addi a10, a10, 4
  addi a4, a4, 4
  addi a6, a6, -4
  j spi_read_word
spi_read_tail:
  beqz a6, spi_read_piece
  l32i a7, a10, 0
spi_read_byte:
  s8i a7, a4, 0
  srli a7, a7, 8
  addi a4, a4, 1
  addi a6, a6, -1
  bnez a6, spi_read_byte
  j spi_read_piece
spi_read_done:
  movi a2, 0
  ret
spi_read_refused:
  movi a2, 1
  ret

// SPIRead(addr, dst, len)
spi_read:
  addi a1, a1, -16
  s32i a0, a1, 0
  s32i a2, a1, 4
  s32i a3, a1, 8
  s32i a4, a1, 12
  l32r a2, =0x3fffc714
  l32i a2, a2, 0
  call0 spi_wait_idle
  l32r a2, =0x3fffc714
  l32i a2, a2, 0
  l32i a3, a1, 4
  l32i a4, a1, 8
  l32i a5, a1, 12
  call0 spi_read_data
  l32i a0, a1, 0
  addi a1, a1, 16
  ret

// SPIWrite(addr, src, len): split at page ends
spi_write:
  addi a1, a1, -32
  s32i a0, a1, 0
  s32i a12, a1, 4
  s32i a13, a1, 8
  s32i a14, a1, 12
  s32i a15, a1, 16
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
  l32i a0, a1, 0
  l32i a12, a1, 4
  l32i a13, a1, 8
  l32i a14, a1, 12
  l32i a15, a1, 16
  addi a1, a1, 32
  ret

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
  addi a1, a1, -16
  s32i a0, a1, 0
  s32i a5, a1, 4
  s32i a6, a1, 8
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
  l32i a0, a1, 0
  addi a1, a1, 16
  ret
spi_erase_number_refused:
  movi a2, 1
  ret

// SPIEraseChip()
spi_erase_chip:
  addi a1, a1, -16
  s32i a0, a1, 0
  l32r a2, =0x3fffc714
  l32i a2, a2, 0
  call0 spi_wait_idle
  l32r a2, =0x3fffc714
  l32i a2, a2, 0
  call0 spi_write_enable
  l32r a8, =0x60000200
  l32r a4, =0x00400000
  s32i a4, a8, 0
spi_erase_chip_spin:
  l32i a4, a8, 0
  bnez a4, spi_erase_chip_spin
  l32r a2, =0x3fffc714
  l32i a2, a2, 0
  call0 spi_wait_idle
  l32i a0, a1, 0
  addi a1, a1, 16
  ret

// SPIUnlock(), SPILock(): block protection off and on
spi_unlock:
  movi a3, 0
  j spi_set_protection
spi_lock:
  movi a3, 0x1c
spi_set_protection:
  addi a1, a1, -16
  s32i a0, a1, 0
  s32i a3, a1, 4
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
  l32i a0, a1, 0
  addi a1, a1, 16
  ret

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
  addi a1, a1, -32
  s32i a0, a1, 0
  s32i a12, a1, 4
  s32i a13, a1, 8
  s32i a14, a1, 12
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
  l32i a0, a1, 0
  l32i a12, a1, 4
  l32i a13, a1, 8
  l32i a14, a1, 12
  addi a1, a1, 32
  ret
`;
