/* SPDX-License-Identifier: MIT */
/*
 * CPU clock and time. The tick is CCOMPARE0: every interrupt sets the next one a period after the last one was due, not after
 * now, and counts those that were missed while level 1 was masked. So it does not drift, and the time since the
 * start is ticks plus what CCOUNT has gone beyond the last tick.
 */
#include "esp_log.h"
#include "esp_system.h"
#include "kernel.h"

#ifndef CONFIG_CONSOLE_UART_BAUDRATE
#define CONFIG_CONSOLE_UART_BAUDRATE 74880
#endif

#define UART0_CLKDIV REG(0x60000014)
#define UART0_STATUS REG(0x6000001c)
#define TX_COUNT(status) (((status) >> 16) & 0xffu)
/* CPU cycles a millisecond before the PLL is set up for a crystal of 26 MHz. */
#define BOOT_CYCLES_PER_MS 52000u
/* Block and host of the PLL on the analogue bus, and its two registers' values for that crystal (chip.md 3.7). */
#define PLL_BLOCK 0x67
#define PLL_HOST 4
#define PLL_1 136
#define PLL_2 145

typedef void (*rom_i2c_write_t)(uint32_t block, uint32_t host, uint32_t reg, uint32_t value);
#define rom_i2c_write ((rom_i2c_write_t)0x400072d8u)

static uint32_t s_boot_ms;     /* from the reset to the start of the kernel's clock */
static uint32_t s_tick_ccount; /* when the last tick was due */
static uint32_t s_early_ccount;

static void IRAM_ATTR set_ccompare(uint32_t value)
{
    __asm__ volatile("wsr %0, ccompare0\n\tesync" : : "a"(value));
}

/* UART0 keeps its speed: its divisor counts the clock that is changed here. */
void kernel_clock_init(void)
{
    s_boot_ms = kernel_ccount() / BOOT_CYCLES_PER_MS;
    while (TX_COUNT(UART0_STATUS) != 0) {
    }
    uint32_t start = kernel_ccount();
    /* The last byte has left the FIFO, not yet the chip: ten bits of it. */
    while (kernel_ccount() - start < 10u * UART0_CLKDIV) {
    }
    UART0_CLKDIV = CPU_HZ / CONFIG_CONSOLE_UART_BAUDRATE;
    rom_i2c_write(PLL_BLOCK, PLL_HOST, 1, PLL_1);
    rom_i2c_write(PLL_BLOCK, PLL_HOST, 2, PLL_2);
    s_early_ccount = kernel_ccount();
}

void kernel_clock_start_ticks(void)
{
    s_boot_ms += (kernel_ccount() - s_early_ccount) / (CYCLES_PER_US * 1000u);
    _xt_isr_attach(INTERRUPT_CCOMPARE, kernel_clock_interrupt, NULL);
    s_tick_ccount = kernel_ccount();
    set_ccompare(s_tick_ccount + CYCLES_PER_TICK);
    (void)_xt_isr_unmask(1u << INTERRUPT_CCOMPARE);
}

void IRAM_ATTR kernel_clock_interrupt(void *argument)
{
    (void)argument;
    do {
        while (kernel_ccount() - s_tick_ccount >= CYCLES_PER_TICK) {
            s_tick_ccount += CYCLES_PER_TICK;
            kernel_tick();
        }
        set_ccompare(s_tick_ccount + CYCLES_PER_TICK);
        /* When it has gone by in between, its interrupt comes a turn of the counter later. */
    } while (kernel_ccount() - s_tick_ccount >= CYCLES_PER_TICK);
}

int64_t IRAM_ATTR esp_timer_get_time(void)
{
    uint32_t ps = kernel_lock();
    uint32_t ticks = kernel_ticks;
    uint32_t cycles = kernel_is_running ? kernel_ccount() - s_tick_ccount : 0;
    kernel_unlock(ps);
    return (int64_t)ticks * (int64_t)TICK_US + (int64_t)(cycles / CYCLES_PER_US);
}

uint32_t IRAM_ATTR esp_log_early_timestamp(void)
{
    if (!kernel_is_running) {
        return s_boot_ms + (kernel_ccount() - s_early_ccount) / (CYCLES_PER_US * 1000u);
    }
    return s_boot_ms + kernel_ticks * (TICK_US / 1000u) +
           (kernel_ccount() - s_tick_ccount) / (CYCLES_PER_US * 1000u);
}

uint32_t esp_log_timestamp(void)
{
    uint32_t ps = kernel_lock();
    uint32_t now_ms = esp_log_early_timestamp();
    kernel_unlock(ps);
    return now_ms;
}
