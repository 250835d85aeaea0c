/* SPDX-License-Identifier: MIT */
/* Software timers: a list by time, and one task that sleeps until the first of them. */
#include "freertos/timers.h"

#include <stdlib.h>

#include "kernel.h"

typedef struct tmrTimerControl {
    struct tmrTimerControl *next;
    const char *name;
    TickType_t period;
    TickType_t expires_at;
    void *id;
    TimerCallbackFunction_t callback;
    bool is_periodic;
    bool is_active;
    bool is_deleted;
    bool is_called; /* its callback runs: not to be freed under it */
} soft_timer_t;

static soft_timer_t *s_first;
static task_t *s_task;

/* Locked. */
static void unlink_timer(soft_timer_t *timer)
{
    soft_timer_t **at = &s_first;
    while (*at != NULL && *at != timer) {
        at = &(*at)->next;
    }
    if (*at == timer) {
        *at = timer->next;
    }
    timer->is_active = false;
}

/* Locked. */
static void link_timer(soft_timer_t *timer, TickType_t expires_at)
{
    soft_timer_t **at = &s_first;
    timer->expires_at = expires_at;
    while (*at != NULL && (int32_t)((*at)->expires_at - expires_at) <= 0) {
        at = &(*at)->next;
    }
    timer->next = *at;
    *at = timer;
    timer->is_active = true;
    if (s_first == timer) {
        (void)xTaskNotify(s_task, 0, eIncrement);
    }
}

/* Runs what is due; answers how long nothing will be. */
static TickType_t run_due(void)
{
    for (;;) {
        uint32_t ps = kernel_lock();
        soft_timer_t *timer = s_first;
        if (timer == NULL) {
            kernel_unlock(ps);
            return portMAX_DELAY;
        }
        TickType_t left = timer->expires_at - kernel_ticks;
        if ((int32_t)left > 0) {
            kernel_unlock(ps);
            return left;
        }
        unlink_timer(timer);
        if (timer->is_periodic) {
            link_timer(timer, timer->expires_at + timer->period);
        }
        timer->is_called = true;
        kernel_unlock(ps);
        timer->callback(timer);
        ps = kernel_lock();
        timer->is_called = false;
        bool is_to_free = timer->is_deleted;
        kernel_unlock(ps);
        if (is_to_free) {
            free(timer);
        }
    }
}

static void run(void *argument)
{
    (void)argument;
    for (;;) {
        (void)ulTaskNotifyTake(pdTRUE, run_due());
    }
}

TimerHandle_t xTimerCreate(const char *name, TickType_t period, UBaseType_t is_periodic, void *id,
                           TimerCallbackFunction_t callback)
{
    if (period == 0) {
        return NULL;
    }
    if (s_task == NULL && xTaskCreate(run, "Tmr Svc", configTIMER_TASK_STACK_DEPTH, NULL, configTIMER_TASK_PRIORITY,
                                      &s_task) != pdPASS) {
        return NULL;
    }
    soft_timer_t *timer = calloc(1, sizeof(*timer));
    if (timer != NULL) {
        timer->name = name;
        timer->period = period;
        timer->is_periodic = is_periodic != 0;
        timer->id = id;
        timer->callback = callback;
    }
    return timer;
}

BaseType_t xTimerStart(TimerHandle_t timer, TickType_t ticks)
{
    (void)ticks;
    uint32_t ps = kernel_lock();
    unlink_timer(timer);
    link_timer(timer, kernel_ticks + timer->period);
    kernel_unlock(ps);
    return pdPASS;
}

BaseType_t xTimerStop(TimerHandle_t timer, TickType_t ticks)
{
    (void)ticks;
    uint32_t ps = kernel_lock();
    unlink_timer(timer);
    kernel_unlock(ps);
    return pdPASS;
}

BaseType_t xTimerChangePeriod(TimerHandle_t timer, TickType_t period, TickType_t ticks)
{
    if (period == 0) {
        return pdFAIL;
    }
    timer->period = period;
    return xTimerStart(timer, ticks);
}

BaseType_t xTimerDelete(TimerHandle_t timer, TickType_t ticks)
{
    (void)ticks;
    uint32_t ps = kernel_lock();
    unlink_timer(timer);
    timer->is_deleted = true;
    bool is_to_free = !timer->is_called;
    kernel_unlock(ps);
    if (is_to_free) {
        free(timer);
    }
    return pdPASS;
}

BaseType_t xTimerIsTimerActive(TimerHandle_t timer)
{
    return timer->is_active ? pdTRUE : pdFALSE;
}

void *pvTimerGetTimerID(TimerHandle_t timer)
{
    return timer->id;
}

void vTimerSetTimerID(TimerHandle_t timer, void *id)
{
    timer->id = id;
}

const char *pcTimerGetTimerName(TimerHandle_t timer)
{
    return timer->name;
}

TickType_t xTimerGetPeriod(TimerHandle_t timer)
{
    return timer->period;
}

TickType_t xTimerGetExpiryTime(TimerHandle_t timer)
{
    return timer->expires_at;
}
