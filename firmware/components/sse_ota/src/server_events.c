/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "server_private.h"

static const char EVENTS_HEAD[] = "HTTP/1.1 200 OK\r\n"
                                  "Content-Type: text/event-stream\r\n"
                                  "Cache-Control: no-store\r\n"
                                  "Connection: close\r\n"
                                  "\r\n"
                                  "retry: 2000\n\n";
#define EVENTS_HEAD_BYTES (sizeof(EVENTS_HEAD) - 1)

size_t sse_ota_events_count(const sse_ota_server_t *server)
{
    size_t count = 0;
    for (size_t i = 0; i < server->config.client_count; i++) {
        count += server->config.clients[i].socket >= 0 ? 1 : 0;
    }
    return count;
}

void sse_ota_events_close(sse_ota_server_t *server, sse_ota_client_t *client)
{
    if (client->socket >= 0) {
        server->config.port->close(server->config.port->context, client->socket);
        client->socket = -1;
    }
}

/* False if the client is gone. */
static bool send_bytes(sse_ota_server_t *server, sse_ota_client_t *client, const char *bytes, size_t length,
                       size_t *sent)
{
    const sse_ota_port_t *port = server->config.port;
    int32_t result = port->send(port->context, client->socket, bytes, length);
    *sent = result > 0 ? (size_t)result : 0;
    if (result > 0) {
        client->active_ms = sse_ota_now(server);
    } else if (result != SSE_OTA_ERR_AGAIN) {
        sse_ota_events_close(server, client);
        return false;
    }
    return true;
}

/* As much as the client takes without waiting. */
static void send_to(sse_ota_server_t *server, sse_ota_client_t *client)
{
    size_t sent = 0;
    if (!sse_ota_ring_holds(&server->ring, client->position)) {
        sse_ota_events_close(server, client); /* too slow: the ring has gone over it */
        return;
    }
    if (client->head_sent_bytes < EVENTS_HEAD_BYTES) {
        size_t left = EVENTS_HEAD_BYTES - client->head_sent_bytes;
        if (!send_bytes(server, client, EVENTS_HEAD + client->head_sent_bytes, left, &sent)) {
            return;
        }
        client->head_sent_bytes += (uint32_t)sent;
        if (sent < left) {
            return;
        }
    }
    const char *piece;
    size_t length;
    while ((length = sse_ota_ring_piece(&server->ring, client->position, &piece)) > 0) {
        if (!send_bytes(server, client, piece, length, &sent)) {
            return;
        }
        client->position += (uint32_t)sent;
        if (sent < length) {
            if (sse_ota_now(server) - client->active_ms >= server->config.reader_timeout_ms) {
                sse_ota_events_close(server, client);
            }
            return;
        }
    }
    client->active_ms = sse_ota_now(server);
}

void sse_ota_events_send(sse_ota_server_t *server)
{
    for (size_t i = 0; i < server->config.client_count; i++) {
        if (server->config.clients[i].socket >= 0) {
            send_to(server, &server->config.clients[i]);
        }
    }
}

/*
 * Called with an event in the frame. Room is made only over events that everybody who reads at all has been offered:
 * a reader that keeps up loses nothing, one that does not is found by send_to().
 */
static void push(sse_ota_server_t *server, const char *event, size_t length)
{
    uint32_t free_bytes = server->ring.size_bytes - (server->ring.head - server->ring.tail);
    if (free_bytes < length) {
        sse_ota_events_send(server);
    }
    (void)sse_ota_ring_push(&server->ring, event, length);
}

bool sse_ota_events_open(sse_ota_server_t *server, int socket, const sse_ota_http_request_t *request)
{
    for (size_t i = 0; i < server->config.client_count; i++) {
        sse_ota_client_t *client = &server->config.clients[i];
        if (client->socket >= 0) {
            continue;
        }
        client->socket = socket;
        client->head_sent_bytes = 0;
        client->active_ms = sse_ota_now(server);
        if (!request->has_last_event_id ||
            !sse_ota_ring_find(&server->ring, request->last_event_id, &client->position)) {
            client->position = server->ring.head;
        }
        send_to(server, client);
        return true;
    }
    return false;
}

void sse_ota_events_read(sse_ota_server_t *server, sse_ota_client_t *client)
{
    const sse_ota_port_t *port = server->config.port;
    /* A stream's reader has nothing to say; all that matters is whether it is still there. */
    int32_t length = port->recv(port->context, client->socket, server->config.receive, server->config.receive_bytes);
    if (length < 0 && length != SSE_OTA_ERR_AGAIN) {
        sse_ota_events_close(server, client);
    }
}

void sse_ota_events_progress(sse_ota_server_t *server, uint32_t percent, sse_ota_upload_status_t status,
                             const char *error)
{
    sse_ota_text_t text;
    server->percent = percent;
    server->upload = status;
    sse_ota_text_start(&text, server->config.frame, server->config.frame_bytes);
    sse_ota_frame_progress(&text, server->next_id, percent, status, error);
    server->next_id++;
    push(server, text.at, text.length);
    if (status == SSE_OTA_UPLOAD_INSTALLED || status == SSE_OTA_UPLOAD_FAILED) {
        sse_ota_events_send(server);
    }
}

void sse_ota_events_keep_alive(sse_ota_server_t *server)
{
    uint32_t now_ms = sse_ota_now(server);
    if (now_ms - server->keep_alive_at_ms >= server->config.keep_alive_ms) {
        server->keep_alive_at_ms = now_ms;
        push(server, SSE_OTA_KEEP_ALIVE, sizeof(SSE_OTA_KEEP_ALIVE) - 1);
    }
}

void sse_ota_events_pump(sse_ota_server_t *server)
{
    /* Bounded by what the queue can hold: whoever prints without end must not keep the server here. */
    for (uint32_t pumped = 0; pumped < server->config.log_lines_bytes;) {
        sse_ota_text_t text;
        sse_ota_text_t line;
        uint32_t dropped = 0;
        sse_ota_text_start(&text, server->config.frame, server->config.frame_bytes);
        sse_ota_frame_open(&text, server->next_id, "log");
        sse_ota_text_start(&line, text.at + text.length, text.size_bytes - text.length);
        sse_ota_log_kind_t kind = sse_ota_log_take(&server->log, &line, &dropped);
        if (kind == SSE_OTA_LOG_NOTHING) {
            break;
        }
        if (kind == SSE_OTA_LOG_LINE) {
            text.length += line.length;
            sse_ota_frame_close(&text);
        } else {
            sse_ota_text_start(&text, server->config.frame, server->config.frame_bytes);
            sse_ota_frame_dropped(&text, server->next_id, dropped);
        }
        server->next_id++;
        pumped += (uint32_t)text.length;
        push(server, text.at, text.length);
    }
    sse_ota_events_send(server);
}
