/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "fake_port.h"
#include "tests.h"
#include "vectors.h"

/* Answers to the same request in different pieces differ in nothing but the time. */
static void same_answer(const fake_client_t *client, const char *first, size_t first_bytes)
{
    const char *stamp = strstr(first, "\"uptime_ms\":");
    size_t length = stamp == NULL ? first_bytes : (size_t)(stamp - first);
    CHECK(client->received_bytes >= length);
    CHECK_BYTES(client->received, length, first, length);
}

static void ask(fake_t *fake, const vector_t *vector, size_t first_piece, size_t piece, size_t takes, char *first,
                size_t *first_bytes)
{
    char code[80];
    fake->now_ms = 100000000; /* the time has the same number of digits in every answer */
    fake_client_t *client = fake_connect(fake, vector->fields[3], vector->lengths[3]);
    client->first_piece_bytes = first_piece;
    client->piece_bytes = piece;
    client->takes_per_round = takes;
    check_note("%s, split at %zu, pieces of %zu, takes %zu", vector->fields[0], first_piece, piece, takes);
    CHECK(fake_run_until_ended(fake, client, 200000));
    if (*first_bytes == 0) {
        memcpy(first, client->received, client->received_bytes + 1);
        *first_bytes = client->received_bytes;
    }
    same_answer(client, first, *first_bytes);
    (void)snprintf(code, sizeof(code), "{\"error\":\"%.60s\",", vector->fields[2]);
    int status = 0;
    (void)sscanf(vector->fields[1], "%d", &status);
    CHECK_EQUAL(fake_status(client), status);
    CHECK_EQUAL(fake_says(client, code), status >= 400);
    CHECK(fake_says(client, "\r\nConnection: close\r\n"));
    /* Closed in the end, not before the client's own end was seen or the bound was reached. */
    for (int i = 0; i < 250 && !client->is_closed_by_server; i++) {
        fake_run_for(fake, 100);
    }
    CHECK(client->is_closed_by_server);
    CHECK_EQUAL(fake->flash.erases + fake->flash.writes, 0);
    CHECK_EQUAL(fake->flash.boot, 0);
    fake_forget(fake, client);
}

static void one_request(const vector_t *vector, void *context)
{
    static char first[FAKE_RECEIVED_BYTES + 1];
    size_t first_bytes = 0;
    fake_t *fake = fake_new("one-mb");
    fake->config.token = context;
    fake_start(fake);
    ask(fake, vector, 0, 0, SIZE_MAX, first, &first_bytes);
    for (size_t split = 1; split < vector->lengths[3] && split < 2200; split++) {
        ask(fake, vector, split, 0, SIZE_MAX, first, &first_bytes);
    }
    ask(fake, vector, 0, 1, SIZE_MAX, first, &first_bytes);
    ask(fake, vector, 0, 0, 1, first, &first_bytes);
    CHECK_EQUAL(fake->restarts, 0);
    sse_ota_server_stop(&fake->server);
}

static void silent_and_slow_heads(void)
{
    fake_t *fake = fake_new("one-mb");
    fake_start(fake);
    check_begin("a connection that says nothing is closed without an answer, an unfinished head gets 408");
    fake_client_t *silent = fake_connect_text(fake, "");
    fake_client_t *slow = fake_connect_text(fake, "GET / HT");
    fake_run_for(fake, 4900);
    CHECK(!silent->is_closed_by_server && slow->received_bytes == 0);
    fake_run_for(fake, 200);
    CHECK(silent->is_closed_by_server && silent->received_bytes == 0);
    CHECK_EQUAL(fake_status(slow), 408);
    CHECK(fake_says(slow, "\"stalled\""));

    check_begin("connections to spare give way to one that has something to say");
    for (int i = 0; i < 3; i++) {
        fake_connect_text(fake, "");
    }
    fake_run_for(fake, 700);
    fake_client_t *asking = fake_connect_text(fake, "GET /status HTTP/1.1\r\n\r\n");
    CHECK(fake_run_until_ended(fake, asking, 100));
    CHECK_EQUAL(fake_status(asking), 200);

    check_begin("a head that ends with the connection is a bad request");
    fake_client_t *ended = fake_connect_text(fake, "GET /status HTTP/1.1\r\nHost: d\r\n");
    ended->ends = true;
    CHECK(fake_run_until_ended(fake, ended, 100));
    CHECK_EQUAL(fake_status(ended), 400);

    check_begin("an answer that nobody takes is given up");
    fake_client_t *deaf = fake_connect_text(fake, "GET / HTTP/1.1\r\n\r\n");
    deaf->takes_per_round = 0;
    fake_run_for(fake, 6000);
    CHECK(deaf->is_closed_by_server && deaf->received_bytes == 0);

    check_begin("a client that never closes is left after a while");
    fake_client_t *endless = fake_connect_text(fake, "GET /nope HTTP/1.1\r\n\r\n");
    endless->is_ended_by_server = false;
    fake_run_until_ended(fake, endless, 100);
    endless->sends_bytes++; /* the fake would close now; this one goes on as if more were to come */
    endless->ready_bytes = endless->sent_bytes;
    fake_run_for(fake, 3000);
    CHECK(endless->is_closed_by_server);
    sse_ota_server_stop(&fake->server);
}

static void configurations(void)
{
    fake_t *fake = fake_new("one-mb");
    check_begin("a configuration that cannot work is refused, and nothing is left open");
    const sse_ota_server_config_t good = fake->config;
    char long_token[SSE_OTA_TOKEN_MAX_BYTES + 2];
    memset(long_token, 't', sizeof(long_token) - 1);
    long_token[sizeof(long_token) - 1] = '\0';
    for (int i = 0; i < 11; i++) {
        sse_ota_server_config_t bad = good;
        switch (i) {
        case 0: bad.connection_count = 1; break;
        case 1: bad.client_count = 0; break;
        case 2: bad.client_count = 13; break;
        case 3: bad.token = long_token; break;
        case 4: bad.log_line_bytes = 7; break;
        case 5: bad.log_lines_bytes = 300; break;
        case 6: bad.frame_bytes = 247; break;
        case 7: bad.events_bytes = 400; break;
        case 8: bad.page_bytes = 192; break;
        case 9: bad.page = good.page + 1; break;
        default: bad.receive_bytes = 63; break;
        }
        check_note("case %d", i);
        CHECK_EQUAL(sse_ota_server_start(&fake->server, &bad), SSE_OTA_ERR_ARG);
        CHECK(fake->queue == NULL);
    }

    check_begin("a server that was stopped can be started again, and stopping twice does no harm");
    fake_start(fake);
    fake_client_t *client = fake_connect_text(fake, "GET /event HTTP/1.1\r\n\r\n");
    fake_run(fake, 3);
    sse_ota_server_stop(&fake->server);
    sse_ota_server_stop(&fake->server);
    CHECK(client->is_closed_by_server && !fake->is_listening && fake->queue == NULL);
    sse_ota_server_poll(&fake->server, 1000);
    fake_start(fake);
    client = fake_connect_text(fake, "GET /status HTTP/1.0\r\n\r\n");
    CHECK(fake_run_until_ended(fake, client, 100));
    CHECK_EQUAL(fake_status(client), 200);
    sse_ota_server_stop(&fake->server);
}

static void status(void)
{
    check_begin("the status has all that the contract names");
    fake_t *fake = fake_new("two-ota-2mb");
    static const uint8_t DIGEST[32] = {0xab, 1, 2, 3};
    fake->config.app_name = "esprig";
    fake->config.app_version = "1.2.3-\"x\"";
    fake->config.elf_sha256 = DIGEST;
    fake->now_ms = 77;
    fake_start(fake);
    fake_client_t *events = fake_connect_text(fake, "GET /event HTTP/1.1\r\n\r\n");
    fake_run(fake, 3);
    fake_client_t *client = fake_connect_text(fake, "GET /status HTTP/1.1\r\n\r\n");
    CHECK(fake_run_until_ended(fake, client, 100));
    CHECK(!events->is_closed_by_server);
    CHECK(fake_says(client, "{\"app\":\"esprig\",\"version\":\"1.2.3-\\\"x\\\"\",\"elf_sha256\":\"ab01020300000000"));
    CHECK(fake_says(client, "00\",\"running\":\"ota_0\",\"next\":\"ota_1\",\"heap_free\":41000,\"heap_lowest\":39500,"
                            "\"uptime_ms\":"));
    CHECK(fake_says(client, ",\"clients\":1,\"upload\":\"idle\"}"));
    sse_ota_server_stop(&fake->server);

    check_begin("the longest status fits");
    char longest[33];
    memset(longest, '"', sizeof(longest) - 1); /* each becomes two characters */
    longest[32] = '\0';
    fake = fake_new("one-mb");
    fake->config.app_name = longest;
    fake->config.app_version = longest;
    fake->now_ms = 0xfffffff0u;
    memset(fake->flash.slots[0].label, '"', SSE_OTA_LABEL_BYTES - 1);
    memset(fake->flash.slots[1].label, '"', SSE_OTA_LABEL_BYTES - 1);
    fake_start(fake);
    client = fake_connect_text(fake, "GET /status HTTP/1.1\r\n\r\n");
    CHECK(fake_run_until_ended(fake, client, 100));
    CHECK(fake_says(client, "\"upload\":\"idle\"}"));
    sse_ota_server_stop(&fake->server);
}

void test_server(void)
{
    static char token[] = "s3cret";
    check_begin("each request gets the contract's answer, in any split, byte by byte, and taken byte by byte");
    vectors_each("requests", 4, one_request, NULL);
    check_begin("with a token, what is guarded needs it");
    vectors_each("requests-token", 4, one_request, token);
    silent_and_slow_heads();
    configurations();
    status();
}
