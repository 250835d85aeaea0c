/* SPDX-License-Identifier: MIT */
#ifndef FAKE_PORT_H
#define FAKE_PORT_H

#include "../port/host/host_memory.h"
#include "../port/host/ram_flash.h"

/*
 * A world for the server: clients that are buffers, time that only moves when the server waits, a flash in memory, a
 * console. Nothing sleeps, nothing is random: the same test takes the same steps each time.
 */
#define FAKE_CLIENTS 24
#define FAKE_RECEIVED_BYTES 200000

typedef struct fake_client {
    bool is_used;
    bool is_accepted;
    const uint8_t *sends;      /* what the client will have sent */
    size_t sends_bytes;
    size_t sent_bytes;         /* read by the server so far */
    size_t first_piece_bytes;  /* one read ends here; 0: none */
    size_t piece_bytes;        /* most that one read gives; 0: no limit */
    size_t ready_bytes;        /* what has arrived; the rest is still under way. SIZE_MAX: all */
    bool ends;                 /* closes its side once all is sent */
    bool resets;               /* the connection breaks once all is sent */
    size_t takes_per_round;    /* bytes it takes between two waits; SIZE_MAX: all */
    size_t takes_now;          /* of them left in this round */
    size_t received_bytes;
    char received[FAKE_RECEIVED_BYTES + 1]; /* ends with NUL */
    bool is_ended_by_server;   /* no more will come */
    bool is_closed_by_server;
} fake_client_t;

typedef struct fake {
    ram_flash_t flash;
    fake_client_t clients[FAKE_CLIENTS]; /* the socket's number is the place */
    uint32_t now_ms;
    uint32_t restarts;
    uint32_t restarted_at_ms;
    sse_ota_log_queue_t *queue;
    unsigned hooks;             /* times the hook was set */
    bool is_listening;
    bool prints_when_sending;   /* the network stack below has something to say, too */
    char console[65536];        /* the lines of the console, without colours */
    size_t console_bytes;
    sse_ota_port_t port;
    host_memory_t memory;
    sse_ota_server_config_t config;
    sse_ota_server_t server;
} fake_t;

/* One world, started anew; the server is not. `layout` as in ram_flash_start(). */
fake_t *fake_new(const char *layout);

/* The server starts with fake->config; checked. */
void fake_start(fake_t *fake);

/* A client that has connected and will send this (the bytes stay the caller's). */
fake_client_t *fake_connect(fake_t *fake, const void *bytes, size_t length);
fake_client_t *fake_connect_text(fake_t *fake, const char *text);

/* Rounds of the server until `done`, at most `limit`; false if it was the limit. */
bool fake_run_until_ended(fake_t *fake, const fake_client_t *client, unsigned limit);
void fake_run(fake_t *fake, unsigned rounds);
/* Rounds until the fake time has moved this far. */
void fake_run_for(fake_t *fake, uint32_t duration_ms);

void fake_print(fake_t *fake, const char *text);

/* The client has no more to do with it: its place is free again. */
void fake_forget(fake_t *fake, fake_client_t *client);

/* HTTP status of what the client got, 0 if nothing; whether the body has this text. */
int fake_status(const fake_client_t *client);
bool fake_says(const fake_client_t *client, const char *text);

#endif
