/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "fake_port.h"
#include "image_maker.h"
#include "tests.h"

static const char EVENTS[] = "GET /event HTTP/1.1\r\nAccept: text/event-stream\r\n\r\n";
static uint8_t s_upload[0x40000];

static size_t make_upload(const sse_ota_slot_t *slot, uint32_t code_bytes)
{
    const image_plan_t plan = {slot, code_bytes, 0x100, 9};
    static uint8_t image[IMAGE_MAX_BYTES];
    uint32_t bytes = image_make(&plan, image);
    int head = snprintf((char *)s_upload, 100, "POST /send HTTP/1.1\r\nContent-Length: %u\r\n\r\n", bytes);
    memcpy(s_upload + head, image, bytes);
    return (size_t)head + bytes;
}

/* Everything behind the stream's beginning. */
static const char *stream_of(const fake_client_t *client)
{
    const char *start = strstr(client->received, "retry: 2000\n\n");
    return start == NULL ? "" : start + 13;
}

/* Ids in order without a gap; returns how many events there were. */
static unsigned check_ids(const fake_client_t *client)
{
    unsigned long last = 0;
    unsigned count = 0;
    for (const char *at = stream_of(client); (at = strstr(at, "id: ")) != NULL; at += 4) {
        if (at[-1] != '\n') {
            continue; /* within a line */
        }
        unsigned long id = strtoul(at + 4, NULL, 10);
        CHECK(last == 0 || id == last + 1);
        last = id;
        count++;
    }
    return count;
}

static bool heard(const fake_client_t *client, const char *line)
{
    char event[300];
    (void)snprintf(event, sizeof(event), "\nevent: log\ndata: %s\n\n", line);
    return strstr(stream_of(client), event) != NULL;
}

static void streams(void)
{
    check_begin("an event stream begins as the contract says and carries the console's lines");
    fake_t *fake = fake_new("one-mb");
    fake_start(fake);
    fake_print(fake, "before\n");
    fake_run(fake, 2);
    fake_client_t *client = fake_connect_text(fake, EVENTS);
    fake_run(fake, 3);
    CHECK_TEXT(client->received, client->received_bytes,
               "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"
               "Connection: close\r\n\r\nretry: 2000\n\n");
    fake_print(fake, "\033[0;32mI (5) main: hello\033[0m\n");
    fake_run(fake, 2);
    CHECK_TEXT(stream_of(client), strlen(stream_of(client)), "id: 2\nevent: log\ndata: I (5) main: hello\n\n");

    check_begin("a stream is kept alive every 15 s");
    for (int i = 1; i <= 4; i++) {
        client->received_bytes = 0;
        client->received[0] = '\0';
        fake_run_for(fake, 15100);
        CHECK(fake_says(client, ": keep-alive\n\n"));
    }

    check_begin("a fourth stream is refused with 503; the three and the log go on");
    fake_client_t *second = fake_connect_text(fake, EVENTS);
    fake_client_t *third = fake_connect_text(fake, EVENTS);
    fake_run(fake, 3);
    for (int i = 0; i < 5; i++) {
        fake_client_t *fourth = fake_connect_text(fake, EVENTS);
        CHECK(fake_run_until_ended(fake, fourth, 100));
        CHECK_EQUAL(fake_status(fourth), 503);
        CHECK(fake_says(fourth, "Retry-After: ") && fake_says(fourth, "\"too_many_clients\""));
        fake_run(fake, 3);
        fake_forget(fake, fourth);
    }
    CHECK_EQUAL(fake->hooks, 1); /* set once at the start, never touched again */
    fake_print(fake, "still here\n");
    fake_run(fake, 2);
    CHECK(strstr(client->received, "data: still here\n\n") != NULL);
    CHECK(heard(second, "still here") && heard(third, "still here"));

    check_begin("a stream that is closed makes room for another, however it is closed");
    for (int i = 0; i < 20; i++) {
        third->ends = i % 2 == 0;
        third->resets = i % 2 == 1;
        fake_run(fake, 2);
        CHECK(third->is_closed_by_server);
        fake_forget(fake, third);
        third = fake_connect_text(fake, EVENTS);
        fake_run(fake, 3);
        CHECK_EQUAL(fake_status(third), 200);
        fake_print(fake, "round\n");
        fake_run(fake, 2);
        CHECK(heard(third, "round") && heard(second, "round"));
    }
    check_ids(second);

    check_begin("what the network stack prints while it sends does not multiply");
    fake->prints_when_sending = true;
    fake_print(fake, "one\n");
    fake_run(fake, 50);
    fake->prints_when_sending = false;
    fake_run(fake, 10);
    fake_print(fake, "two\n");
    fake_run(fake, 2);
    CHECK(heard(second, "two"));
    check_ids(second);
    sse_ota_server_stop(&fake->server);
}

static void going_on(void)
{
    check_begin("a client that comes back with Last-Event-ID goes on behind that event");
    fake_t *fake = fake_new("one-mb");
    fake_start(fake);
    for (int i = 1; i <= 9; i++) {
        char line[20];
        (void)snprintf(line, sizeof(line), "line %d\n", i);
        fake_print(fake, line);
    }
    fake_run(fake, 2);
    fake_client_t *client = fake_connect_text(fake, "GET /event HTTP/1.1\r\nLast-Event-ID: 7\r\n\r\n");
    fake_run(fake, 3);
    CHECK_TEXT(stream_of(client), strlen(stream_of(client)),
               "id: 8\nevent: log\ndata: line 8\n\nid: 9\nevent: log\ndata: line 9\n\n");
    static const char *const OTHERS[] = {"0", "10", "4294967295", "abc", "9"};
    for (size_t i = 0; i < 5; i++) {
        char request[80];
        (void)snprintf(request, sizeof(request), "GET /event HTTP/1.1\r\nLast-Event-ID: %s\r\n\r\n", OTHERS[i]);
        sse_ota_server_stop(&fake->server);
        fake = fake_new("one-mb");
        fake_start(fake);
        fake_print(fake, "a\nb\nc\nd\ne\nf\ng\nh\ni\n");
        fake_run(fake, 2);
        client = fake_connect_text(fake, request);
        fake_run(fake, 3);
        check_note("%s", OTHERS[i]);
        CHECK_TEXT(stream_of(client), strlen(stream_of(client)), "");
    }
    sse_ota_server_stop(&fake->server);
}

static void lost_lines(void)
{
    check_begin("lines that come faster than they can be sent are counted, and the rest is in order");
    fake_t *fake = fake_new("one-mb");
    fake_start(fake);
    fake_client_t *client = fake_connect_text(fake, EVENTS);
    fake_run(fake, 3);
    unsigned printed = 0;
    for (int burst = 0; burst < 20; burst++) {
        for (int i = 0; i < 100; i++) {
            char line[40];
            (void)snprintf(line, sizeof(line), "#%u of a burst\n", printed++);
            fake_print(fake, line);
        }
        fake_run(fake, 3);
        unsigned long expected = 0;
        unsigned long dropped_events = 0;
        for (const char *at = stream_of(client); (at = strstr(at, "\ndata: ")) != NULL; at++) {
            if (at[7] == '#') {
                CHECK_EQUAL(strtoul(at + 8, NULL, 10), expected);
                expected++;
            } else {
                expected += strtoul(at + 11, NULL, 10);
                dropped_events++;
            }
        }
        CHECK_EQUAL(expected, printed);
        CHECK(dropped_events >= (unsigned long)burst + 1);
    }
    CHECK(!client->is_closed_by_server);
    sse_ota_server_stop(&fake->server);
}

static int last_progress(const fake_client_t *client, const char *status)
{
    int progress = -1;
    char wanted[64];
    (void)snprintf(wanted, sizeof(wanted), ",\"status\":\"%s\"", status);
    for (const char *at = stream_of(client); (at = strstr(at, "{\"progress\":")) != NULL; at++) {
        int value = atoi(at + 12);
        const char *rest = strchr(at, ',');
        if (rest != NULL && strncmp(rest, wanted, strlen(wanted)) == 0) {
            CHECK(value >= progress);
            progress = value;
        }
    }
    return progress;
}

static void progress(void)
{
    check_begin("progress rises from 0 to 95, then verifying, then 100, all while the boot slot is followed");
    fake_t *fake = fake_new("one-mb");
    fake_start(fake);
    fake_client_t *client = fake_connect_text(fake, EVENTS);
    fake_run(fake, 3);
    size_t length = make_upload(&fake->flash.slots[1], 0x8000);
    fake_client_t *uploader = fake_connect(fake, s_upload, length);
    for (unsigned i = 0; i < 20000 && !uploader->is_ended_by_server; i++) {
        fake_run(fake, 1);
        CHECK(fake->flash.boot == 1 || !fake_says(client, "\"progress\":100"));
    }
    CHECK_EQUAL(last_progress(client, "receiving"), 95);
    CHECK_EQUAL(last_progress(client, "verifying"), 95);
    CHECK_EQUAL(last_progress(client, "installed"), 100);
    CHECK(fake_says(client, "event: progress\ndata: {\"progress\":0,\"status\":\"receiving\"}\n\n"));
    CHECK(check_ids(client) >= 30);
    fake_run_for(fake, 2000);
    CHECK_EQUAL(fake->restarts, 1);
    CHECK(client->is_closed_by_server);

    check_begin("a refused upload is told as failed with its code, and progress does not fall");
    fake = fake_new("one-mb");
    fake_start(fake);
    client = fake_connect_text(fake, EVENTS);
    fake_run(fake, 3);
    s_upload[length - 1] ^= 1;
    uploader = fake_connect(fake, s_upload, length);
    CHECK(fake_run_until_ended(fake, uploader, 20000));
    CHECK(fake_says(client, "\"status\":\"failed\",\"error\":\"bad_checksum\"}"));
    CHECK(last_progress(client, "failed") >= 90);
    CHECK_EQUAL(last_progress(client, "installed"), -1);
    fake_run(fake, 5);
    uploader = fake_connect_text(fake, "POST /send HTTP/1.1\r\nContent-Length: 999999\r\n\r\n");
    CHECK(fake_run_until_ended(fake, uploader, 100));
    CHECK(fake_says(client, "{\"progress\":0,\"status\":\"failed\",\"error\":\"too_large\"}"));

    check_begin("somebody else's refusal does not disturb the progress of an upload");
    size_t before = client->received_bytes;
    s_upload[length - 1] ^= 1;
    uploader = fake_connect(fake, s_upload, length);
    uploader->ready_bytes = length / 2;
    fake_run(fake, 100);
    fake_client_t *other = fake_connect(fake, s_upload, length);
    CHECK(fake_run_until_ended(fake, other, 1000));
    CHECK_EQUAL(fake_status(other), 409);
    other = fake_connect_text(fake, "POST /send HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
    CHECK(fake_run_until_ended(fake, other, 1000));
    CHECK_EQUAL(fake_status(other), 501);
    uploader->ready_bytes = SIZE_MAX;
    CHECK(fake_run_until_ended(fake, uploader, 20000));
    CHECK(strstr(client->received + before, "failed") == NULL);
    CHECK(strstr(client->received + before, "\"progress\":100") != NULL);
    fake_run_for(fake, 2000);
}

static uint32_t upload_time_ms(unsigned readers, unsigned deaf, unsigned slow, fake_client_t **first)
{
    fake_t *fake = fake_new("two-ota-2mb");
    fake_start(fake);
    fake_client_t *clients[3] = {NULL, NULL, NULL};
    for (unsigned i = 0; i < readers; i++) {
        clients[i] = fake_connect_text(fake, EVENTS);
    }
    fake_run(fake, 4);
    for (unsigned i = 0; i < readers; i++) {
        if (i >= readers - deaf) {
            clients[i]->takes_per_round = 0;
        } else if (i >= readers - deaf - slow) {
            clients[i]->takes_per_round = 7;
        }
    }
    size_t length = make_upload(&fake->flash.slots[1], 0x30000);
    uint32_t from_ms = fake->now_ms;
    fake_client_t *uploader = fake_connect(fake, s_upload, length);
    uploader->piece_bytes = 536;
    CHECK(fake_run_until_ended(fake, uploader, 20000));
    CHECK_EQUAL(fake_status(uploader), 200);
    uint32_t spent_ms = fake->now_ms - from_ms;
    fake_run_for(fake, 900);
    if (deaf > 0) {
        CHECK(clients[readers - 1]->is_closed_by_server || clients[readers - 1]->received_bytes > 0);
        CHECK(clients[readers - 1]->is_closed_by_server); /* dropped, not waited for */
    }
    if (first != NULL) {
        *first = clients[0];
    }
    return spent_ms;
}

static void slow_readers(void)
{
    check_begin("readers that do not read cost an upload nothing, and the others lose nothing");
    fake_client_t *reader = NULL;
    uint32_t alone_ms = upload_time_ms(0, 0, 0, NULL);
    uint32_t with_ms = upload_time_ms(3, 1, 1, &reader);
    check_note("%u ms alone, %u ms with three readers", alone_ms, with_ms);
    CHECK(with_ms <= alone_ms + alone_ms / 10);
    CHECK_EQUAL(last_progress(reader, "installed"), 100);
    CHECK(check_ids(reader) >= 98);

    check_begin("a reader that takes nothing while there is something is given up after 30 s");
    fake_t *fake = fake_new("one-mb");
    fake_start(fake);
    fake_client_t *deaf = fake_connect_text(fake, EVENTS);
    fake_run(fake, 3);
    deaf->takes_per_round = 0;
    fake_run_for(fake, 14000);
    fake_print(fake, "something\n");
    fake_run_for(fake, 29000);
    CHECK(!deaf->is_closed_by_server);
    fake_run_for(fake, 3000);
    CHECK(deaf->is_closed_by_server);
    sse_ota_server_stop(&fake->server);

    check_begin("a reader that takes seven bytes a round gets the whole stream");
    fake = fake_new("one-mb");
    fake_start(fake);
    fake_client_t *slow = fake_connect_text(fake, EVENTS);
    slow->takes_per_round = 7;
    fake_run(fake, 40);
    for (int i = 0; i < 30; i++) {
        char line[40];
        (void)snprintf(line, sizeof(line), "slow line %d\n", i);
        fake_print(fake, line);
        fake_run(fake, 10);
    }
    fake_run(fake, 100);
    CHECK(!slow->is_closed_by_server);
    CHECK_EQUAL(check_ids(slow), 30);
    sse_ota_server_stop(&fake->server);
}

void test_events(void)
{
    streams();
    going_on();
    lost_lines();
    progress();
    slow_readers();
}
