/* SPDX-License-Identifier: MIT */
#include "boot_log.h"

#include <stdarg.h>
#include <stdint.h>

/* Boot ROM: prints through `put`, takes the va_list by value. */
int ets_io_vprintf(int (*put)(char), const char *format, va_list arguments);

/* UART0: data FIFO and STATUS, whose bits 16-23 count the bytes that wait to be sent. */
#define UART_FIFO (*(volatile uint32_t *)0x60000000)
#define UART_STATUS (*(volatile uint32_t *)0x6000001C)
#define UART_TX_COUNT(status) (((status) >> 16) & 0xff)
#define UART_TX_ROOM_BELOW 126

/* Before the PLL is set up the CPU runs at twice the crystal's 26 MHz. */
#define CYCLES_PER_MS 52000

static void send(char c)
{
    while (UART_TX_COUNT(UART_STATUS) >= UART_TX_ROOM_BELOW) {
    }
    UART_FIFO = (uint8_t)c;
}

static int put(char c)
{
    if (c == '\n') {
        send('\r');
    }
    send(c);
    return 0;
}

static void print(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)ets_io_vprintf(put, format, arguments);
    va_end(arguments);
}

static int colour_of(char level)
{
    return level == 'E' ? 31 : level == 'W' ? 33 : 32;
}

void boot_log(char level, const char *tag, const char *format, ...)
{
    uint32_t cycles;
    va_list arguments;
    __asm__ volatile("rsr %0, ccount" : "=a"(cycles));
    print("\033[0;%dm%c (%u) %s: ", colour_of(level), level, cycles / CYCLES_PER_MS, tag);
    va_start(arguments, format);
    (void)ets_io_vprintf(put, format, arguments);
    va_end(arguments);
    print("\033[0m\n");
}
