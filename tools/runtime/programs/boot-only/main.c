/* SPDX-License-Identifier: MIT */
/* The least that a bootloader can start: says where it runs, with the boot ROM's printf, and stops. */
#include <stdint.h>

int ets_printf(const char *format, ...);
void call_start(uint32_t flash_offset);

static const char s_where[] = "runs at 0x%x, linked at 0x%x, data %x %x, zeros %x %x\n";
static uint32_t s_data = 0x12345678;
static uint32_t s_zeros[16];

__attribute__((section(".vectors"), used)) static const uint32_t s_sys_info[4] = {0x00030400};
__attribute__((section(".flash.rodata_first"), used)) static const uint32_t s_flash_word = 0xcafe;

__attribute__((section(".iram1.say"), noinline)) static void say(uint32_t flash_offset)
{
    ets_printf(s_where, flash_offset, (uint32_t)&call_start & 0xfffff000u, s_data, s_flash_word, s_zeros[0], s_zeros[15]);
}

void call_start(uint32_t flash_offset)
{
    say(flash_offset);
    for (;;) {
        __asm__ volatile("waiti 15");
    }
}
