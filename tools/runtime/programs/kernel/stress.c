/* SPDX-License-Identifier: MIT */
/*
 * Three tasks that sum bytes of the mapped flash (every byte an exception), a timer interrupt that reads flash as well,
 * an NMI that does the same and raises a soft interrupt, and a task that is woken by it: whatever breaks into whatever, nobody's
 * sum may change.
 */
#include <stdio.h>

#include "flash_constant.h"
#include "freertos/queue.h"
#include "freertos/task.h"
#include "kernel/interrupts.h"
#include "kernel/nmi.h"

#define REG(address) (*(volatile uint32_t *)(address))
#define FRC1_LOAD REG(0x60000600)
#define FRC1_CTRL REG(0x60000608)
#define FRC1_INT REG(0x6000060c)
#define FRC1_RUN_RELOAD_DIV16 0xc4u
#define EDGE_INT_ENABLE REG(0x3ff00004)
#define NMI_GATE REG(0x3ff00000)
#define WDEV(offset) REG(0x3ff20000 + (offset))
#define INT_ENA WDEV(0xc18)
#define INT_ST WDEV(0xc20)
#define INT_CLR WDEV(0xc24)
#define TSF1_LOW WDEV(0x1048)
#define TSF1_ALARM_ENABLE WDEV(0x10c8)
#define TSF1_ALARM_LOW WDEV(0x10cc)
#define INT_TSF1 (1u << 26)
#define RUN 0x80000000u

/* Prime to each other and to the tick, so that every distance comes. */
#define TIMER_COUNTS 251u
#define NMI_MICROS 83u

static volatile uint32_t s_wrong;
static volatile uint32_t s_rounds[3];
static volatile uint32_t s_timer_count;
static volatile uint32_t s_nmi_count;
static volatile uint32_t s_woken;
static volatile uint32_t s_lost;
static QueueHandle_t s_queue;
static int s_soft;

static uint32_t IRAM_ATTR sum(uint32_t start, uint32_t length)
{
    uint32_t result = 1;
    for (uint32_t i = 0; i < length; i++) {
        result = result * 33 + (uint8_t)flash_text[(start + i) % 36];
    }
    return result;
}

static uint32_t s_expected_short;
static uint32_t s_expected_long[3];

static void IRAM_ATTR on_timer(void *argument)
{
    (void)argument;
    FRC1_INT &= ~1u;
    s_timer_count++;
    s_wrong += sum(3, 4) != s_expected_short;
}

static void IRAM_ATTR on_nmi(void *argument)
{
    (void)argument;
    uint32_t mask = INT_ENA;
    uint32_t status = INT_ST;
    INT_ENA = 0;
    INT_CLR = status;
    if ((status & INT_TSF1) != 0) {
        TSF1_ALARM_LOW = TSF1_ALARM_LOW + NMI_MICROS;
        TSF1_ALARM_ENABLE = RUN;
    }
    s_nmi_count++;
    s_wrong += sum(3, 4) != s_expected_short;
    kernel_soft_interrupt_raise(s_soft);
    do {
        NMI_GATE = 0;
    } while (NMI_GATE != 0);
    INT_ENA = mask;
    NMI_GATE = 1;
}

static void IRAM_ATTR on_soft(void *argument)
{
    (void)argument;
    uint32_t count = s_nmi_count;
    BaseType_t is_woken = pdFALSE;
    if (xQueueSendFromISR(s_queue, &count, &is_woken) != pdPASS) {
        s_lost++;
    }
}

static void summing(void *argument)
{
    uint32_t which = (uint32_t)(uintptr_t)argument;
    for (;;) {
        s_wrong += sum(which, 36) != s_expected_long[which];
        s_rounds[which]++;
        if (s_rounds[which] % 64 == which) {
            taskYIELD();
        }
    }
}

static void woken(void *argument)
{
    (void)argument;
    uint32_t before = 0;
    for (;;) {
        uint32_t count;
        xQueueReceive(s_queue, &count, portMAX_DELAY);
        s_wrong += count <= before;
        before = count;
        s_woken++;
    }
}

void app_main(void)
{
    s_expected_short = sum(3, 4);
    for (uint32_t i = 0; i < 3; i++) {
        s_expected_long[i] = sum(i, 36);
    }
    vTaskPrioritySet(NULL, 8);
    s_queue = xQueueCreate(8, sizeof(uint32_t));
    s_soft = kernel_soft_interrupt(on_soft, NULL);
    for (uint32_t i = 0; i < 3; i++) {
        xTaskCreate(summing, "sum", 1024, (void *)(uintptr_t)i, 2, NULL);
    }
    xTaskCreate(woken, "woken", 1024, NULL, 5, NULL);
    _xt_isr_attach(INTERRUPT_FRC1, on_timer, NULL);
    EDGE_INT_ENABLE |= 2u;
    FRC1_LOAD = TIMER_COUNTS;
    FRC1_CTRL = FRC1_RUN_RELOAD_DIV16;
    _xt_isr_unmask(1u << INTERRUPT_FRC1);
    esp_nmi_set_handler(on_nmi, NULL);
    INT_ENA = INT_TSF1;
    NMI_GATE = 1;
    TSF1_ALARM_LOW = TSF1_LOW + NMI_MICROS;
    TSF1_ALARM_ENABLE = RUN;
    vTaskDelay(150);
    INT_ENA = 0;
    FRC1_CTRL = 0;
    printf("wrong: %u, lost: %u\n", (unsigned)s_wrong, (unsigned)s_lost);
    printf("rounds: %d, timer: %u, nmi: %u, woken: %u\n",
           s_rounds[0] > 200 && s_rounds[1] > 200 && s_rounds[2] > 200, (unsigned)s_timer_count, (unsigned)s_nmi_count,
           (unsigned)s_woken);
    printf("kernel test done\n");
    vTaskDelay(portMAX_DELAY);
}
