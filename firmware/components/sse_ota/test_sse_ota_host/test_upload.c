/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "fake_port.h"
#include "image_maker.h"
#include "tests.h"

static uint8_t s_request[IMAGE_MAX_BYTES + 1024];
static uint8_t *s_image;
static uint32_t s_image_bytes;
static size_t s_head_bytes;
static uint8_t s_running[0x1000]; /* a piece of the slot that runs, to see that nobody touches it */

static void make_image(const sse_ota_slot_t *slot, uint32_t code_bytes)
{
    const image_plan_t plan = {slot, code_bytes, 0x120, 5};
    s_image_bytes = image_make(&plan, s_request + 512);
    s_image = s_request + 512;
}

/* POST with this length in the head; the image stands behind it. Returns the whole request's length. */
static size_t make_request(uint32_t announced, const char *extra)
{
    char head[256];
    int length = snprintf(head, sizeof(head), "POST /send HTTP/1.1\r\nHost: d\r\n%sContent-Length: %u\r\n\r\n", extra,
                          announced);
    s_head_bytes = (size_t)length;
    memmove(s_request + s_head_bytes, s_image, s_image_bytes);
    memcpy(s_request, head, s_head_bytes);
    s_image = s_request + s_head_bytes;
    return s_head_bytes + s_image_bytes;
}

static fake_t *world(const char *layout, uint32_t code_bytes)
{
    fake_t *fake = fake_new(layout);
    memset(s_running, 0x5a, sizeof(s_running));
    memset(fake->flash.bytes + fake->flash.slots[0].flash_offset, 0x5a, fake->flash.slots[0].size_bytes);
    make_image(&fake->flash.slots[1], code_bytes);
    fake_start(fake);
    return fake;
}

static void unharmed(const fake_t *fake)
{
    const ram_flash_t *flash = &fake->flash;
    const uint8_t *running = flash->bytes + flash->slots[0].flash_offset;
    CHECK_EQUAL(flash->boot, 0);
    CHECK_EQUAL(fake->restarts, 0);
    CHECK(!flash->is_misused);
    CHECK(memcmp(running, s_running, sizeof(s_running)) == 0);
    CHECK(memcmp(running + flash->slots[0].size_bytes - sizeof(s_running), s_running, sizeof(s_running)) == 0);
}

/* Alive and willing: the next good upload goes through. */
static void still_serves(fake_t *fake)
{
    fake->flash.fault = RAM_FLASH_NO_FAULT;
    fake_run_for(fake, 100);
    size_t length = make_request(s_image_bytes, "");
    fake_client_t *client = fake_connect(fake, s_request, length);
    CHECK(fake_run_until_ended(fake, client, 20000));
    CHECK_EQUAL(fake_status(client), 200);
    CHECK_EQUAL(fake->flash.boot, 1);
    fake_forget(fake, client);
}

static void installed(fake_t *fake, const fake_client_t *client)
{
    char said[64];
    const ram_flash_t *flash = &fake->flash;
    uint32_t from_ms = fake->now_ms;
    (void)snprintf(said, sizeof(said), "\r\n\r\n{\"slot\":\"%s\",\"bytes\":%u}", flash->slots[1].label, s_image_bytes);
    CHECK_EQUAL(fake_status(client), 200);
    CHECK(fake_says(client, said));
    CHECK_EQUAL(flash->boot, 1);
    CHECK(!flash->is_misused);
    CHECK(memcmp(flash->bytes + flash->slots[1].flash_offset, s_image, s_image_bytes) == 0);
    CHECK(memcmp(flash->bytes + flash->slots[0].flash_offset, s_running, sizeof(s_running)) == 0);
    /* The sectors behind the image are not touched. */
    CHECK_EQUAL(flash->erases, (s_image_bytes + SSE_OTA_SECTOR_BYTES - 1) / SSE_OTA_SECTOR_BYTES);
    CHECK_EQUAL(fake->restarts, 0);
    fake_run_for(fake, 2500);
    CHECK_EQUAL(fake->restarts, 1);
    CHECK(fake->restarted_at_ms - from_ms <= 2000);
}

static void good_uploads(void)
{
    static const char *const NAMES[] = {"one-mb", "two-ota-2mb", "reference-one-mb"};
    check_begin("a good image is written, verified, made the one to boot, and then the device restarts");
    for (size_t i = 0; i < 3; i++) {
        check_note("%s", NAMES[i]);
        fake_t *fake = world(NAMES[i], 0x9000);
        fake_client_t *client = fake_connect(fake, s_request, make_request(s_image_bytes, ""));
        CHECK(fake_run_until_ended(fake, client, 20000));
        installed(fake, client);
    }

    check_begin("the pieces that an upload comes in make no difference");
    size_t length = 0;
    for (size_t split = 1; split < s_head_bytes + 80; split++) {
        check_note("split at %zu", split);
        fake_t *fake = world("one-mb", 0x700);
        length = make_request(s_image_bytes, "");
        fake_client_t *client = fake_connect(fake, s_request, length);
        client->first_piece_bytes = split;
        CHECK(fake_run_until_ended(fake, client, 20000));
        installed(fake, client);
    }
    static const size_t PIECES[] = {1, 2, 3, 7, 8, 9, 63, 64, 65, 536, 1023, 1024, 1025, 1460, 5000};
    for (size_t i = 0; i < sizeof(PIECES) / sizeof(PIECES[0]); i++) {
        check_note("pieces of %zu", PIECES[i]);
        fake_t *fake = world("one-mb", 0x2340);
        fake_client_t *client = fake_connect(fake, s_request, make_request(s_image_bytes, ""));
        client->piece_bytes = PIECES[i];
        CHECK(fake_run_until_ended(fake, client, 200000));
        installed(fake, client);
    }

    check_begin("bytes behind the announced length are no part of the image");
    fake_t *fake = world("one-mb", 0x1000);
    length = make_request(s_image_bytes, "");
    memcpy(s_request + length, "GET /status HTTP/1.1\r\n\r\n", 24);
    fake_client_t *client = fake_connect(fake, s_request, length + 24);
    CHECK(fake_run_until_ended(fake, client, 20000));
    CHECK(!fake_says(client, "uptime_ms"));
    installed(fake, client);

    check_begin("an image that fills its slot goes in");
    fake = fake_new("one-mb");
    fake->flash.slots[1].size_bytes = 0x8000;
    memset(fake->flash.bytes + fake->flash.slots[0].flash_offset, 0x5a, fake->flash.slots[0].size_bytes);
    uint32_t code_bytes = 0x7000;
    do {
        make_image(&fake->flash.slots[1], code_bytes);
        code_bytes += 4;
    } while (s_image_bytes < 0x8000);
    fake_start(fake);
    client = fake_connect(fake, s_request, make_request(s_image_bytes, ""));
    CHECK(fake_run_until_ended(fake, client, 20000));
    installed(fake, client);

    check_begin("Expect: 100-continue is answered before the body, and only if the upload is let in");
    fake = world("one-mb", 0x1000);
    length = make_request(s_image_bytes, "Expect: 100-continue\r\n");
    client = fake_connect(fake, s_request, length);
    client->ready_bytes = s_head_bytes;
    fake_run(fake, 5);
    CHECK_TEXT(client->received, client->received_bytes, "HTTP/1.1 100 Continue\r\n\r\n");
    client->received_bytes = 0;
    client->ready_bytes = SIZE_MAX;
    CHECK(fake_run_until_ended(fake, client, 20000));
    installed(fake, client);
    fake = world("one-mb", 0x1000);
    length = make_request(0x70001, "Expect: 100-continue\r\n");
    client = fake_connect(fake, s_request, s_head_bytes);
    CHECK(fake_run_until_ended(fake, client, 100));
    CHECK_EQUAL(fake_status(client), 413);
    CHECK(!fake_says(client, "100 Continue"));
    unharmed(fake);
}

static void broken_off(void)
{
    check_begin("a client that goes at any place of an upload changes nothing: closed, reset, or silent");
    fake_t *fake = world("one-mb", 0x5000);
    for (size_t at = 0; at < s_image_bytes; at += 2048) {
        for (int how = 0; how < 3; how++) {
            fake = world("one-mb", 0x5000);
            (void)make_request(s_image_bytes, "");
            fake_client_t *client = fake_connect(fake, s_request, s_head_bytes + at);
            client->ends = how == 0;
            client->resets = how == 1;
            check_note("at %zu, way %d", at, how);
            fake_run_for(fake, 9000);
            if (how == 0) {
                CHECK_EQUAL(fake_status(client), 400);
                CHECK(fake_says(client, "\"truncated\""));
            } else if (how == 1) {
                CHECK_EQUAL(client->received_bytes, 0);
                CHECK(client->is_closed_by_server);
            } else {
                CHECK_EQUAL(client->received_bytes, 0);
                fake_run_for(fake, 2000);
                CHECK_EQUAL(fake_status(client), 408);
                CHECK(fake_says(client, "\"stalled\""));
            }
            unharmed(fake);
            fake_forget(fake, client);
            still_serves(fake);
        }
    }

    check_begin("a slow upload is no stalled one");
    fake = world("one-mb", 0x200);
    size_t length = make_request(s_image_bytes, "");
    fake_client_t *client = fake_connect(fake, s_request, length);
    for (client->ready_bytes = s_head_bytes; client->ready_bytes < length; client->ready_bytes += 16) {
        fake_run_for(fake, 9000);
    }
    CHECK(fake_run_until_ended(fake, client, 100));
    installed(fake, client);
}

static void bad_images(void)
{
    check_begin("an image for the other slot is refused by its first eight bytes, and the flash is not touched");
    fake_t *fake = world("one-mb", 0x5000);
    make_image(&fake->flash.slots[0], 0x5000);
    fake_client_t *client = fake_connect(fake, s_request, make_request(s_image_bytes, ""));
    CHECK(fake_run_until_ended(fake, client, 1000));
    CHECK_EQUAL(fake_status(client), 400);
    CHECK(fake_says(client, "{\"error\":\"wrong_slot\",\"detail\":\"entry 0x40212810, the slot is linked from 0x40280010\"}"));
    CHECK_EQUAL(fake->flash.erases + fake->flash.writes, 0);

    check_begin("a refused client is heard out before its connection is closed, so that it gets the answer");
    CHECK(client->sent_bytes < client->sends_bytes);
    CHECK(!client->is_closed_by_server);
    fake_run_for(fake, 1000);
    CHECK_EQUAL(client->sent_bytes, client->sends_bytes);
    CHECK(client->is_closed_by_server);
    fake_run_for(fake, 30000);
    unharmed(fake);
    make_image(&fake->flash.slots[1], 0x5000);
    still_serves(fake);

    check_begin("the image that runs in slot 0 of a layout above 1 MB goes into slot 1 as it is");
    fake = world("two-ota-2mb", 0x5000);
    make_image(&fake->flash.slots[0], 0x5000);
    client = fake_connect(fake, s_request, make_request(s_image_bytes, ""));
    CHECK(fake_run_until_ended(fake, client, 1000));
    installed(fake, client);

    check_begin("a damaged image is refused whatever is damaged, and the boot slot stays");
    fake = world("one-mb", 0x3000);
    for (uint32_t at = 0; at < s_image_bytes; at += 61) {
        fake = world("one-mb", 0x3000);
        size_t length = make_request(s_image_bytes, "");
        s_image[at] ^= 0x10;
        check_note("byte 0x%x", at);
        client = fake_connect(fake, s_request, length);
        CHECK(fake_run_until_ended(fake, client, 20000));
        CHECK_EQUAL(fake_status(client), 400);
        fake_run_for(fake, 3000);
        unharmed(fake);
    }
    make_image(&fake->flash.slots[1], 0x3000);
    still_serves(fake);
}

static void writer_alone(void)
{
    check_begin("the writer itself does not move the boot slot for an image that is not whole, or was refused");
    fake_t *fake = fake_new("one-mb");
    uint32_t page[16];
    sse_ota_writer_t writer;
    sse_ota_slot_t running;
    sse_ota_slot_t next;
    (void)ram_flash_slots(&fake->flash, &running, &next);
    make_image(&next, 0x400);
    for (uint32_t length = 0; length < s_image_bytes; length += 13) {
        check_note("%u bytes", length);
        CHECK_EQUAL(sse_ota_writer_start(&writer, &fake->port, &next, s_image_bytes, (uint8_t *)page, sizeof(page)),
                    SSE_OTA_OK);
        CHECK_EQUAL(sse_ota_writer_feed(&writer, s_image, length), SSE_OTA_OK);
        CHECK_EQUAL(sse_ota_writer_finish(&writer), SSE_OTA_REFUSE_TRUNCATED);
        CHECK_EQUAL(fake->flash.boot, 0);
    }
    (void)sse_ota_writer_start(&writer, &fake->port, &next, s_image_bytes, (uint8_t *)page, sizeof(page));
    (void)sse_ota_writer_feed(&writer, s_image, s_image_bytes); /* good, and in flash */
    fake->flash.fault = RAM_FLASH_WRITE_FAILS;
    fake->flash.fault_at = fake->flash.writes + 1;
    CHECK_EQUAL(sse_ota_writer_finish(&writer), SSE_OTA_REFUSE_FLASH);
    CHECK_EQUAL(fake->flash.boot, 0);
    fake->flash.fault = RAM_FLASH_NO_FAULT;
    (void)sse_ota_writer_start(&writer, &fake->port, &next, s_image_bytes, (uint8_t *)page, sizeof(page));
    CHECK_EQUAL(sse_ota_writer_feed(&writer, s_image, s_image_bytes), SSE_OTA_OK);
    CHECK_EQUAL(sse_ota_writer_finish(&writer), SSE_OTA_OK);
    CHECK_EQUAL(fake->flash.boot, 1);
}

/*
 * The device runs slot 0 because slot 1, which is selected, could not be booted; an image for slot 1 whose checksum byte is
 * the last of a page: it is in the flash before the SHA-256 has come.
 */
static fake_t *fallen_back(uint8_t *running, size_t running_bytes)
{
    fake_t *fake = fake_new("one-mb");
    ram_flash_t *flash = &fake->flash;
    uint32_t code_bytes = 0x700;
    make_image(&flash->slots[0], 0x400);
    memcpy(flash->bytes + flash->slots[0].flash_offset, s_image, s_image_bytes);
    memcpy(running, s_image, running_bytes);
    flash->boot = 1;
    do {
        make_image(&flash->slots[1], code_bytes);
        code_bytes += 4;
    } while (s_image_bytes % fake->config.page_bytes != SSE_OTA_SHA256_BYTES);
    fake_start(fake);
    return fake;
}

static void still_boots(const fake_t *fake, const uint8_t *running, size_t running_bytes)
{
    const ram_flash_t *flash = &fake->flash;
    CHECK_EQUAL(ram_flash_would_start(flash), 0);
    CHECK_EQUAL(fake->restarts, 0);
    CHECK(!flash->is_misused);
    CHECK(memcmp(flash->bytes + flash->slots[0].flash_offset, running, running_bytes) == 0);
}

static void boot_slot_elsewhere(void)
{
    static uint8_t running[0x400];
    check_begin("what runs is what boots, also where another slot is selected: after each piece of an upload that breaks off");
    fake_t *fake = fallen_back(running, sizeof(running));
    fake_client_t *client = fake_connect(fake, s_request, make_request(s_image_bytes, ""));
    client->piece_bytes = 16;
    for (client->ready_bytes = s_head_bytes; client->ready_bytes < client->sends_bytes; client->ready_bytes += 16) {
        fake_run(fake, 200);
        check_note("%zu bytes", client->ready_bytes - s_head_bytes);
        still_boots(fake, running, sizeof(running));
    }
    /* All but the digest is there, and would boot. */
    fake->flash.boot = 1;
    CHECK_EQUAL(ram_flash_would_start(&fake->flash), 1);
    fake->flash.boot = 0;
    client->sends_bytes = client->ready_bytes = s_head_bytes + s_image_bytes - 1;
    client->ends = true;
    CHECK(fake_run_until_ended(fake, client, 100));
    CHECK(fake_says(client, "\"truncated\""));
    still_boots(fake, running, sizeof(running));

    check_begin("and after one whose SHA-256 is wrong; the next good upload is installed");
    fake = fallen_back(running, sizeof(running));
    size_t length = make_request(s_image_bytes, "");
    s_image[s_image_bytes - 1] ^= 1;
    client = fake_connect(fake, s_request, length);
    client->piece_bytes = 16;
    CHECK(fake_run_until_ended(fake, client, 20000));
    CHECK(fake_says(client, "\"bad_checksum\""));
    still_boots(fake, running, sizeof(running));
    CHECK_EQUAL(fake->flash.boot_writes, 1);
    s_image[s_image_bytes - 1] ^= 1;
    fake_forget(fake, client);
    still_serves(fake);
    CHECK_EQUAL(fake->flash.boot_writes, 2);

    check_begin("an update that nobody has restarted into does not boot any more once the next upload goes over it");
    CHECK_EQUAL(ram_flash_would_start(&fake->flash), 1);
    sse_ota_server_stop(&fake->server);
    fake_start(fake);
    length = make_request(s_image_bytes, "");
    s_image[s_image_bytes - 1] ^= 1;
    client = fake_connect(fake, s_request, length);
    client->piece_bytes = 16;
    CHECK(fake_run_until_ended(fake, client, 20000));
    CHECK(fake_says(client, "\"bad_checksum\""));
    still_boots(fake, running, sizeof(running));

    check_begin("what the first eight bytes decide does not touch the selection either");
    fake = fallen_back(running, sizeof(running));
    length = make_request(s_image_bytes, "");
    s_image[0] = 0;
    client = fake_connect(fake, s_request, length);
    CHECK(fake_run_until_ended(fake, client, 1000));
    CHECK(fake_says(client, "\"bad_magic\""));
    CHECK_EQUAL(fake->flash.boot, 1);
    CHECK_EQUAL(fake->flash.boot_writes + fake->flash.erases, 0);

    check_begin("what runs cannot be made the one to boot: 500, and nothing is erased");
    fake = fallen_back(running, sizeof(running));
    fake->flash.fault = RAM_FLASH_KEEP_FAILS;
    client = fake_connect(fake, s_request, make_request(s_image_bytes, ""));
    CHECK(fake_run_until_ended(fake, client, 20000));
    CHECK_EQUAL(fake_status(client), 500);
    CHECK(fake_says(client, "\"flash_error\""));
    CHECK_EQUAL(fake->flash.erases + fake->flash.writes, 0);
    still_boots(fake, running, sizeof(running));
    fake_forget(fake, client);
    still_serves(fake);

    check_begin("with the running slot selected an upload writes the selection once, at its end");
    fake = world("one-mb", 0x700);
    client = fake_connect(fake, s_request, make_request(s_image_bytes, ""));
    CHECK(fake_run_until_ended(fake, client, 20000));
    CHECK_EQUAL(fake->flash.boot_writes, 1);
    installed(fake, client);
}

static void failing_flash(void)
{
    static const ram_flash_fault_t FAULTS[] = {RAM_FLASH_ERASE_FAILS, RAM_FLASH_WRITE_FAILS, RAM_FLASH_READ_FAILS,
                                               RAM_FLASH_WRITE_LOST,  RAM_FLASH_ERASE_LOST,  RAM_FLASH_BOOT_FAILS,
                                               RAM_FLASH_KEEP_FAILS};
    check_begin("whatever flash operation fails, aloud or silently: 500, and the boot slot stays");
    for (size_t f = 0; f < sizeof(FAULTS) / sizeof(FAULTS[0]); f++) {
        unsigned refused = 0;
        for (uint32_t at = 1; at < 400; at++) {
            fake_t *fake = world("one-mb", 0x3000);
            size_t length = make_request(s_image_bytes, "");
            /* What was there before: an erase that is lost shows. */
            memset(fake->flash.bytes + fake->flash.slots[1].flash_offset, 0x33, fake->flash.slots[1].size_bytes);
            fake->flash.fault = FAULTS[f];
            fake->flash.fault_at = at;
            fake_client_t *client = fake_connect(fake, s_request, length);
            CHECK(fake_run_until_ended(fake, client, 20000));
            check_note("fault %d at %u", FAULTS[f], at);
            if (fake_status(client) == 200) {
                break; /* beyond the last operation of its kind */
            }
            refused++;
            CHECK_EQUAL(fake_status(client), 500);
            CHECK(fake_says(client, "\"flash_error\""));
            fake_run_for(fake, 3000);
            unharmed(fake);
            fake_forget(fake, client);
            still_serves(fake);
            if (FAULTS[f] >= RAM_FLASH_BOOT_FAILS) {
                break; /* there is one such operation */
            }
        }
        check_note("fault %d: %u places", FAULTS[f], refused);
        CHECK(refused >= (FAULTS[f] >= RAM_FLASH_BOOT_FAILS ? 1u : 4u));
    }
}

static void one_at_a_time(void)
{
    check_begin("a second upload is refused as busy and the first goes through");
    fake_t *fake = world("one-mb", 0x5000);
    size_t length = make_request(s_image_bytes, "");
    fake_client_t *first = fake_connect(fake, s_request, length);
    first->ready_bytes = length / 2;
    fake_run(fake, 50);
    fake_client_t *second = fake_connect(fake, s_request, length);
    CHECK(fake_run_until_ended(fake, second, 1000));
    CHECK_EQUAL(fake_status(second), 409);
    CHECK(fake_says(second, "\"busy\"") && fake_says(second, "Retry-After: "));
    first->ready_bytes = SIZE_MAX;
    CHECK(fake_run_until_ended(fake, first, 20000));
    CHECK_EQUAL(fake_status(first), 200);

    check_begin("between success and restart an upload is refused as busy");
    fake_client_t *third = fake_connect(fake, s_request, length);
    CHECK(fake_run_until_ended(fake, third, 1000));
    CHECK_EQUAL(fake_status(third), 409);
    installed(fake, first);

    check_begin("after an upload that broke off the next one is let in");
    fake = world("one-mb", 0x5000);
    length = make_request(s_image_bytes, "");
    first = fake_connect(fake, s_request, length / 2);
    first->resets = true;
    fake_run(fake, 200);
    CHECK(first->is_closed_by_server);
    still_serves(fake);

    check_begin("a refused client that goes on sending does not hold up the next upload");
    fake = world("one-mb", 0x5000);
    length = make_request(s_image_bytes, "");
    s_image[0] = 0;
    first = fake_connect(fake, s_request, length);
    first->ready_bytes = s_head_bytes + 100;
    fake_run(fake, 20);
    CHECK_EQUAL(fake_status(first), 400);
    make_image(&fake->flash.slots[1], 0x5000);
    still_serves(fake);
}

void test_upload(void)
{
    good_uploads();
    broken_off();
    bad_images();
    writer_alone();
    boot_slot_elsewhere();
    failing_flash();
    one_at_a_time();
}
