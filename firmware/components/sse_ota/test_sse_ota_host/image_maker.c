/* SPDX-License-Identifier: MIT */
#include "image_maker.h"

#include <stdlib.h>
#include <string.h>

#define DRAM_BYTES 0x40u
#define VECTORS_BYTES 0x80u
#define IRAM_BYTES 0x60u

void image_put_u32(uint8_t *at, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++) {
        at[i] = (uint8_t)(value >> (8 * i));
    }
}

static uint32_t get_u32(const uint8_t *at)
{
    return at[0] | ((uint32_t)at[1] << 8) | ((uint32_t)at[2] << 16) | ((uint32_t)at[3] << 24);
}

/* Numerical Recipes' linear congruence: contents that repeat from run to run. */
static uint8_t random_byte(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return (uint8_t)(*state >> 24);
}

static uint32_t put_segment(uint8_t *image, uint32_t at, uint32_t addr, uint32_t length, uint32_t *random)
{
    image_put_u32(image + at, addr);
    image_put_u32(image + at + 4, length);
    for (uint32_t i = 0; i < length; i++) {
        image[at + 8 + i] = random_byte(random);
    }
    return at + 8 + length;
}

static uint32_t segments_end(const uint8_t *image)
{
    uint32_t at = 8;
    for (unsigned i = 0; i < image[1]; i++) {
        at += 8 + get_u32(image + at + 4);
    }
    return at;
}

void image_seal(uint8_t *image, uint32_t length)
{
    sse_ota_sha256_t sha;
    uint8_t sum = 0xef;
    uint32_t at = 8;
    for (unsigned i = 0; i < image[1]; i++) {
        uint32_t size = get_u32(image + at + 4);
        for (uint32_t k = 0; k < size; k++) {
            sum ^= image[at + 8 + k];
        }
        at += 8 + size;
    }
    image[length - SSE_OTA_SHA256_BYTES - 1] = sum;
    sse_ota_sha256_start(&sha);
    sse_ota_sha256_feed(&sha, image, length - SSE_OTA_SHA256_BYTES);
    sse_ota_sha256_end(&sha, image + length - SSE_OTA_SHA256_BYTES);
}

uint32_t image_from_text(uint32_t entry_addr, const char *segments, uint8_t *image)
{
    uint32_t at = 8;
    image[0] = 0xe9;
    image[1] = 0;
    image[2] = 2;
    image[3] = 0x20;
    image_put_u32(image + 4, entry_addr);
    while (*segments != '\0') {
        char *end;
        uint32_t addr = (uint32_t)strtoul(segments, &end, 0);
        uint32_t length = (uint32_t)strtoul(end, &end, 0);
        image_put_u32(image + at, addr);
        image_put_u32(image + at + 4, length);
        memset(image + at + 8, 0, length);
        at += 8 + length;
        image[1]++;
        segments = *end == ' ' ? end + 1 : end;
    }
    uint32_t end = (at / 16 + 1) * 16;
    memset(image + at, 0, end - at);
    image_seal(image, end + SSE_OTA_SHA256_BYTES);
    return end + SSE_OTA_SHA256_BYTES;
}

uint32_t image_make(const image_plan_t *plan, uint8_t *image)
{
    uint32_t random = plan->seed;
    uint32_t base = 0x40200000u + (plan->slot->flash_offset & 0xfffffu);
    uint32_t at = 8;
    memset(image, 0, 8);
    image[0] = 0xe9;
    image[1] = 5;
    image[2] = 2;
    image[3] = 0x20;
    image_put_u32(image + 4, base + 0x10 + plan->code_bytes / 2);
    at = put_segment(image, at, base + 0x10, plan->code_bytes, &random);
    at = put_segment(image, at, base + at, plan->rodata_bytes, &random); /* 8 too low: the header's own place */
    at = put_segment(image, at, 0x3ffe8000u, DRAM_BYTES, &random);
    at = put_segment(image, at, 0x40100000u, VECTORS_BYTES, &random);
    at = put_segment(image, at, 0x40100080u, IRAM_BYTES, &random);
    uint32_t end = (segments_end(image) / 16 + 1) * 16;
    memset(image + at, 0, end - at);
    image_seal(image, end + SSE_OTA_SHA256_BYTES);
    return end + SSE_OTA_SHA256_BYTES;
}
