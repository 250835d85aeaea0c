/* SPDX-License-Identifier: MIT */
/*
 * The end of a program that went wrong: the SDK's printout (harness/protocol/panic.ts reads it), the reason in RTC memory,
 * and a reset by the watchdog. Runs from IRAM with nothing but UART0.
 */
#include "esp_system.h"
#include "kernel.h"

/* Written by vectors.S. */
extern frame_t kernel_panic_frame;
frame_t kernel_panic_frame;

#define DEBUG_KIND 2
#define CAUSE_DEBUG 64
#define CODE_START 0x40000000u
#define CODE_END 0x40400000u
#define STACK_START 0x3ffe8000u
#define STACK_END 0x40000000u
#define MAX_FRAMES 16
#define LEAF 0xffffffffu
#define MAX_FUNCTION_BYTES 4096u

static const DRAM_ATTR char s_register_names[20][9] = {
    "PC      ", "PS      ", "A0      ", "A1      ", "A2      ", "A3      ", "A4      ",
    "A5      ", "A6      ", "A7      ", "A8      ", "A9      ", "A10     ", "A11     ",
    "A12     ", "A13     ", "A14     ", "A15     ", "SAR     ", "EXCCAUSE",
};

static const char *IRAM_ATTR cause_name(uint32_t cause)
{
    switch (cause) {
    case 0:
        return DRAM_STR("IllegalInstruction");
    case 1:
        return DRAM_STR("Syscall");
    case 2:
        return DRAM_STR("InstructionFetchError");
    case 3:
        return DRAM_STR("LoadStoreError");
    case 9:
        return DRAM_STR("LoadStoreAlignment");
    case 20:
        return DRAM_STR("InstFetchProhibited");
    case 28:
        return DRAM_STR("LoadProhibited");
    case 29:
        return DRAM_STR("StoreProhibited");
    default:
        return DRAM_STR("unknown");
    }
}

static bool IRAM_ATTR is_code(uint32_t address)
{
    return address >= CODE_START && address < CODE_END;
}

static bool IRAM_ATTR is_stack(uint32_t address)
{
    return address >= STACK_START && address < STACK_END && (address & 3u) == 0;
}

static uint32_t IRAM_ATTR code_byte(uint32_t address)
{
    return (*(const volatile uint32_t *)(uintptr_t)(address & ~3u) >> ((address & 3u) * 8u)) & 0xffu;
}

/*
 * The frame of the function around `pc`: its first instruction is `addi a1, a1, -bytes` (12 c1 xx) or `addmi` (12 d1 xx), and
 * soon after comes `s32i a0, a1, bytes - 4` (02 61 xx, or 09 x1 in its short form). Nothing stands in the code that says so for
 * sure; a wrong guess ends the backtrace.
 */
static bool IRAM_ATTR find_frame(uint32_t pc, uint32_t *frame_bytes, uint32_t *a0_offset)
{
    for (uint32_t at = pc; at > pc - MAX_FUNCTION_BYTES && is_code(at); at--) {
        if (code_byte(at) != 0x12) {
            continue;
        }
        uint32_t second = code_byte(at + 1);
        uint32_t third = code_byte(at + 2);
        if (second == 0xc1 && third >= 0x80) {
            *frame_bytes = 0x100u - third;
        } else if (second == 0xd1 && third >= 0x80) {
            *frame_bytes = (0x100u - third) * 256u;
        } else {
            continue;
        }
        for (uint32_t next = at + 3; next < at + 48 && next < pc; next++) {
            uint32_t byte = code_byte(next);
            if (byte == 0x02 && code_byte(next + 1) == 0x61) {
                *a0_offset = code_byte(next + 2) * 4u;
                return *a0_offset < *frame_bytes;
            }
            if (byte == 0x09 && (code_byte(next + 1) & 0x0fu) == 1) {
                *a0_offset = (code_byte(next + 1) >> 4) * 4u;
                return *a0_offset < *frame_bytes;
            }
        }
        /* A leaf: what it returns to is still in a0. */
        *a0_offset = LEAF;
        return true;
    }
    return false;
}

static void IRAM_ATTR print_backtrace(const frame_t *frame)
{
    uint32_t pc = frame->pc;
    uint32_t sp = frame->a[1];
    uint32_t a0 = frame->a[0];
    kernel_print(DRAM_STR("Backtrace:"));
    for (uint32_t i = 0; i < MAX_FRAMES; i++) {
        uint32_t bytes = 0;
        uint32_t offset = 0;
        kernel_print(DRAM_STR(" 0x%08x:0x%08x"), pc, sp);
        bool has_frame = is_code(pc) && is_stack(sp) && find_frame(pc, &bytes, &offset);
        bool has_saved = has_frame && offset != LEAF && is_stack(sp + offset) &&
                         is_code(*(const uint32_t *)(uintptr_t)(sp + offset));
        if (has_saved) {
            a0 = *(const uint32_t *)(uintptr_t)(sp + offset);
            sp += bytes;
        } else if (i != 0) {
            break;
        } else if (has_frame && offset == LEAF) {
            sp += bytes;
        }
        /* Else a function without a frame: the one before it in the code was found. a0 is as good as new. */
        /* Behind a fetch from nowhere, a0 still says who called it. */
        if (!is_code(a0)) {
            break;
        }
        pc = a0 - 3u;
        a0 = 0;
    }
    kernel_print(DRAM_STR(" \n"));
}

static void IRAM_ATTR __attribute__((noreturn)) dump_and_reset(const frame_t *frame, uint32_t cause, uint32_t hint)
{
    kernel_print(DRAM_STR("Guru Meditation Error: Core  0 panic'ed (%s). Exception was unhandled.\n"), cause_name(cause));
    kernel_print(DRAM_STR("Core 0 register dump:\n"));
    const uint32_t *words = &frame->pc;
    for (uint32_t i = 0; i < 20; i++) {
        kernel_print(DRAM_STR("%s: 0x%08x  "), s_register_names[i], i == 19 ? cause : words[i]);
        if (i % 4 == 3) {
            kernel_print(DRAM_STR("\n"));
        }
    }
    kernel_print(DRAM_STR("\n"));
    print_backtrace(frame);
    kernel_set_reset_hint(hint);
    kernel_print_flush();
    kernel_watchdog_reset_now();
}

static uint32_t s_panics;

/* From vectors.S. `kind`: 0 an exception, 1 one within an exception, 2 a break instruction. */
void IRAM_ATTR kernel_panic(const frame_t *frame, int kind)
{
    REG(0x3ff00000) = 0; /* no NMI any more */
    if (s_panics++ != 0) {
        kernel_watchdog_reset_now();
    }
    dump_and_reset(frame, kind == DEBUG_KIND ? CAUSE_DEBUG : frame->cause, ESP_RST_PANIC);
}

/* Stage 1 of the watchdog has run out. */
void IRAM_ATTR kernel_panic_watchdog(const frame_t *frame)
{
    REG(0x3ff00000) = 0;
    s_panics++;
    kernel_print(DRAM_STR("Task watchdog got triggered.\n\n"));
    dump_and_reset(frame, CAUSE_DEBUG, ESP_RST_TASK_WDT);
}

void IRAM_ATTR kernel_stack_overflow(const char *task_name)
{
    (void)kernel_lock();
    kernel_print(DRAM_STR("***ERROR*** A stack overflow in task %s has been detected.\n"), task_name);
    kernel_abort();
}

/* The caller's address is what the harness looks up. */
void IRAM_ATTR kernel_abort(void)
{
    uint32_t pc = (uint32_t)(uintptr_t)__builtin_return_address(0) - 3u;
    (void)kernel_lock();
    kernel_print(DRAM_STR("abort() was called at PC 0x%08x\n"), pc);
    __asm__ volatile("ill");
    __builtin_unreachable();
}
