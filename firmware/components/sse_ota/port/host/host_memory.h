/* SPDX-License-Identifier: MIT */
#ifndef SSE_OTA_HOST_MEMORY_H
#define SSE_OTA_HOST_MEMORY_H

#include "server.h"

/* The server's memory on a host, of the sizes that Kconfig has by default. */
typedef struct host_memory {
    sse_ota_connection_t connections[3];
    sse_ota_client_t clients[3];
    char events[3072];
    char frame[248];
    char log_lines[1536];
    char log_line[200];
    uint8_t receive[1024];
    uint32_t page[128];
} host_memory_t;

/* A configuration over this memory, with the default limits; port and texts are left for the caller. */
void host_memory_config(host_memory_t *memory, sse_ota_server_config_t *config);

#endif
