/* SPDX-License-Identifier: MIT */
#ifndef SSE_OTA_IMAGE_CHECK_H
#define SSE_OTA_IMAGE_CHECK_H

#include <stdbool.h>

#include "sha256.h"
#include "sse_ota_err.h"

/*
 * Is this image one for this slot? Asked while the bytes stream past: docs/dut-contract.md section 5, which also fixes
 * the order of the checks and so the refusal when several apply. The first eight bytes and the announced length decide
 * before anything is erased; the rest decides before the boot slot moves.
 *
 * Nothing is kept of the image but what the checks need: 176 bytes on the ESP8266.
 */

/* Longest partition label, and its NUL. */
#define SSE_OTA_LABEL_BYTES 17

/* A place for an app in flash. */
typedef struct sse_ota_slot {
    uint32_t flash_offset;           /* of the slot's first byte */
    uint32_t size_bytes;
    char label[SSE_OTA_LABEL_BYTES]; /* of its partition; ends with NUL */
} sse_ota_slot_t;

/* Why, in more words than the code: a format of sse_ota_text_format() and its two numbers. NULL: nothing to add. */
typedef struct sse_ota_detail {
    const char *format;
    uint32_t first;
    uint32_t second;
} sse_ota_detail_t;

#define SSE_OTA_IMAGE_HEADER_BYTES 8

typedef struct sse_ota_image_check {
    const sse_ota_slot_t *slot; /* the caller's; must stay */
    uint32_t announced_bytes;   /* length of the whole upload */
    uint32_t at_bytes;          /* bytes seen */
    uint32_t segment_end_bytes; /* file offset of the present segment's end, later of the end of all segments */
    uint32_t entry_addr;
    sse_ota_err_t verdict;      /* the first refusal stays */
    sse_ota_detail_t detail;
    sse_ota_sha256_t sha;
    uint8_t field[SSE_OTA_SHA256_BYTES]; /* header, segment header or digest while it is coming in */
    uint8_t field_length;
    uint8_t segments_left;
    uint8_t sum;     /* XOR over all segment data */
    uint8_t phase;
    bool is_entry_inside;
    bool wants_sha;
} sse_ota_image_check_t;

/* What the first eight bytes and the announced length decide. `detail` may be NULL. */
sse_ota_err_t sse_ota_image_first_eight(const uint8_t first[SSE_OTA_IMAGE_HEADER_BYTES], uint32_t announced_bytes,
                                        const sse_ota_slot_t *slot, sse_ota_detail_t *detail);

/* What the announced length alone decides: too_large, or truncated when there cannot be a header. */
sse_ota_err_t sse_ota_image_length(uint32_t announced_bytes, const sse_ota_slot_t *slot, sse_ota_detail_t *detail);

/* `wants_sha`: check the SHA-256 at the end too; its place is checked in any case. */
void sse_ota_image_check_start(sse_ota_image_check_t *check, const sse_ota_slot_t *slot, uint32_t announced_bytes,
                               bool wants_sha);

/* SSE_OTA_OK as long as nothing is wrong; a refusal stays. Bytes beyond the announced length must not be fed. */
sse_ota_err_t sse_ota_image_check_feed(sse_ota_image_check_t *check, const uint8_t *bytes, size_t length);

/* The verdict once no more bytes come. SSE_OTA_OK only for a whole and good image. */
sse_ota_err_t sse_ota_image_check_end(sse_ota_image_check_t *check);

#endif
