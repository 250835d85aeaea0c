/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer target: the request parser. The first byte chooses how the rest is cut; whole and cut must end the same, take
 * the same, and never take a byte behind the head's end.
 */
#include <stdlib.h>
#include <string.h>

#include "route.h"

static size_t feed(sse_ota_http_request_t *request, const uint8_t *bytes, size_t length, size_t piece)
{
    size_t taken = 0;
    sse_ota_http_start(request, 1024);
    for (size_t at = 0; at < length; at += piece) {
        taken += sse_ota_http_feed(request, bytes + at, length - at < piece ? length - at : piece);
    }
    return taken;
}

static void demand(int holds)
{
    if (!holds) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sse_ota_http_request_t whole;
    sse_ota_http_request_t pieces;
    sse_ota_route_t route = SSE_OTA_ROUTE_PAGE;
    if (size == 0) {
        return 0;
    }
    const uint8_t *bytes = data + 1;
    size_t length = size - 1;
    size_t taken = feed(&whole, bytes, length, length == 0 ? 1 : length);
    size_t taken_in_pieces = feed(&pieces, bytes, length, (size_t)data[0] % 17 + 1);
    demand(taken == taken_in_pieces && taken <= length && taken <= 1024);
    demand(whole.err == pieces.err && whole.is_complete == pieces.is_complete);
    demand(!(whole.is_complete && whole.err != SSE_OTA_OK && whole.err != SSE_OTA_REFUSE_BAD_REQUEST));
    demand(!whole.is_complete || (taken > 0 && bytes[taken - 1] == '\n'));
    demand(whole.is_complete || whole.err != SSE_OTA_OK || taken == length);
    if (whole.is_complete) {
        demand(strcmp(whole.path, pieces.path) == 0 && whole.content_length == pieces.content_length);
        demand(memchr(whole.path, '\0', sizeof(whole.path)) != NULL);
        sse_ota_err_t open = sse_ota_route(&whole, NULL, &route);
        sse_ota_err_t guarded = sse_ota_route(&whole, "a-token", &route);
        /* A token can only make things stricter. */
        demand(open != SSE_OTA_REFUSE_UNAUTHORIZED && (guarded == open || guarded == SSE_OTA_REFUSE_UNAUTHORIZED));
    }
    return 0;
}
