/* SPDX-License-Identifier: MIT */
#ifndef SSE_OTA_EVENT_RING_H
#define SSE_OTA_EVENT_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The last events, as text, once for all clients: each client is a position in it. Whoever has not read an event by the
 * time its room is needed has lost the stream and is dropped: a slow reader costs nobody else anything.
 *
 * Positions count bytes since the start and wrap at 2^32. Memory: the caller's buffer, at least twice the longest event.
 */
typedef struct sse_ota_event_ring {
    char *buffer;
    uint32_t size_bytes;
    uint32_t tail; /* position of the oldest event still whole */
    uint32_t head; /* position behind the newest byte */
    uint32_t head_at; /* where `head` is in the buffer */
} sse_ota_event_ring_t;

void sse_ota_ring_start(sse_ota_event_ring_t *ring, char *buffer, uint32_t size_bytes);

/* Adds one whole event (ends with an empty line), over the oldest ones if need be. False: longer than the ring. */
bool sse_ota_ring_push(sse_ota_event_ring_t *ring, const char *event, size_t length);

/* Whether everything from `position` on is still there. */
bool sse_ota_ring_holds(const sse_ota_event_ring_t *ring, uint32_t position);

/* Bytes from `position` that lie in one piece; 0 at the end. The position must be held. */
size_t sse_ota_ring_piece(const sse_ota_event_ring_t *ring, uint32_t position, const char **piece);

/* Position behind the event of this id, to go on from there; false if it is not there (any more). */
bool sse_ota_ring_find(const sse_ota_event_ring_t *ring, uint32_t id, uint32_t *position);

#endif
