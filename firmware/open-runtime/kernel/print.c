/* SPDX-License-Identifier: MIT */
/* A printf for bad times: no lock, no heap, no flash, every byte straight to UART0. Knows %s %c %d %u %x %0Nx %%. */
#include <stdarg.h>

#include "kernel.h"
#include "kernel/print.h"

#define UART0_FIFO REG(0x60000000)
#define UART0_STATUS REG(0x6000001c)
#define TX_COUNT(status) (((status) >> 16) & 0xffu)
#define FIFO_ROOM 126u

void IRAM_ATTR kernel_put_raw(char character)
{
    while (TX_COUNT(UART0_STATUS) >= FIFO_ROOM) {
    }
    UART0_FIFO = (uint8_t)character;
}

void IRAM_ATTR kernel_put(char character)
{
    if (character == '\n') {
        kernel_put_raw('\r');
    }
    kernel_put_raw(character);
}

uint32_t IRAM_ATTR kernel_uart_waiting(void)
{
    return TX_COUNT(UART0_STATUS);
}

/* Everything that was put has left the chip: the FIFO is empty, and the last byte had its time. */
void IRAM_ATTR kernel_print_flush(void)
{
    while (TX_COUNT(UART0_STATUS) != 0) {
    }
    uint32_t start = kernel_ccount();
    while (kernel_ccount() - start < 2u * CPU_HZ / 5000u) {
    }
}

static void IRAM_ATTR put_number(uint32_t value, uint32_t base, uint32_t width)
{
    char digits[10];
    uint32_t count = 0;
    do {
        uint32_t digit = value % base;
        value /= base;
        digits[count++] = (char)(digit < 10 ? '0' + digit : 'a' + digit - 10);
    } while (value != 0);
    while (width > count) {
        kernel_put('0');
        width--;
    }
    while (count != 0) {
        kernel_put(digits[--count]);
    }
}

void IRAM_ATTR kernel_vprint(const char *format, va_list arguments)
{
    for (; *format != '\0'; format++) {
        if (*format != '%') {
            kernel_put(*format);
            continue;
        }
        uint32_t width = 0;
        format++;
        while (*format >= '0' && *format <= '9') {
            width = width * 10 + (uint32_t)(*format - '0');
            format++;
        }
        while (*format == 'l') {
            format++;
        }
        switch (*format) {
        case 's': {
            const char *text = va_arg(arguments, const char *);
            while (text != NULL && *text != '\0') {
                kernel_put(*text++);
            }
            break;
        }
        case 'c':
            kernel_put((char)va_arg(arguments, int));
            break;
        case 'd': {
            int value = va_arg(arguments, int);
            if (value < 0) {
                kernel_put('-');
            }
            put_number(value < 0 ? 0u - (uint32_t)value : (uint32_t)value, 10, width);
            break;
        }
        case 'u':
            put_number(va_arg(arguments, uint32_t), 10, width);
            break;
        case 'x':
        case 'p':
            put_number(va_arg(arguments, uint32_t), 16, width);
            break;
        case '\0':
            return;
        default:
            kernel_put(*format);
            break;
        }
    }
}

void IRAM_ATTR kernel_print(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    kernel_vprint(format, arguments);
    va_end(arguments);
}
