/* SPDX-License-Identifier: MIT */
/* Queues, semaphores, mutexes and their inheritance, event groups, timers, interrupts. One line a finding. */
#include <stdio.h>
#include <string.h>

#include "freertos/event_groups.h"
#include "freertos/semphr.h"
#include "freertos/task.h"
#include "freertos/timers.h"
#include "kernel/nmi.h"
#include "spin.h"

static QueueHandle_t s_queue;
static SemaphoreHandle_t s_mutex;
static SemaphoreHandle_t s_done;
static char s_order[64];
static volatile uint32_t s_order_count;

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

typedef struct item {
    uint8_t letter;
    uint32_t number;
} item_t;

static void timeouts(void)
{
    item_t item = {'a', 1};
    s_queue = xQueueCreate(3, sizeof(item));
    TickType_t start = xTaskGetTickCount();
    BaseType_t empty = xQueueReceive(s_queue, &item, 7);
    TickType_t ticks = xTaskGetTickCount() - start;
    printf("empty queue: %d after %u\n", empty, (unsigned)ticks);
    for (uint32_t i = 0; i < 3; i++) {
        item.number = i;
        xQueueSend(s_queue, &item, 0);
    }
    start = xTaskGetTickCount();
    BaseType_t full = xQueueSend(s_queue, &item, 5);
    printf("full queue: %d after %u, %u waiting\n", full, (unsigned)(xTaskGetTickCount() - start),
           uxQueueMessagesWaiting(s_queue));
    item.number = 9;
    xQueueReceive(s_queue, &item, 0);
    item.number = 9;
    xQueueSendToFront(s_queue, &item, 0);
    printf("order:");
    while (xQueueReceive(s_queue, &item, 0) == pdPASS) {
        printf(" %u", (unsigned)item.number);
    }
    printf("\n");
}

static void produce(void *argument)
{
    const char *letter = argument;
    for (uint32_t i = 0; i < 200; i++) {
        item_t item = {(uint8_t)*letter, i};
        xQueueSend(s_queue, &item, portMAX_DELAY);
        if (i % 17 == 0) {
            taskYIELD();
        }
    }
    xSemaphoreGive(s_done);
    vTaskDelete(NULL);
}

/* Three producers, one consumer that is slower: nothing lost, each one's items in order. */
static void producers(void)
{
    uint32_t next[3] = {0, 0, 0};
    uint32_t wrong = 0;
    s_done = xSemaphoreCreateCounting(3, 0);
    xTaskCreate(produce, "a", 768, "a", 1, NULL);
    xTaskCreate(produce, "b", 768, "b", 2, NULL);
    xTaskCreate(produce, "c", 768, "c", 3, NULL);
    for (uint32_t i = 0; i < 600; i++) {
        item_t item;
        if (xQueueReceive(s_queue, &item, 100) != pdPASS) {
            break;
        }
        uint32_t *expected = &next[item.letter - 'a'];
        wrong += item.number != *expected;
        *expected = item.number + 1;
    }
    printf("producers: %u %u %u, %u out of order, %u ended\n", (unsigned)next[0], (unsigned)next[1], (unsigned)next[2],
           (unsigned)wrong, uxSemaphoreGetCount(s_done));
}

static void hold_mutex(void *argument)
{
    (void)argument;
    xSemaphoreTake(s_mutex, portMAX_DELAY);
    note('l');
    for (uint32_t i = 0; i < 4; i++) {
        spin_us(10000);
    }
    note(uxTaskPriorityGet(NULL) == 6 ? '6' : '?');
    xSemaphoreGive(s_mutex);
    note(uxTaskPriorityGet(NULL) == 2 ? '2' : '?');
    vTaskDelete(NULL);
}

static void want_mutex(void *argument)
{
    (void)argument;
    note(xSemaphoreTake(s_mutex, portMAX_DELAY) == pdPASS ? 'h' : '?');
    xSemaphoreGive(s_mutex);
    vTaskDelete(NULL);
}

static void hog(void *argument)
{
    (void)argument;
    note('m');
    spin_us(100000);
    note('M');
    vTaskDelete(NULL);
}

/* Low holds, high wants, a hog in between: with inheritance high does not wait for the hog. */
static void inheritance(void)
{
    s_mutex = xSemaphoreCreateMutex();
    vTaskPrioritySet(NULL, 8);
    xTaskCreate(hold_mutex, "low", 1024, NULL, 2, NULL);
    vTaskDelay(1);
    xTaskCreate(want_mutex, "high", 1024, NULL, 6, NULL);
    xTaskCreate(hog, "hog", 1024, NULL, 4, NULL);
    vTaskDelay(60);
    tell_order("inheritance");
    vTaskPrioritySet(NULL, 1);
    BaseType_t first = xSemaphoreTake(s_mutex, 0);
    BaseType_t again = xSemaphoreTake(s_mutex, 2);
    BaseType_t given = xSemaphoreGive(s_mutex);
    printf("mutex: taken %d, again %d, given %d, given again %d\n", first, again, given, xSemaphoreGive(s_mutex));
}

static void give_up_mutex(void *argument)
{
    (void)argument;
    note(xSemaphoreTake(s_mutex, 3) == pdPASS ? '?' : 'g');
    vTaskDelete(NULL);
}

/* Whoever gives up waiting takes its priority back. */
static void disinheritance(void)
{
    xSemaphoreTake(s_mutex, portMAX_DELAY);
    xTaskCreate(give_up_mutex, "impatient", 1024, NULL, 7, NULL);
    note((char)('0' + uxTaskPriorityGet(NULL)));
    vTaskDelay(6);
    note((char)('0' + uxTaskPriorityGet(NULL)));
    /* And whoever is deleted while it waits. */
    TaskHandle_t waiter;
    xTaskCreate(want_mutex, "deleted", 1024, NULL, 7, &waiter);
    note((char)('0' + uxTaskPriorityGet(NULL)));
    vTaskDelete(waiter);
    note((char)('0' + uxTaskPriorityGet(NULL)));
    xSemaphoreGive(s_mutex);
    tell_order("disinheritance");
}

static void want_recursive(void *argument)
{
    SemaphoreHandle_t mutex = argument;
    note(xSemaphoreTakeRecursive(mutex, 0) == pdPASS ? '?' : 'n');
    note(xSemaphoreTakeRecursive(mutex, portMAX_DELAY) == pdPASS ? 'y' : '?');
    xSemaphoreGiveRecursive(mutex);
    vTaskDelete(NULL);
}

static void recursion(void)
{
    SemaphoreHandle_t mutex = xSemaphoreCreateRecursiveMutex();
    xSemaphoreTakeRecursive(mutex, portMAX_DELAY);
    xSemaphoreTakeRecursive(mutex, portMAX_DELAY);
    xTaskCreate(want_recursive, "want", 1024, mutex, 3, NULL);
    xSemaphoreGiveRecursive(mutex);
    note('1');
    xSemaphoreGiveRecursive(mutex);
    note('2');
    tell_order("recursive mutex");
    printf("not the holder: %d\n", xSemaphoreGiveRecursive(mutex));
    vSemaphoreDelete(mutex);
}

static void wait_bits(void *argument)
{
    EventGroupHandle_t group = argument;
    note((char)('a' + (int)xEventGroupWaitBits(group, 3, pdTRUE, pdTRUE, portMAX_DELAY)));
    note((char)('a' + (int)xEventGroupWaitBits(group, 12, pdFALSE, pdFALSE, portMAX_DELAY)));
    note((char)('a' + (int)xEventGroupWaitBits(group, 1, pdFALSE, pdFALSE, 2)));
    vTaskDelete(NULL);
}

static void events(void)
{
    EventGroupHandle_t group = xEventGroupCreate();
    xTaskCreate(wait_bits, "bits", 1024, group, 3, NULL);
    xEventGroupSetBits(group, 1);
    note('-');
    xEventGroupSetBits(group, 2);
    note('-');
    xEventGroupSetBits(group, 8);
    vTaskDelay(4);
    printf("left: %u\n", (unsigned)xEventGroupGetBits(group));
    tell_order("event group");
    vEventGroupDelete(group);
}

static volatile uint32_t s_fired;
static volatile TickType_t s_fired_at;

static void on_timer(TimerHandle_t timer)
{
    (void)timer;
    s_fired++;
    s_fired_at = xTaskGetTickCount();
}

static void timers(void)
{
    TimerHandle_t once = xTimerCreate("once", 5, pdFALSE, NULL, on_timer);
    TimerHandle_t often = xTimerCreate("often", 4, pdTRUE, NULL, on_timer);
    TickType_t start = xTaskGetTickCount();
    xTimerStart(once, 0);
    vTaskDelay(20);
    printf("timer: %u time after %u\n", (unsigned)s_fired, (unsigned)(s_fired_at - start));
    s_fired = 0;
    xTimerStart(often, 0);
    vTaskDelay(42);
    xTimerStop(often, 0);
    uint32_t fired = s_fired;
    vTaskDelay(20);
    printf("periodic timer: %u times in 42, %u when stopped\n", (unsigned)fired, (unsigned)(s_fired - fired));
    s_fired = 0;
    xTimerStart(once, 0);
    for (int i = 0; i < 5; i++) {
        vTaskDelay(3);
        xTimerReset(once, 0);
    }
    printf("reset timer: %u times\n", (unsigned)s_fired);
    xTimerDelete(once, 0);
    xTimerDelete(often, 0);
}

static void IRAM_ATTR on_soft(void *argument)
{
    BaseType_t is_woken = pdFALSE;
    item_t item = {'i', *(uint32_t *)argument};
    xQueueSendFromISR(s_queue, &item, &is_woken);
    note(xPortInIsrContext() ? 'i' : '?');
    note(is_woken ? 'w' : '-');
    portYIELD_FROM_ISR();
}

static void receive_once(void *argument)
{
    (void)argument;
    item_t item;
    xQueueReceive(s_queue, &item, portMAX_DELAY);
    note(item.number == 77 ? 'r' : '?');
    vTaskDelete(NULL);
}

/* A send from an interrupt: the receiver runs before the interrupted task goes on. */
static void soft_interrupt(void)
{
    static uint32_t number = 77;
    int soft = kernel_soft_interrupt(on_soft, &number);
    xTaskCreate(receive_once, "receive", 1024, NULL, 4, NULL);
    kernel_soft_interrupt_raise(soft);
    note('m');
    tell_order("soft interrupt");
    taskENTER_CRITICAL();
    kernel_soft_interrupt_raise(soft);
    kernel_soft_interrupt_raise(soft);
    note('c');
    taskEXIT_CRITICAL();
    tell_order("soft interrupt, masked");
    xQueueReset(s_queue);
}

void app_main(void)
{
    timeouts();
    producers();
    inheritance();
    disinheritance();
    recursion();
    events();
    timers();
    soft_interrupt();
    printf("kernel test done\n");
}
