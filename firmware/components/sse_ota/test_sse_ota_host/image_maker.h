/* SPDX-License-Identifier: MIT */
#ifndef IMAGE_MAKER_H
#define IMAGE_MAKER_H

#include "image_check.h"

/* A good image for a slot: code, rodata (with the writer's quirk), data RAM, two pieces of instruction RAM. */
typedef struct image_plan {
    const sse_ota_slot_t *slot;
    uint32_t code_bytes;    /* multiples of 4 */
    uint32_t rodata_bytes;
    uint32_t seed;          /* of the contents */
} image_plan_t;

#define IMAGE_MAX_BYTES 0x100000u

/* Into `image`, which has room for IMAGE_MAX_BYTES; returns the length. */
uint32_t image_make(const image_plan_t *plan, uint8_t *image);

/*
 * Header and segments of zeros, sealed; `segments` as in the contract's vectors: "0x40210010+0x40 0x3ffe8000+0x20".
 * Returns the length.
 */
uint32_t image_from_text(uint32_t entry_addr, const char *segments, uint8_t *image);

/* Checksum byte and SHA-256 made right again after a change; `length` as image_make() returned it. */
void image_seal(uint8_t *image, uint32_t length);

void image_put_u32(uint8_t *at, uint32_t value);

#endif
