/* SPDX-License-Identifier: MIT */
#ifndef SSE_OTA_SERVER_H
#define SSE_OTA_SERVER_H

#include "event_ring.h"
#include "http_request.h"
#include "log_queue.h"
#include "ota_writer.h"
#include "sse_frame.h"
#include "sse_ota_port.h"

/*
 * The server: one task, no thread of its own, no allocation, no globals. Call sse_ota_server_poll() in a loop; nothing
 * in it blocks but the port's wait() and flash functions. All memory is the caller's.
 */

/* Answers are short: the longest is /status. The page is not copied. */
#define SSE_OTA_ANSWER_BYTES 600
/* Shortest buffer for one event; a log line's limit and SSE_OTA_FRAME_EXTRA_BYTES if that is more. */
#define SSE_OTA_FRAME_MIN_BYTES 160
/* Sockets waited for at once: listener, requests, event streams. */
#define SSE_OTA_SOCKETS_MAX 16

/* A connection until it has been answered. */
typedef struct sse_ota_connection {
    int socket;            /* -1: free */
    uint8_t state;
    uint32_t started_ms;   /* when this state began */
    uint32_t active_ms;    /* when something last moved */
    uint32_t body_left_bytes;
    uint32_t sent_bytes;   /* of the answer and then of the tail */
    uint32_t answer_bytes;
    const char *tail;      /* constant bytes behind the answer: the page */
    uint32_t tail_bytes;
    union {
        sse_ota_http_request_t request;    /* while the head comes in */
        char answer[SSE_OTA_ANSWER_BYTES]; /* afterwards */
    } data;
} sse_ota_connection_t;

/* An event stream. */
typedef struct sse_ota_client {
    int socket;           /* -1: free */
    uint32_t head_sent_bytes;
    uint32_t position;    /* in the ring: next byte to send */
    uint32_t active_ms;   /* when it last took a byte, or had nothing to take */
} sse_ota_client_t;

typedef struct sse_ota_server_config {
    const sse_ota_port_t *port;
    uint16_t tcp_port;
    uint16_t head_limit_bytes;  /* of a request's head; beyond it 431 */
    const char *token;          /* NULL or "": none is asked for; must stay */
    const char *app_name;       /* for /status; must stay */
    const char *app_version;
    const uint8_t *elf_sha256;  /* 32 bytes */

    uint32_t keep_alive_ms;     /* a comment at least this often */
    uint32_t head_timeout_ms;   /* from connecting to the end of the request's head */
    uint32_t stall_timeout_ms;  /* longest silence within an upload */
    uint32_t reader_timeout_ms; /* longest time an event stream takes nothing while there is something */
    uint32_t restart_delay_ms;  /* from the answer to the restart */

    sse_ota_connection_t *connections;
    size_t connection_count;    /* at least 2: an upload must not shut others out */
    sse_ota_client_t *clients;
    size_t client_count;
    char *events;               /* the ring */
    uint32_t events_bytes;
    char *frame;                /* one event while it is put together */
    uint32_t frame_bytes;
    char *log_lines;            /* lines between their printing and the server */
    uint32_t log_lines_bytes;
    char *log_line;             /* the line that is being printed */
    uint16_t log_line_bytes;    /* its limit */
    uint8_t *receive;           /* what was just read from a socket */
    uint32_t receive_bytes;
    uint8_t *page;              /* for the flash: aligned to 4, divides a sector, at least 64 bytes */
    uint32_t page_bytes;
} sse_ota_server_config_t;

typedef struct sse_ota_server {
    sse_ota_server_config_t config;
    int listener;
    sse_ota_event_ring_t ring;
    sse_ota_log_queue_t log;
    uint32_t next_id;
    uint32_t keep_alive_at_ms;   /* when the last comment went out */
    sse_ota_slot_t running;
    sse_ota_slot_t next;
    sse_ota_writer_t writer;
    sse_ota_connection_t *uploader; /* whose upload it is; NULL: none */
    sse_ota_upload_status_t upload;
    uint32_t percent;            /* of the present or last upload, as last told */
    bool is_restart_due;
    uint32_t restart_from_ms;    /* when the restart was decided */
} sse_ota_server_t;

/*
 * Copies the configuration, opens the listener and hooks the console. SSE_OTA_ERR_ARG, _NO_SLOT or _IO when it cannot;
 * nothing has to be undone then.
 */
sse_ota_err_t sse_ota_server_start(sse_ota_server_t *server, const sse_ota_server_config_t *config);

/* One round; returns after at most `max_wait_ms` and the time of a few flash operations. */
void sse_ota_server_poll(sse_ota_server_t *server, uint32_t max_wait_ms);

/* Unhooks the console and closes every socket. An upload under way ends as truncated. */
void sse_ota_server_stop(sse_ota_server_t *server);

#endif
