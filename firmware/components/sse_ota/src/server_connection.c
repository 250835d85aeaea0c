/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "server_private.h"

/* Reads of one connection in a row, before the others have their turn. */
#define READS_PER_ROUND 4
/* An answer that nobody takes, an end that nobody says: not for ever. */
#define ANSWER_TIMEOUT_MS 5000u
#define DRAIN_SILENCE_MS 2000u
#define DRAIN_TIMEOUT_MS 20000u

static const char CONTINUE[] = "HTTP/1.1 100 Continue\r\n\r\n";

static void enter(sse_ota_server_t *server, sse_ota_connection_t *connection, uint8_t state)
{
    connection->state = state;
    connection->started_ms = sse_ota_now(server);
    connection->active_ms = connection->started_ms;
}

void sse_ota_connection_open(sse_ota_server_t *server, sse_ota_connection_t *connection, int socket)
{
    connection->socket = socket;
    sse_ota_http_start(&connection->data.request, server->config.head_limit_bytes);
    enter(server, connection, SSE_OTA_STATE_HEAD);
}

static void forget(sse_ota_connection_t *connection)
{
    connection->socket = -1;
    connection->state = SSE_OTA_STATE_FREE;
}

void sse_ota_connection_close(sse_ota_server_t *server, sse_ota_connection_t *connection)
{
    const sse_ota_port_t *port = server->config.port;
    if (server->uploader == connection) {
        sse_ota_upload_abandon(server, connection);
    }
    port->close(port->context, connection->socket);
    forget(connection);
}

static void send_answer(sse_ota_server_t *server, sse_ota_connection_t *connection)
{
    const sse_ota_port_t *port = server->config.port;
    uint32_t total = connection->answer_bytes + connection->tail_bytes;
    while (connection->sent_bytes < total) {
        const char *from;
        uint32_t left;
        if (connection->sent_bytes < connection->answer_bytes) {
            from = connection->data.answer + connection->sent_bytes;
            left = connection->answer_bytes - connection->sent_bytes;
        } else {
            from = connection->tail + (connection->sent_bytes - connection->answer_bytes);
            left = total - connection->sent_bytes;
        }
        int32_t sent = port->send(port->context, connection->socket, from, left);
        if (sent == SSE_OTA_ERR_AGAIN) {
            return;
        }
        if (sent <= 0) {
            sse_ota_connection_close(server, connection);
            return;
        }
        connection->sent_bytes += (uint32_t)sent;
        connection->active_ms = sse_ota_now(server);
    }
    /* Closing with bytes unread would tear the connection down, and the answer with it: first hear the other side out. */
    port->end_sending(port->context, connection->socket);
    enter(server, connection, SSE_OTA_STATE_DRAIN);
}

void sse_ota_connection_answer(sse_ota_server_t *server, sse_ota_connection_t *connection)
{
    enter(server, connection, SSE_OTA_STATE_ANSWER);
    send_answer(server, connection);
}

static void refuse(sse_ota_server_t *server, sse_ota_connection_t *connection, sse_ota_err_t err, const char *allow)
{
    sse_ota_answer_refusal(connection, err, NULL, allow);
    sse_ota_connection_answer(server, connection);
}

static void open_events(sse_ota_server_t *server, sse_ota_connection_t *connection)
{
    if (sse_ota_events_open(server, connection->socket, &connection->data.request)) {
        forget(connection); /* the socket lives on as an event stream */
    } else {
        refuse(server, connection, SSE_OTA_REFUSE_TOO_MANY_CLIENTS, NULL);
    }
}

static void open_upload(sse_ota_server_t *server, sse_ota_connection_t *connection, const uint8_t *bytes, size_t length)
{
    const sse_ota_port_t *port = server->config.port;
    const bool wants_continue = connection->data.request.wants_continue;
    sse_ota_upload_begin(server, connection);
    if (server->uploader != connection) {
        return; /* refused, and answered */
    }
    enter(server, connection, SSE_OTA_STATE_BODY);
    /* The first bytes of a fresh connection: there is room for them. */
    if (wants_continue && length == 0 &&
        port->send(port->context, connection->socket, CONTINUE, sizeof(CONTINUE) - 1) !=
            (int32_t)(sizeof(CONTINUE) - 1)) {
        sse_ota_connection_close(server, connection);
        return;
    }
    sse_ota_upload_body(server, connection, bytes, length);
}

/* The head is complete, or refused. `bytes`: what was read behind it. */
static void dispatch(sse_ota_server_t *server, sse_ota_connection_t *connection, const uint8_t *bytes, size_t length)
{
    const sse_ota_http_request_t *request = &connection->data.request;
    sse_ota_route_t route = SSE_OTA_ROUTE_PAGE;
    sse_ota_err_t err = sse_ota_route(request, server->config.token, &route);
    if (err != SSE_OTA_OK) {
        if (err == SSE_OTA_REFUSE_CHUNKED || err == SSE_OTA_REFUSE_NO_LENGTH) {
            sse_ota_upload_turn_away(server, connection, err, NULL);
        } else {
            refuse(server, connection, err, err == SSE_OTA_REFUSE_METHOD ? sse_ota_route_method(route) : NULL);
        }
        return;
    }
    switch (route) {
    case SSE_OTA_ROUTE_UPLOAD:
        open_upload(server, connection, bytes, length);
        return;
    case SSE_OTA_ROUTE_EVENTS:
        open_events(server, connection);
        return;
    case SSE_OTA_ROUTE_STATUS:
        sse_ota_answer_status(server, connection);
        break;
    default:
        sse_ota_answer_page(connection);
        break;
    }
    sse_ota_connection_answer(server, connection);
}

static void read_head(sse_ota_server_t *server, sse_ota_connection_t *connection, const uint8_t *bytes, size_t length)
{
    sse_ota_http_request_t *request = &connection->data.request;
    size_t taken = sse_ota_http_feed(request, bytes, length);
    if (request->err != SSE_OTA_OK || request->is_complete) {
        dispatch(server, connection, bytes + taken, length - taken);
    }
}

/* The other side will send no more. It may still be listening. */
static void read_end(sse_ota_server_t *server, sse_ota_connection_t *connection)
{
    if (connection->state == SSE_OTA_STATE_BODY) {
        sse_ota_upload_refuse(server, connection, SSE_OTA_REFUSE_TRUNCATED);
    } else if (connection->state == SSE_OTA_STATE_HEAD && connection->data.request.head_bytes > 0) {
        refuse(server, connection, SSE_OTA_REFUSE_BAD_REQUEST, NULL);
    } else {
        sse_ota_connection_close(server, connection);
    }
}

static void read_some(sse_ota_server_t *server, sse_ota_connection_t *connection)
{
    const sse_ota_port_t *port = server->config.port;
    uint8_t *bytes = server->config.receive;
    for (int i = 0; i < READS_PER_ROUND; i++) {
        if (connection->state == SSE_OTA_STATE_FREE || connection->state == SSE_OTA_STATE_ANSWER) {
            return;
        }
        int32_t length = port->recv(port->context, connection->socket, bytes, server->config.receive_bytes);
        if (length == SSE_OTA_ERR_AGAIN) {
            return;
        }
        if (length <= 0) {
            if (length == SSE_OTA_ERR_CLOSED) {
                read_end(server, connection);
            } else {
                sse_ota_connection_close(server, connection);
            }
            return;
        }
        connection->active_ms = sse_ota_now(server);
        if (connection->state == SSE_OTA_STATE_HEAD) {
            read_head(server, connection, bytes, (size_t)length);
        } else if (connection->state == SSE_OTA_STATE_BODY) {
            sse_ota_upload_body(server, connection, bytes, (size_t)length);
        }
    }
}

static void check_time(sse_ota_server_t *server, sse_ota_connection_t *connection)
{
    const sse_ota_server_config_t *config = &server->config;
    uint32_t now_ms = sse_ota_now(server);
    uint32_t silent_ms = now_ms - connection->active_ms;
    uint32_t spent_ms = now_ms - connection->started_ms;
    switch (connection->state) {
    case SSE_OTA_STATE_HEAD:
        if (spent_ms >= config->head_timeout_ms) {
            if (connection->data.request.head_bytes > 0) {
                refuse(server, connection, SSE_OTA_REFUSE_STALLED, NULL);
            } else {
                sse_ota_connection_close(server, connection);
            }
        }
        return;
    case SSE_OTA_STATE_BODY:
        if (silent_ms >= config->stall_timeout_ms) {
            sse_ota_upload_refuse(server, connection, SSE_OTA_REFUSE_STALLED);
        }
        return;
    case SSE_OTA_STATE_ANSWER:
        if (silent_ms >= ANSWER_TIMEOUT_MS) {
            sse_ota_connection_close(server, connection);
        }
        return;
    case SSE_OTA_STATE_DRAIN:
        if (silent_ms >= DRAIN_SILENCE_MS || spent_ms >= DRAIN_TIMEOUT_MS) {
            sse_ota_connection_close(server, connection);
        }
        return;
    default:
        return;
    }
}

void sse_ota_connection_step(sse_ota_server_t *server, sse_ota_connection_t *connection, bool can_read, bool can_write)
{
    if (can_read && connection->state != SSE_OTA_STATE_ANSWER) {
        read_some(server, connection);
    } else if (can_write && connection->state == SSE_OTA_STATE_ANSWER) {
        send_answer(server, connection);
    }
    check_time(server, connection);
}
