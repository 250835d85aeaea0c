/* SPDX-License-Identifier: MIT */
#include "esp_event.h"

#include <stdlib.h>
#include <string.h>

#include "freertos/queue.h"
#include "freertos/semphr.h"
#include "freertos/task.h"

#define QUEUE_EVENTS 32
#define TASK_STACK_BYTES 2560
#define TASK_PRIORITY 10

typedef struct handler {
    struct handler *next;
    esp_event_base_t base;
    int32_t id;
    esp_event_handler_t function; /* NULL: taken off, and freed when nobody walks over it */
    void *argument;
} handler_t;

typedef struct event {
    esp_event_base_t base;
    int32_t id;
    void *data;
} event_t;

static handler_t *s_handlers;
static SemaphoreHandle_t s_lock;
static QueueHandle_t s_queue;

static bool is_for(const handler_t *handler, const event_t *event)
{
    return handler->function != NULL && (handler->base == ESP_EVENT_ANY_BASE || handler->base == event->base) &&
           (handler->id == ESP_EVENT_ANY_ID || handler->id == event->id);
}

static void free_taken_off(void)
{
    handler_t **link = &s_handlers;
    while (*link != NULL) {
        handler_t *each = *link;
        if (each->function == NULL) {
            *link = each->next;
            free(each);
        } else {
            link = &each->next;
        }
    }
}

/* Handlers may register and take off others, or themselves: the list only grows while it is walked. */
static void dispatch(const event_t *event)
{
    (void)xSemaphoreTake(s_lock, portMAX_DELAY);
    for (const handler_t *each = s_handlers; each != NULL; each = each->next) {
        if (is_for(each, event)) {
            handler_t present = *each;
            xSemaphoreGive(s_lock);
            present.function(present.argument, event->base, event->id, event->data);
            (void)xSemaphoreTake(s_lock, portMAX_DELAY);
        }
    }
    free_taken_off();
    xSemaphoreGive(s_lock);
}

static void run(void *argument)
{
    event_t event;
    (void)argument;
    for (;;) {
        if (xQueueReceive(s_queue, &event, portMAX_DELAY) == pdTRUE) {
            dispatch(&event);
            free(event.data);
        }
    }
}

esp_err_t esp_event_loop_create_default(void)
{
    if (s_queue != NULL) {
        return ESP_ERR_INVALID_STATE;
    }
    s_lock = xSemaphoreCreateMutex();
    s_queue = xQueueCreate(QUEUE_EVENTS, sizeof(event_t));
    if (s_lock == NULL || s_queue == NULL ||
        xTaskCreate(run, "sys_evt", TASK_STACK_BYTES, NULL, TASK_PRIORITY, NULL) != pdPASS) {
        return ESP_ERR_NO_MEM;
    }
    return ESP_OK;
}

esp_err_t esp_event_handler_register(esp_event_base_t base, int32_t id, esp_event_handler_t handler, void *argument)
{
    if (s_queue == NULL) {
        return ESP_ERR_INVALID_STATE;
    }
    if (handler == NULL || (base == ESP_EVENT_ANY_BASE && id != ESP_EVENT_ANY_ID)) {
        return ESP_ERR_INVALID_ARG;
    }
    handler_t *added = malloc(sizeof(*added));
    if (added == NULL) {
        return ESP_ERR_NO_MEM;
    }
    added->next = NULL;
    added->base = base;
    added->id = id;
    added->function = handler;
    added->argument = argument;
    (void)xSemaphoreTake(s_lock, portMAX_DELAY);
    handler_t **link = &s_handlers;
    while (*link != NULL) {
        link = &(*link)->next;
    }
    *link = added;
    xSemaphoreGive(s_lock);
    return ESP_OK;
}

esp_err_t esp_event_handler_unregister(esp_event_base_t base, int32_t id, esp_event_handler_t handler)
{
    esp_err_t err = ESP_ERR_NOT_FOUND;
    if (s_queue == NULL) {
        return ESP_ERR_INVALID_STATE;
    }
    (void)xSemaphoreTake(s_lock, portMAX_DELAY);
    for (handler_t *each = s_handlers; each != NULL; each = each->next) {
        if (each->function == handler && each->base == base && each->id == id) {
            each->function = NULL;
            err = ESP_OK;
            break;
        }
    }
    xSemaphoreGive(s_lock);
    return err;
}

esp_err_t esp_event_post(esp_event_base_t base, int32_t id, const void *data, size_t data_bytes, TickType_t timeout_ticks)
{
    event_t event = {.base = base, .id = id, .data = NULL};
    if (s_queue == NULL) {
        return ESP_ERR_INVALID_STATE;
    }
    if (base == ESP_EVENT_ANY_BASE || id == ESP_EVENT_ANY_ID) {
        return ESP_ERR_INVALID_ARG;
    }
    if (data != NULL && data_bytes > 0) {
        event.data = malloc(data_bytes);
        if (event.data == NULL) {
            return ESP_ERR_NO_MEM;
        }
        memcpy(event.data, data, data_bytes);
    }
    if (xQueueSend(s_queue, &event, timeout_ticks) != pdTRUE) {
        free(event.data);
        return ESP_ERR_TIMEOUT;
    }
    return ESP_OK;
}
