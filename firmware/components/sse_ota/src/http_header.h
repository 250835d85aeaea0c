/* SPDX-License-Identifier: MIT */
#ifndef SSE_OTA_HTTP_HEADER_H
#define SSE_OTA_HTTP_HEADER_H

#include "http_request.h"

/* The one header that stands in `name` and `value` of the request: into the request's fields, or a refusal. */
sse_ota_err_t sse_ota_http_header(sse_ota_http_request_t *request);

#endif
