/* SPDX-License-Identifier: MIT */
#ifndef SPIN_H
#define SPIN_H

#include <stdint.h>

/* Keeps the CPU busy for so much time of its own: two instructions a turn, a cycle each on the emulated board, 80 MHz. */
static inline void spin_us(uint32_t us)
{
    uint32_t turns = us * 40u;
    __asm__ volatile("1:\taddi %0, %0, -1\n\tbnez %0, 1b" : "+a"(turns));
}

#endif
