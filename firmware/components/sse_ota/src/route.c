/* SPDX-License-Identifier: MIT */
#include "route.h"

#include <string.h>

typedef struct route_row {
    const char *path;
    sse_ota_route_t route;
    sse_ota_http_method_t method;
    bool is_guarded;
} route_row_t;

static const route_row_t ROUTES[] = {
    {"/", SSE_OTA_ROUTE_PAGE, SSE_OTA_METHOD_GET, false},
    {"/event", SSE_OTA_ROUTE_EVENTS, SSE_OTA_METHOD_GET, true},
    {"/status", SSE_OTA_ROUTE_STATUS, SSE_OTA_METHOD_GET, true},
    {"/send", SSE_OTA_ROUTE_UPLOAD, SSE_OTA_METHOD_POST, true},
};

static const route_row_t *find(const sse_ota_http_request_t *request)
{
    if (request->path_length == SSE_OTA_PATH_BYTES) {
        return NULL;
    }
    for (size_t i = 0; i < sizeof(ROUTES) / sizeof(ROUTES[0]); i++) {
        if (strcmp(request->path, ROUTES[i].path) == 0) {
            return &ROUTES[i];
        }
    }
    return NULL;
}

sse_ota_err_t sse_ota_route(const sse_ota_http_request_t *request, const char *token, sse_ota_route_t *route)
{
    if (request->err != SSE_OTA_OK) {
        return request->err;
    }
    const route_row_t *row = find(request);
    if (row == NULL) {
        return SSE_OTA_REFUSE_NOT_FOUND;
    }
    *route = row->route;
    if (request->method != row->method) {
        return SSE_OTA_REFUSE_METHOD;
    }
    if (row->is_guarded && token != NULL && token[0] != '\0' &&
        !sse_ota_token_equal(request->token, request->token_length, token, strlen(token))) {
        return SSE_OTA_REFUSE_UNAUTHORIZED;
    }
    if (row->route == SSE_OTA_ROUTE_UPLOAD) {
        if (request->has_transfer_encoding) {
            return SSE_OTA_REFUSE_CHUNKED;
        }
        if (!request->has_length) {
            return SSE_OTA_REFUSE_NO_LENGTH;
        }
    }
    if (row->route == SSE_OTA_ROUTE_EVENTS && request->has_accept && !request->accepts_events) {
        return SSE_OTA_REFUSE_NOT_ACCEPTABLE;
    }
    return SSE_OTA_OK;
}

const char *sse_ota_route_method(sse_ota_route_t route)
{
    return route == SSE_OTA_ROUTE_UPLOAD ? "POST" : "GET";
}
