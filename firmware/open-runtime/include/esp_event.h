/* SPDX-License-Identifier: MIT */
#ifndef ESP_EVENT_H
#define ESP_EVENT_H

#include <stddef.h>

#include "freertos/FreeRTOS.h"

#include "esp_err.h"
#include "esp_event_base.h"
/* As the SDK's: whoever includes this knows WIFI_EVENT and IP_EVENT. */
#include "esp_wifi_types.h"
#include "tcpip_adapter.h"

/*
 * The default event loop: one queue, one task. Handlers run in the order in which they were registered; those of the
 * network come first, because esp_wifi_init() registers them.
 */

esp_err_t esp_event_loop_create_default(void);
esp_err_t esp_event_handler_register(esp_event_base_t base, int32_t id, esp_event_handler_t handler, void *argument);
esp_err_t esp_event_handler_unregister(esp_event_base_t base, int32_t id, esp_event_handler_t handler);
/* Copies `data`. ESP_ERR_TIMEOUT when the queue stays full. */
esp_err_t esp_event_post(esp_event_base_t base, int32_t id, const void *data, size_t data_bytes, TickType_t timeout_ticks);

#endif
