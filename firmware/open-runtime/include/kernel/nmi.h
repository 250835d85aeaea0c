/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_NMI_H
#define KERNEL_NMI_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The NMI is the WiFi MAC's. Its handler lies in IRAM, its data in DRAM; it may be called between any two instructions of
 * anything, the kernel's critical sections included, and so calls nothing of the kernel but kernel_soft_interrupt_raise().
 * It has NMI_STACK_BYTES of stack (kernel/memory_map.h). It closes and opens the gate at 0x3FF00000 itself.
 */
typedef void (*kernel_nmi_handler_t)(void *argument);

/* NULL: nobody. */
void esp_nmi_set_handler(kernel_nmi_handler_t handler, void *argument);

/*
 * A soft interrupt: the way from the NMI into the kernel. `handler` runs at level 1, soon after a raise and once for any
 * number of raises before; FromISR calls are allowed in it.
 */
typedef void (*kernel_soft_handler_t)(void *argument);

/* Answers a number for kernel_soft_interrupt_raise(), or -1 when there are four already. */
int kernel_soft_interrupt(kernel_soft_handler_t handler, void *argument);
/* From anywhere: NMI, interrupt, task. */
void kernel_soft_interrupt_raise(int number);

#ifdef __cplusplus
}
#endif

#endif
