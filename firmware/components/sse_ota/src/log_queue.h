/* SPDX-License-Identifier: MIT */
#ifndef SSE_OTA_LOG_QUEUE_H
#define SSE_OTA_LOG_QUEUE_H

#include <stdbool.h>

#include "ansi_strip.h"
#include "text_out.h"

/*
 * Console lines on their way from whatever task prints them to the server's task.
 *
 * The printing side (sse_ota_log_putchar) never waits, never allocates, calls nothing but the lock, and so cannot come
 * back to itself; what is printed inside it all the same (from within the lock) is counted and left out. The lock is to
 * be short: interrupts off, or a mutex on a host. It is held for a copy of at most one line.
 *
 * Memory: the caller's two buffers and 44 bytes on the ESP8266.
 */
typedef struct sse_ota_log_lock {
    void *context;
    void (*lock)(void *context);
    void (*unlock)(void *context);
} sse_ota_log_lock_t;

typedef struct sse_ota_log_queue {
    sse_ota_log_lock_t lock;
    char *lines;           /* ring of records: length (2 bytes, LE), then the text */
    uint32_t size_bytes;
    uint32_t read_at;      /* place of the oldest record */
    uint32_t used_bytes;
    char *line;            /* the line that is being printed */
    uint16_t line_limit_bytes;
    uint16_t line_length;
    uint32_t dropped;      /* lines lost since the last record */
    sse_ota_ansi_t ansi;
    bool is_line_cut;
    volatile bool is_inside; /* the printing side is at work */
} sse_ota_log_queue_t;

/* Shortest sensible line limit: one whole character and the mark of a cut. */
#define SSE_OTA_LOG_LINE_MIN_BYTES 8

/*
 * `lines`: room for the records, at least two lines of the limit and their lengths. `line`: room for one line, whose
 * size is the limit in bytes, the mark of a cut ("…", 3 bytes) included. Both stay the caller's.
 */
void sse_ota_log_start(sse_ota_log_queue_t *queue, const sse_ota_log_lock_t *lock, char *lines, uint32_t size_bytes,
                       char *line, uint16_t line_limit_bytes);

/* The printing side: one byte of the console. */
void sse_ota_log_putchar(sse_ota_log_queue_t *queue, uint8_t byte);

typedef enum sse_ota_log_kind {
    SSE_OTA_LOG_NOTHING,
    SSE_OTA_LOG_LINE,   /* `text` is a line */
    SSE_OTA_LOG_DROPPED /* `dropped` lines found no room here */
} sse_ota_log_kind_t;

/* The reading side, one task only: the oldest record. `text` must have room for one line of the limit. */
sse_ota_log_kind_t sse_ota_log_take(sse_ota_log_queue_t *queue, sse_ota_text_t *text, uint32_t *dropped);

#endif
