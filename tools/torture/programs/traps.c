/* Exceptions: each kind with its cause, address and PC; double exceptions; byte access that a handler has to emulate. */
#include "torture.h"

#define RUN(text) __asm__ volatile(text : : : "a2", "a3", "a4", "memory")

static volatile uint32_t seen[4];
static volatile int break_in_handler;
static uint32_t trap_count;

/* Bytes in IRAM: on the board the access raises cause 3 and is emulated here, in QEMU it just works. */
static const uint32_t far_words[4] __attribute__((section(".iram.far"))) = {
    0x44332211, 0x8877f655, 0xccbbaa99, 0x00ffeedd,
};
static uint32_t near_room[4] __attribute__((section(".iram.near")));

static int emulate(struct frame *frame)
{
    const uint32_t *code = (const uint32_t *)(frame->epc & ~3u);
    uint64_t both = (uint64_t)code[1] << 32 | code[0];
    uint32_t word = (uint32_t)(both >> (8 * (frame->epc & 3))) & 0xffffff;
    uint32_t register_t = (word >> 4) & 15, kind = (word >> 12) & 15;
    volatile uint32_t *place = (volatile uint32_t *)(frame->vaddr & ~3u);
    uint32_t shift = 8 * (frame->vaddr & 3), value = *place >> shift;
    if ((word & 15) != 2) return 0;
    switch (kind) {
    case 0: frame->a[register_t] = value & 0xff; break;
    case 1: frame->a[register_t] = value & 0xffff; break;
    case 9: frame->a[register_t] = (uint32_t)(int16_t)value; break;
    case 4: *place = (*place & ~(0xffu << shift)) | (frame->a[register_t] & 0xff) << shift; break;
    case 5: *place = (*place & ~(0xffffu << shift)) | (frame->a[register_t] & 0xffff) << shift; break;
    default: return 0;
    }
    frame->epc += 3;
    return 1;
}

void exception(struct frame *frame)
{
    if (frame->cause == 3 && emulate(frame)) {
        trap_count++;
        return;
    }
    seen[0]++;
    seen[1] = frame->cause;
    seen[2] = frame->vaddr;
    seen[3] = frame->ps;
    if (break_in_handler) {
        /* Inside a handler EXCM is set: this is a double exception. */
        break_in_handler = 0;
        RUN("_ill");
    }
    /* A jump to nowhere comes back through a0, anything else goes on behind the instruction. */
    frame->epc = frame->cause == 20 ? frame->a[0] : frame->epc + 3;
}

void debug_exception(struct frame *frame)
{
    seen[0]++;
    seen[1] = 0x100 + READ_SPECIAL(debugcause);
    seen[2] = frame->ps & 0xf;
    seen[3] = READ_SPECIAL(ps) & 0x3f;
    frame->epc += READ_SPECIAL(debugcause) == 8 ? 3 : 2;
}

static void note(void)
{
    for (int i = 0; i < 4; i++) result(seen[i]);
    seen[2] = 0;
}

int main(void)
{
    WRITE_SPECIAL(excvaddr, 0);
    RUN("_ill");
    note();
    RUN("syscall");
    note();
    RUN(".byte 0x00, 0x00, 0xc2"); /* quou a0, a0, a0: not on this core */
    note();
    RUN(".byte 0x76, 0x82, 0x02"); /* loop */
    note();
    RUN("movi a2, 0x3ffe8001\n _l32i a3, a2, 0");
    note();
    RUN("movi a2, 0x3ffe8002\n _s32i a3, a2, 4");
    note();
    RUN("movi a2, 0x3ffe8003\n _l16ui a3, a2, 0");
    note();
    RUN("movi a2, 0x3ffe8001\n _s16i a3, a2, 2");
    note();
    RUN("movi a2, 0x10\n _l32i a3, a2, 0");
    note();
    RUN("movi a2, 0x13\n _l8ui a3, a2, 0");
    note();
    RUN("movi a2, 0x1ffffff0\n _s32i a3, a2, 12");
    note();
    RUN("movi a2, 0x23\n _s8i a3, a2, 0");
    note();
    {
        void (*nowhere)(void) = (void (*)(void))0x1234;
        __asm__ volatile("" : "+r"(nowhere));
        nowhere();
        note();
    }
    RUN("break 1, 2");
    note();
    RUN("break.n 3");
    note();
    {
        /* At level 2 and above BREAK does nothing. */
        uint32_t level = SET_LEVEL(2);
        RUN("break 1, 2");
        WRITE_SPECIAL(ps, level);
        note();
    }
    for (int i = 0; i < 3; i++) {
        break_in_handler = 1;
        RUN("syscall");
        note();
        result(double_record[2]);
        result(double_record[4]);
    }
    /* Kernel mode: the other vector. */
    WRITE_SPECIAL(ps, 0);
    RUN("_ill");
    note();
    WRITE_SPECIAL(ps, 0x20);

    const volatile uint8_t *bytes = (const volatile uint8_t *)far_words;
    for (int i = 0; i < 16; i++) result(bytes[i]);
    const volatile int16_t *halves = (const volatile int16_t *)far_words;
    for (int i = 0; i < 8; i++) result((uint32_t)(int32_t)halves[i]);
    volatile uint8_t *out = (volatile uint8_t *)near_room;
    for (int i = 0; i < 11; i++) out[i] = (uint8_t)(i * 17);
    *(volatile uint16_t *)(out + 12) = 0xbeef;
    for (int i = 0; i < 4; i++) result(near_room[i]);
    return 0;
}

uint32_t traps_emulated(void)
{
    return trap_count;
}
