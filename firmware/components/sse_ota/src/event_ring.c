/* SPDX-License-Identifier: MIT */
#include "event_ring.h"

#include <string.h>

void sse_ota_ring_start(sse_ota_event_ring_t *ring, char *buffer, uint32_t size_bytes)
{
    ring->buffer = buffer;
    ring->size_bytes = size_bytes;
    ring->tail = 0;
    ring->head = 0;
    ring->head_at = 0;
}

/* Counted back from the head, so that positions may wrap whatever the size of the buffer. */
static uint32_t place_of(const sse_ota_event_ring_t *ring, uint32_t position)
{
    uint32_t back = ring->head - position;
    return back <= ring->head_at ? ring->head_at - back : ring->head_at + ring->size_bytes - back;
}

static char byte_at(const sse_ota_event_ring_t *ring, uint32_t position)
{
    return ring->buffer[place_of(ring, position)];
}

/* Position behind the event that starts here. */
static uint32_t next_event(const sse_ota_event_ring_t *ring, uint32_t position)
{
    char before = '\0';
    while (position != ring->head) {
        char c = byte_at(ring, position);
        position++;
        if (c == '\n' && before == '\n') {
            break;
        }
        before = c;
    }
    return position;
}

bool sse_ota_ring_push(sse_ota_event_ring_t *ring, const char *event, size_t length)
{
    if (length > ring->size_bytes) {
        return false;
    }
    while (ring->size_bytes - (ring->head - ring->tail) < length) {
        ring->tail = next_event(ring, ring->tail);
    }
    uint32_t size = (uint32_t)length;
    uint32_t first = ring->size_bytes - ring->head_at;
    if (first > size) {
        first = size;
    }
    memcpy(ring->buffer + ring->head_at, event, first);
    memcpy(ring->buffer, event + first, size - first);
    ring->head += size;
    ring->head_at = first < size ? size - first : ring->head_at + size;
    if (ring->head_at == ring->size_bytes) {
        ring->head_at = 0;
    }
    return true;
}

bool sse_ota_ring_holds(const sse_ota_event_ring_t *ring, uint32_t position)
{
    return ring->head - position <= ring->head - ring->tail;
}

size_t sse_ota_ring_piece(const sse_ota_event_ring_t *ring, uint32_t position, const char **piece)
{
    uint32_t at = place_of(ring, position);
    uint32_t left = ring->head - position;
    *piece = ring->buffer + at;
    return left < ring->size_bytes - at ? left : ring->size_bytes - at;
}

/* The id at the start of an event, false if it has none (a keep-alive). */
static bool id_at(const sse_ota_event_ring_t *ring, uint32_t position, uint32_t *id)
{
    static const char FIELD[] = "id: ";
    for (size_t i = 0; i < sizeof(FIELD) - 1; i++) {
        if (position == ring->head || byte_at(ring, position) != FIELD[i]) {
            return false;
        }
        position++;
    }
    uint32_t value = 0;
    while (position != ring->head && byte_at(ring, position) != '\n') {
        value = value * 10 + (uint32_t)(byte_at(ring, position) - '0');
        position++;
    }
    *id = value;
    return true;
}

bool sse_ota_ring_find(const sse_ota_event_ring_t *ring, uint32_t id, uint32_t *position)
{
    for (uint32_t at = ring->tail; at != ring->head;) {
        uint32_t found = 0;
        bool has_id = id_at(ring, at, &found);
        at = next_event(ring, at);
        if (has_id && found == id) {
            *position = at;
            return true;
        }
    }
    return false;
}
