/* SPDX-License-Identifier: MIT */
#include "http_header.h"

#include <string.h>

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Whether `wanted` (lower case) stands at the start of the text, in any case. */
static bool starts_with(const char *text, size_t length, const char *wanted)
{
    size_t size = strlen(wanted);
    if (length < size) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        if (lower(text[i]) != wanted[i]) {
            return false;
        }
    }
    return true;
}

static bool contains(const char *text, size_t length, const char *wanted)
{
    for (size_t i = 0; i < length; i++) {
        if (starts_with(text + i, length - i, wanted)) {
            return true;
        }
    }
    return false;
}

/* Digits only, at least one. Saturates at UINT32_MAX: whoever announces that much is told that it is too much. */
static bool read_decimal(const char *text, size_t length, uint32_t *value)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
        uint32_t digit = (uint32_t)(text[i] - '0');
        sum = sum > (UINT32_MAX - digit) / 10 ? UINT32_MAX : sum * 10 + digit;
    }
    *value = sum;
    return length > 0;
}

static sse_ota_err_t content_length(sse_ota_http_request_t *request, size_t length)
{
    uint32_t value;
    if (!read_decimal(request->value, length, &value)) {
        return SSE_OTA_REFUSE_BAD_REQUEST;
    }
    /* Said twice is accepted when both agree (RFC 9112 section 6.3); otherwise nobody knows where the body ends. */
    if (request->has_length && request->content_length != value) {
        return SSE_OTA_REFUSE_BAD_REQUEST;
    }
    request->has_length = true;
    request->content_length = value;
    return SSE_OTA_OK;
}

static sse_ota_err_t authorization(sse_ota_http_request_t *request, size_t length)
{
    static const char SCHEME[] = "bearer ";
    if (request->has_authorization) {
        return SSE_OTA_REFUSE_BAD_REQUEST;
    }
    request->has_authorization = true;
    if (!starts_with(request->value, length, SCHEME)) {
        return SSE_OTA_OK;
    }
    size_t at = sizeof(SCHEME) - 1;
    while (at < length && request->value[at] == ' ') {
        at++;
    }
    if (length - at > SSE_OTA_TOKEN_MAX_BYTES) {
        request->token_length = SSE_OTA_TOKEN_MAX_BYTES + 1;
        return SSE_OTA_OK;
    }
    memcpy(request->token, request->value + at, length - at);
    request->token_length = (uint8_t)(length - at);
    return SSE_OTA_OK;
}

static void accept(sse_ota_http_request_t *request, size_t length, bool is_too_long)
{
    request->has_accept = true;
    /* Nobody sends such a list who wants no answer: a value too long to be looked at is taken for a yes. */
    if (is_too_long || length == 0 || contains(request->value, length, "text/event-stream") ||
        contains(request->value, length, "text/*") || contains(request->value, length, "*/*")) {
        request->accepts_events = true;
    }
}

sse_ota_err_t sse_ota_http_header(sse_ota_http_request_t *request)
{
    bool is_too_long = request->value_length == SSE_OTA_VALUE_BYTES;
    size_t length = is_too_long ? SSE_OTA_VALUE_BYTES - 1 : request->value_length;
    while (length > 0 && (request->value[length - 1] == ' ' || request->value[length - 1] == '\t')) {
        length--;
    }
    if (strcmp(request->name, "content-length") == 0) {
        return is_too_long ? SSE_OTA_REFUSE_BAD_REQUEST : content_length(request, length);
    }
    if (strcmp(request->name, "transfer-encoding") == 0) {
        request->has_transfer_encoding = true;
    } else if (strcmp(request->name, "authorization") == 0) {
        if (is_too_long) {
            request->has_authorization = true;
            request->token_length = SSE_OTA_TOKEN_MAX_BYTES + 1;
            return SSE_OTA_OK;
        }
        return authorization(request, length);
    } else if (strcmp(request->name, "accept") == 0) {
        accept(request, length, is_too_long);
    } else if (strcmp(request->name, "last-event-id") == 0) {
        /* An id that is none of ours is as good as no id. */
        request->has_last_event_id =
            !is_too_long && read_decimal(request->value, length, &request->last_event_id);
    } else if (strcmp(request->name, "expect") == 0) {
        request->wants_continue = !is_too_long && starts_with(request->value, length, "100-continue");
    }
    return SSE_OTA_OK;
}
