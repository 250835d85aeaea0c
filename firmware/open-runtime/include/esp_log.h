/* SPDX-License-Identifier: MIT */
#ifndef ESP_LOG_H
#define ESP_LOG_H

#include <stdint.h>

#include "sdkconfig.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    ESP_LOG_NONE,
    ESP_LOG_ERROR,
    ESP_LOG_WARN,
    ESP_LOG_INFO,
    ESP_LOG_DEBUG,
    ESP_LOG_VERBOSE,
} esp_log_level_t;

typedef int (*putchar_like_t)(int character);

#ifndef CONFIG_LOG_DEFAULT_LEVEL
#define CONFIG_LOG_DEFAULT_LEVEL 3
#endif
#ifndef LOG_LOCAL_LEVEL
#define LOG_LOCAL_LEVEL CONFIG_LOG_DEFAULT_LEVEL
#endif

/* `tag` "*" is everybody. ESP_ERR_NO_MEM's case is silent: the level of a tag beyond the eighth is not kept. */
void esp_log_level_set(const char *tag, esp_log_level_t level);

/* Every character of the log goes through `function` from now on. When it returns, nobody is in the one before any more.
 * Answers that one. NULL sets the default, which writes to stdout. */
putchar_like_t esp_log_set_putchar(putchar_like_t function);

/* Milliseconds since the reset. */
uint32_t esp_log_timestamp(void);
/* The same before the scheduler runs and with interrupts off. */
uint32_t esp_log_early_timestamp(void);

/* One line: colour, letter, time, tag, text. Not from interrupts: ESP_EARLY_LOGx is for those. */
void esp_log_write(esp_log_level_t level, const char *tag, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Straight to UART0, without a lock, with few conversions: %s %c %d %u %x %08x %%. */
void esp_early_log_write(esp_log_level_t level, const char *tag, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

void esp_log_buffer_hex(const char *tag, const void *buffer, uint16_t length);

#define ESP_LOG_LEVEL_LOCAL_(level, tag, format, ...)                                                                  \
    do {                                                                                                               \
        if (LOG_LOCAL_LEVEL >= (int)(level)) {                                                                         \
            esp_log_write(level, tag, format, ##__VA_ARGS__);                                                          \
        }                                                                                                              \
    } while (0)

#define ESP_EARLY_LOG_LOCAL_(level, tag, format, ...)                                                                  \
    do {                                                                                                               \
        if (LOG_LOCAL_LEVEL >= (int)(level)) {                                                                         \
            esp_early_log_write(level, tag, format, ##__VA_ARGS__);                                                    \
        }                                                                                                              \
    } while (0)

#define ESP_LOGE(tag, format, ...) ESP_LOG_LEVEL_LOCAL_(ESP_LOG_ERROR, tag, format, ##__VA_ARGS__)
#define ESP_LOGW(tag, format, ...) ESP_LOG_LEVEL_LOCAL_(ESP_LOG_WARN, tag, format, ##__VA_ARGS__)
#define ESP_LOGI(tag, format, ...) ESP_LOG_LEVEL_LOCAL_(ESP_LOG_INFO, tag, format, ##__VA_ARGS__)
#define ESP_LOGD(tag, format, ...) ESP_LOG_LEVEL_LOCAL_(ESP_LOG_DEBUG, tag, format, ##__VA_ARGS__)
#define ESP_LOGV(tag, format, ...) ESP_LOG_LEVEL_LOCAL_(ESP_LOG_VERBOSE, tag, format, ##__VA_ARGS__)

#define ESP_EARLY_LOGE(tag, format, ...) ESP_EARLY_LOG_LOCAL_(ESP_LOG_ERROR, tag, format, ##__VA_ARGS__)
#define ESP_EARLY_LOGW(tag, format, ...) ESP_EARLY_LOG_LOCAL_(ESP_LOG_WARN, tag, format, ##__VA_ARGS__)
#define ESP_EARLY_LOGI(tag, format, ...) ESP_EARLY_LOG_LOCAL_(ESP_LOG_INFO, tag, format, ##__VA_ARGS__)
#define ESP_EARLY_LOGD(tag, format, ...) ESP_EARLY_LOG_LOCAL_(ESP_LOG_DEBUG, tag, format, ##__VA_ARGS__)
#define ESP_EARLY_LOGV(tag, format, ...) ESP_EARLY_LOG_LOCAL_(ESP_LOG_VERBOSE, tag, format, ##__VA_ARGS__)

#ifdef __cplusplus
}
#endif

#endif
