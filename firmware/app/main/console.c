/* SPDX-License-Identifier: MIT */
/*
 * Commands on the serial console: they make the firmware print, so that somebody can look whether all of it arrives. Only
 * a known command does something. What is none is answered with one line if it begins with a word, else with nothing: a
 * board that hears its own log, or another's, must not talk to it.
 */
#include "console.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

#include "console_line.h"
#include "driver/uart.h"
#include "esp_log.h"
#include "esp_system.h"
#include "sdkconfig.h"

#ifdef CONFIG_APP_CONSOLE

static const char TAG[] = "console";

/* The least that the driver takes is above its FIFO's 128. */
#define RECEIVE_BYTES 160
#define MOST_TEXT_BYTES 600
#define MOST_LINES 500
/* What is still on its way to a client when the restart is asked for. */
#define LAST_WORDS_MS 200

/* A ruler: groups of four, each the offset that it stands at. Wherever it is cut can be read from it. */
static void fill_ruler(char *text, uint32_t length)
{
    for (uint32_t i = 0; i < length; i++) {
        uint32_t offset = i - i % 4;
        const char group[4] = {(char)('0' + offset / 100), (char)('0' + offset / 10 % 10), (char)('0' + offset % 10), ' '};
        text[i] = group[i % 4];
    }
}

/* Braille patterns from U+2800 on, three bytes each, number i being the i-th. Dots in front make up the length. */
static void fill_wide(char *text, uint32_t length)
{
    uint32_t dots = length % 3;
    memset(text, '.', dots);
    for (uint32_t i = 0; i < (length - dots) / 3; i++) {
        char *character = text + dots + 3 * i;
        character[0] = (char)0xe2;
        character[1] = (char)(0xa0 | (i >> 6 & 3));
        character[2] = (char)(0x80 | (i & 0x3f));
    }
}

static void print_filled(void (*fill)(char *text, uint32_t length), uint32_t length)
{
    char *text = malloc(length + 1);
    if (text == NULL) {
        ESP_LOGW(TAG, "no memory for %u bytes", (unsigned)length);
        return;
    }
    fill(text, length);
    text[length] = '\0';
    ESP_LOGI(TAG, "%s", text);
    free(text);
}

static void run_line(const char *text, uint32_t number)
{
    (void)text;
    print_filled(fill_ruler, number);
}

static void run_wide(const char *text, uint32_t number)
{
    (void)text;
    print_filled(fill_wide, number);
}

static void run_burst(const char *text, uint32_t number)
{
    (void)text;
    for (uint32_t i = 1; i <= number; i++) {
        ESP_LOGI(TAG, "burst %u of %u", (unsigned)i, (unsigned)number);
    }
}

static void run_say(const char *text, uint32_t number)
{
    (void)number;
    ESP_LOGI(TAG, "%s", text);
}

static void run_status(const char *text, uint32_t number)
{
    (void)text;
    (void)number;
    ESP_LOGI(TAG, "heap %u, lowest %u, stack %u left", (unsigned)esp_get_free_heap_size(),
             (unsigned)esp_get_minimum_free_heap_size(), (unsigned)uxTaskGetStackHighWaterMark(NULL));
}

static void run_restart(const char *text, uint32_t number)
{
    (void)text;
    (void)number;
    vTaskDelay(LAST_WORDS_MS / portTICK_PERIOD_MS);
    esp_restart();
}

static void run_help(const char *text, uint32_t number);

typedef struct command {
    const char *name;
    const char *argument; /* for people; NULL: takes none */
    uint32_t most;        /* of a number from 1 on; 0: text, or nothing */
    void (*run)(const char *text, uint32_t number);
    const char *about;
} command_t;

static const command_t COMMANDS[] = {
    {"help", NULL, 0, run_help, "this"},
    {"say", "TEXT", 0, run_say, "prints TEXT"},
    {"line", "N", MOST_TEXT_BYTES, run_line, "prints a line of N bytes"},
    {"wide", "N", MOST_TEXT_BYTES, run_wide, "the same in characters of three bytes"},
    {"burst", "N", MOST_LINES, run_burst, "prints N lines without a pause"},
    {"status", NULL, 0, run_status, "memory"},
    {"restart", NULL, 0, run_restart, "starts anew"},
};
#define COMMAND_COUNT (sizeof(COMMANDS) / sizeof(COMMANDS[0]))

static void run_help(const char *text, uint32_t number)
{
    (void)text;
    (void)number;
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        const command_t *each = &COMMANDS[i];
        ESP_LOGI(TAG, "%s%s%s: %s", each->name, each->argument != NULL ? " " : "",
                 each->argument != NULL ? each->argument : "", each->about);
    }
}

/* Digits alone, without a sign, from 1 to `most`; 0 if it is something else. */
static uint32_t number_of(const char *text, uint32_t most)
{
    uint32_t number = 0;
    for (; *text >= '0' && *text <= '9'; text++) {
        number = number * 10 + (uint32_t)(*text - '0');
        if (number > most) {
            return 0;
        }
    }
    return *text == '\0' ? number : 0;
}

/* Length of the word that a line begins with: lower-case letters up to a blank or the end. 0: there is none. */
static size_t word_length(const char *line)
{
    size_t length = 0;
    while (line[length] >= 'a' && line[length] <= 'z') {
        length++;
    }
    return line[length] == '\0' || line[length] == ' ' ? length : 0;
}

static const command_t *command_of(const char *line, size_t length)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strlen(COMMANDS[i].name) == length && memcmp(COMMANDS[i].name, line, length) == 0) {
            return &COMMANDS[i];
        }
    }
    return NULL;
}

static void obey(const char *line)
{
    size_t length = word_length(line);
    if (length == 0) {
        return;
    }
    const command_t *command = command_of(line, length);
    if (command == NULL) {
        ESP_LOGW(TAG, "no such command; try help");
        return;
    }
    const char *argument = line[length] == ' ' ? line + length + 1 : line + length;
    uint32_t number = command->most != 0 ? number_of(argument, command->most) : 0;
    if (command->most != 0 && number == 0) {
        ESP_LOGW(TAG, "%s wants a number from 1 to %u", command->name, (unsigned)command->most);
        return;
    }
    if ((command->argument != NULL) != (argument[0] != '\0')) {
        ESP_LOGW(TAG, "%s wants %s", command->name, command->argument != NULL ? command->argument : "nothing behind it");
        return;
    }
    /* So that whoever asked knows that it was heard, and where the answer begins. */
    ESP_LOGI(TAG, "> %s", line);
    command->run(argument, number);
}

static void run_console(void *argument)
{
    (void)argument;
    console_line_t line;
    console_line_start(&line);
    for (;;) {
        uint8_t byte;
        if (uart_read_bytes(UART_NUM_0, &byte, 1, portMAX_DELAY) == 1 && console_line_feed(&line, byte)) {
            obey(line.text);
        }
    }
}

void console_start(void)
{
    esp_err_t err = uart_driver_install(UART_NUM_0, RECEIVE_BYTES, 0, 0, NULL, 0);
    if (err != ESP_OK) {
        ESP_LOGW(TAG, "no commands: error 0x%x", err);
        return;
    }
    if (xTaskCreate(run_console, TAG, CONFIG_APP_CONSOLE_STACK_BYTES, NULL, CONFIG_APP_CONSOLE_PRIORITY, NULL) !=
        pdPASS) {
        ESP_LOGW(TAG, "no commands: no memory for the task");
        (void)uart_driver_delete(UART_NUM_0);
    }
}

#else

void console_start(void)
{
}

#endif
