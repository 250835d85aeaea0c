/* SPDX-License-Identifier: MIT */
/*
 * esp_log: one line at a time. A line is written under a lock, character by character, through the function that
 * esp_log_set_putchar() has set; the same lock guards the exchange, so that when that call returns nobody is inside the old
 * function any more. The lock is recursive: a hook that logs writes into the line instead of standing still for ever.
 */
#include "esp_log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "freertos/FreeRTOS.h"
#include "freertos/semphr.h"
#include "kernel/print.h"

#define MAX_TAGS 8
#define MAX_TAG_BYTES 16
#define HEX_BYTES_A_LINE 16

typedef struct tag_level {
    char tag[MAX_TAG_BYTES];
    esp_log_level_t level;
} tag_level_t;

static putchar_like_t s_putchar = putchar;
static esp_log_level_t s_level = (esp_log_level_t)CONFIG_LOG_DEFAULT_LEVEL;
static tag_level_t s_tags[MAX_TAGS];
static uint32_t s_tag_count;
static SemaphoreHandle_t s_lock;

/* Colours of error, warning and information; the others have none. */
static const char *const s_colours[] = {NULL, "\033[0;31m", "\033[0;33m", "\033[0;32m", NULL, NULL};
static const char s_letters[] = {'N', 'E', 'W', 'I', 'D', 'V'};

/* Whether there is a lock to take here: not before the scheduler, not where nobody may wait. */
static bool may_lock(void)
{
    uint32_t ps;
    __asm__ volatile("rsr %0, ps" : "=a"(ps));
    return (ps & 0xfu) == 0 && xTaskGetSchedulerState() == taskSCHEDULER_RUNNING;
}

static bool lock(void)
{
    if (!may_lock()) {
        return false;
    }
    if (s_lock == NULL) {
        SemaphoreHandle_t fresh = xSemaphoreCreateRecursiveMutex();
        taskENTER_CRITICAL();
        SemaphoreHandle_t spare = s_lock != NULL ? fresh : NULL;
        if (s_lock == NULL) {
            s_lock = fresh;
        }
        taskEXIT_CRITICAL();
        vSemaphoreDelete(spare);
    }
    return s_lock != NULL && xSemaphoreTakeRecursive(s_lock, portMAX_DELAY) == pdPASS;
}

static void unlock(bool is_locked)
{
    if (is_locked) {
        (void)xSemaphoreGiveRecursive(s_lock);
    }
}

static esp_log_level_t level_of(const char *tag)
{
    for (uint32_t i = 0; i < s_tag_count; i++) {
        if (strcmp(s_tags[i].tag, tag) == 0) {
            return s_tags[i].level;
        }
    }
    return s_level;
}

void esp_log_level_set(const char *tag, esp_log_level_t level)
{
    bool is_locked = lock();
    if (strcmp(tag, "*") == 0) {
        s_level = level;
        s_tag_count = 0;
    } else {
        uint32_t i = 0;
        while (i < s_tag_count && strcmp(s_tags[i].tag, tag) != 0) {
            i++;
        }
        if (i < MAX_TAGS && strlen(tag) < MAX_TAG_BYTES) {
            strcpy(s_tags[i].tag, tag);
            s_tags[i].level = level;
            s_tag_count = i == s_tag_count ? i + 1 : s_tag_count;
        }
    }
    unlock(is_locked);
}

putchar_like_t esp_log_set_putchar(putchar_like_t function)
{
    bool is_locked = lock();
    putchar_like_t before = s_putchar;
    s_putchar = function != NULL ? function : putchar;
    unlock(is_locked);
    return before;
}

static int put(char character, FILE *file)
{
    (void)file;
    return s_putchar((unsigned char)character);
}

void esp_log_write(esp_log_level_t level, const char *tag, const char *format, ...)
{
    if (level == ESP_LOG_NONE || level > ESP_LOG_VERBOSE) {
        return;
    }
    bool is_locked = lock();
    if (level <= level_of(tag)) {
        FILE line = FDEV_SETUP_STREAM(put, NULL, NULL, _FDEV_SETUP_WRITE);
        const char *colour = s_colours[level];
        va_list arguments;
        va_start(arguments, format);
        fprintf(&line, "%s%c (%u) %s: ", colour != NULL ? colour : "", s_letters[level], (unsigned)esp_log_timestamp(),
                tag);
        vfprintf(&line, format, arguments);
        fputs(colour != NULL ? "\033[0m\n" : "\n", &line);
        va_end(arguments);
    }
    unlock(is_locked);
}

void esp_early_log_write(esp_log_level_t level, const char *tag, const char *format, ...)
{
    if (level == ESP_LOG_NONE || level > s_level) {
        return;
    }
    const char *colour = s_colours[level];
    va_list arguments;
    va_start(arguments, format);
    kernel_print("%s%c (%u) %s: ", colour != NULL ? colour : "", s_letters[level], (unsigned)esp_log_early_timestamp(), tag);
    kernel_vprint(format, arguments);
    kernel_print("%s\n", colour != NULL ? "\033[0m" : "");
    va_end(arguments);
}

void esp_log_buffer_hex(const char *tag, const void *buffer, uint16_t length)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *bytes = buffer;
    for (uint32_t at = 0; at < length; at += HEX_BYTES_A_LINE) {
        char text[3 * HEX_BYTES_A_LINE + 1];
        uint32_t count = 0;
        for (uint32_t i = at; i < length && i < at + HEX_BYTES_A_LINE; i++) {
            text[count++] = digits[bytes[i] >> 4];
            text[count++] = digits[bytes[i] & 0xfu];
            text[count++] = ' ';
        }
        text[count] = '\0';
        ESP_LOGI(tag, "%s", text);
    }
}
