/**
 * Reset and the boot flow (chip.md 5.2). What happens next is decided by native_boot_step (boot-flow.ts), which keeps
 * its place in RAM; whatever prints, reads flash or waits is done here, as guest code.
 *
 * native_boot_step answers a2 = operation, a3… = its arguments:
 * 0 printf(a3, a4…a7) · 1 SPIRead(a3, a4, a5) · 2 call the entry a3 · 3 stop · 4 spi_flash_attach · 5 serial loader
 */
export const BOOT_SOURCE = `
reset:
  movi a0, 0
  wsr.intenable a0
  wsr.litbase a0
  l32r a2, =0x40000000
  wsr.vecbase a2
  // Region protection, one nibble for each 512 MB: nothing may touch 0x00000000-0x1FFFFFFF.
  l32r a3, =0x2222211f
  movi a4, 0
  movi a6, 8
reset_regions:
  witlb a3, a4
  wdtlb a3, a4
  srli a3, a3, 4
  l32r a5, =0x20000000
  add a4, a4, a5
  addi a6, a6, -1
  bnez a6, reset_regions
  isync
  mov a1, a2                 // the stack grows down from 0x40000000
  l32r a2, =0x3fffc000
  l32r a3, =0x3fffeb30
reset_clear:
  s32i a0, a2, 0
  addi a2, a2, 4
  bltu a2, a3, reset_clear
  l32r a2, =0x3fffc700
  l32r a3, =rom_data
  l32r a4, =rom_data_end
reset_copy:
  l32i a5, a3, 0
  s32i a5, a2, 0
  addi a2, a2, 4
  addi a3, a3, 4
  bltu a3, a4, reset_copy
  movi a2, 0x20
  wsr.ps a2
  rsync
  call0 uart_attach
  movi a2, 0
  call0 uart_init
  call0 install_uart_printf

boot_next:
  call0 native_boot_step
  beqi a2, 1, boot_read
  beqi a2, 2, boot_call
  beqi a2, 3, boot_stop
  beqi a2, 4, boot_attach
  beqi a2, 5, boot_loader
  mov a2, a3
  mov a3, a4
  mov a4, a5
  mov a5, a6
  mov a6, a7
  call0 ets_printf
  j boot_next
boot_read:
  mov a2, a3
  mov a3, a4
  mov a4, a5
  call0 spi_read
  j boot_next
boot_attach:
  call0 flash_attach
  j boot_next
boot_loader:
  call0 serial_loader
  j boot_next
boot_stop:
  waiti 0
  j boot_stop

// 0x400010A8: stubs return here to boot from flash
spi_boot:
  l32r a1, =0x40000000
  call0 native_boot_from_flash
  j boot_next

boot_call:
  j call_entry               // at its own address: programs may look at a0
entry_returned:
  l32r a2, =text_user_code_done
  call0 ets_printf
ets_run:
  waiti 0
  j ets_run
set_user_start:
  l32r a3, =0x3fffdcd0
  s32i a2, a3, 0
  ret
`;

/** Initialised data, assembled for where reset copies it to. */
export const DATA_SOURCE = `
  .org 0x3fffc704
  .word 80
  .org 0x3fffc714
  .word 0x3fffc718
  .word 0x1640ef, 0x400000, 0x10000, 0x1000, 0x100, 0xffff
text_banner:         .asciz "\\n ets %s,rst cause:%d, boot mode:(%d,%d)\\n\\n"
text_date:           .asciz "Jan  8 2013"
text_wdt_reset:      .asciz "wdt reset\\n"
text_unknown_reset:  .asciz "unknown reset\\n"
text_waiting:        .asciz "waiting for host\\n"
text_load:           .asciz "load 0x%08x, len %d, room %d \\n"
text_tail:           .asciz "tail %d\\n"
text_chksum:         .asciz "chksum 0x%02x\\n"
text_csum:           .asciz "csum 0x%02x\\n"
text_csum_err:       .asciz "csum err\\n"
text_ho:             .asciz "ho %d tail %d room %d\\n"
text_failed:         .asciz "%s %s \\n"
text_main:           .asciz "ets_main.c"
text_nothing:        .asciz ""
text_user_code_done: .asciz "user code done\\n"
text_fatal:          .asciz "Fatal exception (%d): \\n"
text_epc:            .asciz "epc1=0x%08x, epc2=0x%08x, epc3=0x%08x, excvaddr=0x%08x, depc=0x%08x\\n"
  .align 4
data_end:
`;
