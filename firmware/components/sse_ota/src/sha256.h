/* SPDX-License-Identifier: MIT */
#ifndef SSE_OTA_SHA256_H
#define SSE_OTA_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SSE_OTA_SHA256_BYTES 32

/* SHA-256 as in FIPS 180-4, taking bytes in any split. 104 bytes; 64 more words of stack while it works. */
typedef struct sse_ota_sha256 {
    uint32_t state[8];
    uint32_t length_bytes; /* of the whole message; below 512 MiB */
    uint8_t block[64];
} sse_ota_sha256_t;

void sse_ota_sha256_start(sse_ota_sha256_t *sha);
void sse_ota_sha256_feed(sse_ota_sha256_t *sha, const uint8_t *bytes, size_t length);
void sse_ota_sha256_end(sse_ota_sha256_t *sha, uint8_t digest[SSE_OTA_SHA256_BYTES]);

#endif
