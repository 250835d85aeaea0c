/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "server_private.h"

/* How long a console line may wait for the next round, while somebody listens. */
#define ROUND_MS 50u
/* A connection that has sent nothing gives way to a new one after this; browsers open some to spare. */
#define SPARE_MS 500u

static bool is_power_of_sector(uint32_t page_bytes)
{
    return page_bytes >= 64 && page_bytes <= SSE_OTA_SECTOR_BYTES && SSE_OTA_SECTOR_BYTES % page_bytes == 0;
}

static bool is_sound(const sse_ota_server_config_t *config)
{
    uint32_t longest = config->log_line_bytes + (uint32_t)SSE_OTA_FRAME_EXTRA_BYTES;
    return config->port != NULL && config->connection_count >= 2 && config->client_count >= 1 &&
           1 + config->connection_count + config->client_count <= SSE_OTA_SOCKETS_MAX &&
           (config->token == NULL || strlen(config->token) <= SSE_OTA_TOKEN_MAX_BYTES) &&
           config->log_line_bytes >= SSE_OTA_LOG_LINE_MIN_BYTES &&
           config->log_lines_bytes >= 2u * (config->log_line_bytes + 2u) && config->frame_bytes >= longest &&
           config->frame_bytes >= SSE_OTA_FRAME_MIN_BYTES && config->events_bytes >= 2 * config->frame_bytes &&
           config->receive_bytes >= 64 && is_power_of_sector(config->page_bytes) &&
           (uintptr_t)config->page % 4 == 0 && config->head_limit_bytes >= 64;
}

sse_ota_err_t sse_ota_server_start(sse_ota_server_t *server, const sse_ota_server_config_t *config)
{
    const sse_ota_port_t *port = config->port;
    if (!is_sound(config)) {
        return SSE_OTA_ERR_ARG;
    }
    memset(server, 0, sizeof(*server));
    server->config = *config;
    server->next_id = 1;
    if (port->slots(port->context, &server->running, &server->next) != SSE_OTA_OK) {
        return SSE_OTA_ERR_NO_SLOT;
    }
    for (size_t i = 0; i < config->connection_count; i++) {
        config->connections[i].socket = -1;
        config->connections[i].state = SSE_OTA_STATE_FREE;
    }
    for (size_t i = 0; i < config->client_count; i++) {
        config->clients[i].socket = -1;
    }
    server->listener = port->listen(port->context, config->tcp_port);
    if (server->listener < 0) {
        return SSE_OTA_ERR_IO;
    }
    server->keep_alive_at_ms = sse_ota_now(server);
    const sse_ota_log_lock_t lock = {port->context, port->lock, port->unlock};
    sse_ota_ring_start(&server->ring, config->events, config->events_bytes);
    sse_ota_log_start(&server->log, &lock, config->log_lines, config->log_lines_bytes, config->log_line,
                      config->log_line_bytes);
    /* Hooked once and for all: clients come and go without the hook being touched. */
    port->hook(port->context, &server->log);
    return SSE_OTA_OK;
}

/* A place for a new connection: a free one, or one that only stands by. */
static sse_ota_connection_t *place(sse_ota_server_t *server, bool may_make_room)
{
    sse_ota_connection_t *spare = NULL;
    uint32_t now_ms = sse_ota_now(server);
    for (size_t i = 0; i < server->config.connection_count; i++) {
        sse_ota_connection_t *connection = &server->config.connections[i];
        if (connection->state == SSE_OTA_STATE_FREE) {
            return connection;
        }
        bool is_silent = connection->state == SSE_OTA_STATE_HEAD && connection->data.request.head_bytes == 0;
        if ((is_silent || connection->state == SSE_OTA_STATE_DRAIN) &&
            now_ms - connection->active_ms >= SPARE_MS) {
            spare = connection;
        }
    }
    if (spare != NULL && may_make_room) {
        sse_ota_connection_close(server, spare);
    }
    return spare;
}

static void accept_all(sse_ota_server_t *server)
{
    const sse_ota_port_t *port = server->config.port;
    /* Bounded: whoever opens connections without end must not keep the others waiting. */
    for (size_t i = 0; i < server->config.connection_count; i++) {
        if (place(server, false) == NULL) {
            return;
        }
        int socket = port->accept(port->context, server->listener);
        if (socket < 0) {
            return;
        }
        sse_ota_connection_open(server, place(server, true), socket);
    }
}

static uint32_t round_ms(const sse_ota_server_t *server, uint32_t max_wait_ms)
{
    bool is_quiet = !server->is_restart_due && sse_ota_events_count(server) == 0;
    for (size_t i = 0; i < server->config.connection_count; i++) {
        is_quiet = is_quiet && server->config.connections[i].state == SSE_OTA_STATE_FREE;
    }
    return is_quiet || max_wait_ms < ROUND_MS ? max_wait_ms : ROUND_MS;
}

/* What to wait for: the listener, then the connections, then the clients, each at its own place. */
static size_t fill(sse_ota_server_t *server, sse_ota_wait_t *sockets)
{
    const sse_ota_server_config_t *config = &server->config;
    size_t count = 0;
    memset(sockets, 0, SSE_OTA_SOCKETS_MAX * sizeof(*sockets));
    /* With no place left the listener's backlog has to do. */
    sockets[count].socket = place(server, false) != NULL ? server->listener : -1;
    sockets[count++].wants_read = true;
    for (size_t i = 0; i < config->connection_count; i++) {
        const sse_ota_connection_t *connection = &config->connections[i];
        sockets[count].socket = connection->socket;
        sockets[count].wants_read = connection->state != SSE_OTA_STATE_ANSWER;
        sockets[count++].wants_write = connection->state == SSE_OTA_STATE_ANSWER;
    }
    for (size_t i = 0; i < config->client_count; i++) {
        sse_ota_client_t *client = &config->clients[i];
        sockets[count].socket = client->socket;
        sockets[count].wants_read = true;
        sockets[count++].wants_write = client->socket >= 0 && client->position != server->ring.head;
    }
    return count;
}

static void restart(sse_ota_server_t *server)
{
    const sse_ota_port_t *port = server->config.port;
    server->is_restart_due = false;
    sse_ota_events_pump(server);
    sse_ota_server_stop(server);
    port->restart(port->context);
}

void sse_ota_server_poll(sse_ota_server_t *server, uint32_t max_wait_ms)
{
    const sse_ota_server_config_t *config = &server->config;
    const sse_ota_port_t *port = config->port;
    sse_ota_wait_t sockets[SSE_OTA_SOCKETS_MAX];
    if (server->listener < 0) {
        return; /* stopped */
    }
    size_t count = fill(server, sockets);
    port->wait(port->context, sockets, count, round_ms(server, max_wait_ms));

    for (size_t i = 0; i < config->client_count; i++) {
        const sse_ota_wait_t *ready = &sockets[1 + config->connection_count + i];
        if (ready->can_read && config->clients[i].socket == ready->socket) {
            sse_ota_events_read(server, &config->clients[i]);
        }
    }
    for (size_t i = 0; i < config->connection_count; i++) {
        const sse_ota_wait_t *ready = &sockets[1 + i];
        if (config->connections[i].state != SSE_OTA_STATE_FREE) {
            sse_ota_connection_step(server, &config->connections[i], ready->can_read, ready->can_write);
        }
    }
    /* Last, so that a new connection does not meet another's readiness. */
    if (sockets[0].can_read) {
        accept_all(server);
    }
    sse_ota_events_keep_alive(server);
    sse_ota_events_pump(server);
    if (server->is_restart_due && sse_ota_now(server) - server->restart_from_ms >= config->restart_delay_ms) {
        restart(server);
    }
}

void sse_ota_server_stop(sse_ota_server_t *server)
{
    const sse_ota_port_t *port = server->config.port;
    if (server->listener < 0) {
        return;
    }
    port->hook(port->context, NULL);
    port->close(port->context, server->listener);
    server->listener = -1;
    for (size_t i = 0; i < server->config.connection_count; i++) {
        if (server->config.connections[i].state != SSE_OTA_STATE_FREE) {
            sse_ota_connection_close(server, &server->config.connections[i]);
        }
    }
    for (size_t i = 0; i < server->config.client_count; i++) {
        sse_ota_events_close(server, &server->config.clients[i]);
    }
}
