/* SPDX-License-Identifier: MIT */
#ifndef SSE_OTA_H
#define SSE_OTA_H

#include "sse_ota_err.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Console log and update progress as Server-Sent Events, a new image by POST: the whole of it behind two calls.
 * What it answers is docs/dut-contract.md. Sizes and limits are set by menuconfig ("SSE and OTA server").
 *
 * The device must have a partition table with two OTA slots. WiFi is the caller's: start the server once there is an
 * interface, or before; it listens on all of them.
 */

typedef struct sse_ota_config {
    uint16_t tcp_port;  /* 0: 80 */
    const char *token;  /* bearer token; NULL: that of menuconfig; "": none. Copied. At most 64 bytes. */
} sse_ota_config_t;

/*
 * Starts the server's task and hooks the console. `config` may be NULL.
 * Returns SSE_OTA_OK, SSE_OTA_ERR_STATE (running already), _ARG (token too long), _NO_SLOT, _IO (port taken), _NO_MEM.
 */
sse_ota_err_t sse_ota_start(const sse_ota_config_t *config);

/*
 * Unhooks the console, ends every connection and the task; waits for that. An upload under way is refused as truncated
 * and nothing else changes. Returns SSE_OTA_OK or SSE_OTA_ERR_STATE (not running).
 */
sse_ota_err_t sse_ota_stop(void);

#ifdef __cplusplus
}
#endif

#endif
