/* SPDX-License-Identifier: MIT */
#ifndef SSE_OTA_TOKEN_CHECK_H
#define SSE_OTA_TOKEN_CHECK_H

#include <stdbool.h>
#include <stddef.h>

/* Longest token in bytes; a longer one is refused when the server is set up and never equals anything. */
#define SSE_OTA_TOKEN_MAX_BYTES 64

/*
 * Whether both are the same bytes. The same work is done whatever they hold and however long they are: always
 * SSE_OTA_TOKEN_MAX_BYTES steps and no branch on a compared byte, so the time tells nothing of the wanted token.
 */
bool sse_ota_token_equal(const char *given, size_t given_length, const char *wanted, size_t wanted_length);

#endif
