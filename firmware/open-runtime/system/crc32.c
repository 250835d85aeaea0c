/* SPDX-License-Identifier: MIT */
#include "crc32.h"

#define POLYNOMIAL 0xEDB88320u

uint32_t system_crc32(uint32_t crc, const void *bytes, size_t length)
{
    const uint8_t *at = bytes;
    uint32_t value = ~crc;
    for (size_t i = 0; i < length; i++) {
        value ^= at[i];
        for (int bit = 0; bit < 8; bit++) {
            value = (value >> 1) ^ ((value & 1) != 0 ? POLYNOMIAL : 0);
        }
    }
    return ~value;
}
