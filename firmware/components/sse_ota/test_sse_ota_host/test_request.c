/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "check.h"
#include "route.h"
#include "tests.h"
#include "vectors.h"

static sse_ota_http_request_t parse(const char *text, size_t length, size_t *taken)
{
    sse_ota_http_request_t request;
    sse_ota_http_start(&request, 2048);
    *taken = sse_ota_http_feed(&request, (const uint8_t *)text, length);
    return request;
}

/* The state after the whole, byte for byte, is the state after any split of it. */
static void one_request(const vector_t *vector, void *context)
{
    (void)context;
    const char *bytes = vector->fields[3];
    size_t length = vector->lengths[3];
    size_t taken;
    sse_ota_http_request_t whole = parse(bytes, length, &taken);
    for (size_t split = 0; split <= length && split <= 2100; split++) {
        sse_ota_http_request_t request;
        sse_ota_http_start(&request, 2048);
        size_t first = sse_ota_http_feed(&request, (const uint8_t *)bytes, split);
        size_t second = sse_ota_http_feed(&request, (const uint8_t *)bytes + split, length - split);
        check_note("%s, split at %zu", vector->fields[0], split);
        CHECK_EQUAL(first + second, taken);
        CHECK_BYTES(&request, sizeof(request), &whole, sizeof(whole));
    }
    sse_ota_http_request_t single;
    sse_ota_http_start(&single, 2048);
    size_t count = 0;
    for (size_t i = 0; i < length; i++) {
        count += sse_ota_http_feed(&single, (const uint8_t *)bytes + i, 1);
    }
    check_note("%s, byte by byte", vector->fields[0]);
    CHECK_EQUAL(count, taken);
    CHECK_BYTES(&single, sizeof(single), &whole, sizeof(whole));
}

static void fields(void)
{
    size_t taken;
    static const char POST[] = "POST /send?x=1 HTTP/1.1\r\nContent-Length: 12\r\nLast-Event-ID: 34\r\n"
                               "Accept: text/html, text/event-stream;q=0.9\r\nExpect: 100-Continue\r\n"
                               "Authorization: Bearer  tok en \r\n\r\nBODY";
    check_begin("what the server needs is read from the head, and the body is left alone");
    sse_ota_http_request_t request = parse(POST, sizeof(POST) - 1, &taken);
    CHECK_EQUAL(taken, sizeof(POST) - 1 - 4);
    CHECK(request.is_complete);
    CHECK_EQUAL(request.err, SSE_OTA_OK);
    CHECK_EQUAL(request.method, SSE_OTA_METHOD_POST);
    CHECK_TEXT(request.path, strlen(request.path), "/send");
    CHECK(request.has_length);
    CHECK_EQUAL(request.content_length, 12);
    CHECK(request.has_last_event_id);
    CHECK_EQUAL(request.last_event_id, 34);
    CHECK(request.has_accept && request.accepts_events);
    CHECK(request.wants_continue);
    CHECK_TEXT(request.token, request.token_length, "tok en");

    check_begin("a last event id that is no number is no id");
    static const char ID[] = "GET /event HTTP/1.1\r\nLast-Event-ID: 12a\r\n\r\n";
    request = parse(ID, sizeof(ID) - 1, &taken);
    CHECK(request.is_complete && !request.has_last_event_id);

    check_begin("Accept admits events by name, by type and by anything, and not by another name");
    static const struct {
        const char *value;
        bool accepts;
    } ACCEPTS[] = {
        {"text/event-stream", true}, {"TEXT/Event-Stream", true}, {"text/*", true},
        {"*/*", true},               {"", true},                  {"application/json, */*;q=0.1", true},
        {"application/json", false}, {"text/html", false},        {"text/event-strea", false},
    };
    for (size_t i = 0; i < sizeof(ACCEPTS) / sizeof(ACCEPTS[0]); i++) {
        char text[128] = "GET /event HTTP/1.1\r\nAccept: ";
        strcat(strcat(text, ACCEPTS[i].value), "\r\n\r\n");
        request = parse(text, strlen(text), &taken);
        check_note("%s", ACCEPTS[i].value);
        CHECK(request.is_complete && request.has_accept);
        CHECK_EQUAL(request.accepts_events, ACCEPTS[i].accepts);
    }

    check_begin("nothing more is taken once a request is refused or complete");
    static const char BAD[] = "GET\r\n / HTTP/1.1\r\n\r\n";
    request = parse(BAD, sizeof(BAD) - 1, &taken);
    CHECK_EQUAL(request.err, SSE_OTA_REFUSE_BAD_REQUEST);
    CHECK_EQUAL(sse_ota_http_feed(&request, (const uint8_t *)"x", 1), 0);
}

void test_request(void)
{
    check_begin("the split of a request over reads makes no difference");
    vectors_each("requests", 4, one_request, NULL);
    vectors_each("requests-token", 4, one_request, NULL);
    fields();
}
