/* SPDX-License-Identifier: MIT */
/* Priorities, preemption, taking turns, delays, suspension, deletion, critical sections. One line a finding. */
#include <stdio.h>

#include "freertos/semphr.h"
#include "freertos/task.h"
#include "esp_system.h"
#include "spin.h"

static char s_order[64];
static volatile uint32_t s_order_count;
static volatile uint32_t s_turns[2];
static volatile bool s_is_over;

static void note(char letter)
{
    taskENTER_CRITICAL();
    if (s_order_count < sizeof(s_order) - 1) {
        s_order[s_order_count++] = letter;
        s_order[s_order_count] = '\0';
    }
    taskEXIT_CRITICAL();
}

static void tell_order(const char *what)
{
    printf("%s: %s\n", what, s_order);
    s_order_count = 0;
    s_order[0] = '\0';
}

static void note_once(void *argument)
{
    note(*(const char *)argument);
    vTaskDelete(NULL);
}

/* A task of a higher priority runs inside of xTaskCreate, one of a lower when we wait. */
static void preemption(void)
{
    xTaskCreate(note_once, "high", 768, "H", 5, NULL);
    note('a');
    xTaskCreate(note_once, "low", 768, "L", 0, NULL);
    note('b');
    vTaskDelay(2);
    note('c');
    tell_order("preemption");
}

static void count_turns(void *argument)
{
    volatile uint32_t *turns = argument;
    while (!s_is_over) {
        (*turns)++;
    }
    vTaskDelete(NULL);
}

static void round_robin(void)
{
    s_is_over = false;
    vTaskPrioritySet(NULL, 3);
    xTaskCreate(count_turns, "one", 768, (void *)&s_turns[0], 2, NULL);
    xTaskCreate(count_turns, "two", 768, (void *)&s_turns[1], 2, NULL);
    vTaskDelay(20);
    s_is_over = true;
    vTaskDelay(2);
    vTaskPrioritySet(NULL, 1);
    uint32_t more = s_turns[0] > s_turns[1] ? s_turns[0] : s_turns[1];
    uint32_t less = s_turns[0] > s_turns[1] ? s_turns[1] : s_turns[0];
    printf("round robin: both ran %d, within 5 %% of each other %d\n", less > 1000, (more - less) * 20 < more);
}

static void yielding(void *argument)
{
    for (int i = 0; i < 3; i++) {
        note(*(const char *)argument);
        taskYIELD();
    }
    vTaskDelete(NULL);
}

static void yield(void)
{
    vTaskPrioritySet(NULL, 5);
    xTaskCreate(yielding, "x", 768, "x", 4, NULL);
    xTaskCreate(yielding, "y", 768, "y", 4, NULL);
    xTaskCreate(yielding, "z", 768, "z", 4, NULL);
    vTaskDelay(2);
    vTaskPrioritySet(NULL, 1);
    tell_order("yield");
}

static void delays(void)
{
    static const TickType_t wanted[] = {1, 2, 3, 10, 57, 100};
    printf("delays:");
    for (unsigned i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        TickType_t start = xTaskGetTickCount();
        vTaskDelay(wanted[i]);
        printf(" %u", (unsigned)(xTaskGetTickCount() - start));
    }
    printf("\n");
    /* Work in between does not move the next waking. */
    TickType_t wake = xTaskGetTickCount();
    TickType_t first = wake;
    for (int i = 0; i < 10; i++) {
        spin_us(30000);
        vTaskDelayUntil(&wake, 5);
    }
    printf("delay until: %u\n", (unsigned)(xTaskGetTickCount() - first));
}

/* A second is a second, however often level 1 was masked for longer than a tick. */
static void drift(void)
{
    int64_t start_us = esp_timer_get_time();
    uint32_t start = xTaskGetTickCount();
    for (int i = 0; i < 10; i++) {
        taskENTER_CRITICAL();
        taskENTER_CRITICAL();
        spin_us(37000);
        taskEXIT_CRITICAL();
        taskEXIT_CRITICAL();
    }
    uint32_t us = (uint32_t)(esp_timer_get_time() - start_us);
    uint32_t ticks = xTaskGetTickCount() - start;
    printf("masked: %u ticks in %u.%u s\n", (unsigned)ticks, (unsigned)(us / 1000000u), (unsigned)(us / 100000u % 10u));
}

static void nested(void)
{
    TickType_t start = xTaskGetTickCount();
    taskENTER_CRITICAL();
    taskENTER_CRITICAL();
    taskEXIT_CRITICAL();
    spin_us(25000);
    TickType_t within = xTaskGetTickCount() - start;
    taskEXIT_CRITICAL();
    printf("nested critical sections: %u ticks within, %d behind\n", (unsigned)within, xTaskGetTickCount() - start >= 2);
}

static void count_for_ever(void *argument)
{
    for (;;) {
        (*(volatile uint32_t *)argument)++;
        vTaskDelay(1);
    }
}

static void suspension(void)
{
    static volatile uint32_t count;
    TaskHandle_t task;
    xTaskCreate(count_for_ever, "count", 768, (void *)&count, 2, &task);
    vTaskDelay(5);
    vTaskSuspend(task);
    uint32_t before = count;
    vTaskDelay(5);
    bool stood = count == before;
    vTaskResume(task);
    vTaskDelay(5);
    bool went_on = count > before;
    vTaskSuspendAll();
    before = count;
    spin_us(30000);
    bool waited = count == before;
    xTaskResumeAll();
    vTaskDelay(2);
    printf("suspended: stood %d, went on %d, waited for the scheduler %d, then %d\n", stood, went_on, waited, count > before);
    UBaseType_t tasks = uxTaskGetNumberOfTasks();
    uint32_t heap = esp_get_free_heap_size();
    vTaskDelete(task);
    vTaskDelay(2);
    printf("deleted: %u task less, memory back %d\n", tasks - uxTaskGetNumberOfTasks(), esp_get_free_heap_size() > heap + 768);
}

static void notified(void *argument)
{
    (void)argument;
    uint32_t value = 0;
    note((char)('0' + ulTaskNotifyTake(pdTRUE, portMAX_DELAY)));
    note((char)('0' + ulTaskNotifyTake(pdTRUE, 3)));
    note(xTaskNotifyWait(0, 0xffffffffu, &value, portMAX_DELAY) == pdTRUE ? 'w' : '-');
    note(value == 0x50 ? 'v' : '-');
    note(xTaskNotifyWait(0, 0, &value, 2) == pdTRUE ? '-' : 't');
    vTaskDelete(NULL);
}

static void notifications(void)
{
    TaskHandle_t task;
    vTaskPrioritySet(NULL, 5);
    xTaskCreate(notified, "notified", 768, NULL, 2, &task);
    xTaskNotifyGive(task);
    xTaskNotifyGive(task);
    vTaskDelay(10);
    xTaskNotify(task, 0x10, eSetBits);
    xTaskNotify(task, 0x40, eSetBits);
    vTaskDelay(10);
    vTaskPrioritySet(NULL, 1);
    tell_order("notifications");
}

void app_main(void)
{
    printf("task: %s, priority %u\n", pcTaskGetName(NULL), uxTaskPriorityGet(NULL));
    preemption();
    round_robin();
    yield();
    delays();
    drift();
    nested();
    suspension();
    notifications();
    printf("kernel test done\n");
}
