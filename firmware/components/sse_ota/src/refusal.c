/* SPDX-License-Identifier: MIT */
#include "sse_ota_err.h"

/* The table of docs/dut-contract.md section 4. The first row serves for errors that are no refusal. */
static const sse_ota_refusal_t REFUSALS[] = {
    {SSE_OTA_REFUSE_FLASH, 500, "flash_error", "the flash could not be written"},
    {SSE_OTA_REFUSE_BAD_MAGIC, 400, "bad_magic", "not an app image"},
    {SSE_OTA_REFUSE_WRONG_SLOT, 400, "wrong_slot", "linked for another slot"},
    {SSE_OTA_REFUSE_BAD_HEADER, 400, "bad_header", "the image's headers make no sense"},
    {SSE_OTA_REFUSE_BAD_CHECKSUM, 400, "bad_checksum", "the image is damaged"},
    {SSE_OTA_REFUSE_TRUNCATED, 400, "truncated", "the image is not whole"},
    {SSE_OTA_REFUSE_BAD_REQUEST, 400, "bad_request", "not a request of HTTP/1.0 or HTTP/1.1"},
    {SSE_OTA_REFUSE_UNAUTHORIZED, 401, "unauthorized", "a bearer token is needed"},
    {SSE_OTA_REFUSE_NOT_FOUND, 404, "not_found", "there is /, /event, /status and /send"},
    {SSE_OTA_REFUSE_METHOD, 405, "method_not_allowed", "another method is needed"},
    {SSE_OTA_REFUSE_NOT_ACCEPTABLE, 406, "not_acceptable", "this is a text/event-stream"},
    {SSE_OTA_REFUSE_STALLED, 408, "stalled", "nothing came for too long"},
    {SSE_OTA_REFUSE_BUSY, 409, "busy", "another upload is under way"},
    {SSE_OTA_REFUSE_NO_LENGTH, 411, "no_length", "Content-Length is needed"},
    {SSE_OTA_REFUSE_TOO_LARGE, 413, "too_large", "larger than the slot"},
    {SSE_OTA_REFUSE_HEADER_TOO_LARGE, 431, "header_too_large", "the request's head is too long"},
    {SSE_OTA_REFUSE_CHUNKED, 501, "chunked_unsupported", "send the image with Content-Length"},
    {SSE_OTA_REFUSE_TOO_MANY_CLIENTS, 503, "too_many_clients", "all event streams are taken"},
};

const sse_ota_refusal_t *sse_ota_refusal_of(sse_ota_err_t err)
{
    for (size_t i = 0; i < sizeof(REFUSALS) / sizeof(REFUSALS[0]); i++) {
        if (REFUSALS[i].err == err) {
            return &REFUSALS[i];
        }
    }
    return &REFUSALS[0];
}
