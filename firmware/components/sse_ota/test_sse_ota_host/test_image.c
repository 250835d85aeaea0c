/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "image_maker.h"
#include "tests.h"
#include "vectors.h"

static const sse_ota_slot_t OTA_0 = {0x10000, 0x70000, "ota_0"};
static const sse_ota_slot_t OTA_1 = {0x80000, 0x70000, "ota_1"};
static const sse_ota_slot_t HIGH_1 = {0x110000, 0xf0000, "ota_1"};
static const sse_ota_slot_t TINY = {0x10000, 0x1000, "tiny"};

static uint8_t s_image[IMAGE_MAX_BYTES + 64];
static uint8_t s_copy[IMAGE_MAX_BYTES + 64];

static sse_ota_err_t verdict_in(const uint8_t *image, uint32_t announced, uint32_t given, const sse_ota_slot_t *slot,
                                uint32_t piece)
{
    sse_ota_image_check_t check;
    sse_ota_image_check_start(&check, slot, announced, true);
    for (uint32_t at = 0; at < given; at += piece) {
        uint32_t length = given - at < piece ? given - at : piece;
        if (sse_ota_image_check_feed(&check, image + at, length) != SSE_OTA_OK) {
            break;
        }
    }
    return sse_ota_image_check_end(&check);
}

static sse_ota_err_t verdict(const uint8_t *image, uint32_t length, const sse_ota_slot_t *slot)
{
    return verdict_in(image, length, length, slot, length == 0 ? 1 : length);
}

static uint32_t make(const sse_ota_slot_t *slot, uint32_t code_bytes)
{
    const image_plan_t plan = {slot, code_bytes, 0x120, 11};
    uint32_t length = image_make(&plan, s_image);
    memcpy(s_copy, s_image, length);
    return length;
}

static void one_first_eight(const vector_t *vector, void *context)
{
    (void)context;
    sse_ota_slot_t slot = {(uint32_t)strtoul(vector->fields[1], NULL, 0), (uint32_t)strtoul(vector->fields[2], NULL, 0),
                           "slot"};
    uint8_t bytes[8];
    check_note("%s", vector->fields[0]);
    CHECK_EQUAL(vector->lengths[4], 16);
    for (size_t i = 0; i < sizeof(bytes); i++) {
        const char digits[3] = {vector->fields[4][2 * i], vector->fields[4][2 * i + 1], '\0'};
        bytes[i] = (uint8_t)strtoul(digits, NULL, 16);
    }
    sse_ota_detail_t detail = {NULL, 0, 0};
    sse_ota_err_t err =
        sse_ota_image_first_eight(bytes, (uint32_t)strtoul(vector->fields[3], NULL, 0), &slot, &detail);
    const char *said = err == SSE_OTA_OK ? "ok" : sse_ota_refusal_of(err)->code;
    CHECK_TEXT(said, strlen(said), vector->fields[5]);
    CHECK((err == SSE_OTA_OK) == (detail.format == NULL));
}

static void one_segments(const vector_t *vector, void *context)
{
    (void)context;
    sse_ota_slot_t slot = {(uint32_t)strtoul(vector->fields[1], NULL, 0), (uint32_t)strtoul(vector->fields[2], NULL, 0),
                           "slot"};
    check_note("%s", vector->fields[0]);
    uint32_t length = image_from_text((uint32_t)strtoul(vector->fields[3], NULL, 0), vector->fields[4], s_image);
    sse_ota_err_t err = verdict(s_image, length, &slot);
    const char *said = err == SSE_OTA_OK ? "ok" : sse_ota_refusal_of(err)->code;
    CHECK_TEXT(said, strlen(said), vector->fields[5]);
    CHECK_EQUAL(verdict_in(s_image, length, length, &slot, 1), err);
}

static void good_images(void)
{
    check_begin("a good image is accepted for its slot, whatever the pieces it comes in");
    uint32_t length = make(&OTA_1, 0x200);
    for (uint32_t piece = 1; piece <= length; piece++) {
        check_note("pieces of %u", piece);
        CHECK_EQUAL(verdict_in(s_image, length, length, &OTA_1, piece), SSE_OTA_OK);
    }

    check_begin("one image serves both slots of a layout above 1 MB, and only its own slot in 1 MB");
    length = make(&OTA_0, 0x9000);
    CHECK_EQUAL(verdict(s_image, length, &OTA_0), SSE_OTA_OK);
    CHECK_EQUAL(verdict(s_image, length, &HIGH_1), SSE_OTA_OK);
    CHECK_EQUAL(verdict(s_image, length, &OTA_1), SSE_OTA_REFUSE_WRONG_SLOT);
    length = make(&OTA_1, 0x9000);
    CHECK_EQUAL(verdict(s_image, length, &OTA_0), SSE_OTA_REFUSE_WRONG_SLOT);

    check_begin("an image that fills its slot to the last byte is accepted, one block more is too large");
    uint32_t code_bytes = 0x800;
    while ((length = make(&TINY, code_bytes)) < TINY.size_bytes) {
        code_bytes += 4;
    }
    CHECK_EQUAL(length, TINY.size_bytes);
    CHECK_EQUAL(verdict(s_image, length, &TINY), SSE_OTA_OK);
    length = make(&TINY, code_bytes + 16);
    CHECK_EQUAL(verdict(s_image, length, &TINY), SSE_OTA_REFUSE_TOO_LARGE);

    check_begin("without the SHA-256 its place is still checked");
    length = make(&OTA_0, 0x100);
    s_image[length - 1] ^= 1;
    sse_ota_image_check_t check;
    sse_ota_image_check_start(&check, &OTA_0, length, false);
    CHECK_EQUAL(sse_ota_image_check_feed(&check, s_image, length), SSE_OTA_OK);
    CHECK_EQUAL(sse_ota_image_check_end(&check), SSE_OTA_OK);
    sse_ota_image_check_start(&check, &OTA_0, length - 16, false);
    CHECK_EQUAL(sse_ota_image_check_feed(&check, s_image, length - 16), SSE_OTA_REFUSE_TRUNCATED);
}

static void damaged_images(void)
{
    uint32_t length = make(&OTA_0, 0x180);
    check_begin("no single bit can be changed without a refusal");
    for (uint32_t bit = 0; bit < length * 8; bit++) {
        s_copy[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        check_note("bit %u of byte 0x%x", bit % 8, bit / 8);
        CHECK(verdict(s_copy, length, &OTA_0) != SSE_OTA_OK);
        s_copy[bit / 8] = s_image[bit / 8];
    }

    check_begin("an image cut at any byte is truncated, whether the length is announced or not kept");
    for (uint32_t cut = 0; cut < length; cut++) {
        check_note("cut at 0x%x", cut);
        CHECK_EQUAL(verdict(s_image, cut, &OTA_0), SSE_OTA_REFUSE_TRUNCATED);
        CHECK_EQUAL(verdict_in(s_image, length, cut, &OTA_0, 64), SSE_OTA_REFUSE_TRUNCATED);
    }

    check_begin("bytes behind the end are refused before the checksum is looked at");
    for (uint32_t extra = 1; extra < 40; extra++) {
        CHECK_EQUAL(verdict(s_copy, length + extra, &OTA_0), SSE_OTA_REFUSE_BAD_HEADER);
    }
}

typedef struct edit {
    const char *what;
    uint32_t at;     /* of a word; from 8 on within the first segment's header */
    uint32_t value;
    sse_ota_err_t expected;
} edit_t;

static void edited_images(void)
{
    /* Segment 0 is the code at 0x40210010, header at 8; segment 2, data RAM, has its header at 8 + 8 + 0x180 + 8 + 0x120. */
    enum { DATA = 8 + 8 + 0x180 + 8 + 0x120 };
    static const edit_t EDITS[] = {
        {"entry at the window's last byte", 4, 0x4027ffff, SSE_OTA_REFUSE_BAD_HEADER},
        {"entry right behind the code", 4, 0x40210010 + 0x180, SSE_OTA_REFUSE_BAD_HEADER},
        {"entry in rodata", 4, 0x40210198 + 8, SSE_OTA_OK},
        {"code linked for the other slot", 8, 0x40280010, SSE_OTA_REFUSE_BAD_HEADER},
        {"code four bytes off", 8, 0x40210014, SSE_OTA_REFUSE_BAD_HEADER},
        {"code with the quirk of rodata", 8, 0x40210008, SSE_OTA_OK},
        {"code not on a word", 8, 0x40210011, SSE_OTA_REFUSE_BAD_HEADER},
        {"length not whole words", 12, 0x182, SSE_OTA_REFUSE_BAD_HEADER},
        {"length beyond the slot", 12, 0x6fff4, SSE_OTA_REFUSE_BAD_HEADER},
        {"length to the end of the slot", 12, 0x6fff0, SSE_OTA_REFUSE_TRUNCATED},
        {"length almost 2^31", 12, 0x7ffffffc, SSE_OTA_REFUSE_BAD_HEADER},
        {"length almost 2^32", 12, 0xfffffffc, SSE_OTA_REFUSE_BAD_HEADER},
        {"data at 0", DATA, 0, SSE_OTA_REFUSE_BAD_HEADER},
        {"data in the ROM", DATA, 0x40000000, SSE_OTA_REFUSE_BAD_HEADER},
        {"data over the end of data RAM", DATA, 0x40000000 - 0x3c, SSE_OTA_REFUSE_BAD_HEADER},
        {"data at the very end of data RAM", DATA, 0x40000000 - 0x40, SSE_OTA_OK},
        {"data below data RAM", DATA, 0x3ffe7ffc, SSE_OTA_REFUSE_BAD_HEADER},
        {"data in the flash cache", DATA, 0x4010c000, SSE_OTA_REFUSE_BAD_HEADER},
        {"data at the end of instruction RAM", DATA, 0x4010c000 - 0x40, SSE_OTA_OK},
        {"data over peripherals", DATA, 0x60000000, SSE_OTA_REFUSE_BAD_HEADER},
        {"data in RTC memory", DATA, 0x60001000, SSE_OTA_OK},
        {"data over the end of RTC memory", DATA, 0x600013c4, SSE_OTA_REFUSE_BAD_HEADER},
        {"data at the top of the address space", DATA, 0xfffffffc, SSE_OTA_REFUSE_BAD_HEADER},
        {"data above the flash window", DATA, 0x40300000, SSE_OTA_REFUSE_BAD_HEADER},
    };
    uint32_t length = make(&OTA_0, 0x180);
    check_begin("each lie of a header gets its refusal, with checksum and SHA-256 right");
    for (size_t i = 0; i < sizeof(EDITS) / sizeof(EDITS[0]); i++) {
        memcpy(s_copy, s_image, length);
        image_put_u32(s_copy + EDITS[i].at, EDITS[i].value);
        if (EDITS[i].at != 12) {
            image_seal(s_copy, length);
        }
        check_note("%s", EDITS[i].what);
        CHECK_EQUAL(verdict(s_copy, length, &OTA_0), EDITS[i].expected);
        CHECK_EQUAL(verdict_in(s_copy, length, length, &OTA_0, 1), EDITS[i].expected);
    }

    check_begin("the checksum byte and the SHA-256 are each looked at");
    memcpy(s_copy, s_image, length);
    s_copy[0x40] ^= 4;
    s_copy[0x41] ^= 4; /* the same bit twice: the checksum byte does not see it */
    CHECK_EQUAL(verdict(s_copy, length, &OTA_0), SSE_OTA_REFUSE_BAD_CHECKSUM);
    memcpy(s_copy, s_image, length);
    s_copy[length - 33] ^= 1;
    sse_ota_sha256_t sha;
    sse_ota_sha256_start(&sha);
    sse_ota_sha256_feed(&sha, s_copy, length - 32);
    sse_ota_sha256_end(&sha, s_copy + length - 32); /* the digest fits, the checksum does not */
    CHECK_EQUAL(verdict(s_copy, length, &OTA_0), SSE_OTA_REFUSE_BAD_CHECKSUM);
}

static void digests(void)
{
    /* FIPS 180-4 examples and the empty message; the last of a million letters. */
    static const struct {
        const char *text;
        size_t times;
        const char *digest;
    } CASES[] = {
        {"", 1, "\xe3\xb0\xc4\x42\x98\xfc\x1c\x14\x9a\xfb\xf4\xc8\x99\x6f\xb9\x24\x27\xae\x41\xe4\x64\x9b\x93\x4c\xa4\x95"
                "\x99\x1b\x78\x52\xb8\x55"},
        {"abc", 1, "\xba\x78\x16\xbf\x8f\x01\xcf\xea\x41\x41\x40\xde\x5d\xae\x22\x23\xb0\x03\x61\xa3\x96\x17\x7a\x9c\xb4"
                   "\x10\xff\x61\xf2\x00\x15\xad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
         "\x24\x8d\x6a\x61\xd2\x06\x38\xb8\xe5\xc0\x26\x93\x0c\x3e\x60\x39\xa3\x3c\xe4\x59\x64\xff\x21\x67\xf6\xec\xed\xd4"
         "\x19\xdb\x06\xc1"},
        {"aaaaaaaaaa", 100000,
         "\xcd\xc7\x6e\x5c\x99\x14\xfb\x92\x81\xa1\xc7\xe2\x84\xd7\x3e\x67\xf1\x80\x9a\x48\xa4\x97\x20\x0e\x04\x6d\x39\xcc"
         "\xc7\x11\x2c\xd0"},
    };
    check_begin("SHA-256 gives the standard's digests");
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        sse_ota_sha256_t sha;
        uint8_t digest[SSE_OTA_SHA256_BYTES];
        sse_ota_sha256_start(&sha);
        for (size_t k = 0; k < CASES[i].times; k++) {
            sse_ota_sha256_feed(&sha, (const uint8_t *)CASES[i].text, strlen(CASES[i].text));
        }
        sse_ota_sha256_end(&sha, digest);
        check_note("%s", CASES[i].text);
        CHECK_BYTES(digest, sizeof(digest), CASES[i].digest, SSE_OTA_SHA256_BYTES);
    }
}

void test_image(void)
{
    check_begin("the first eight bytes and the length decide as the contract's vectors say");
    vectors_each("first-eight", 6, one_first_eight, NULL);
    check_begin("segments decide as the contract's vectors say");
    vectors_each("segments", 6, one_segments, NULL);
    digests();
    good_images();
    damaged_images();
    edited_images();
}
