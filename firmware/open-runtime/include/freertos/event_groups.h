/* SPDX-License-Identifier: MIT */
#ifndef FREERTOS_EVENT_GROUPS_H
#define FREERTOS_EVENT_GROUPS_H

#include "freertos/task.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct EventGroupDef_t *EventGroupHandle_t;
typedef uint32_t EventBits_t;

EventGroupHandle_t xEventGroupCreate(void);
void vEventGroupDelete(EventGroupHandle_t group);
/* The bits as they are when the wait ends; `is_all`: every bit of `bits`, else any. */
EventBits_t xEventGroupWaitBits(EventGroupHandle_t group, EventBits_t bits, BaseType_t clear_on_exit, BaseType_t is_all,
                                TickType_t ticks);
/* Takes effect at once, from tasks and interrupts. Answers the bits after it, which waiters may have cleared again. */
EventBits_t xEventGroupSetBits(EventGroupHandle_t group, EventBits_t bits);
BaseType_t xEventGroupSetBitsFromISR(EventGroupHandle_t group, EventBits_t bits, BaseType_t *is_woken);
/* Answers the bits before it. */
EventBits_t xEventGroupClearBits(EventGroupHandle_t group, EventBits_t bits);
#define xEventGroupClearBitsFromISR(group, bits) xEventGroupClearBits((group), (bits))
#define xEventGroupGetBits(group) xEventGroupClearBits((group), 0)
#define xEventGroupGetBitsFromISR(group) xEventGroupClearBits((group), 0)

#ifdef __cplusplus
}
#endif

#endif
