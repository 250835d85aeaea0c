/* SPDX-License-Identifier: MIT */
#include "server_private.h"

/* What is told while the bytes come in; the rest is for what happens afterwards. */
#define RECEIVED_PERCENT 95u
#define LINE_BYTES 160

static void log_line(sse_ota_server_t *server, sse_ota_level_t level, sse_ota_text_t *text)
{
    sse_ota_text_end(text);
    server->config.port->log(server->config.port->context, level, text->at);
}

static void log_refusal(sse_ota_server_t *server, sse_ota_err_t err, const sse_ota_detail_t *detail)
{
    char line[LINE_BYTES];
    sse_ota_text_t text;
    const sse_ota_refusal_t *refusal = sse_ota_refusal_of(err);
    sse_ota_text_start(&text, line, sizeof(line));
    sse_ota_text_str(&text, "upload refused: ");
    sse_ota_text_str(&text, refusal->code);
    sse_ota_text_str(&text, ": ");
    if (detail != NULL && detail->format != NULL) {
        sse_ota_text_format(&text, detail->format, detail->first, detail->second);
    } else {
        sse_ota_text_str(&text, refusal->text);
    }
    log_line(server, SSE_OTA_LEVEL_WARN, &text);
}

static void tell_slot(sse_ota_server_t *server, const char *format, uint32_t length_bytes)
{
    char line[LINE_BYTES];
    sse_ota_text_t text;
    sse_ota_text_start(&text, line, sizeof(line));
    sse_ota_text_format(&text, format, length_bytes, server->next.flash_offset);
    sse_ota_text_str(&text, " (");
    sse_ota_text_str(&text, server->next.label);
    sse_ota_text_char(&text, ')');
    log_line(server, SSE_OTA_LEVEL_INFO, &text);
}

void sse_ota_upload_turn_away(sse_ota_server_t *server, sse_ota_connection_t *connection, sse_ota_err_t err,
                              const sse_ota_detail_t *detail)
{
    log_refusal(server, err, detail);
    /* While another upload is under way its progress is the one that counts. */
    if (server->uploader == NULL && !server->is_restart_due) {
        sse_ota_events_progress(server, 0, SSE_OTA_UPLOAD_FAILED, sse_ota_refusal_of(err)->code);
    }
    sse_ota_answer_refusal(connection, err, detail, NULL);
    sse_ota_connection_answer(server, connection);
}

void sse_ota_upload_begin(sse_ota_server_t *server, sse_ota_connection_t *connection)
{
    const sse_ota_server_config_t *config = &server->config;
    const uint32_t length_bytes = connection->data.request.content_length;
    if (server->uploader != NULL || server->is_restart_due) {
        sse_ota_upload_turn_away(server, connection, SSE_OTA_REFUSE_BUSY, NULL);
        return;
    }
    sse_ota_err_t err = sse_ota_writer_start(&server->writer, config->port, &server->next, length_bytes, config->page,
                                             config->page_bytes);
    if (err != SSE_OTA_OK) {
        sse_ota_upload_turn_away(server, connection, err, &server->writer.check.detail);
        return;
    }
    server->uploader = connection;
    connection->body_left_bytes = length_bytes;
    tell_slot(server, "upload of %u bytes for %x", length_bytes);
    sse_ota_events_progress(server, 0, SSE_OTA_UPLOAD_RECEIVING, NULL);
}

void sse_ota_upload_refuse(sse_ota_server_t *server, sse_ota_connection_t *connection, sse_ota_err_t err)
{
    sse_ota_detail_t detail = server->writer.check.detail;
    if (server->writer.check.verdict != err) {
        /* Not the image's fault: say how far it came. */
        detail.format = "%u of %u bytes came";
        detail.first = server->writer.received_bytes;
        detail.second = server->writer.check.announced_bytes;
    }
    server->uploader = NULL;
    log_refusal(server, err, &detail);
    sse_ota_events_progress(server, server->percent, SSE_OTA_UPLOAD_FAILED, sse_ota_refusal_of(err)->code);
    sse_ota_answer_refusal(connection, err, &detail, NULL);
    sse_ota_connection_answer(server, connection);
}

void sse_ota_upload_abandon(sse_ota_server_t *server, sse_ota_connection_t *connection)
{
    (void)connection;
    server->uploader = NULL;
    log_refusal(server, SSE_OTA_REFUSE_TRUNCATED, NULL);
    sse_ota_events_progress(server, server->percent, SSE_OTA_UPLOAD_FAILED,
                            sse_ota_refusal_of(SSE_OTA_REFUSE_TRUNCATED)->code);
}

static void finish(sse_ota_server_t *server, sse_ota_connection_t *connection)
{
    const uint32_t length_bytes = server->writer.received_bytes;
    sse_ota_events_progress(server, RECEIVED_PERCENT, SSE_OTA_UPLOAD_VERIFYING, NULL);
    /* What follows takes a while and answers nobody: let the streams have what there is. */
    sse_ota_events_pump(server);
    sse_ota_err_t err = sse_ota_writer_finish(&server->writer);
    if (err != SSE_OTA_OK) {
        sse_ota_upload_refuse(server, connection, err);
        return;
    }
    server->uploader = NULL;
    server->is_restart_due = true;
    server->restart_from_ms = sse_ota_now(server);
    tell_slot(server, "upload of %u bytes installed at %x, restarting", length_bytes);
    sse_ota_events_progress(server, 100, SSE_OTA_UPLOAD_INSTALLED, NULL);
    sse_ota_answer_installed(connection, server->next.label, length_bytes);
    sse_ota_connection_answer(server, connection);
}

void sse_ota_upload_body(sse_ota_server_t *server, sse_ota_connection_t *connection, const uint8_t *bytes,
                         size_t length)
{
    /* What comes behind the body is not the body's: it belongs to a next request, which this connection does not take. */
    if (length > connection->body_left_bytes) {
        length = connection->body_left_bytes;
    }
    connection->body_left_bytes -= (uint32_t)length;
    sse_ota_err_t err = sse_ota_writer_feed(&server->writer, bytes, length);
    if (err != SSE_OTA_OK) {
        sse_ota_upload_refuse(server, connection, err);
        return;
    }
    uint32_t total = server->writer.check.announced_bytes;
    /* A slot is smaller than 16 MiB: no overflow. */
    uint32_t percent = server->writer.received_bytes * RECEIVED_PERCENT / total;
    if (percent > server->percent) {
        sse_ota_events_progress(server, percent, SSE_OTA_UPLOAD_RECEIVING, NULL);
    }
    if (connection->body_left_bytes == 0) {
        finish(server, connection);
    }
}
