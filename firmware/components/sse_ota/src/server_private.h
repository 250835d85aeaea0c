/* SPDX-License-Identifier: MIT */
#ifndef SSE_OTA_SERVER_PRIVATE_H
#define SSE_OTA_SERVER_PRIVATE_H

#include "route.h"
#include "server.h"

/* Between server.c, server_connection.c, server_upload.c, server_events.c and server_answer.c. */

enum {
    SSE_OTA_STATE_FREE,
    SSE_OTA_STATE_HEAD,   /* the request's head is coming in */
    SSE_OTA_STATE_BODY,   /* an upload's body is coming in */
    SSE_OTA_STATE_ANSWER, /* the answer is going out */
    SSE_OTA_STATE_DRAIN   /* all is said; what still comes in is thrown away until the other side closes */
};

static inline uint32_t sse_ota_now(const sse_ota_server_t *server)
{
    return server->config.port->now_ms(server->config.port->context);
}

/* server_connection.c */
void sse_ota_connection_open(sse_ota_server_t *server, sse_ota_connection_t *connection, int socket);
void sse_ota_connection_step(sse_ota_server_t *server, sse_ota_connection_t *connection, bool can_read, bool can_write);
void sse_ota_connection_close(sse_ota_server_t *server, sse_ota_connection_t *connection);
/* The answer stands in the connection: from here it goes out. */
void sse_ota_connection_answer(sse_ota_server_t *server, sse_ota_connection_t *connection);

/* server_upload.c */
void sse_ota_upload_begin(sse_ota_server_t *server, sse_ota_connection_t *connection);
void sse_ota_upload_body(sse_ota_server_t *server, sse_ota_connection_t *connection, const uint8_t *bytes,
                         size_t length);
/* The upload ends with this refusal, which is told to the streams, the console and the uploader. */
void sse_ota_upload_refuse(sse_ota_server_t *server, sse_ota_connection_t *connection, sse_ota_err_t err);
/* The same without an answer: its connection is gone. */
void sse_ota_upload_abandon(sse_ota_server_t *server, sse_ota_connection_t *connection);
/* A refusal before an upload began: told to the streams too, unless it concerns somebody else's upload or no one. */
void sse_ota_upload_turn_away(sse_ota_server_t *server, sse_ota_connection_t *connection, sse_ota_err_t err,
                              const sse_ota_detail_t *detail);

/* server_events.c */
bool sse_ota_events_open(sse_ota_server_t *server, int socket, const sse_ota_http_request_t *request);
void sse_ota_events_progress(sse_ota_server_t *server, uint32_t percent, sse_ota_upload_status_t status,
                             const char *error);
void sse_ota_events_pump(sse_ota_server_t *server); /* console lines into the ring, the ring to the clients */
void sse_ota_events_send(sse_ota_server_t *server);
void sse_ota_events_read(sse_ota_server_t *server, sse_ota_client_t *client);
void sse_ota_events_keep_alive(sse_ota_server_t *server);
void sse_ota_events_close(sse_ota_server_t *server, sse_ota_client_t *client);
size_t sse_ota_events_count(const sse_ota_server_t *server);

/* server_answer.c: into the connection's answer */
void sse_ota_answer_refusal(sse_ota_connection_t *connection, sse_ota_err_t err, const sse_ota_detail_t *detail,
                            const char *allow);
void sse_ota_answer_page(sse_ota_connection_t *connection);
void sse_ota_answer_status(sse_ota_server_t *server, sse_ota_connection_t *connection);
void sse_ota_answer_installed(sse_ota_connection_t *connection, const char *slot, uint32_t length_bytes);

#endif
