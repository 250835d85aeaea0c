/* SPDX-License-Identifier: MIT */
/*
 * esp_restart() as the SDK does it: no reset of the chip, but a jump to the boot ROM's reset vector with the peripherals put
 * back as the ROM expects them. So the ROM prints the cause of the last real reset, and the straps are the old ones.
 */
#include "esp_system.h"
#include "kernel.h"

/* First word of the system's part of RTC memory: why the software restarts. Lost with the power only. */
#define RTC_HINT REG(0x60001100)
#define RTC_STATE1 REG(0x60000714) /* bits 0-3: cause of the last reset */
#define DPORT_NMI REG(0x3ff00000)
#define DPORT_CLOCK_DOUBLE REG(0x3ff00014)
#define DPORT_PERIPHERAL_RESET REG(0x3ff00018)
#define DPORT_CACHE_BANKS REG(0x3ff00024)
#define MAC_RESET REG(0x60000d48)

#define RESET_BITS 0x7700u
#define MAC_RESET_BIT 2u
#define CACHE_BANK_BITS 0x18u
/* PLL registers for what the ROM comes up with (chip.md 3.7). */
#define PLL_BLOCK 0x67
#define PLL_HOST 4
#define PLL_1_DEFAULT 8
#define PLL_2_DEFAULT 129
#define MAX_HANDLERS 8

typedef void (*rom_i2c_write_t)(uint32_t block, uint32_t host, uint32_t reg, uint32_t value);
#define rom_i2c_write ((rom_i2c_write_t)0x400072d8u)
typedef void (*rom_void_t)(void);
#define rom_cache_disable ((rom_void_t)0x400047f0u)
#define ROM_VECTORS 0x40000000u
#define ROM_RESET 0x40000080u

static esp_reset_reason_t s_reason;
static shutdown_handler_t s_handlers[MAX_HANDLERS];
static uint32_t s_handler_count;

void IRAM_ATTR kernel_set_reset_hint(uint32_t hint)
{
    RTC_HINT = hint;
}

/* Which hints are believed after which cause: chip.md section 4 (SDK reset_reason.c). */
void kernel_reset_reason_init(void)
{
    uint32_t hint = RTC_HINT;
    switch (RTC_STATE1 & 0xfu) {
    case 1:
        s_reason = hint == ESP_RST_SW ? ESP_RST_SW : ESP_RST_POWERON;
        break;
    case 2:
        s_reason = hint == ESP_RST_DEEPSLEEP ? ESP_RST_DEEPSLEEP : ESP_RST_EXT;
        break;
    case 3:
        s_reason = hint == ESP_RST_PANIC || hint == ESP_RST_BROWNOUT || hint == ESP_RST_TASK_WDT
                       ? (esp_reset_reason_t)hint
                       : ESP_RST_SW;
        break;
    case 4:
        s_reason = ESP_RST_WDT;
        break;
    case 5:
        s_reason = ESP_RST_DEEPSLEEP;
        break;
    case 6:
        s_reason = ESP_RST_SDIO;
        break;
    default:
        s_reason = ESP_RST_UNKNOWN;
        break;
    }
    RTC_HINT = ESP_RST_UNKNOWN;
}

esp_reset_reason_t esp_reset_reason(void)
{
    return s_reason;
}

esp_err_t esp_register_shutdown_handler(shutdown_handler_t handler)
{
    if (s_handler_count == MAX_HANDLERS) {
        return ESP_ERR_NO_MEM;
    }
    s_handlers[s_handler_count++] = handler;
    return ESP_OK;
}

/* Turns the flash cache off under whoever is not in IRAM: no part of its caller. */
static void IRAM_ATTR __attribute__((noreturn, noinline)) leave(void)
{
    uint32_t zero = 0;
    (void)kernel_lock();
    DPORT_NMI = 0;
    __asm__ volatile("wsr %0, intenable\n\trsync" : : "a"(zero));
    kernel_set_reset_hint(ESP_RST_SW);
    kernel_watchdog_feed();
    DPORT_CLOCK_DOUBLE &= ~1u;
    rom_i2c_write(PLL_BLOCK, PLL_HOST, 1, PLL_1_DEFAULT);
    rom_i2c_write(PLL_BLOCK, PLL_HOST, 2, PLL_2_DEFAULT);
    DPORT_PERIPHERAL_RESET |= RESET_BITS;
    MAC_RESET |= MAC_RESET_BIT;
    DPORT_PERIPHERAL_RESET &= ~RESET_BITS;
    MAC_RESET &= ~MAC_RESET_BIT;
    rom_cache_disable();
    DPORT_CACHE_BANKS &= ~CACHE_BANK_BITS;
    __asm__ volatile("wsr %0, ccount\n\t"
                     "wsr %1, vecbase\n\t"
                     "rsync\n\t"
                     "jx %2"
                     :
                     : "a"(zero), "a"(ROM_VECTORS), "a"(ROM_RESET));
    __builtin_unreachable();
}

void esp_restart(void)
{
    while (s_handler_count != 0) {
        s_handlers[--s_handler_count]();
    }
    kernel_print_flush();
    leave();
}
