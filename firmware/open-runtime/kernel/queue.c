/* SPDX-License-Identifier: MIT */
/*
 * Queues, and semaphores as queues of items of 0 bytes. Who finds one empty or full waits and tries again when woken: another
 * task may have been quicker. A mutex knows its holder, which runs at the priority of its highest waiter.
 */
#include <stdlib.h>
#include <string.h>

#include "freertos/semphr.h"
#include "kernel.h"

typedef enum { KIND_QUEUE, KIND_SEMAPHORE, KIND_MUTEX } kind_t;

typedef struct QueueDefinition {
    uint32_t length;
    uint32_t item_bytes;
    uint32_t count;
    uint32_t first; /* where the oldest item lies */
    node_t receivers;
    node_t senders;
    task_t *holder;
    struct QueueDefinition *next_held;
    uint32_t depth; /* how often a recursive mutex is held */
    kind_t kind;
    uint8_t items[];
} queue_t;

static queue_t *create(kind_t kind, uint32_t length, uint32_t item_bytes, uint32_t count)
{
    if (length == 0 || (item_bytes != 0 && length > 0x10000u / item_bytes)) {
        return NULL;
    }
    queue_t *queue = calloc(1, sizeof(*queue) + length * item_bytes);
    if (queue == NULL) {
        return NULL;
    }
    queue->kind = kind;
    queue->length = length;
    queue->item_bytes = item_bytes;
    queue->count = count;
    list_init(&queue->receivers);
    list_init(&queue->senders);
    return queue;
}

/* --- priority inheritance ------------------------------------------------------------------------------------------ */

/* What a task runs at: its own priority or that of the first one that waits for one of its mutexes. Follows the chain of
 * holders that wait themselves; its length is bounded by the number of tasks, for a ring of them would stand still. */
void IRAM_ATTR kernel_reinherit(task_t *task)
{
    for (uint32_t steps = 0; task != NULL && steps < 32; steps++) {
        uint8_t priority = task->base_priority;
        for (const queue_t *mutex = task->held; mutex != NULL; mutex = mutex->next_held) {
            if (!list_is_empty(&mutex->receivers) && mutex->receivers.next->task->priority > priority) {
                priority = mutex->receivers.next->task->priority;
            }
        }
        if (priority == task->priority) {
            return;
        }
        kernel_set_priority(task, priority);
        task = task->wanted != NULL ? task->wanted->holder : NULL;
    }
}

void kernel_forget_wanted(task_t *task)
{
    const queue_t *mutex = task->wanted;
    task->wanted = NULL;
    if (mutex != NULL) {
        kernel_reinherit(mutex->holder);
    }
}

static void IRAM_ATTR hold(queue_t *mutex)
{
    mutex->holder = kernel_current;
    mutex->next_held = kernel_current->held;
    kernel_current->held = mutex;
    kernel_reinherit(kernel_current);
}

static void IRAM_ATTR let_go(queue_t *mutex)
{
    queue_t **at = &mutex->holder->held;
    while (*at != mutex) {
        at = &(*at)->next_held;
    }
    *at = mutex->next_held;
    mutex->next_held = NULL;
    task_t *holder = mutex->holder;
    mutex->holder = NULL;
    kernel_reinherit(holder);
}

/* --- in and out, locked -------------------------------------------------------------------------------------------- */

static void IRAM_ATTR put(queue_t *queue, const void *item, bool is_to_front)
{
    if (queue->item_bytes != 0) {
        uint32_t slot;
        if (is_to_front) {
            queue->first = (queue->first == 0 ? queue->length : queue->first) - 1;
            slot = queue->first;
        } else {
            slot = queue->first + queue->count;
            slot = slot >= queue->length ? slot - queue->length : slot;
        }
        memcpy(queue->items + slot * queue->item_bytes, item, queue->item_bytes);
    }
    queue->count++;
}

static void IRAM_ATTR get(queue_t *queue, void *item, bool is_to_stay)
{
    if (queue->item_bytes != 0) {
        memcpy(item, queue->items + queue->first * queue->item_bytes, queue->item_bytes);
    }
    if (is_to_stay) {
        return;
    }
    if (queue->item_bytes != 0) {
        queue->first = queue->first + 1 == queue->length ? 0 : queue->first + 1;
    }
    queue->count--;
    if (queue->kind == KIND_MUTEX) {
        hold(queue);
    }
}

static void IRAM_ATTR note_woken(const task_t *task, BaseType_t *is_woken)
{
    if (task != NULL && is_woken != NULL && task->priority > kernel_current->priority) {
        *is_woken = pdTRUE;
    }
}

/* --- sending ------------------------------------------------------------------------------------------------------- */

static BaseType_t IRAM_ATTR send(queue_t *queue, const void *item, TickType_t ticks, bool is_to_front)
{
    TickType_t start = kernel_ticks;
    if (ticks != 0) {
        kernel_check_may_wait();
    }
    uint32_t ps = kernel_lock();
    while (queue->count >= queue->length) {
        TickType_t left = ticks_left(start, ticks);
        if (left == 0) {
            kernel_unlock(ps);
            return errQUEUE_FULL;
        }
        kernel_block(&queue->senders, left);
        kernel_unlock(ps);
        (void)kernel_lock();
    }
    put(queue, item, is_to_front);
    (void)kernel_wake_first(&queue->receivers);
    kernel_unlock(ps);
    return pdPASS;
}

static BaseType_t IRAM_ATTR send_from_isr(queue_t *queue, const void *item, BaseType_t *is_woken, bool is_to_front)
{
    BaseType_t result = errQUEUE_FULL;
    uint32_t ps = kernel_lock();
    if (queue->count < queue->length) {
        put(queue, item, is_to_front);
        note_woken(kernel_wake_first(&queue->receivers), is_woken);
        result = pdPASS;
    }
    kernel_unlock(ps);
    return result;
}

BaseType_t IRAM_ATTR xQueueSendToBack(QueueHandle_t queue, const void *item, TickType_t ticks)
{
    return send(queue, item, ticks, false);
}

BaseType_t IRAM_ATTR xQueueSendToFront(QueueHandle_t queue, const void *item, TickType_t ticks)
{
    return send(queue, item, ticks, true);
}

BaseType_t IRAM_ATTR xQueueSendToBackFromISR(QueueHandle_t queue, const void *item, BaseType_t *is_woken)
{
    return send_from_isr(queue, item, is_woken, false);
}

BaseType_t IRAM_ATTR xQueueSendToFrontFromISR(QueueHandle_t queue, const void *item, BaseType_t *is_woken)
{
    return send_from_isr(queue, item, is_woken, true);
}

BaseType_t xQueueOverwrite(QueueHandle_t queue, const void *item)
{
    uint32_t ps = kernel_lock();
    queue->count = 0;
    put(queue, item, false);
    (void)kernel_wake_first(&queue->receivers);
    kernel_unlock(ps);
    return pdPASS;
}

/* --- receiving ----------------------------------------------------------------------------------------------------- */

static BaseType_t IRAM_ATTR receive(queue_t *queue, void *item, TickType_t ticks, bool is_to_stay)
{
    TickType_t start = kernel_ticks;
    if (ticks != 0) {
        kernel_check_may_wait();
    }
    uint32_t ps = kernel_lock();
    while (queue->count == 0) {
        TickType_t left = ticks_left(start, ticks);
        if (left == 0) {
            kernel_unlock(ps);
            return errQUEUE_EMPTY;
        }
        task_t *task = kernel_current;
        kernel_block(&queue->receivers, left);
        if (queue->kind == KIND_MUTEX) {
            task->wanted = queue;
            kernel_reinherit(queue->holder);
        }
        kernel_unlock(ps);
        (void)kernel_lock();
        if (queue->kind == KIND_MUTEX) {
            task->wanted = NULL;
            /* One that gives up takes its priority back from the holder. */
            kernel_reinherit(queue->holder);
        }
    }
    get(queue, item, is_to_stay);
    if (is_to_stay) {
        /* It is still there, and for the next one too. */
        (void)kernel_wake_first(&queue->receivers);
    } else {
        (void)kernel_wake_first(&queue->senders);
    }
    kernel_unlock(ps);
    return pdPASS;
}

BaseType_t IRAM_ATTR xQueueReceive(QueueHandle_t queue, void *item, TickType_t ticks)
{
    return receive(queue, item, ticks, false);
}

BaseType_t xQueuePeek(QueueHandle_t queue, void *item, TickType_t ticks)
{
    return receive(queue, item, ticks, true);
}

BaseType_t IRAM_ATTR xQueueReceiveFromISR(QueueHandle_t queue, void *item, BaseType_t *is_woken)
{
    BaseType_t result = errQUEUE_EMPTY;
    uint32_t ps = kernel_lock();
    if (queue->count != 0 && queue->kind != KIND_MUTEX) {
        get(queue, item, false);
        note_woken(kernel_wake_first(&queue->senders), is_woken);
        result = pdPASS;
    }
    kernel_unlock(ps);
    return result;
}

/* --- the rest ------------------------------------------------------------------------------------------------------ */

QueueHandle_t xQueueCreate(UBaseType_t length, UBaseType_t item_bytes)
{
    return create(KIND_QUEUE, length, item_bytes, 0);
}

void vQueueDelete(QueueHandle_t queue)
{
    if (queue == NULL) {
        return;
    }
    uint32_t ps = kernel_lock();
    if (queue->holder != NULL) {
        let_go(queue);
    }
    kernel_unlock(ps);
    free(queue);
}

BaseType_t xQueueReset(QueueHandle_t queue)
{
    uint32_t ps = kernel_lock();
    queue->count = 0;
    queue->first = 0;
    (void)kernel_wake_first(&queue->senders);
    kernel_unlock(ps);
    return pdPASS;
}

UBaseType_t uxQueueMessagesWaiting(QueueHandle_t queue)
{
    return queue->count;
}

UBaseType_t IRAM_ATTR uxQueueMessagesWaitingFromISR(QueueHandle_t queue)
{
    return queue->count;
}

UBaseType_t uxQueueSpacesAvailable(QueueHandle_t queue)
{
    return queue->length - queue->count;
}

BaseType_t IRAM_ATTR xQueueIsQueueFullFromISR(QueueHandle_t queue)
{
    return queue->count == queue->length ? pdTRUE : pdFALSE;
}

BaseType_t IRAM_ATTR xQueueIsQueueEmptyFromISR(QueueHandle_t queue)
{
    return queue->count == 0 ? pdTRUE : pdFALSE;
}

SemaphoreHandle_t xSemaphoreCreateBinary(void)
{
    return create(KIND_SEMAPHORE, 1, 0, 0);
}

SemaphoreHandle_t xSemaphoreCreateCounting(UBaseType_t maximum, UBaseType_t initial)
{
    return initial <= maximum ? create(KIND_SEMAPHORE, maximum, 0, initial) : NULL;
}

SemaphoreHandle_t xSemaphoreCreateMutex(void)
{
    return create(KIND_MUTEX, 1, 0, 1);
}

SemaphoreHandle_t xSemaphoreCreateRecursiveMutex(void)
{
    return create(KIND_MUTEX, 1, 0, 1);
}

void vSemaphoreDelete(SemaphoreHandle_t semaphore)
{
    vQueueDelete(semaphore);
}

BaseType_t IRAM_ATTR xSemaphoreTake(SemaphoreHandle_t semaphore, TickType_t ticks)
{
    return receive(semaphore, NULL, ticks, false);
}

BaseType_t IRAM_ATTR xSemaphoreGive(SemaphoreHandle_t semaphore)
{
    if (semaphore->kind != KIND_MUTEX) {
        return send_from_isr(semaphore, NULL, NULL, false);
    }
    BaseType_t result = pdFAIL;
    uint32_t ps = kernel_lock();
    if (semaphore->holder == kernel_current) {
        (void)kernel_wake_first(&semaphore->receivers);
        let_go(semaphore);
        semaphore->count = 1;
        result = pdPASS;
    }
    kernel_unlock(ps);
    return result;
}

BaseType_t IRAM_ATTR xSemaphoreTakeFromISR(SemaphoreHandle_t semaphore, BaseType_t *is_woken)
{
    return xQueueReceiveFromISR(semaphore, NULL, is_woken);
}

BaseType_t IRAM_ATTR xSemaphoreGiveFromISR(SemaphoreHandle_t semaphore, BaseType_t *is_woken)
{
    return semaphore->kind == KIND_MUTEX ? pdFAIL : send_from_isr(semaphore, NULL, is_woken, false);
}

BaseType_t xSemaphoreTakeRecursive(SemaphoreHandle_t mutex, TickType_t ticks)
{
    /* Only the caller itself can make itself the holder, so the look needs no lock. */
    if (mutex->holder == kernel_current) {
        mutex->depth++;
        return pdPASS;
    }
    if (receive(mutex, NULL, ticks, false) != pdPASS) {
        return pdFAIL;
    }
    mutex->depth = 1;
    return pdPASS;
}

BaseType_t xSemaphoreGiveRecursive(SemaphoreHandle_t mutex)
{
    if (mutex->holder != kernel_current) {
        return pdFAIL;
    }
    mutex->depth--;
    return mutex->depth != 0 ? pdPASS : xSemaphoreGive(mutex);
}

UBaseType_t uxSemaphoreGetCount(SemaphoreHandle_t semaphore)
{
    return semaphore->count;
}

TaskHandle_t xSemaphoreGetMutexHolder(SemaphoreHandle_t mutex)
{
    return mutex->holder;
}
