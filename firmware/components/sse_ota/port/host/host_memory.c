/* SPDX-License-Identifier: MIT */
#include "host_memory.h"

#include <string.h>

void host_memory_config(host_memory_t *memory, sse_ota_server_config_t *config)
{
    static const uint8_t NO_DIGEST[32];
    memset(config, 0, sizeof(*config));
    config->tcp_port = 80;
    config->head_limit_bytes = 2048;
    config->app_name = "host";
    config->app_version = "0";
    config->elf_sha256 = NO_DIGEST;
    config->keep_alive_ms = 15000;
    config->head_timeout_ms = 5000;
    config->stall_timeout_ms = 10000;
    config->reader_timeout_ms = 30000;
    config->restart_delay_ms = 1000;
    config->connections = memory->connections;
    config->connection_count = sizeof(memory->connections) / sizeof(memory->connections[0]);
    config->clients = memory->clients;
    config->client_count = sizeof(memory->clients) / sizeof(memory->clients[0]);
    config->events = memory->events;
    config->events_bytes = sizeof(memory->events);
    config->frame = memory->frame;
    config->frame_bytes = sizeof(memory->frame);
    config->log_lines = memory->log_lines;
    config->log_lines_bytes = sizeof(memory->log_lines);
    config->log_line = memory->log_line;
    config->log_line_bytes = sizeof(memory->log_line);
    config->receive = memory->receive;
    config->receive_bytes = sizeof(memory->receive);
    config->page = (uint8_t *)memory->page;
    config->page_bytes = sizeof(memory->page);
}
