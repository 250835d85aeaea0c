/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_INTERRUPTS_H
#define KERNEL_INTERRUPTS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Level-1 inputs of the CPU. */
#define INTERRUPT_WDEV 0
#define INTERRUPT_SLC 1
#define INTERRUPT_SPI 2
#define INTERRUPT_RTC 3
#define INTERRUPT_GPIO 4
#define INTERRUPT_UART 5
#define INTERRUPT_CCOMPARE 6
#define INTERRUPT_SOFT 7
#define INTERRUPT_WDT 8
#define INTERRUPT_FRC1 9
#define INTERRUPT_FRC2 10

/* Handlers run at level 1 on a stack of their own, one after the other, in the order of their numbers. */
typedef void (*_xt_isr)(void *argument);

void _xt_isr_attach(uint8_t number, _xt_isr handler, void *argument);
/* `mask`: a bit each; answers the enabled ones before. */
uint32_t _xt_isr_unmask(uint32_t mask);
uint32_t _xt_isr_mask(uint32_t mask);

/* Masks level 1, answers PS as it was; both from anywhere, in pairs. Cheaper than taskENTER_CRITICAL(). */
static inline uint32_t kernel_lock(void)
{
    uint32_t ps;
    __asm__ volatile("rsil %0, 1" : "=a"(ps) : : "memory");
    return ps;
}

static inline void kernel_unlock(uint32_t ps)
{
    __asm__ volatile("wsr %0, ps\n\trsync" : : "a"(ps) : "memory");
}

static inline uint32_t kernel_ccount(void)
{
    uint32_t ccount;
    __asm__ volatile("rsr %0, ccount" : "=a"(ccount));
    return ccount;
}

#ifdef __cplusplus
}
#endif

#endif
