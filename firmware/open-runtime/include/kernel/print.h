/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_PRINT_H
#define KERNEL_PRINT_H

#include <stdarg.h>
#include <stdint.h>

/* UART0 without ceremony (print.c); stdout and the log's early lines are made of it. */

/* Waits for room in the FIFO. */
void kernel_put_raw(char character);
/* A line feed goes out as CR LF. */
void kernel_put(char character);
/* Bytes in the FIFO, of 128. */
uint32_t kernel_uart_waiting(void);
void kernel_print_flush(void);
void kernel_vprint(const char *format, va_list arguments);
void kernel_print(const char *format, ...);

#endif
