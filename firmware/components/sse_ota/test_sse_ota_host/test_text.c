/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "event_ring.h"
#include "json_out.h"
#include "sse_frame.h"
#include "tests.h"
#include "token_check.h"
#include "vectors.h"

static void one_frame(const vector_t *vector, void *context)
{
    (void)context;
    char buffer[512];
    sse_ota_text_t text;
    check_note("%s", vector->fields[0]);
    sse_ota_text_start(&text, buffer, sizeof(buffer));
    sse_ota_frame_event(&text, (uint32_t)strtoul(vector->fields[1], NULL, 10), vector->fields[2], vector->fields[3],
                        vector->lengths[3]);
    CHECK_BYTES(buffer, text.length, vector->fields[4], vector->lengths[4]);
    CHECK(!text.is_cut);
}

static void frames(void)
{
    char buffer[200];
    sse_ota_text_t text;
    check_begin("an event is framed as the contract's vectors say");
    vectors_each("frames", 5, one_frame, NULL);

    check_begin("progress is told as JSON, with an error only where there is one");
    sse_ota_text_start(&text, buffer, sizeof(buffer));
    sse_ota_frame_progress(&text, 7, 42, SSE_OTA_UPLOAD_RECEIVING, NULL);
    CHECK_TEXT(buffer, text.length, "id: 7\nevent: progress\ndata: {\"progress\":42,\"status\":\"receiving\"}\n\n");
    sse_ota_text_start(&text, buffer, sizeof(buffer));
    sse_ota_frame_progress(&text, 8, 0, SSE_OTA_UPLOAD_FAILED, "busy");
    CHECK_TEXT(buffer, text.length,
               "id: 8\nevent: progress\ndata: {\"progress\":0,\"status\":\"failed\",\"error\":\"busy\"}\n\n");

    check_begin("lost lines are told by their number");
    sse_ota_text_start(&text, buffer, sizeof(buffer));
    sse_ota_frame_dropped(&text, 9, 1);
    CHECK_TEXT(buffer, text.length, "id: 9\nevent: log\ndata: \xe2\x80\xa6 1 line dropped\n\n");
    sse_ota_text_start(&text, buffer, sizeof(buffer));
    sse_ota_frame_dropped(&text, 10, 4000000000u);
    CHECK_TEXT(buffer, text.length, "id: 10\nevent: log\ndata: \xe2\x80\xa6 4000000000 lines dropped\n\n");
    CHECK(text.length <= SSE_OTA_FRAME_EXTRA_BYTES + 32);
}

static void text_and_json(void)
{
    char buffer[200];
    sse_ota_text_t text;
    check_begin("text that does not fit is cut at the buffer's end, and says so");
    for (size_t size = 0; size <= 12; size++) {
        memset(buffer, 'z', sizeof(buffer));
        sse_ota_text_start(&text, buffer, size);
        sse_ota_text_str(&text, "0123");
        sse_ota_text_u32(&text, 456789);
        check_note("%zu", size);
        CHECK_EQUAL(text.length, size < 10 ? size : 10);
        CHECK_EQUAL(text.is_cut, size < 10);
        CHECK_EQUAL(buffer[size], 'z');
        CHECK_EQUAL(sse_ota_text_end(&text), size > 10);
        CHECK(size == 0 || memchr(buffer, '\0', size) != NULL);
    }

    check_begin("numbers are written at their limits");
    sse_ota_text_start(&text, buffer, sizeof(buffer));
    sse_ota_text_format(&text, "%u %u", 0, 4294967295u);
    sse_ota_text_format(&text, " %x %a %%", 0, 0x40210010u);
    sse_ota_text_format(&text, " %x%", 0xffffffffu, 0);
    CHECK_TEXT(buffer, text.length, "0 4294967295 0x0 0x40210010 % 0xffffffff%");

    check_begin("JSON escapes what it must and replaces what is no text");
    sse_ota_text_start(&text, buffer, sizeof(buffer));
    sse_ota_json_open(&text);
    sse_ota_json_str(&text, "a", "q\"b\\n\nd\x7f");
    sse_ota_json_u32(&text, "b", 12);
    sse_ota_json_str(&text, "c", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
    sse_ota_json_str(&text, "d", "\xff\xc0\x80\xe0\x80\x80\xed\xa0\x80\xf5x\xc3");
    sse_ota_json_hex(&text, "e", (const uint8_t *)"\x00\xaf", 2);
    sse_ota_json_str(&text, "f", "");
    sse_ota_json_close(&text);
    CHECK_TEXT(buffer, text.length,
               "{\"a\":\"q\\\"b\\\\n?d?\",\"b\":12,\"c\":\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\","
               "\"d\":\"?????????" "?x?\",\"e\":\"00af\",\"f\":\"\"}");
}

static void tokens(void)
{
    char wanted[SSE_OTA_TOKEN_MAX_BYTES + 1];
    check_begin("a token equals itself and nothing that differs in one place or in length");
    for (size_t length = 1; length <= SSE_OTA_TOKEN_MAX_BYTES; length++) {
        memset(wanted, 'k', sizeof(wanted));
        check_note("%zu", length);
        CHECK(sse_ota_token_equal(wanted, length, wanted, length));
        CHECK(!sse_ota_token_equal(wanted, length - 1, wanted, length));
        CHECK(!sse_ota_token_equal(wanted, length + 1, wanted, length) || length == SSE_OTA_TOKEN_MAX_BYTES + 1);
        for (size_t i = 0; i < length; i++) {
            char given[SSE_OTA_TOKEN_MAX_BYTES];
            memset(given, 'k', sizeof(given));
            given[i] = 'l';
            CHECK(!sse_ota_token_equal(given, length, wanted, length));
        }
    }
    CHECK(!sse_ota_token_equal(wanted, SSE_OTA_TOKEN_MAX_BYTES + 1, wanted, SSE_OTA_TOKEN_MAX_BYTES + 1));
    CHECK(!sse_ota_token_equal("", 0, "k", 1));
}

/* A plain list of the events that a ring of this size should still hold, kept beside it. */
static void ring_against_list(uint32_t size, uint32_t first_position)
{
    enum { COUNT = 400 };
    char *buffer = malloc(size);
    sse_ota_event_ring_t ring;
    uint32_t ends[COUNT];
    sse_ota_ring_start(&ring, buffer, size);
    ring.head = ring.tail = first_position;
    for (uint32_t id = 1; id < COUNT; id++) {
        char frame[128];
        char data[64];
        sse_ota_text_t text;
        size_t length = (id * 7) % 40;
        memset(data, 'a' + (int)(id % 26), sizeof(data));
        sse_ota_text_start(&text, frame, sizeof(frame));
        sse_ota_frame_event(&text, id, "log", data, length);
        check_note("size %u, id %u", size, id);
        CHECK(sse_ota_ring_push(&ring, frame, text.length));
        ends[id] = ring.head;
        CHECK(ring.head - ring.tail <= size);
        /* The newest event is there, whole. */
        char seen[128];
        size_t got = 0;
        const char *piece;
        size_t piece_length;
        for (uint32_t at = ring.head - (uint32_t)text.length;
             (piece_length = sse_ota_ring_piece(&ring, at, &piece)) > 0; at += (uint32_t)piece_length) {
            memcpy(seen + got, piece, piece_length);
            got += piece_length;
        }
        CHECK_BYTES(seen, got, frame, text.length);
        /* Ids that are found are those whose end is held, but for the one just behind the tail. */
        for (uint32_t old = 1; old <= id; old++) {
            uint32_t position = 0;
            bool is_found = sse_ota_ring_find(&ring, old, &position);
            CHECK(!is_found || position == ends[old]);
            CHECK(!is_found || sse_ota_ring_holds(&ring, position));
            CHECK(is_found || old != id);
        }
        CHECK(!sse_ota_ring_holds(&ring, ring.tail - 1));
        CHECK(!sse_ota_ring_holds(&ring, ring.head + 1));
    }
    free(buffer);
}

static void rings(void)
{
    check_begin("a ring holds the newest events whole and forgets the oldest whole, at any size and across 2^32");
    for (uint32_t size = 160; size < 700; size += 53) {
        ring_against_list(size, 0);
        ring_against_list(size, 0xfffff000u);
    }

    check_begin("an event longer than the ring is refused and changes nothing");
    char buffer[16];
    sse_ota_event_ring_t ring;
    sse_ota_ring_start(&ring, buffer, sizeof(buffer));
    CHECK(!sse_ota_ring_push(&ring, "0123456789abcdefg", 17));
    CHECK_EQUAL(ring.head, 0);
}

void test_text(void)
{
    text_and_json();
    frames();
    tokens();
    rings();
}
