/* SPDX-License-Identifier: MIT */
#ifndef FREERTOS_QUEUE_H
#define FREERTOS_QUEUE_H

#include "freertos/FreeRTOS.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct QueueDefinition *QueueHandle_t;
typedef QueueHandle_t xQueueHandle;

/* NULL without memory. */
QueueHandle_t xQueueCreate(UBaseType_t length, UBaseType_t item_bytes);
void vQueueDelete(QueueHandle_t queue);

BaseType_t xQueueSendToBack(QueueHandle_t queue, const void *item, TickType_t ticks);
BaseType_t xQueueSendToFront(QueueHandle_t queue, const void *item, TickType_t ticks);
#define xQueueSend(queue, item, ticks) xQueueSendToBack((queue), (item), (ticks))
/* For queues of one item. */
BaseType_t xQueueOverwrite(QueueHandle_t queue, const void *item);
BaseType_t xQueueReceive(QueueHandle_t queue, void *item, TickType_t ticks);
BaseType_t xQueuePeek(QueueHandle_t queue, void *item, TickType_t ticks);
BaseType_t xQueueReset(QueueHandle_t queue);

BaseType_t xQueueSendToBackFromISR(QueueHandle_t queue, const void *item, BaseType_t *is_woken);
BaseType_t xQueueSendToFrontFromISR(QueueHandle_t queue, const void *item, BaseType_t *is_woken);
#define xQueueSendFromISR(queue, item, is_woken) xQueueSendToBackFromISR((queue), (item), (is_woken))
BaseType_t xQueueReceiveFromISR(QueueHandle_t queue, void *item, BaseType_t *is_woken);

UBaseType_t uxQueueMessagesWaiting(QueueHandle_t queue);
UBaseType_t uxQueueMessagesWaitingFromISR(QueueHandle_t queue);
UBaseType_t uxQueueSpacesAvailable(QueueHandle_t queue);
BaseType_t xQueueIsQueueFullFromISR(QueueHandle_t queue);
BaseType_t xQueueIsQueueEmptyFromISR(QueueHandle_t queue);

#ifdef __cplusplus
}
#endif

#endif
