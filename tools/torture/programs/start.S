/*
 * Start-up, vectors and context save of the torture programs. Call0 ABI. Layout of a frame: torture.h.
 * Vector offsets: docs chip facts, "Vectors" (debug/level 2 0x10, level 3 0x20, kernel 0x30, user 0x50, double 0x70).
 */
#define FRAME_BYTES 96

    .section .vectors, "ax"
    .global vectors
    .align 4
vectors:
    .org 0x10
    wsr     a0, excsave2
    j       debug_entry
    .org 0x20
    wsr     a0, excsave3
    j       nmi_entry
    .org 0x30
    wsr     a0, excsave1
    j       exception_entry
    .org 0x50
    wsr     a0, excsave1
    j       exception_entry
    .org 0x70
    wsr     a0, excsave2
    j       double_entry
    .org 0x80

    .text
    .align 4
    .global _start
_start:
    movi    a1, stack_top
    movi    a2, vectors
    wsr     a2, vecbase
    movi    a2, 0
    wsr     a2, intenable
    wsr     a2, litbase
    movi    a2, -1
    wsr     a2, intclear
    /* The lowest 512 MB are closed, as the boot ROM leaves them. */
    movi    a2, 15
    movi    a3, 0
    wdtlb   a2, a3
    witlb   a2, a3
    isync
    movi    a2, 0x20
    wsr     a2, ps
    rsync
    call0   main
    movi    a2, program_done
    jx      a2

    /*
     * The debugger's breakpoint. QEMU runs code that shares a page with a breakpoint one instruction at a time, so the
     * linker gives it a page of its own.
     */
    .section .done, "ax"
    .align 4
    .global program_done
program_done:
    j       program_done
    .text

    .macro save_frame scratch, epc
    addi    a0, a1, 0
    addi    a1, a1, -FRAME_BYTES
    s32i    a0, a1, 4
    rsr     a0, \scratch
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
    s32i    a12, a1, 48
    s32i    a13, a1, 52
    s32i    a14, a1, 56
    s32i    a15, a1, 60
    rsr     a2, sar
    s32i    a2, a1, 64
    rsr     a2, \epc
    s32i    a2, a1, 68
    rsr     a2, exccause
    s32i    a2, a1, 76
    rsr     a2, excvaddr
    s32i    a2, a1, 80
    mov     a2, a1
    .endm

    .macro restore_frame epc
    l32i    a2, a1, 64
    wsr     a2, sar
    l32i    a2, a1, 68
    wsr     a2, \epc
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
    l32i    a12, a1, 48
    l32i    a13, a1, 52
    l32i    a14, a1, 56
    l32i    a15, a1, 60
    l32i    a0, a1, 0
    l32i    a1, a1, 4
    .endm

    .align 4
exception_entry:
    save_frame excsave1, epc1
    rsr     a3, ps
    s32i    a3, a1, 72
    call0   exception
    restore_frame epc1
    rfe

debug_entry:
    save_frame excsave2, epc2
    rsr     a3, eps2
    s32i    a3, a1, 72
    call0   debug_exception
    restore_frame epc2
    rfi     2

nmi_entry:
    save_frame excsave3, epc3
    rsr     a3, eps3
    s32i    a3, a1, 72
    call0   nmi
    restore_frame epc3
    rfi     3

    /* A fault inside a handler: note it, step over the instruction of three bytes, go on. */
    .align 4
double_entry:
    movi    a0, double_record
    s32i    a2, a0, 0
    rsr     a2, depc
    s32i    a2, a0, 4
    addi    a2, a2, 3
    wsr     a2, depc
    rsr     a2, exccause
    s32i    a2, a0, 8
    rsr     a2, excvaddr
    s32i    a2, a0, 12
    l32i    a2, a0, 16
    addi    a2, a2, 1
    s32i    a2, a0, 16
    l32i    a2, a0, 0
    rsr     a0, excsave2
    rfde

    /* int save_point(jump_t) and void jump_back(jump_t, int): setjmp and longjmp. */
    .align 4
    .global save_point
save_point:
    s32i    a0, a2, 0
    s32i    a1, a2, 4
    s32i    a12, a2, 8
    s32i    a13, a2, 12
    s32i    a14, a2, 16
    s32i    a15, a2, 20
    movi    a2, 0
    ret

    .align 4
    .global jump_back
jump_back:
    l32i    a0, a2, 0
    l32i    a1, a2, 4
    l32i    a12, a2, 8
    l32i    a13, a2, 12
    l32i    a14, a2, 16
    l32i    a15, a2, 20
    movi    a4, 1
    mov     a2, a3
    moveqz  a2, a4, a3
    ret
