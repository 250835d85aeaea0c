/* SPDX-License-Identifier: MIT */
#ifndef SSE_OTA_HTTP_REQUEST_H
#define SSE_OTA_HTTP_REQUEST_H

#include <stdbool.h>

#include "sse_ota_err.h"
#include "token_check.h"

/*
 * The head of an HTTP/1 request, read byte by byte: the split over reads makes no difference. Only what the server
 * needs is kept, so that the head may be longer than any buffer here. Grammar: RFC 9112; lines may end in a bare LF;
 * folded header lines, control characters and blanks before a colon are malformed.
 *
 * Not one byte behind the head is taken: the body, and whatever comes after it, is the caller's.
 */

/* A target's path that is longer is nobody's path. */
#define SSE_OTA_PATH_BYTES 40
/* Longest value that is looked at: "Bearer " and a token, with room for blanks. Longer values are only counted. */
#define SSE_OTA_VALUE_BYTES (SSE_OTA_TOKEN_MAX_BYTES + 16)
/* Longest name of a header that matters, and its NUL. */
#define SSE_OTA_NAME_BYTES 20

typedef enum sse_ota_http_method {
    SSE_OTA_METHOD_GET,
    SSE_OTA_METHOD_POST,
    SSE_OTA_METHOD_OTHER
} sse_ota_http_method_t;

typedef struct sse_ota_http_request {
    uint32_t content_length; /* saturates at UINT32_MAX; valid with has_length */
    uint32_t last_event_id;  /* valid with has_last_event_id */
    uint16_t head_bytes;     /* seen so far */
    uint16_t limit_bytes;    /* of the head, line ends included */
    sse_ota_err_t err;       /* SSE_OTA_OK while nothing is wrong; a refusal stays */
    uint8_t state;
    uint8_t method;          /* sse_ota_http_method_t */
    bool is_complete;        /* the empty line has been seen */
    bool has_length;
    bool has_transfer_encoding;
    bool has_last_event_id;
    bool has_authorization;
    bool has_accept;
    bool accepts_events;     /* valid with has_accept */
    bool wants_continue;     /* Expect: 100-continue */
    uint8_t path_length;     /* SSE_OTA_PATH_BYTES: too long */
    uint8_t name_length;     /* of the present header; SSE_OTA_NAME_BYTES: too long to matter */
    uint8_t value_length;    /* of the present value; SSE_OTA_VALUE_BYTES: too long to be looked at */
    uint8_t token_length;    /* SSE_OTA_TOKEN_MAX_BYTES + 1: too long for any token */
    char path[SSE_OTA_PATH_BYTES]; /* without the query; ends with NUL */
    char name[SSE_OTA_NAME_BYTES]; /* lower case */
    char value[SSE_OTA_VALUE_BYTES];
    char token[SSE_OTA_TOKEN_MAX_BYTES]; /* of Authorization: Bearer; no NUL */
} sse_ota_http_request_t;

void sse_ota_http_start(sse_ota_http_request_t *request, uint16_t limit_bytes);

/*
 * Takes bytes until the head is complete, a refusal is certain, or the bytes end; returns how many were taken.
 * Look at `is_complete` and `err` afterwards.
 */
size_t sse_ota_http_feed(sse_ota_http_request_t *request, const uint8_t *bytes, size_t length);

#endif
