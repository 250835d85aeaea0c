/**
 * The serial loader's guest half. native_loader_step (loader.ts) takes bytes out of the receive ring, keeps the
 * protocol's state in RAM and answers with one operation at a time; whatever takes the line's or the flash's time is
 * done here, so that bytes go on arriving by interrupt meanwhile. a2 = operation, a3… = arguments; the result of an
 * operation goes to the next step in a2.
 */
export const LOADER_SOURCE = `
serial_loader:
  prologue 16
  movi a2, 0
loader_step:
  rsil a3, 1                 // no byte may arrive between the look into the ring and waiti
  call0 native_loader_step
  beqz a2, loader_wait
  rsil a8, 0
  beqi a2, 1, loader_send
  beqi a2, 2, loader_erase
  beqi a2, 3, loader_write
  beqi a2, 4, loader_read
  beqi a2, 5, loader_delay
  beqi a2, 6, loader_attach
  beqi a2, 7, loader_leave
  j loader_step
loader_wait:
  waiti 0
  movi a2, 0
  j loader_step
loader_send:                 // a3 bytes, a4 how many: raw, one at a time as the ROM does
  s32i a12, a1, 4
  s32i a13, a1, 8
  mov a12, a3
  add a13, a3, a4
loader_send_byte:
  l8ui a2, a12, 0
  call0 tx_one_char
  addi a12, a12, 1
  bne a12, a13, loader_send_byte
  l32i a12, a1, 4
  l32i a13, a1, 8
  movi a2, 0
  j loader_step
loader_erase:
  mov a2, a3
  mov a3, a4
  call0 spi_erase_area
  j loader_step
loader_write:
  mov a2, a3
  mov a3, a4
  mov a4, a5
  call0 spi_write
  j loader_step
loader_read:
  mov a2, a3
  mov a3, a4
  mov a4, a5
  call0 spi_read
  j loader_step
loader_delay:
  mov a2, a3
  call0 delay_us
  movi a2, 0
  j loader_step
loader_attach:
  call0 flash_attach
  movi a2, 0
  j loader_step
loader_leave:
  epilogue 16
`;
