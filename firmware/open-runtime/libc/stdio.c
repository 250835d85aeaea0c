/* SPDX-License-Identifier: MIT */
/*
 * stdout and stderr of the C library: UART0, line feeds as CR LF. A task that finds the FIFO full sleeps a tick instead of
 * polling, so that the others run while 74880 baud go by.
 */
#include <stdio.h>

#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "kernel/print.h"

/* FIFO bytes from which on a task sleeps; what a tick sends is less than that. */
#define SLEEP_FROM_BYTES 120u

static bool may_sleep(void)
{
    uint32_t ps;
    __asm__ volatile("rsr %0, ps" : "=a"(ps));
    return (ps & 0xfu) == 0 && xTaskGetSchedulerState() == taskSCHEDULER_RUNNING;
}

static int put(char character, FILE *file)
{
    (void)file;
    while (kernel_uart_waiting() >= SLEEP_FROM_BYTES && may_sleep()) {
        vTaskDelay(1);
    }
    kernel_put(character);
    return (unsigned char)character;
}

static int get(FILE *file)
{
    (void)file;
    return _FDEV_EOF;
}

static FILE s_console = FDEV_SETUP_STREAM(put, get, NULL, _FDEV_SETUP_RW);

FILE *const stdin = &s_console;
FILE *const stdout = &s_console;
FILE *const stderr = &s_console;
