/* SPDX-License-Identifier: MIT */
#ifndef SSE_OTA_SSE_FRAME_H
#define SSE_OTA_SSE_FRAME_H

#include "text_out.h"

/*
 * Server-Sent Events as text (WHATWG HTML, "Server-sent events"). An event ends with an empty line and holds none
 * before, so that the bytes of a stream can be cut into events by looking for two newlines.
 */

/* Sent when nothing else has been for a while. */
#define SSE_OTA_KEEP_ALIVE ": keep-alive\n\n"

/* The longest a frame can be around its data, each line of which costs 7 bytes more ("data: " and a newline). */
#define SSE_OTA_FRAME_EXTRA_BYTES 48

typedef enum sse_ota_upload_status {
    SSE_OTA_UPLOAD_IDLE,
    SSE_OTA_UPLOAD_RECEIVING,
    SSE_OTA_UPLOAD_VERIFYING,
    SSE_OTA_UPLOAD_INSTALLED,
    SSE_OTA_UPLOAD_FAILED
} sse_ota_upload_status_t;

const char *sse_ota_upload_status_text(sse_ota_upload_status_t status);

/* id and event, up to and with "data: ": for data of one line that the caller writes; then sse_ota_frame_close(). */
void sse_ota_frame_open(sse_ota_text_t *text, uint32_t id, const char *name);
void sse_ota_frame_close(sse_ota_text_t *text);

/* id, event and data; the data's line ends (LF, CR, CRLF) become data lines. `name` holds no line end. */
void sse_ota_frame_event(sse_ota_text_t *text, uint32_t id, const char *name, const char *data, size_t length);

/* {"progress":0..100,"status":…} and, if `error` is not NULL, "error". */
void sse_ota_frame_progress(sse_ota_text_t *text, uint32_t id, uint32_t percent, sse_ota_upload_status_t status,
                            const char *error);

/* The event that stands for `count` console lines that found no room. */
void sse_ota_frame_dropped(sse_ota_text_t *text, uint32_t id, uint32_t count);

#endif
