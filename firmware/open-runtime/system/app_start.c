/* SPDX-License-Identifier: MIT */
/*
 * The entry of an app. The bootloader calls it with the image's flash offset, nothing copied yet: this runs from flash on the
 * ROM's stack, with the ROM's vectors, and may read flash by whole words only.
 */
#include <stdint.h>

#define FLASH_WINDOW 0x40200000u
#define FLASH_WINDOW_END 0x40300000u
#define WINDOW_MASK 0xFFFFFu

extern uint32_t _bss_start[];
extern uint32_t _bss_end[];

/* The kernel's beginning. It does not return. */
void call_start(uint32_t flash_offset) __attribute__((noreturn));
void call_start_cpu(uint32_t flash_offset) __attribute__((noreturn));

void call_start_cpu(uint32_t flash_offset)
{
    const volatile uint32_t *at = (const volatile uint32_t *)(FLASH_WINDOW + (flash_offset & WINDOW_MASK));
    uint32_t all_levels;
    __asm__ volatile("rsil %0, 15\n\twsr %1, intenable\n\trsync" : "=&a"(all_levels) : "a"(0));
    (void)all_levels;
    /* Byte 1 of the header counts the segments; the header is two words. */
    uint32_t count = (at[0] >> 8) & 0xff;
    at += 2;
    /* The first segment is the code that runs here, and never copied: as with the SDK, whatever its address says. */
    at += 2 + at[1] / 4;
    for (uint32_t i = 1; i < count; i++) {
        uint32_t load_addr = at[0];
        uint32_t words = at[1] / 4;
        at += 2;
        if (load_addr < FLASH_WINDOW || load_addr >= FLASH_WINDOW_END) {
            volatile uint32_t *to = (volatile uint32_t *)load_addr;
            for (uint32_t word = 0; word < words; word++) {
                to[word] = at[word];
            }
        }
        at += words;
    }
    for (uint32_t *word = _bss_start; word < _bss_end; word++) {
        *(volatile uint32_t *)word = 0;
    }
    call_start(flash_offset);
}
