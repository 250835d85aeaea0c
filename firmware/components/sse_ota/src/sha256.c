/* SPDX-License-Identifier: MIT */
/* Source: FIPS 180-4, sections 4.1.2, 4.2.2, 5 and 6.2; the names are the standard's. */
#include "sha256.h"

#include <string.h>

static const uint32_t K[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t rotr(uint32_t x, unsigned n)
{
    return (x >> n) | (x << (32 - n));
}

static void compress(sse_ota_sha256_t *sha)
{
    uint32_t w[64];
    for (unsigned t = 0; t < 16; t++) {
        const uint8_t *at = sha->block + 4 * t;
        w[t] = ((uint32_t)at[0] << 24) | ((uint32_t)at[1] << 16) | ((uint32_t)at[2] << 8) | at[3];
    }
    for (unsigned t = 16; t < 64; t++) {
        uint32_t s0 = rotr(w[t - 15], 7) ^ rotr(w[t - 15], 18) ^ (w[t - 15] >> 3);
        uint32_t s1 = rotr(w[t - 2], 17) ^ rotr(w[t - 2], 19) ^ (w[t - 2] >> 10);
        w[t] = s1 + w[t - 7] + s0 + w[t - 16];
    }
    uint32_t a = sha->state[0], b = sha->state[1], c = sha->state[2], d = sha->state[3];
    uint32_t e = sha->state[4], f = sha->state[5], g = sha->state[6], h = sha->state[7];
    for (unsigned t = 0; t < 64; t++) {
        uint32_t t1 = h + (rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25)) + ((e & f) ^ (~e & g)) + K[t] + w[t];
        uint32_t t2 = (rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
        h = g;
        g = f;
        f = e;
        e = d + t1;
        d = c;
        c = b;
        b = a;
        a = t1 + t2;
    }
    sha->state[0] += a;
    sha->state[1] += b;
    sha->state[2] += c;
    sha->state[3] += d;
    sha->state[4] += e;
    sha->state[5] += f;
    sha->state[6] += g;
    sha->state[7] += h;
}

void sse_ota_sha256_start(sse_ota_sha256_t *sha)
{
    static const uint32_t H0[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                   0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    memcpy(sha->state, H0, sizeof(H0));
    sha->length_bytes = 0;
}

void sse_ota_sha256_feed(sse_ota_sha256_t *sha, const uint8_t *bytes, size_t length)
{
    while (length > 0) {
        size_t at = sha->length_bytes % sizeof(sha->block);
        size_t take = sizeof(sha->block) - at;
        if (take > length) {
            take = length;
        }
        memcpy(sha->block + at, bytes, take);
        sha->length_bytes += (uint32_t)take;
        bytes += take;
        length -= take;
        if (at + take == sizeof(sha->block)) {
            compress(sha);
        }
    }
}

void sse_ota_sha256_end(sse_ota_sha256_t *sha, uint8_t digest[SSE_OTA_SHA256_BYTES])
{
    uint32_t bits = sha->length_bytes * 8;
    uint8_t end[8] = {0};
    const uint8_t one = 0x80;
    const uint8_t zero = 0;
    sse_ota_sha256_feed(sha, &one, 1);
    while (sha->length_bytes % sizeof(sha->block) != sizeof(sha->block) - sizeof(end)) {
        sse_ota_sha256_feed(sha, &zero, 1);
    }
    for (unsigned i = 0; i < 4; i++) {
        end[4 + i] = (uint8_t)(bits >> (24 - 8 * i));
    }
    sse_ota_sha256_feed(sha, end, sizeof(end));
    for (unsigned i = 0; i < SSE_OTA_SHA256_BYTES; i++) {
        digest[i] = (uint8_t)(sha->state[i / 4] >> (24 - 8 * (i % 4)));
    }
}
