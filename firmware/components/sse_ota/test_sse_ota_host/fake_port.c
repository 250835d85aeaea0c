/* SPDX-License-Identifier: MIT */
#include "fake_port.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

#define LISTENER 1000

static fake_client_t *client_of(fake_t *fake, int socket)
{
    fake_client_t *client = &fake->clients[socket];
    CHECK(socket >= 0 && socket < FAKE_CLIENTS && client->is_accepted && !client->is_closed_by_server);
    return client;
}

static int fake_listen(void *context, uint16_t tcp_port)
{
    (void)tcp_port;
    ((fake_t *)context)->is_listening = true;
    return LISTENER;
}

static int fake_accept(void *context, int listener)
{
    fake_t *fake = context;
    CHECK_EQUAL(listener, LISTENER);
    for (int i = 0; i < FAKE_CLIENTS; i++) {
        if (fake->clients[i].is_used && !fake->clients[i].is_accepted) {
            fake->clients[i].is_accepted = true;
            return i;
        }
    }
    return SSE_OTA_ERR_AGAIN;
}

static int32_t fake_recv(void *context, int socket, void *bytes, size_t length)
{
    fake_client_t *client = client_of(context, socket);
    size_t end = client->sends_bytes < client->ready_bytes ? client->sends_bytes : client->ready_bytes;
    size_t left = end - client->sent_bytes;
    if (client->sent_bytes < client->first_piece_bytes && left > client->first_piece_bytes - client->sent_bytes) {
        left = client->first_piece_bytes - client->sent_bytes;
    }
    if (client->piece_bytes != 0 && left > client->piece_bytes) {
        left = client->piece_bytes;
    }
    if (left > length) {
        left = length;
    }
    if (left > 0) {
        memcpy(bytes, client->sends + client->sent_bytes, left);
        client->sent_bytes += left;
        return (int32_t)left;
    }
    if (client->sent_bytes == client->sends_bytes && client->resets) {
        return SSE_OTA_ERR_IO;
    }
    if (client->sent_bytes == client->sends_bytes && (client->ends || client->is_ended_by_server)) {
        return SSE_OTA_ERR_CLOSED; /* a client that has been told the end closes too */
    }
    return SSE_OTA_ERR_AGAIN;
}

static int32_t fake_send(void *context, int socket, const void *bytes, size_t length)
{
    fake_t *fake = context;
    fake_client_t *client = client_of(fake, socket);
    CHECK(!client->is_ended_by_server);
    if (fake->prints_when_sending) {
        fake_print(fake, "sent\n");
    }
    if (client->resets && client->sent_bytes == client->sends_bytes) {
        return SSE_OTA_ERR_IO;
    }
    if (length > client->takes_now) {
        length = client->takes_now;
    }
    if (length == 0) {
        return SSE_OTA_ERR_AGAIN;
    }
    if (client->takes_now != SIZE_MAX) {
        client->takes_now -= length;
    }
    CHECK(client->received_bytes + length <= FAKE_RECEIVED_BYTES);
    memcpy(client->received + client->received_bytes, bytes, length);
    client->received_bytes += length;
    client->received[client->received_bytes] = '\0';
    return (int32_t)length;
}

static void fake_end_sending(void *context, int socket)
{
    client_of(context, socket)->is_ended_by_server = true;
}

static void fake_close(void *context, int socket)
{
    fake_t *fake = context;
    if (socket == LISTENER) {
        fake->is_listening = false;
        return;
    }
    fake_client_t *client = client_of(fake, socket);
    client->is_ended_by_server = true;
    client->is_closed_by_server = true;
}

static bool can_read(fake_t *fake, int socket)
{
    if (socket == LISTENER) {
        for (int i = 0; i < FAKE_CLIENTS; i++) {
            if (fake->clients[i].is_used && !fake->clients[i].is_accepted) {
                return true;
            }
        }
        return false;
    }
    const fake_client_t *client = client_of(fake, socket);
    size_t end = client->sends_bytes < client->ready_bytes ? client->sends_bytes : client->ready_bytes;
    return client->sent_bytes < end ||
           (client->sent_bytes == client->sends_bytes &&
            (client->ends || client->resets || client->is_ended_by_server));
}

static int fake_wait(void *context, sse_ota_wait_t *sockets, size_t count, uint32_t timeout_ms)
{
    fake_t *fake = context;
    int ready = 0;
    for (size_t i = 0; i < FAKE_CLIENTS; i++) {
        fake->clients[i].takes_now = fake->clients[i].takes_per_round;
    }
    for (size_t i = 0; i < count; i++) {
        if (sockets[i].socket < 0) {
            continue;
        }
        sockets[i].can_read = sockets[i].wants_read && can_read(fake, sockets[i].socket);
        sockets[i].can_write = sockets[i].wants_write && sockets[i].socket != LISTENER &&
                               client_of(fake, sockets[i].socket)->takes_now > 0;
        ready += sockets[i].can_read || sockets[i].can_write ? 1 : 0;
    }
    fake->now_ms += ready > 0 ? 1 : timeout_ms;
    return ready;
}

static sse_ota_err_t fake_slots(void *context, sse_ota_slot_t *running, sse_ota_slot_t *next)
{
    return ram_flash_slots(&((fake_t *)context)->flash, running, next);
}

static sse_ota_err_t fake_keep_boot(void *context)
{
    return ram_flash_keep_boot(&((fake_t *)context)->flash);
}

static sse_ota_err_t fake_erase_sector(void *context, uint32_t offset)
{
    ((fake_t *)context)->now_ms += 40;
    return ram_flash_erase_sector(&((fake_t *)context)->flash, offset);
}

static sse_ota_err_t fake_write(void *context, uint32_t offset, const void *bytes, size_t length)
{
    ((fake_t *)context)->now_ms += 2;
    return ram_flash_write(&((fake_t *)context)->flash, offset, bytes, length);
}

static sse_ota_err_t fake_read(void *context, uint32_t offset, void *bytes, size_t length)
{
    return ram_flash_read(&((fake_t *)context)->flash, offset, bytes, length);
}

static sse_ota_err_t fake_set_boot(void *context)
{
    return ram_flash_set_boot(&((fake_t *)context)->flash);
}

static uint32_t fake_now_ms(void *context)
{
    return ((fake_t *)context)->now_ms;
}

static void fake_heap(void *context, sse_ota_heap_t *heap)
{
    (void)context;
    heap->free_bytes = 41000;
    heap->lowest_bytes = 39500;
}

static void fake_restart(void *context)
{
    fake_t *fake = context;
    fake->restarts++;
    fake->restarted_at_ms = fake->now_ms;
    ram_flash_restart(&fake->flash);
}

void fake_print(fake_t *fake, const char *text)
{
    for (const char *p = text; *p != '\0'; p++) {
        if (fake->console_bytes < sizeof(fake->console) - 1) {
            fake->console[fake->console_bytes++] = *p;
        }
        if (fake->queue != NULL) {
            sse_ota_log_putchar(fake->queue, (uint8_t)*p);
        }
    }
    fake->console[fake->console_bytes] = '\0';
}

static void fake_log(void *context, sse_ota_level_t level, const char *text)
{
    char line[300];
    (void)snprintf(line, sizeof(line), "%c (%u) sse_ota: %s\n", "EWI"[level], ((fake_t *)context)->now_ms, text);
    fake_print(context, line);
}

static void fake_hook(void *context, sse_ota_log_queue_t *queue)
{
    fake_t *fake = context;
    fake->queue = queue;
    fake->hooks++;
}

static void fake_lock(void *context)
{
    (void)context;
}

fake_t *fake_new(const char *layout)
{
    static fake_t *fake;
    if (fake == NULL) {
        fake = malloc(sizeof(*fake));
        if (fake == NULL) {
            exit(2);
        }
    }
    /* The large parts are only cleared where they are used: a new world costs little. */
    const sse_ota_port_t port = {
        fake,       fake_listen, fake_accept, fake_recv,  fake_send,    fake_end_sending, fake_close,
        fake_wait,  fake_slots,  fake_keep_boot, fake_erase_sector, fake_write, fake_read, fake_set_boot,
        fake_now_ms, fake_heap,  fake_restart, fake_log,  fake_hook,    fake_lock,        fake_lock,
    };
    CHECK(ram_flash_start(&fake->flash, layout));
    for (size_t i = 0; i < FAKE_CLIENTS; i++) {
        fake->clients[i].is_used = false;
        fake->clients[i].is_accepted = false;
    }
    fake->port = port;
    fake->now_ms = 0xfffff000u; /* four seconds before the clock wraps */
    fake->restarts = 0;
    fake->queue = NULL;
    fake->hooks = 0;
    fake->prints_when_sending = false;
    fake->console_bytes = 0;
    host_memory_config(&fake->memory, &fake->config);
    fake->config.port = &fake->port;
    return fake;
}

void fake_start(fake_t *fake)
{
    CHECK_EQUAL(sse_ota_server_start(&fake->server, &fake->config), SSE_OTA_OK);
    CHECK(fake->is_listening && fake->queue != NULL);
}

fake_client_t *fake_connect(fake_t *fake, const void *bytes, size_t length)
{
    for (size_t i = 0; i < FAKE_CLIENTS; i++) {
        fake_client_t *client = &fake->clients[i];
        if (!client->is_used) {
            client->is_used = true;
            client->is_accepted = client->ends = client->resets = false;
            client->is_ended_by_server = client->is_closed_by_server = false;
            client->sends = bytes;
            client->sends_bytes = length;
            client->sent_bytes = client->first_piece_bytes = client->piece_bytes = client->received_bytes = 0;
            client->ready_bytes = client->takes_per_round = client->takes_now = SIZE_MAX;
            client->received[0] = '\0';
            return client;
        }
    }
    fprintf(stderr, "too many clients for one test\n");
    exit(2);
}

fake_client_t *fake_connect_text(fake_t *fake, const char *text)
{
    return fake_connect(fake, text, strlen(text));
}

void fake_forget(fake_t *fake, fake_client_t *client)
{
    (void)fake;
    client->is_used = false;
    client->is_accepted = false;
}

bool fake_run_until_ended(fake_t *fake, const fake_client_t *client, unsigned limit)
{
    for (unsigned i = 0; i < limit && !client->is_ended_by_server; i++) {
        sse_ota_server_poll(&fake->server, 1000);
    }
    return client->is_ended_by_server;
}

void fake_run(fake_t *fake, unsigned rounds)
{
    for (unsigned i = 0; i < rounds; i++) {
        sse_ota_server_poll(&fake->server, 1000);
    }
}

void fake_run_for(fake_t *fake, uint32_t duration_ms)
{
    uint32_t from_ms = fake->now_ms;
    for (unsigned i = 0; i < 1000000 && fake->now_ms - from_ms < duration_ms; i++) {
        uint32_t left_ms = duration_ms - (fake->now_ms - from_ms);
        if (fake->server.listener < 0) {
            break;
        }
        sse_ota_server_poll(&fake->server, left_ms < 1000 ? left_ms : 1000);
    }
}

int fake_status(const fake_client_t *client)
{
    return client->received_bytes > 12 && strncmp(client->received, "HTTP/1.1 ", 9) == 0 ? atoi(client->received + 9)
                                                                                         : 0;
}

bool fake_says(const fake_client_t *client, const char *text)
{
    return strstr(client->received, text) != NULL;
}
