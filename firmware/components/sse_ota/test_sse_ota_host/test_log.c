/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "log_queue.h"
#include "tests.h"
#include "vectors.h"

typedef struct lock_spy {
    int depth;
    int deepest;
    unsigned count;
    sse_ota_log_queue_t *prints_into; /* whoever takes the lock prints: the log's own task must survive it */
} lock_spy_t;

static void lock(void *context)
{
    lock_spy_t *spy = context;
    spy->depth++;
    spy->count++;
    spy->deepest = spy->depth > spy->deepest ? spy->depth : spy->deepest;
    if (spy->prints_into != NULL) {
        for (const char *p = "from within\n"; *p != '\0'; p++) {
            sse_ota_log_putchar(spy->prints_into, (uint8_t)*p);
        }
    }
}

static void unlock(void *context)
{
    ((lock_spy_t *)context)->depth--;
}

static void print(sse_ota_log_queue_t *queue, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        sse_ota_log_putchar(queue, (uint8_t)text[i]);
    }
}

static void one_line(const vector_t *vector, void *context)
{
    (void)context;
    lock_spy_t spy = {0, 0, 0, NULL};
    const sse_ota_log_lock_t locks = {&spy, lock, unlock};
    char lines[256];
    char line[64];
    char taken[64];
    uint32_t dropped = 0;
    sse_ota_log_queue_t queue;
    sse_ota_text_t text;
    uint16_t limit = (uint16_t)strtoul(vector->fields[1], NULL, 10);
    check_note("%s", vector->fields[0]);
    sse_ota_log_start(&queue, &locks, lines, sizeof(lines), line, limit);
    print(&queue, vector->fields[2], vector->lengths[2]);
    print(&queue, "\nnext\n", 6);
    sse_ota_text_start(&text, taken, sizeof(taken));
    CHECK_EQUAL(sse_ota_log_take(&queue, &text, &dropped), SSE_OTA_LOG_LINE);
    CHECK_BYTES(taken, text.length, vector->fields[3], vector->lengths[3]);
    CHECK_EQUAL(sse_ota_log_take(&queue, &text, &dropped), SSE_OTA_LOG_LINE);
    CHECK_TEXT(taken, text.length, "next");
    CHECK_EQUAL(sse_ota_log_take(&queue, &text, &dropped), SSE_OTA_LOG_NOTHING);
    CHECK_EQUAL(spy.deepest, 1);
    CHECK_EQUAL(spy.depth, 0);
}

/* Prints `count` numbered lines, takes some in between, and accounts for every single one. */
static void account(uint32_t size, uint16_t limit, unsigned burst, unsigned taken_per_burst)
{
    lock_spy_t spy = {0, 0, 0, NULL};
    const sse_ota_log_lock_t locks = {&spy, lock, unlock};
    char *lines = malloc(size);
    char line[64];
    char taken[64];
    sse_ota_log_queue_t queue;
    unsigned printed = 0;
    unsigned long expected = 0;
    check_note("size %u, bursts of %u, %u taken", size, burst, taken_per_burst);
    sse_ota_log_start(&queue, &locks, lines, size, line, limit);
    for (unsigned round = 0; round < 60; round++) {
        for (unsigned i = 0; i < burst && round < 50; i++) {
            char text[32];
            int length = snprintf(text, sizeof(text), "%u%.*s\n", printed, (int)(printed % 9), "abcdefghi");
            printed++;
            print(&queue, text, (size_t)length);
        }
        for (unsigned i = 0; i < taken_per_burst || round >= 50; i++) {
            uint32_t dropped = 0;
            sse_ota_text_t text;
            sse_ota_text_start(&text, taken, sizeof(taken) - 1);
            sse_ota_log_kind_t kind = sse_ota_log_take(&queue, &text, &dropped);
            if (kind == SSE_OTA_LOG_NOTHING) {
                break;
            }
            if (kind == SSE_OTA_LOG_DROPPED) {
                CHECK(dropped > 0);
                expected += dropped;
                continue;
            }
            taken[text.length] = '\0';
            CHECK_EQUAL(strtoul(taken, NULL, 10), expected); /* in order, none missing but those told of */
            expected++;
        }
    }
    CHECK_EQUAL(expected, printed);
    free(lines);
}

void test_log(void)
{
    check_begin("a console line becomes the data that the contract's vectors say");
    vectors_each("log-lines", 4, one_line, NULL);

    check_begin("every line is taken in order or counted as dropped at its place");
    for (uint32_t size = 40; size < 300; size += 37) {
        account(size, 18, 1, 1);
        account(size, 18, 20, 1);
        account(size, 18, 7, 3);
        account(size, 18, 3, 30);
    }

    check_begin("what is printed from within the printing is left out, and nothing hangs");
    char lines[128];
    char line[32];
    char taken[32];
    uint32_t dropped = 0;
    sse_ota_log_queue_t queue;
    sse_ota_text_t text;
    lock_spy_t spy = {0, 0, 0, &queue};
    const sse_ota_log_lock_t locks = {&spy, lock, unlock};
    sse_ota_log_start(&queue, &locks, lines, sizeof(lines), line, sizeof(line));
    print(&queue, "a\nb\n", 4);
    CHECK_EQUAL(spy.count, 2);
    spy.prints_into = NULL;
    sse_ota_text_start(&text, taken, sizeof(taken));
    CHECK_EQUAL(sse_ota_log_take(&queue, &text, &dropped), SSE_OTA_LOG_LINE);
    CHECK_TEXT(taken, text.length, "a");
    CHECK_EQUAL(sse_ota_log_take(&queue, &text, &dropped), SSE_OTA_LOG_LINE);
    CHECK_TEXT(taken, text.length, "b");
    CHECK_EQUAL(sse_ota_log_take(&queue, &text, &dropped), SSE_OTA_LOG_NOTHING);

    check_begin("a reader with too little room loses one line and not its place");
    print(&queue, "0123456789\nb\n", 13);
    sse_ota_text_start(&text, taken, 4);
    CHECK_EQUAL(sse_ota_log_take(&queue, &text, &dropped), SSE_OTA_LOG_LINE);
    CHECK(text.is_cut);
    sse_ota_text_start(&text, taken, 4);
    CHECK_EQUAL(sse_ota_log_take(&queue, &text, &dropped), SSE_OTA_LOG_LINE);
    CHECK_TEXT(taken, text.length, "b");
}
