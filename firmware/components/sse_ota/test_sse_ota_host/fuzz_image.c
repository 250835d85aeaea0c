/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer target: the image check. The first byte chooses slot and cut; the rest is the image. Whole and cut must get the
 * same verdict, and what is accepted must survive a check written apart from it. So that the fuzzer gets past the
 * checksum, half of the inputs are sealed first.
 */
#include <stdlib.h>
#include <string.h>

#include "image_maker.h"

#define MAX_BYTES 4096u

static void demand(int holds)
{
    if (!holds) {
        abort();
    }
}

static sse_ota_err_t verdict(const uint8_t *image, uint32_t length, const sse_ota_slot_t *slot, uint32_t piece)
{
    sse_ota_image_check_t check;
    sse_ota_image_check_start(&check, slot, length, true);
    for (uint32_t at = 0; at < length; at += piece) {
        (void)sse_ota_image_check_feed(&check, image + at, length - at < piece ? length - at : piece);
    }
    return sse_ota_image_check_end(&check);
}

static uint32_t get_u32(const uint8_t *at)
{
    return at[0] | ((uint32_t)at[1] << 8) | ((uint32_t)at[2] << 16) | ((uint32_t)at[3] << 24);
}

/* End of the last segment if all of them lie within the bytes, else 0. */
static uint32_t end_of(const uint8_t *image, uint32_t length)
{
    uint32_t at = 8;
    if (length < 8) {
        return 0;
    }
    for (unsigned i = 0; i < image[1]; i++) {
        if (length - at < 8 || get_u32(image + at + 4) > length - at - 8) {
            return 0;
        }
        at += 8 + get_u32(image + at + 4);
    }
    return at;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const sse_ota_slot_t SLOTS[] = {
        {0x10000, 0x70000, "ota_0"}, {0x80000, 0x70000, "ota_1"}, {0x110000, 0xf0000, "high"}, {0x10000, 0x400, "tiny"}};
    static uint8_t image[MAX_BYTES];
    if (size == 0 || size - 1 > MAX_BYTES) {
        return 0;
    }
    const sse_ota_slot_t *slot = &SLOTS[data[0] % 4];
    uint32_t length = (uint32_t)(size - 1);
    memcpy(image, data + 1, length);
    uint32_t end = end_of(image, length);
    if ((data[0] & 0x80) != 0 && end != 0 && (end / 16 + 1) * 16 + 32 == length) {
        image_seal(image, length);
    }
    sse_ota_err_t err = verdict(image, length, slot, length == 0 ? 1 : length);
    demand(err == verdict(image, length, slot, (uint32_t)(data[0] >> 2) % 31 + 1));
    demand(err == SSE_OTA_OK || sse_ota_refusal_of(err)->status == 400 || err == SSE_OTA_REFUSE_TOO_LARGE);
    if (err == SSE_OTA_OK) {
        uint32_t base = 0x40200000u + (slot->flash_offset & 0xfffffu);
        uint32_t entry = get_u32(image + 4);
        demand(image[0] == 0xe9 && image[1] >= 1 && image[1] <= 16 && length <= slot->size_bytes);
        demand(entry >= base + 0x10 && entry < base + slot->size_bytes);
        demand(end != 0 && (end / 16 + 1) * 16 + 32 == length);
        demand(get_u32(image + 8) >= base && get_u32(image + 8) < base + slot->size_bytes);
        uint8_t sealed[SSE_OTA_SHA256_BYTES + 1];
        memcpy(sealed, image + length - sizeof(sealed), sizeof(sealed));
        image_seal(image, length);
        demand(memcmp(sealed, image + length - sizeof(sealed), sizeof(sealed)) == 0);
    }
    return 0;
}
