/**
 * Vectors, the level-1 dispatcher and the interrupt functions (chip.md 1 and 5.1 b). Programs attach handlers through
 * ets_isr_attach and rely on this dispatcher while VECBASE is 0x40000000.
 *
 * Frame on the interrupted stack: 0 PC, 4 PS, 8 SAR, 16 + 4·n a-n, 80 EXCCAUSE, 84 EXCVADDR.
 */
export const VECTORS_SOURCE = `
user_exception:
  addi a1, a1, -128
  s32i a0, a1, 16
  addi a0, a1, 127
  addi a0, a0, 1
  s32i a0, a1, 20
  s32i a2, a1, 24
  s32i a3, a1, 28
  s32i a4, a1, 32
  s32i a5, a1, 36
  s32i a6, a1, 40
  s32i a7, a1, 44
  s32i a8, a1, 48
  s32i a9, a1, 52
  s32i a10, a1, 56
  s32i a11, a1, 60
  s32i a12, a1, 64
  s32i a13, a1, 68
  s32i a14, a1, 72
  s32i a15, a1, 76
  rsr.epc1 a2
  s32i a2, a1, 0
  rsr.ps a2
  s32i a2, a1, 4
  rsr.sar a2
  s32i a2, a1, 8
  rsr.exccause a3
  s32i a3, a1, 80
  rsr.excvaddr a2
  s32i a2, a1, 84
  movi a2, 0x21              // handlers run in user vector mode, level 1, EXCM clear
  wsr.ps a2
  rsync
  beqi a3, 4, dispatch_interrupts
  l32r a4, =0x3fffc100
  addx4 a4, a3, a4
  l32i a4, a4, 0
  beqz a4, unhandled_exception
  mov a2, a1
  callx0 a4
  j leave_exception

dispatch_interrupts:         // lowest number first, until none is left
  rsr.interrupt a12
  rsr.intenable a13
  and a12, a12, a13
  extui a12, a12, 0, 14
  beqz a12, leave_exception
  neg a13, a12
  and a12, a12, a13
  wsr.intclear a12
  nsau a13, a12
  movi a14, 31
  sub a13, a14, a13
  l32r a4, =0x3fffc208
  addx8 a4, a13, a4
  l32i a5, a4, 0
  l32i a2, a4, 4
  beqz a5, unhandled_interrupt
  callx0 a5
  j dispatch_interrupts
unhandled_interrupt:         // nobody will ever serve it: mask it, or a level input would hold us here
  rsr.intenable a13
  movi a14, -1
  xor a12, a12, a14
  and a13, a13, a12
  wsr.intenable a13
  j dispatch_interrupts

leave_exception:
  l32i a2, a1, 4             // saved with EXCM set: no interrupt from here to rfe
  wsr.ps a2
  rsync
  l32i a2, a1, 0
  wsr.epc1 a2
  l32i a2, a1, 8
  wsr.sar a2
  l32i a15, a1, 76
  l32i a14, a1, 72
  l32i a13, a1, 68
  l32i a12, a1, 64
  l32i a11, a1, 60
  l32i a10, a1, 56
  l32i a9, a1, 52
  l32i a8, a1, 48
  l32i a7, a1, 44
  l32i a6, a1, 40
  l32i a5, a1, 36
  l32i a4, a1, 32
  l32i a3, a1, 28
  l32i a2, a1, 24
  l32i a0, a1, 16
  addi a1, a1, 127
  addi a1, a1, 1
  rfe

unhandled_exception:         // before the boot flow installs the printing handlers: nothing can be said
  j unhandled_exception
stuck_vector:
  j stuck_vector

// fatal_exception(frame, cause): prints, then returns to the fault, so it repeats until the watchdog bites
fatal_exception:
  prologue 16, a2
  l32r a2, =text_fatal
  call0 ets_printf
  l32i a9, a1, 4
  l32i a3, a9, 0
  rsr.epc2 a4
  rsr.epc3 a5
  l32i a6, a9, 84
  rsr.depc a7
  l32r a2, =text_epc
  call0 ets_printf
  epilogue 16

// set_exception_handler(cause, fn) → previous
set_exception_handler:
  l32r a4, =0x3fffc100
  addx4 a4, a2, a4
  l32i a2, a4, 0
  s32i a3, a4, 0
  ret

// isr_attach(n, fn, arg) → previous handler
isr_attach:
  movi a5, 14
  bltu a5, a2, isr_attach_refused
  l32r a5, =0x3fffc208
  addx8 a5, a2, a5
  l32i a2, a5, 0
  s32i a3, a5, 0
  s32i a4, a5, 4
  ret
isr_attach_refused:
  movi a2, 0
  ret

// isr_unmask(bits), isr_mask(bits) → the mask before; a shadow of INTENABLE is kept in RAM
isr_unmask:
  l32r a3, =0x3fffc200
  l32i a4, a3, 0
  or a5, a4, a2
  j isr_mask_store
isr_mask:
  l32r a3, =0x3fffc200
  l32i a4, a3, 0
  movi a5, -1
  xor a5, a5, a2
  and a5, a5, a4
isr_mask_store:
  s32i a5, a3, 0
  wsr.intenable a5
  rsync
  mov a2, a4
  ret

intr_lock:
  rsil a2, 3
  ret
intr_unlock:
  rsil a2, 0
  ret
get_ccount:
  rsr.ccount a2
  ret

// delay_us(us): counts CCOUNT with the ROM's idea of ticks per microsecond
delay_us:
  mov a6, a0
  l32r a3, =0x3fffc704
  l32i a3, a3, 0
  mull a3, a2, a3
  rsr.ccount a4
delay_us_wait:
  rsr.ccount a5
  sub a5, a5, a4
  bgeu a5, a3, delay_us_done
  sub a2, a3, a5
  call0 native_pass          // what is left of it, but never past the next event: interrupts stay on time
  j delay_us_wait
delay_us_done:
  jx a6
update_cpu_frequency:
  l32r a3, =0x3fffc704
  s32i a2, a3, 0
  ret
`;
