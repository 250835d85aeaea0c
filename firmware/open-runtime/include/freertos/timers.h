/* SPDX-License-Identifier: MIT */
#ifndef FREERTOS_TIMERS_H
#define FREERTOS_TIMERS_H

#include "freertos/task.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tmrTimerControl *TimerHandle_t;
typedef TimerHandle_t xTimerHandle;
typedef void (*TimerCallbackFunction_t)(TimerHandle_t timer);
typedef void (*PendedFunction_t)(void *argument, uint32_t number);

/*
 * Callbacks run in one task (configTIMER_TASK_PRIORITY), which exists from the first timer on, and must not wait. The calls
 * take effect at once: none of them uses its `ticks`. The FromISR forms are the same functions.
 */
TimerHandle_t xTimerCreate(const char *name, TickType_t period, UBaseType_t is_periodic, void *id,
                           TimerCallbackFunction_t callback);
BaseType_t xTimerStart(TimerHandle_t timer, TickType_t ticks);
BaseType_t xTimerStop(TimerHandle_t timer, TickType_t ticks);
BaseType_t xTimerChangePeriod(TimerHandle_t timer, TickType_t period, TickType_t ticks);
BaseType_t xTimerDelete(TimerHandle_t timer, TickType_t ticks);
#define xTimerReset(timer, ticks) xTimerStart((timer), (ticks))
#define xTimerStartFromISR(timer, is_woken) xTimerStart((timer), 0)
#define xTimerResetFromISR(timer, is_woken) xTimerStart((timer), 0)
#define xTimerStopFromISR(timer, is_woken) xTimerStop((timer), 0)
#define xTimerChangePeriodFromISR(timer, period, is_woken) xTimerChangePeriod((timer), (period), 0)
BaseType_t xTimerIsTimerActive(TimerHandle_t timer);
void *pvTimerGetTimerID(TimerHandle_t timer);
void vTimerSetTimerID(TimerHandle_t timer, void *id);
const char *pcTimerGetTimerName(TimerHandle_t timer);
TickType_t xTimerGetPeriod(TimerHandle_t timer);
TickType_t xTimerGetExpiryTime(TimerHandle_t timer);

#ifdef __cplusplus
}
#endif

#endif
