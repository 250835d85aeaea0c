/* SPDX-License-Identifier: MIT */
#include "esp8266_port.h"

#include <stdio.h>

#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

#include "esp_log.h"
#include "esp_system.h"
#include "log_queue.h"

static const char TAG[] = "sse_ota";

/* What a last segment needs on its way before the interface goes down. */
#define LAST_WORDS_MS 100

/*
 * The hook. esp_log calls its putchar under a lock of its own, and esp_log_set_putchar takes the same lock: when that
 * returns, nobody is inside the old function any more.
 */
static sse_ota_log_queue_t *volatile s_queue;
static putchar_like_t s_next_putchar;
static bool s_is_hooked;

static int hooked_putchar(int c)
{
    sse_ota_log_queue_t *queue = s_queue;
    if (queue != NULL) {
        sse_ota_log_putchar(queue, (uint8_t)c);
    }
    return s_next_putchar(c);
}

static void port_hook(void *context, sse_ota_log_queue_t *queue)
{
    (void)context;
    s_queue = queue;
    if (queue != NULL && !s_is_hooked) {
        /* From the moment of the exchange on somebody may print through us. */
        s_next_putchar = &putchar;
        s_next_putchar = esp_log_set_putchar(hooked_putchar);
        s_is_hooked = true;
    } else if (queue == NULL && s_is_hooked) {
        putchar_like_t present = esp_log_set_putchar(s_next_putchar);
        if (present == hooked_putchar) {
            s_is_hooked = false;
        } else {
            /* Somebody has hooked in behind us and goes on calling us: stay in the chain, and only pass on. */
            (void)esp_log_set_putchar(present);
        }
    }
}

static uint32_t port_now_ms(void *context)
{
    (void)context;
    return (uint32_t)(xTaskGetTickCount() * portTICK_PERIOD_MS);
}

static void port_heap(void *context, sse_ota_heap_t *heap)
{
    (void)context;
    heap->free_bytes = esp_get_free_heap_size();
    heap->lowest_bytes = esp_get_minimum_free_heap_size();
}

static void port_restart(void *context)
{
    (void)context;
    vTaskDelay(LAST_WORDS_MS / portTICK_PERIOD_MS);
    esp_restart();
}

static void port_log(void *context, sse_ota_level_t level, const char *text)
{
    (void)context;
    switch (level) {
    case SSE_OTA_LEVEL_ERROR:
        ESP_LOGE(TAG, "%s", text);
        break;
    case SSE_OTA_LEVEL_WARN:
        ESP_LOGW(TAG, "%s", text);
        break;
    default:
        ESP_LOGI(TAG, "%s", text);
        break;
    }
}

static void port_lock(void *context)
{
    (void)context;
    taskENTER_CRITICAL();
}

static void port_unlock(void *context)
{
    (void)context;
    taskEXIT_CRITICAL();
}

void sse_ota_esp8266_system(sse_ota_port_t *port)
{
    port->now_ms = port_now_ms;
    port->heap = port_heap;
    port->restart = port_restart;
    port->log = port_log;
    port->hook = port_hook;
    port->lock = port_lock;
    port->unlock = port_unlock;
}
