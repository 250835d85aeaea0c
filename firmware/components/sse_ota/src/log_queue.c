/* SPDX-License-Identifier: MIT */
#include "log_queue.h"

#include <string.h>

#define LENGTH_BYTES 2u
/* A record of this length is no line: four bytes follow, the number of lines lost. */
#define DROPPED_MARK 0xffffu
#define DROPPED_BYTES 4u

static const char CUT_MARK[] = "\xe2\x80\xa6"; /* … */
#define CUT_MARK_BYTES (sizeof(CUT_MARK) - 1)

void sse_ota_log_start(sse_ota_log_queue_t *queue, const sse_ota_log_lock_t *lock, char *lines, uint32_t size_bytes,
                       char *line, uint16_t line_limit_bytes)
{
    memset(queue, 0, sizeof(*queue));
    queue->lock = *lock;
    queue->lines = lines;
    queue->size_bytes = size_bytes;
    queue->line = line;
    queue->line_limit_bytes = line_limit_bytes;
    sse_ota_ansi_start(&queue->ansi);
}

static void put(sse_ota_log_queue_t *queue, const char *bytes, uint32_t length)
{
    uint32_t at = queue->read_at + queue->used_bytes;
    if (at >= queue->size_bytes) {
        at -= queue->size_bytes;
    }
    uint32_t first = queue->size_bytes - at;
    if (first > length) {
        first = length;
    }
    memcpy(queue->lines + at, bytes, first);
    memcpy(queue->lines, bytes + first, length - first);
    queue->used_bytes += length;
}

static void skip(sse_ota_log_queue_t *queue, uint32_t length)
{
    queue->read_at += length;
    if (queue->read_at >= queue->size_bytes) {
        queue->read_at -= queue->size_bytes;
    }
    queue->used_bytes -= length;
}

static void get(sse_ota_log_queue_t *queue, char *bytes, uint32_t length)
{
    uint32_t first = queue->size_bytes - queue->read_at;
    if (first > length) {
        first = length;
    }
    memcpy(bytes, queue->lines + queue->read_at, first);
    memcpy(bytes + first, queue->lines, length - first);
    skip(queue, length);
}

static void put_length(sse_ota_log_queue_t *queue, uint32_t length)
{
    const char bytes[LENGTH_BYTES] = {(char)(length & 0xff), (char)(length >> 8)};
    put(queue, bytes, LENGTH_BYTES);
}

static uint32_t room(const sse_ota_log_queue_t *queue)
{
    return queue->size_bytes - queue->used_bytes;
}

/* Under the lock. The line goes in, after the number of those lost before it; or it is one more lost. */
static void put_line(sse_ota_log_queue_t *queue)
{
    uint32_t wanted = LENGTH_BYTES + queue->line_length;
    if (queue->dropped > 0) {
        wanted += LENGTH_BYTES + DROPPED_BYTES;
    }
    if (room(queue) < wanted) {
        if (queue->dropped < UINT32_MAX) {
            queue->dropped++;
        }
        return;
    }
    if (queue->dropped > 0) {
        const uint32_t n = queue->dropped;
        const char count[DROPPED_BYTES] = {(char)(n & 0xff), (char)((n >> 8) & 0xff), (char)((n >> 16) & 0xff),
                                           (char)(n >> 24)};
        put_length(queue, DROPPED_MARK);
        put(queue, count, DROPPED_BYTES);
        queue->dropped = 0;
    }
    put_length(queue, queue->line_length);
    put(queue, queue->line, queue->line_length);
}

/* Room for the mark, without cutting a UTF-8 character in two. */
static void mark_cut(sse_ota_log_queue_t *queue)
{
    uint32_t length = queue->line_limit_bytes - (uint32_t)CUT_MARK_BYTES;
    while (length > 0 && ((uint8_t)queue->line[length] & 0xc0) == 0x80) {
        length--;
    }
    memcpy(queue->line + length, CUT_MARK, CUT_MARK_BYTES);
    queue->line_length = (uint16_t)(length + CUT_MARK_BYTES);
}

static void end_line(sse_ota_log_queue_t *queue)
{
    if (queue->is_line_cut) {
        mark_cut(queue);
    }
    queue->lock.lock(queue->lock.context);
    put_line(queue);
    queue->lock.unlock(queue->lock.context);
    queue->line_length = 0;
    queue->is_line_cut = false;
}

void sse_ota_log_putchar(sse_ota_log_queue_t *queue, uint8_t byte)
{
    /* The log's own lock lets one task print at a time; whoever comes here nevertheless came out of ourselves. */
    if (queue->is_inside) {
        return;
    }
    queue->is_inside = true;
    int shown = sse_ota_ansi_feed(&queue->ansi, byte);
    if (shown == '\n') {
        end_line(queue);
    } else if (shown >= 0) {
        if (queue->line_length < queue->line_limit_bytes) {
            queue->line[queue->line_length] = (char)shown;
            queue->line_length++;
        } else {
            queue->is_line_cut = true;
        }
    }
    queue->is_inside = false;
}

static uint32_t get_u32(sse_ota_log_queue_t *queue, uint32_t bytes)
{
    char raw[4];
    get(queue, raw, bytes);
    uint32_t value = 0;
    for (uint32_t i = bytes; i > 0; i--) {
        value = (value << 8) | (uint8_t)raw[i - 1];
    }
    return value;
}

static sse_ota_log_kind_t take(sse_ota_log_queue_t *queue, sse_ota_text_t *text, uint32_t *dropped)
{
    if (queue->used_bytes == 0) {
        if (queue->dropped == 0) {
            return SSE_OTA_LOG_NOTHING;
        }
        /* All lines before the lost ones have been taken: no need to wait for the next one. */
        *dropped = queue->dropped;
        queue->dropped = 0;
        return SSE_OTA_LOG_DROPPED;
    }
    uint32_t length = get_u32(queue, LENGTH_BYTES);
    if (length == DROPPED_MARK) {
        *dropped = get_u32(queue, DROPPED_BYTES);
        return SSE_OTA_LOG_DROPPED;
    }
    if (length <= text->size_bytes) {
        get(queue, text->at, length);
        text->length = length;
    } else {
        skip(queue, length);
        text->is_cut = true;
    }
    return SSE_OTA_LOG_LINE;
}

sse_ota_log_kind_t sse_ota_log_take(sse_ota_log_queue_t *queue, sse_ota_text_t *text, uint32_t *dropped)
{
    text->length = 0;
    queue->lock.lock(queue->lock.context);
    sse_ota_log_kind_t kind = take(queue, text, dropped);
    queue->lock.unlock(queue->lock.context);
    return kind;
}
