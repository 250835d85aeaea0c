/* SPDX-License-Identifier: MIT */
#ifndef SSE_OTA_ROUTE_H
#define SSE_OTA_ROUTE_H

#include "http_request.h"

/* What a complete request asks for. What depends on the moment (busy, slot size, free clients) is decided later. */
typedef enum sse_ota_route {
    SSE_OTA_ROUTE_PAGE,
    SSE_OTA_ROUTE_EVENTS,
    SSE_OTA_ROUTE_STATUS,
    SSE_OTA_ROUTE_UPLOAD
} sse_ota_route_t;

/*
 * Order: path, method, token, then for an upload its framing, for events Accept. `token` is NULL or empty when none is
 * wanted. `route` is set whenever the path is known, even if the request is refused.
 */
sse_ota_err_t sse_ota_route(const sse_ota_http_request_t *request, const char *token, sse_ota_route_t *route);

/* The one method a route takes, for the Allow header. */
const char *sse_ota_route_method(sse_ota_route_t route);

#endif
