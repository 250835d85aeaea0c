/** UART and printing (chip.md 5.3 "uart" and "printf"): everything that waits for the line runs as guest code. */
export const CONSOLE_SOURCE = `
// tx_one_char(c): waits until the FIFO of the ROM's console UART is empty, so ROM output never bursts
tx_one_char:
  l32r a3, =0x3fffde10
  l32i a3, a3, 64
  l32r a4, =0x60000000
  beqz a3, tx_wait
  l32r a4, =0x60000f00
tx_wait:
  l32i a5, a4, 0x1c
  extui a5, a5, 16, 8
  bnez a5, tx_wait
  s32i a2, a4, 0
  movi a2, 0
  ret

// uart_putc(c): "\\n" goes out as "\\r\\n", a lone "\\r" is dropped
uart_putc:
  prologue 16
  movi a3, 13
  beq a2, a3, uart_putc_done
  movi a3, 10
  bne a2, a3, uart_putc_plain
  movi a2, 13
  call0 tx_one_char
  movi a2, 10
uart_putc_plain:
  call0 tx_one_char
uart_putc_done:
  epilogue 16

install_putc1:
  l32r a3, =0x3fffdcc0
  s32i a2, a3, 0
  ret
install_uart_printf:
  l32r a2, =uart_putc
  j install_putc1

// write_char(c): through the installed putc
write_char:
  l32r a3, =0x3fffdcc0
  l32i a3, a3, 0
  beqz a3, write_char_none
  jx a3
write_char_none:
  ret

// rx_one_char(*c) → 0, or 1 when there is no byte. What the interrupt has not put into the ring comes out of the FIFO:
// stub 1 of esptool masks the interrupt, or has its own, and still fetches the acknowledgments of a read this way.
rx_one_char:
  l32r a3, =0x3fffde10
  l32i a4, a3, 36
  l32i a5, a3, 32
  beq a4, a5, rx_empty
  l8ui a6, a4, 0
  s8i a6, a2, 0
  addi a4, a4, 1
  l32r a6, =0x3fffdf60
  bne a4, a6, rx_no_wrap
  l32r a4, =0x3fffde60
rx_no_wrap:
  s32i a4, a3, 36
  movi a2, 0
  ret
rx_empty:
  l32r a4, =0x60000000
  l32i a5, a4, 0x1c
  extui a5, a5, 0, 8
  beqz a5, rx_none
  l32i a5, a4, 0
  s8i a5, a2, 0
  movi a2, 0
  ret
rx_none:
  movi a2, 1
  ret

// rx_one_char_block() → the next byte, whenever it comes (stub of esptool 2)
rx_one_char_block:
  prologue 16
rx_block_again:
  addi a2, a1, 4
  call0 rx_one_char
  bnez a2, rx_block_again
  l8ui a2, a1, 4
  epilogue 16

// rx_interrupt(device): FIFO → ring; a full ring drops what comes
rx_interrupt:
  l32r a3, =0x60000000
rx_interrupt_next:
  l32i a4, a3, 0x1c
  extui a4, a4, 0, 8
  beqz a4, rx_interrupt_done
  l32i a5, a3, 0
  l32i a6, a2, 32
  addi a7, a6, 1
  l32r a8, =0x3fffdf60
  bne a7, a8, rx_interrupt_no_wrap
  l32r a7, =0x3fffde60
rx_interrupt_no_wrap:
  l32i a8, a2, 36
  beq a7, a8, rx_interrupt_next
  s8i a5, a6, 0
  s32i a7, a2, 32
  j rx_interrupt_next
rx_interrupt_done:
  movi a4, 0x1ff
  s32i a4, a3, 0x10
  ret

// uart_attach(): the device structure, the receive interrupt
uart_attach:
  prologue 16
  call0 native_uart_device
  movi a2, 5
  l32r a3, =rx_interrupt
  l32r a4, =0x3fffde10
  call0 isr_attach
  epilogue 16

// uart_init(n): 8N1 at APB / 694, receive threshold 1
uart_init:
  prologue 16
  call0 native_uart_init
  movi a2, 0x20
  call0 isr_unmask
  epilogue 16

// vprintf(putc, fmt, va_list by value in a4-a6) → characters
ets_vprintf:
  prologue 80, a12
  mov a12, a2
  addi a2, a1, 16
  call0 native_printf_begin
ets_vprintf_next:
  addi a2, a1, 16
  call0 native_printf_next
  bltz a2, ets_vprintf_done
  callx0 a12
  j ets_vprintf_next
ets_vprintf_done:
  addi a2, a1, 16
  call0 native_printf_count
  l32i a12, a1, 4
  epilogue 80

// printf(fmt, …): the six register arguments are saved in order; arguments on the stack begin at a1 + 48
ets_printf:
  prologue 48
  s32i a2, a1, 16
  s32i a3, a1, 20
  s32i a4, a1, 24
  s32i a5, a1, 28
  s32i a6, a1, 32
  s32i a7, a1, 36
  mov a3, a2
  l32r a2, =write_char
  addi a4, a1, 16            // GCC's va_list: stack arguments count from index 32
  addi a5, a1, 16
  movi a6, 4
  call0 ets_vprintf
  epilogue 48
`;
