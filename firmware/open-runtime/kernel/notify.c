/* SPDX-License-Identifier: MIT */
/* Task notifications: one value a task, set by others, waited for by its owner. */
#include "kernel.h"

enum { NOTIFY_NONE, NOTIFY_AWAITED, NOTIFY_PENDING };

static bool IRAM_ATTR notify(task_t *task, uint32_t value, eNotifyAction action, bool *is_woken)
{
    bool is_taken = true;
    uint32_t ps = kernel_lock();
    uint8_t before = task->notify_state;
    switch (action) {
    case eSetBits:
        task->notify_value |= value;
        break;
    case eIncrement:
        task->notify_value++;
        break;
    case eSetValueWithOverwrite:
        task->notify_value = value;
        break;
    case eSetValueWithoutOverwrite:
        is_taken = before != NOTIFY_PENDING;
        if (is_taken) {
            task->notify_value = value;
        }
        break;
    case eNoAction:
    default:
        break;
    }
    task->notify_state = NOTIFY_PENDING;
    if (before == NOTIFY_AWAITED && task->state == TASK_BLOCKED) {
        *is_woken = task->priority > kernel_current->priority;
        kernel_wake(task, WAIT_WOKEN);
    }
    kernel_unlock(ps);
    return is_taken;
}

BaseType_t IRAM_ATTR xTaskNotify(TaskHandle_t task, uint32_t value, eNotifyAction action)
{
    bool is_woken = false;
    return notify(task, value, action, &is_woken) ? pdPASS : pdFAIL;
}

BaseType_t IRAM_ATTR xTaskNotifyFromISR(TaskHandle_t task, uint32_t value, eNotifyAction action, BaseType_t *woken)
{
    bool is_woken = false;
    bool is_taken = notify(task, value, action, &is_woken);
    if (woken != NULL && is_woken) {
        *woken = pdTRUE;
    }
    return is_taken ? pdPASS : pdFAIL;
}

void IRAM_ATTR vTaskNotifyGiveFromISR(TaskHandle_t task, BaseType_t *woken)
{
    (void)xTaskNotifyFromISR(task, 0, eIncrement, woken);
}

/* Locked; opens the lock while it waits. A wait without end is a delay of the longest kind, so that it counts as one. */
static void await(TickType_t ticks, uint32_t ps)
{
    task_t *task = kernel_current;
    TickType_t start = kernel_ticks;
    task->notify_state = NOTIFY_AWAITED;
    while (task->notify_state == NOTIFY_AWAITED) {
        TickType_t left = ticks_left(start, ticks);
        if (left == 0) {
            return;
        }
        kernel_block(NULL, left == portMAX_DELAY ? left - 1 : left);
        kernel_unlock(ps);
        (void)kernel_lock();
    }
}

uint32_t ulTaskNotifyTake(BaseType_t clear_at_exit, TickType_t ticks)
{
    task_t *task = kernel_current;
    if (ticks != 0) {
        kernel_check_may_wait();
    }
    uint32_t ps = kernel_lock();
    if (task->notify_value == 0 && ticks != 0) {
        await(ticks, ps);
    }
    uint32_t value = task->notify_value;
    if (value != 0) {
        task->notify_value = clear_at_exit != pdFALSE ? 0 : value - 1;
    }
    task->notify_state = NOTIFY_NONE;
    kernel_unlock(ps);
    return value;
}

BaseType_t xTaskNotifyWait(uint32_t clear_at_entry, uint32_t clear_at_exit, uint32_t *value, TickType_t ticks)
{
    task_t *task = kernel_current;
    if (ticks != 0) {
        kernel_check_may_wait();
    }
    uint32_t ps = kernel_lock();
    if (task->notify_state != NOTIFY_PENDING) {
        task->notify_value &= ~clear_at_entry;
        if (ticks != 0) {
            await(ticks, ps);
        }
    }
    if (value != NULL) {
        *value = task->notify_value;
    }
    bool is_notified = task->notify_state == NOTIFY_PENDING;
    if (is_notified) {
        task->notify_value &= ~clear_at_exit;
    }
    task->notify_state = NOTIFY_NONE;
    kernel_unlock(ps);
    return is_notified ? pdTRUE : pdFALSE;
}

BaseType_t xTaskNotifyStateClear(TaskHandle_t handle)
{
    task_t *task = handle != NULL ? handle : kernel_current;
    uint32_t ps = kernel_lock();
    bool was_pending = task->notify_state == NOTIFY_PENDING;
    if (was_pending) {
        task->notify_state = NOTIFY_NONE;
    }
    kernel_unlock(ps);
    return was_pending ? pdPASS : pdFAIL;
}
