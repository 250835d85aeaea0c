/* SPDX-License-Identifier: MIT */
#ifndef SSE_OTA_ESP8266_PORT_H
#define SSE_OTA_ESP8266_PORT_H

#include "sse_ota_port.h"

/*
 * The port on ESP8266_RTOS_SDK: lwIP's sockets under their own names (lwip_*, so that it makes no difference whether VFS is
 * configured), partitions through esp_partition and esp_ota_ops, the console through esp_log_set_putchar. It has no state
 * of its own but that of the hook; the port's context is not used.
 */

/* esp8266_sockets.c */
void sse_ota_esp8266_sockets(sse_ota_port_t *port);
/* esp8266_slots.c */
void sse_ota_esp8266_slots(sse_ota_port_t *port);
/* esp8266_system.c */
void sse_ota_esp8266_system(sse_ota_port_t *port);

#endif
