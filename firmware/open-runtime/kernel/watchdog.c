/* SPDX-License-Identifier: MIT */
/*
 * The hardware watchdog. Only the idle task feeds it: who keeps the CPU for itself starves it. Stage 1 prints where that is
 * (interrupt 8), stage 2 resets the chip if even that does not work. Periods as the SDK's: 2^15 and 2^11 times 0.8 ms.
 */
#include "esp_task_wdt.h"
#include "kernel.h"

#define WDT_CTL REG(0x60000900)   /* control: bit 0 enables */
#define WDT_OP REG(0x60000904)    /* exponent of stage 1 */
#define WDT_OP_ND REG(0x60000908) /* exponent of stage 2 */
#define WDT_RST REG(0x60000914)   /* feed */
#define EDGE_INT_ENABLE REG(0x3ff00004)

#define FEED 0x73u
/* Enabled, and the response mode and reset length that the SDK sets. */
#define CONTROL 0x3du
#ifndef CONFIG_ESP_TASK_WDT_TIMEOUT_EXPONENT
#define CONFIG_ESP_TASK_WDT_TIMEOUT_EXPONENT 15
#endif
#define STAGE2_EXPONENT 11
#define SOONEST_EXPONENT 1

static void IRAM_ATTR on_stage1(void *argument)
{
    (void)argument;
    kernel_panic_watchdog(kernel_interrupted);
}

void IRAM_ATTR kernel_watchdog_feed(void)
{
    WDT_RST = FEED;
}

void kernel_watchdog_start(void)
{
    WDT_CTL = 0;
    WDT_OP = CONFIG_ESP_TASK_WDT_TIMEOUT_EXPONENT;
    WDT_OP_ND = STAGE2_EXPONENT;
    kernel_watchdog_feed();
    _xt_isr_attach(INTERRUPT_WDT, on_stage1, NULL);
    EDGE_INT_ENABLE |= 1u;
    (void)_xt_isr_unmask(1u << INTERRUPT_WDT);
    WDT_CTL = CONTROL;
}

void IRAM_ATTR kernel_watchdog_reset_now(void)
{
    (void)kernel_lock();
    WDT_CTL = 0;
    WDT_OP = SOONEST_EXPONENT;
    WDT_OP_ND = SOONEST_EXPONENT;
    WDT_RST = FEED;
    WDT_CTL = CONTROL;
    __asm__ volatile("wsr %0, intenable" : : "a"(0));
    for (;;) {
    }
}

esp_err_t esp_task_wdt_init(void)
{
    kernel_watchdog_start();
    return ESP_OK;
}

void esp_task_wdt_reset(void)
{
    kernel_watchdog_feed();
}
