/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "json_out.h"
#include "page.h"
#include "server_private.h"

/* What a head leaves of an answer, and less. */
#define STATUS_BYTES 440
#define REFUSAL_BYTES 200
#define DETAIL_BYTES 96

static const char *reason(uint16_t status)
{
    switch (status) {
    case 200:
        return "OK";
    case 400:
        return "Bad Request";
    case 401:
        return "Unauthorized";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 406:
        return "Not Acceptable";
    case 408:
        return "Request Timeout";
    case 409:
        return "Conflict";
    case 411:
        return "Length Required";
    case 413:
        return "Content Too Large";
    case 431:
        return "Request Header Fields Too Large";
    case 501:
        return "Not Implemented";
    case 503:
        return "Service Unavailable";
    default:
        return "Internal Server Error";
    }
}

/* Head and, behind it, `body` if there is one in memory of its own; else `length` bytes follow as the tail. */
static void answer(sse_ota_connection_t *connection, uint16_t status, const char *type, const char *extra,
                   const char *extra_value, const sse_ota_text_t *body, uint32_t tail_bytes)
{
    sse_ota_text_t text;
    sse_ota_text_start(&text, connection->data.answer, sizeof(connection->data.answer));
    sse_ota_text_str(&text, "HTTP/1.1 ");
    sse_ota_text_u32(&text, status);
    sse_ota_text_char(&text, ' ');
    sse_ota_text_str(&text, reason(status));
    sse_ota_text_str(&text, "\r\nContent-Type: ");
    sse_ota_text_str(&text, type);
    sse_ota_text_str(&text, "\r\nContent-Length: ");
    sse_ota_text_u32(&text, body != NULL ? (uint32_t)body->length : tail_bytes);
    if (extra != NULL) {
        sse_ota_text_str(&text, "\r\n");
        sse_ota_text_str(&text, extra);
        sse_ota_text_str(&text, ": ");
        sse_ota_text_str(&text, extra_value);
    }
    sse_ota_text_str(&text, "\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n");
    if (body != NULL) {
        sse_ota_text_bytes(&text, body->at, body->length);
    }
    connection->sent_bytes = 0;
    connection->answer_bytes = (uint32_t)text.length;
    connection->tail = NULL;
    connection->tail_bytes = 0;
}

static const char JSON[] = "application/json";

void sse_ota_answer_refusal(sse_ota_connection_t *connection, sse_ota_err_t err, const sse_ota_detail_t *detail,
                            const char *allow)
{
    const sse_ota_refusal_t *refusal = sse_ota_refusal_of(err);
    char body[REFUSAL_BYTES];
    sse_ota_text_t json;
    sse_ota_text_start(&json, body, sizeof(body));
    sse_ota_json_open(&json);
    sse_ota_json_str(&json, "error", refusal->code);
    if (detail != NULL && detail->format != NULL) {
        char words[DETAIL_BYTES];
        sse_ota_text_t text;
        sse_ota_text_start(&text, words, sizeof(words));
        sse_ota_text_format(&text, detail->format, detail->first, detail->second);
        sse_ota_json_str_bytes(&json, "detail", text.at, text.length);
    } else {
        sse_ota_json_str(&json, "detail", refusal->text);
    }
    sse_ota_json_close(&json);
    const char *extra = NULL;
    const char *value = NULL;
    if (allow != NULL) {
        extra = "Allow";
        value = allow;
    } else if (err == SSE_OTA_REFUSE_UNAUTHORIZED) {
        extra = "WWW-Authenticate";
        value = "Bearer";
    } else if (err == SSE_OTA_REFUSE_TOO_MANY_CLIENTS || err == SSE_OTA_REFUSE_BUSY) {
        extra = "Retry-After";
        value = "5";
    }
    answer(connection, refusal->status, JSON, extra, value, &json, 0);
}

void sse_ota_answer_page(sse_ota_connection_t *connection)
{
    uint32_t length = (uint32_t)strlen(sse_ota_page);
    answer(connection, 200, "text/html; charset=utf-8", NULL, NULL, NULL, length);
    connection->tail = sse_ota_page;
    connection->tail_bytes = length;
}

void sse_ota_answer_status(sse_ota_server_t *server, sse_ota_connection_t *connection)
{
    const sse_ota_server_config_t *config = &server->config;
    sse_ota_heap_t heap = {0, 0};
    char body[STATUS_BYTES];
    sse_ota_text_t json;
    config->port->heap(config->port->context, &heap);
    sse_ota_text_start(&json, body, sizeof(body));
    sse_ota_json_open(&json);
    sse_ota_json_str(&json, "app", config->app_name);
    sse_ota_json_str(&json, "version", config->app_version);
    sse_ota_json_hex(&json, "elf_sha256", config->elf_sha256, SSE_OTA_SHA256_BYTES);
    sse_ota_json_str(&json, "running", server->running.label);
    sse_ota_json_str(&json, "next", server->next.label);
    sse_ota_json_u32(&json, "heap_free", heap.free_bytes);
    sse_ota_json_u32(&json, "heap_lowest", heap.lowest_bytes);
    sse_ota_json_u32(&json, "uptime_ms", sse_ota_now(server));
    sse_ota_json_u32(&json, "clients", (uint32_t)sse_ota_events_count(server));
    sse_ota_json_str(&json, "upload", sse_ota_upload_status_text(server->upload));
    sse_ota_json_close(&json);
    answer(connection, 200, JSON, NULL, NULL, &json, 0);
}

void sse_ota_answer_installed(sse_ota_connection_t *connection, const char *slot, uint32_t length_bytes)
{
    char body[64];
    sse_ota_text_t json;
    sse_ota_text_start(&json, body, sizeof(body));
    sse_ota_json_open(&json);
    sse_ota_json_str(&json, "slot", slot);
    sse_ota_json_u32(&json, "bytes", length_bytes);
    sse_ota_json_close(&json);
    answer(connection, 200, JSON, NULL, NULL, &json, 0);
}
