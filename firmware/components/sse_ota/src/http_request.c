/* SPDX-License-Identifier: MIT */
#include "http_request.h"

#include <string.h>

#include "http_header.h"

enum {
    BEFORE,      /* empty lines before a request are skipped */
    METHOD,
    TARGET,
    QUERY,
    VERSION,
    LINE_START,  /* first byte of a header line, or of the empty line */
    NAME,
    VALUE_START, /* blanks before a value */
    VALUE,
    LINE_FEED,   /* CR seen: LF must follow */
    LAST_FEED,   /* CR of the empty line seen */
    FIRST_FEED   /* CR of an empty line before the request seen */
};

void sse_ota_http_start(sse_ota_http_request_t *request, uint16_t limit_bytes)
{
    memset(request, 0, sizeof(*request));
    request->limit_bytes = limit_bytes;
    request->state = BEFORE;
}

/* RFC 9110 section 5.6.2: the characters of a method or a header's name. */
static bool is_token_char(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (c != 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static void refuse(sse_ota_http_request_t *request)
{
    request->err = SSE_OTA_REFUSE_BAD_REQUEST;
}

/* Adds to a field that needs a NUL: `size_bytes - 1` characters fit, at `size_bytes` it is known to be too long. */
static void append(char *field, uint8_t *length, uint8_t size_bytes, char c)
{
    if (*length < size_bytes - 1) {
        field[*length] = c;
        field[*length + 1] = '\0';
        (*length)++;
    } else {
        *length = size_bytes;
    }
}

static void end_method(sse_ota_http_request_t *request)
{
    /* The name's field serves for the method too; it is not lower-cased: methods are case-sensitive. */
    if (strcmp(request->name, "GET") == 0 && request->name_length == 3) {
        request->method = SSE_OTA_METHOD_GET;
    } else if (strcmp(request->name, "POST") == 0 && request->name_length == 4) {
        request->method = SSE_OTA_METHOD_POST;
    } else {
        request->method = SSE_OTA_METHOD_OTHER;
    }
    request->state = TARGET;
}

static void end_version(sse_ota_http_request_t *request)
{
    if (request->value_length != 8 || memcmp(request->value, "HTTP/1.", 7) != 0 ||
        (request->value[7] != '0' && request->value[7] != '1')) {
        refuse(request);
    }
}

static void start_line(sse_ota_http_request_t *request)
{
    request->name_length = 0;
    request->name[0] = '\0';
    request->value_length = 0;
    request->value[0] = '\0';
    request->state = LINE_START;
}

static void end_line(sse_ota_http_request_t *request)
{
    if (request->name_length > 0 && request->name_length < SSE_OTA_NAME_BYTES) {
        request->err = sse_ota_http_header(request);
    }
    start_line(request);
}

static void name_char(sse_ota_http_request_t *request, uint8_t c)
{
    if (!is_token_char(c)) {
        refuse(request); /* a blank here is a folded line or a blank before the colon */
        return;
    }
    char small = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : (char)c;
    append(request->name, &request->name_length, SSE_OTA_NAME_BYTES, small);
    request->state = NAME;
}

static void request_line(sse_ota_http_request_t *request, uint8_t c)
{
    switch (request->state) {
    case BEFORE:
        if (c == '\r' || c == '\n') {
            request->state = c == '\r' ? FIRST_FEED : BEFORE;
            return;
        }
        request->state = METHOD;
        /* fall through */
    case METHOD:
        if (c == ' ' && request->name_length > 0) {
            end_method(request);
        } else if (is_token_char(c)) {
            append(request->name, &request->name_length, SSE_OTA_NAME_BYTES, (char)c);
        } else {
            refuse(request);
        }
        return;
    case TARGET:
    case QUERY:
        if (c == ' ' && request->path_length > 0) {
            request->state = VERSION;
        } else if (c <= ' ' || c >= 0x7f) {
            refuse(request);
        } else if (c == '?' && request->path_length > 0) {
            request->state = QUERY;
        } else if (request->state == TARGET) {
            append(request->path, &request->path_length, SSE_OTA_PATH_BYTES, (char)c);
        }
        return;
    default: /* VERSION */
        if (c == '\r' || c == '\n') {
            end_version(request);
            start_line(request);
            request->state = c == '\r' ? LINE_FEED : LINE_START;
        } else if (request->value_length < 8) {
            append(request->value, &request->value_length, SSE_OTA_VALUE_BYTES, (char)c);
        } else {
            refuse(request);
        }
        return;
    }
}

static void header_line(sse_ota_http_request_t *request, uint8_t c)
{
    switch (request->state) {
    case LINE_START:
        if (c == '\r') {
            request->state = LAST_FEED;
        } else if (c == '\n') {
            request->is_complete = true;
        } else {
            name_char(request, c);
        }
        return;
    case NAME:
        if (c == ':') {
            request->state = VALUE_START;
        } else {
            name_char(request, c);
        }
        return;
    case VALUE_START:
    case VALUE:
        if (c == '\r') {
            request->state = LINE_FEED;
            if (request->name_length > 0 && request->name_length < SSE_OTA_NAME_BYTES) {
                request->err = sse_ota_http_header(request);
            }
            request->name_length = 0; /* done with */
        } else if (c == '\n') {
            end_line(request);
        } else if ((c < 0x20 && c != '\t') || c == 0x7f) {
            refuse(request);
        } else if (request->state == VALUE || (c != ' ' && c != '\t')) {
            append(request->value, &request->value_length, SSE_OTA_VALUE_BYTES, (char)c);
            request->state = VALUE;
        }
        return;
    default: /* after a CR */
        if (c != '\n') {
            refuse(request);
        } else if (request->state == LAST_FEED) {
            request->is_complete = true;
        } else if (request->state == FIRST_FEED) {
            request->state = BEFORE;
        } else {
            start_line(request);
        }
        return;
    }
}

size_t sse_ota_http_feed(sse_ota_http_request_t *request, const uint8_t *bytes, size_t length)
{
    size_t taken = 0;
    while (taken < length && !request->is_complete && request->err == SSE_OTA_OK) {
        if (request->head_bytes == request->limit_bytes) {
            request->err = SSE_OTA_REFUSE_HEADER_TOO_LARGE;
            break;
        }
        request->head_bytes++;
        if (request->state <= VERSION) {
            request_line(request, bytes[taken]);
        } else {
            header_line(request, bytes[taken]);
        }
        taken++;
    }
    return taken;
}
