/* SPDX-License-Identifier: MIT */
/*
 * Vectors, context save and switch, narrow access to IRAM and mapped flash. Call0 ABI, no windows.
 *
 * Vector offsets (core-isa.h of the SDK): level 2 / debug 0x10, NMI 0x20, kernel 0x30, user 0x50, double 0x70. The first
 * 16 bytes are what the SDK keeps there: version of the API, then nothing.
 *
 * A frame (frame.h) has 20 words in the order of the panic printout. One lies on the stack of every task that does not run.
 */
#include "kernel/memory_map.h"

#define FRAME_BYTES 80
#define FRAME_PC 0
#define FRAME_PS 4
#define FRAME_A0 8
#define FRAME_A1 12
#define FRAME_A(n) (8 + 4 * (n))
#define FRAME_SAR 72
#define FRAME_CAUSE 76

#define PS_INTERRUPT 0x21 /* UM, INTLEVEL 1: exceptions work, level-1 interrupts wait */
#define PS_NMI 0x23
#define CAUSE_LOAD_STORE 3
#define CAUSE_LEVEL1 4

#define ISR_STACK_TOP DRAM_END
#define NMI_STACK_TOP ISR_STACK_BASE
/* Registers, then EPC1, EXCSAVE1, EXCCAUSE, EXCVADDR, SAR of what the NMI broke into. */
#define NMI_FRAME_BYTES 80

    .section .vectors, "ax"
    .global _vectors
    .align 4
_vectors:
    .word   0x00030400, 0, 0, 0
    .org 0x10
    wsr     a0, excsave2
    j       debug_entry
    .org 0x20
    wsr     a0, excsave3
    j       nmi_entry
    .org 0x30
    wsr     a0, excsave1
    j       general_entry
    .org 0x50
    wsr     a0, excsave1
    j       general_entry
    .org 0x70
    wsr     a0, excsave2
    j       double_entry
    .org 0x80

    .section .iram1.vectors, "ax"
    .literal_position

    .align 4
general_entry:
    rsr     a0, exccause
    beqi    a0, CAUSE_LEVEL1, level1_entry
    beqi    a0, CAUSE_LOAD_STORE, load_store_entry
    j       fault_entry

    .macro save_high_registers base
    s32i    a2, \base, FRAME_A(2)
    s32i    a3, \base, FRAME_A(3)
    s32i    a4, \base, FRAME_A(4)
    s32i    a5, \base, FRAME_A(5)
    s32i    a6, \base, FRAME_A(6)
    s32i    a7, \base, FRAME_A(7)
    s32i    a8, \base, FRAME_A(8)
    s32i    a9, \base, FRAME_A(9)
    s32i    a10, \base, FRAME_A(10)
    s32i    a11, \base, FRAME_A(11)
    s32i    a12, \base, FRAME_A(12)
    s32i    a13, \base, FRAME_A(13)
    s32i    a14, \base, FRAME_A(14)
    s32i    a15, \base, FRAME_A(15)
    .endm

    /* A level-1 interrupt: frame on the task's stack, dispatch on the interrupt stack, on with whoever is to run. */
    .align 4
level1_entry:
    mov     a0, a1
    addi    a1, a1, -FRAME_BYTES
    s32i    a0, a1, FRAME_A1
    rsr     a0, excsave1
    s32i    a0, a1, FRAME_A0
    save_high_registers a1
    rsr     a2, sar
    s32i    a2, a1, FRAME_SAR
    rsr     a2, epc1
    s32i    a2, a1, FRAME_PC
    rsr     a2, ps
    s32i    a2, a1, FRAME_PS
    mov     a2, a1
    movi    a1, ISR_STACK_TOP
    movi    a3, PS_INTERRUPT
    wsr     a3, ps
    rsync
    call0   kernel_dispatch

    /* void kernel_resume(void *frame): leaves for a task. */
    .global kernel_resume
kernel_resume:
    l32i    a3, a2, FRAME_PS
    wsr     a3, ps
    rsync
    mov     a1, a2
    l32i    a3, a1, FRAME_PC
    wsr     a3, epc1
    l32i    a3, a1, FRAME_SAR
    wsr     a3, sar
    l32i    a0, a1, FRAME_A0
    l32i    a2, a1, FRAME_A(2)
    l32i    a3, a1, FRAME_A(3)
    l32i    a4, a1, FRAME_A(4)
    l32i    a5, a1, FRAME_A(5)
    l32i    a6, a1, FRAME_A(6)
    l32i    a7, a1, FRAME_A(7)
    l32i    a8, a1, FRAME_A(8)
    l32i    a9, a1, FRAME_A(9)
    l32i    a10, a1, FRAME_A(10)
    l32i    a11, a1, FRAME_A(11)
    l32i    a12, a1, FRAME_A(12)
    l32i    a13, a1, FRAME_A(13)
    l32i    a14, a1, FRAME_A(14)
    l32i    a15, a1, FRAME_A(15)
    l32i    a1, a1, FRAME_A1
    rfe

    /*
     * 8- and 16-bit access to what takes words only: IRAM, ROM, mapped flash. The instruction is fetched, its load done
     * by words and its register written; stores only to IRAM. Everything else is a fault.
     *
     * Slots 0-5 on the stack hold a0-a5, so that registers below 6 are reached by number.
     */
    .align 4
load_store_entry:
    addi    a1, a1, -32
    s32i    a2, a1, 8
    s32i    a3, a1, 12
    s32i    a4, a1, 16
    s32i    a5, a1, 20
    rsr     a2, sar
    s32i    a2, a1, 24
    rsr     a0, excsave1
    s32i    a0, a1, 0
    addi    a0, a1, 32
    s32i    a0, a1, 4

    rsr     a2, epc1
    ssa8l   a2
    movi    a3, -4
    and     a2, a2, a3
    l32i    a4, a2, 0
    l32i    a5, a2, 4
    src     a4, a5, a4              /* a4: the instruction in its low 24 bits */
    rsr     a2, excvaddr
    extui   a5, a2, 20, 12
    addmi   a5, a5, -0x400          /* 0 ROM, 1 IRAM, 2 and 3 mapped flash */
    bgeui   a5, 4, load_store_fault
    extui   a0, a4, 0, 4
    bnei    a0, 2, load_store_fault
    and     a3, a2, a3              /* a3: the word's address */
    extui   a0, a4, 12, 4           /* 0 L8UI, 1 L16UI, 9 L16SI, 4 S8I, 5 S16I */
    beqi    a0, 4, store_byte
    beqi    a0, 5, store_half
    ssa8l   a2
    l32i    a3, a3, 0
    srl     a3, a3
    beqz    a0, load_byte
    beqi    a0, 1, load_half
    addi    a0, a0, -9
    bnez    a0, load_store_fault
    slli    a3, a3, 16
    srai    a3, a3, 16
    j       put_register
load_byte:
    extui   a3, a3, 0, 8
    j       put_register
load_half:
    extui   a3, a3, 0, 16

put_register:
    extui   a4, a4, 4, 4
    bgeui   a4, 6, put_high
    addx4   a4, a4, a1
    s32i    a3, a4, 0
load_store_done:
    rsr     a2, epc1
    addi    a2, a2, 3
    wsr     a2, epc1
    l32i    a2, a1, 24
    wsr     a2, sar
    l32i    a5, a1, 20
    l32i    a4, a1, 16
    l32i    a3, a1, 12
    l32i    a2, a1, 8
    l32i    a0, a1, 0
    l32i    a1, a1, 4
    rfe
put_high:
    movi    a5, put_table - 48
    addx8   a5, a4, a5
    jx      a5

    .macro put_entry register
    .align 8
    mov     \register, a3
    j       load_store_done
    .endm
    .align 8
put_table:
    put_entry a6
    put_entry a7
    put_entry a8
    put_entry a9
    put_entry a10
    put_entry a11
    put_entry a12
    put_entry a13
    put_entry a14
    put_entry a15

store_byte:
    movi    a0, 0xff
    j       store
store_half:
    movi    a0, 1
    slli    a0, a0, 16
    addi    a0, a0, -1
store:
    bnei    a5, 1, load_store_fault
    extui   a4, a4, 4, 4
    bgeui   a4, 6, get_high
    addx4   a4, a4, a1
    l32i    a4, a4, 0
got_register:
    and     a4, a4, a0
    ssa8b   a2
    sll     a4, a4
    sll     a0, a0
    l32i    a2, a3, 0
    or      a2, a2, a0
    xor     a2, a2, a0
    or      a2, a2, a4
    s32i    a2, a3, 0
    j       load_store_done
get_high:
    movi    a5, get_table - 48
    addx8   a5, a4, a5
    jx      a5

    .macro get_entry register
    .align 8
    mov     a4, \register
    j       got_register
    .endm
    .align 8
get_table:
    get_entry a6
    get_entry a7
    get_entry a8
    get_entry a9
    get_entry a10
    get_entry a11
    get_entry a12
    get_entry a13
    get_entry a14
    get_entry a15

load_store_fault:
    l32i    a2, a1, 24
    wsr     a2, sar
    l32i    a5, a1, 20
    l32i    a4, a1, 16
    l32i    a3, a1, 12
    l32i    a2, a1, 8
    l32i    a1, a1, 4
    j       fault_entry

    /*
     * Faults: the frame goes to memory of its own, for the stack may be what is broken, and the printout runs on the NMI's
     * stack, so that the backtrace finds the others as they were. Nobody returns from there.
     */
    .macro enter_panic scratch, epc
    movi    a0, kernel_panic_frame
    s32i    a1, a0, FRAME_A1
    save_high_registers a0
    rsr     a2, \scratch
    s32i    a2, a0, FRAME_A0
    rsr     a2, \epc
    s32i    a2, a0, FRAME_PC
    rsr     a2, ps
    s32i    a2, a0, FRAME_PS
    rsr     a2, sar
    s32i    a2, a0, FRAME_SAR
    rsr     a2, exccause
    s32i    a2, a0, FRAME_CAUSE
    movi    a1, NMI_STACK_TOP
    mov     a2, a0
    movi    a3, PS_INTERRUPT
    wsr     a3, ps
    rsync
    .endm

    .align 4
fault_entry:
    enter_panic excsave1, epc1
    movi    a3, 0
    j       kernel_panic
    .align 4
double_entry:
    enter_panic excsave2, depc
    movi    a3, 1
    j       kernel_panic
    .align 4
debug_entry:
    enter_panic excsave2, epc2
    movi    a3, 2
    j       kernel_panic

    /*
     * The WiFi MAC's. It comes through at any level, between any two instructions above; so it has a stack of its own and
     * gives back what an exception within it writes: EPC1, EXCSAVE1, EXCCAUSE, EXCVADDR.
     */
    .align 4
nmi_entry:
    movi    a0, NMI_STACK_TOP - NMI_FRAME_BYTES
    s32i    a1, a0, 4
    mov     a1, a0
    rsr     a0, excsave3
    s32i    a0, a1, 0
    s32i    a2, a1, 8
    s32i    a3, a1, 12
    s32i    a4, a1, 16
    s32i    a5, a1, 20
    s32i    a6, a1, 24
    s32i    a7, a1, 28
    s32i    a8, a1, 32
    s32i    a9, a1, 36
    s32i    a10, a1, 40
    s32i    a11, a1, 44
    rsr     a2, sar
    s32i    a2, a1, 48
    rsr     a2, epc1
    s32i    a2, a1, 52
    rsr     a2, excsave1
    s32i    a2, a1, 56
    rsr     a2, exccause
    s32i    a2, a1, 60
    rsr     a2, excvaddr
    s32i    a2, a1, 64
    movi    a2, PS_NMI
    wsr     a2, ps
    rsync
    movi    a3, kernel_nmi_hook
    l32i    a2, a3, 4
    l32i    a3, a3, 0
    callx0  a3
    l32i    a2, a1, 64
    wsr     a2, excvaddr
    l32i    a2, a1, 60
    wsr     a2, exccause
    l32i    a2, a1, 56
    wsr     a2, excsave1
    l32i    a2, a1, 52
    wsr     a2, epc1
    l32i    a2, a1, 48
    wsr     a2, sar
    l32i    a0, a1, 0
    l32i    a2, a1, 8
    l32i    a3, a1, 12
    l32i    a4, a1, 16
    l32i    a5, a1, 20
    l32i    a6, a1, 24
    l32i    a7, a1, 28
    l32i    a8, a1, 32
    l32i    a9, a1, 36
    l32i    a10, a1, 40
    l32i    a11, a1, 44
    l32i    a1, a1, 4
    rfi     3

    /* void call_start(uint32_t flash_offset): everything is in its place, nothing runs yet (ld/README.md). */
    .align 4
    .global call_start
call_start:
    movi    a2, PS_INTERRUPT
    wsr     a2, ps
    movi    a2, 0
    wsr     a2, intenable
    rsync
    movi    a2, _vectors
    wsr     a2, vecbase
    movi    a1, ISR_STACK_TOP
    movi    a0, 0
    movi    a2, kernel_main
    jx      a2
