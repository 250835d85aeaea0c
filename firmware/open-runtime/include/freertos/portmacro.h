/* SPDX-License-Identifier: MIT */
#ifndef FREERTOS_PORTMACRO_H
#define FREERTOS_PORTMACRO_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define portCHAR char
#define portLONG long
#define portSHORT short
#define portSTACK_TYPE uint8_t
#define portBASE_TYPE int

typedef uint8_t StackType_t;
typedef int BaseType_t;
typedef unsigned UBaseType_t;
typedef uint32_t TickType_t;

#define portMAX_DELAY ((TickType_t)0xffffffffu)
#define portTICK_PERIOD_MS ((TickType_t)(1000u / configTICK_RATE_HZ))
#define portTICK_RATE_MS portTICK_PERIOD_MS
#define portBYTE_ALIGNMENT 8

/* They nest, in tasks, interrupts and soft interrupts. Nothing in between may wait. */
void vPortEnterCritical(void);
void vPortExitCritical(void);
#define portENTER_CRITICAL() vPortEnterCritical()
#define portEXIT_CRITICAL() vPortExitCritical()
#define portENTER_CRITICAL_ISR() vPortEnterCritical()
#define portEXIT_CRITICAL_ISR() vPortExitCritical()
#define portDISABLE_INTERRUPTS() vPortEnterCritical()
#define portENABLE_INTERRUPTS() vPortExitCritical()

void vPortYield(void);
#define portYIELD() vPortYield()
/* The dispatcher looks who is to run after every interrupt anyway. */
#define portYIELD_FROM_ISR(...) ((void)0)
#define portEND_SWITCHING_ISR(is_woken) ((void)(is_woken))

/* In an interrupt or a soft interrupt (the NMI does not count: it calls nothing). */
BaseType_t xPortInIsrContext(void);

#ifdef __cplusplus
}
#endif

#endif
