/* SPDX-License-Identifier: MIT */
#include "token_check.h"

#include <stdint.h>

bool sse_ota_token_equal(const char *given, size_t given_length, const char *wanted, size_t wanted_length)
{
    /* volatile: a compiler that knows the outcome early must not leave the loop early. */
    volatile uint32_t difference = (uint32_t)(given_length ^ wanted_length);
    size_t at_given = 0;
    size_t at_wanted = 0;
    for (size_t i = 0; i < SSE_OTA_TOKEN_MAX_BYTES; i++) {
        uint8_t a = given_length == 0 ? 0 : (uint8_t)given[at_given];
        uint8_t b = wanted_length == 0 ? 0 : (uint8_t)wanted[at_wanted];
        difference |= (uint32_t)(a ^ b);
        /* Round and round: past an end the lengths differ, and that is in `difference` already. */
        at_given = at_given + 1 >= given_length ? 0 : at_given + 1;
        at_wanted = at_wanted + 1 >= wanted_length ? 0 : at_wanted + 1;
    }
    return difference == 0 && given_length <= SSE_OTA_TOKEN_MAX_BYTES;
}
