/* SPDX-License-Identifier: MIT */
#include "sse_ota.h"

#include <stdlib.h>
#include <string.h>

#include "freertos/FreeRTOS.h"
#include "freertos/semphr.h"
#include "freertos/task.h"

#include "esp8266_port.h"
#include "esp_ota_ops.h"
#include "sdkconfig.h"
#include "server.h"

#define FRAME_BYTES (CONFIG_SSE_OTA_LOG_LINE_BYTES + SSE_OTA_FRAME_EXTRA_BYTES)
#define PAGE_BYTES 512
#define RECEIVE_BYTES 1024

#define KEEP_ALIVE_MS 15000
#define HEAD_TIMEOUT_MS 5000
#define READER_TIMEOUT_MS 30000
#define RESTART_DELAY_MS 1000
/* How long a round waits when there is nobody. */
#define IDLE_MS 1000

/* All that the server needs, in one piece of the heap; given back by sse_ota_stop(). */
typedef struct instance {
    sse_ota_server_t server;
    sse_ota_port_t port;
    SemaphoreHandle_t ended;
    volatile bool is_to_end;
    char token[SSE_OTA_TOKEN_MAX_BYTES + 1];
    sse_ota_connection_t connections[CONFIG_SSE_OTA_MAX_REQUESTS];
    sse_ota_client_t clients[CONFIG_SSE_OTA_MAX_CLIENTS];
    char events[CONFIG_SSE_OTA_EVENTS_BYTES];
    char frame[FRAME_BYTES < SSE_OTA_FRAME_MIN_BYTES ? SSE_OTA_FRAME_MIN_BYTES : FRAME_BYTES];
    char log_lines[CONFIG_SSE_OTA_LOG_QUEUE_BYTES];
    char log_line[CONFIG_SSE_OTA_LOG_LINE_BYTES];
    uint8_t receive[RECEIVE_BYTES];
    uint32_t page[PAGE_BYTES / 4]; /* words, for the alignment */
} instance_t;

static instance_t *s_instance;

static void fill(instance_t *instance, const sse_ota_config_t *config, sse_ota_server_config_t *server)
{
    const esp_app_desc_t *about = esp_ota_get_app_description();
    memset(server, 0, sizeof(*server));
    server->port = &instance->port;
    server->tcp_port = config != NULL && config->tcp_port != 0 ? config->tcp_port : CONFIG_SSE_OTA_TCP_PORT;
    server->head_limit_bytes = CONFIG_SSE_OTA_HEAD_BYTES;
    server->token = instance->token;
    server->app_name = about->project_name;
    server->app_version = about->version;
    server->elf_sha256 = about->app_elf_sha256;
    server->keep_alive_ms = KEEP_ALIVE_MS;
    server->head_timeout_ms = HEAD_TIMEOUT_MS;
    server->stall_timeout_ms = CONFIG_SSE_OTA_STALL_MS;
    server->reader_timeout_ms = READER_TIMEOUT_MS;
    server->restart_delay_ms = RESTART_DELAY_MS;
    server->connections = instance->connections;
    server->connection_count = CONFIG_SSE_OTA_MAX_REQUESTS;
    server->clients = instance->clients;
    server->client_count = CONFIG_SSE_OTA_MAX_CLIENTS;
    server->events = instance->events;
    server->events_bytes = sizeof(instance->events);
    server->frame = instance->frame;
    server->frame_bytes = sizeof(instance->frame);
    server->log_lines = instance->log_lines;
    server->log_lines_bytes = sizeof(instance->log_lines);
    server->log_line = instance->log_line;
    server->log_line_bytes = sizeof(instance->log_line);
    server->receive = instance->receive;
    server->receive_bytes = sizeof(instance->receive);
    server->page = (uint8_t *)instance->page;
    server->page_bytes = sizeof(instance->page);
}

static void run(void *argument)
{
    instance_t *instance = argument;
    while (!instance->is_to_end) {
        sse_ota_server_poll(&instance->server, IDLE_MS);
    }
    sse_ota_server_stop(&instance->server);
    xSemaphoreGive(instance->ended);
    vTaskDelete(NULL);
}

static void release(instance_t *instance)
{
    if (instance->ended != NULL) {
        vSemaphoreDelete(instance->ended);
    }
    free(instance);
}

sse_ota_err_t sse_ota_start(const sse_ota_config_t *config)
{
    const char *token = config != NULL && config->token != NULL ? config->token : CONFIG_SSE_OTA_TOKEN;
    sse_ota_server_config_t server;
    sse_ota_err_t err;
    if (s_instance != NULL) {
        return SSE_OTA_ERR_STATE;
    }
    if (strlen(token) > SSE_OTA_TOKEN_MAX_BYTES) {
        return SSE_OTA_ERR_ARG;
    }
    instance_t *instance = calloc(1, sizeof(*instance));
    if (instance == NULL) {
        return SSE_OTA_ERR_NO_MEM;
    }
    strcpy(instance->token, token);
    sse_ota_esp8266_sockets(&instance->port);
    sse_ota_esp8266_slots(&instance->port);
    sse_ota_esp8266_system(&instance->port);
    fill(instance, config, &server);
    instance->ended = xSemaphoreCreateBinary();
    if (instance->ended == NULL) {
        err = SSE_OTA_ERR_NO_MEM;
        goto cleanup;
    }
    err = sse_ota_server_start(&instance->server, &server);
    if (err != SSE_OTA_OK) {
        goto cleanup;
    }
    if (xTaskCreate(run, "sse_ota", CONFIG_SSE_OTA_TASK_STACK_BYTES, instance, CONFIG_SSE_OTA_TASK_PRIORITY, NULL) !=
        pdPASS) {
        sse_ota_server_stop(&instance->server);
        err = SSE_OTA_ERR_NO_MEM;
        goto cleanup;
    }
    s_instance = instance;
    return SSE_OTA_OK;

cleanup:
    release(instance);
    return err;
}

sse_ota_err_t sse_ota_stop(void)
{
    instance_t *instance = s_instance;
    if (instance == NULL) {
        return SSE_OTA_ERR_STATE;
    }
    s_instance = NULL;
    instance->is_to_end = true;
    xSemaphoreTake(instance->ended, portMAX_DELAY);
    release(instance);
    return SSE_OTA_OK;
}
