/* SPDX-License-Identifier: MIT */
#ifndef SSE_OTA_HOST_PORT_H
#define SSE_OTA_HOST_PORT_H

#include "log_queue.h"
#include "ram_flash.h"

/* The port on a POSIX host: sockets on 127.0.0.1, the flash in memory, a console on stdout. For tests. */
typedef struct host_port {
    ram_flash_t flash;
    sse_ota_log_queue_t *queue; /* the console's second listener; NULL: none */
    uint16_t tcp_port;          /* really listened on; known after listen() */
    uint32_t sent_limit_bytes;  /* most that one send() takes; 0: no limit */
    int send_buffer_bytes;      /* SO_SNDBUF of each connection, which a device has little of; 0: the system's */
    bool has_restarted;         /* restart() was called */
} host_port_t;

/* Fills in a table whose context is `host`. */
void host_port_table(host_port_t *host, sse_ota_port_t *port);

/* Prints to the console, as the firmware around the server would: every byte goes to stdout and to the queue. */
void host_console(host_port_t *host, const char *text);

#endif
