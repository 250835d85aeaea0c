/* SPDX-License-Identifier: MIT */
#ifndef ESP_SYSTEM_H
#define ESP_SYSTEM_H

#include <stddef.h>
#include <stdint.h>

#include "esp_err.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    ESP_MAC_WIFI_STA,
    ESP_MAC_WIFI_SOFTAP,
} esp_mac_type_t;

typedef enum {
    ESP_RST_UNKNOWN = 0,
    ESP_RST_POWERON,
    ESP_RST_EXT,
    ESP_RST_SW,
    ESP_RST_PANIC,
    ESP_RST_INT_WDT,
    ESP_RST_TASK_WDT,
    ESP_RST_WDT,
    ESP_RST_DEEPSLEEP,
    ESP_RST_BROWNOUT,
    ESP_RST_SDIO,
    ESP_RST_FAST_SW,
} esp_reset_reason_t;

typedef void (*shutdown_handler_t)(void);

/* Called by esp_restart(), the last registered first. ESP_ERR_NO_MEM when there are eight. */
esp_err_t esp_register_shutdown_handler(shutdown_handler_t handler);

/* Back to the boot ROM. It is no reset of the chip: the ROM prints the cause of the last one. */
void esp_restart(void) __attribute__((noreturn));

/* As the SDK decides it: esp_restart() shows as ESP_RST_SW only when the last reset of the chip was power-on. */
esp_reset_reason_t esp_reset_reason(void);

uint32_t esp_get_free_heap_size(void);
/* The least that was ever free. */
uint32_t esp_get_minimum_free_heap_size(void);

uint32_t esp_random(void);
void esp_fill_random(void *bytes, size_t length);

/* Writes six bytes. */
esp_err_t esp_read_mac(uint8_t *mac, esp_mac_type_t type);
esp_err_t esp_efuse_mac_get_default(uint8_t *mac);
esp_err_t esp_base_mac_addr_set(const uint8_t *mac);
esp_err_t esp_base_mac_addr_get(uint8_t *mac);

/* Microseconds since the kernel started; the same clock as esp_timer_get_time(). */
int64_t esp_timer_get_time(void);

#ifdef __cplusplus
}
#endif

#endif
