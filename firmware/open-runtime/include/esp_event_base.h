/* SPDX-License-Identifier: MIT */
#ifndef ESP_EVENT_BASE_H
#define ESP_EVENT_BASE_H

#include <stdint.h>

/* A family of events is the address of its name. */
typedef const char *esp_event_base_t;
typedef void (*esp_event_handler_t)(void *argument, esp_event_base_t base, int32_t id, void *data);

#define ESP_EVENT_DECLARE_BASE(name) extern esp_event_base_t name
#define ESP_EVENT_DEFINE_BASE(name) esp_event_base_t name = #name

#define ESP_EVENT_ANY_BASE ((esp_event_base_t)0)
#define ESP_EVENT_ANY_ID (-1)

#endif
