/**
 * The SPI flash functions that are given a chip (chip.md 5.3 "SPI low"): they drive SPI0's registers as guest code, so
 * they take the flash's own time and let interrupts through. chip* is {id, size, block, sector, page, status mask}.
 */
export const SPI_CHIP_SOURCE = `
// read_status(chip, *out): RDSR until WIP is clear
spi_read_status:
  l32r a8, =0x60000200
  l32r a7, =0x08000000
spi_read_status_again:
  movi a4, 0
  s32i a4, a8, 0x10
  s32i a7, a8, 0
  wait_zero a4, a8, 0
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
  wait_zero a4, a8, 0
  movi a2, 0
  ret

// write_enable(chip): WREN, then RDSR until WEL reads 1
spi_write_enable:
  l32r a8, =0x60000200
  l32r a7, =0x40000000
  s32i a7, a8, 0
  wait_zero a4, a8, 0
  l32r a7, =0x08000000
spi_write_enable_again:
  s32i a7, a8, 0
  wait_zero a4, a8, 0
  l32i a4, a8, 0x10
  bbci a4, 1, spi_write_enable_again
  movi a2, 0
  ret

// wait_idle(chip)
spi_wait_idle:
  prologue 16
  l32r a3, =0x3ff0000c
spi_wait_idle_bus:
  l32i a4, a3, 0
  bbsi a4, 9, spi_wait_idle_bus
  addi a3, a1, 4
  call0 spi_read_status
  epilogue 16

// enable_qmode(chip), disable_qmode(chip): QE through a two-byte WRSR
spi_enable_qmode:
  movi a3, 0x200
  j spi_set_qmode
spi_disable_qmode:
  movi a3, 0
spi_set_qmode:
  prologue 16, a2, a3
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
  epilogue 16

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
  wait_zero a4, a8, 0
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
  prologue 32, a12, a13, a14, a15
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
  wait_zero a4, a8, 0
  mov a2, a12
  call0 spi_wait_idle
  j spi_page_program_piece
spi_page_program_done:
  movi a2, 0
  epilogue 32, a12, a13, a14, a15

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
  wait_zero a7, a8, 0
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
`;
