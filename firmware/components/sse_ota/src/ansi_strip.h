/* SPDX-License-Identifier: MIT */
#ifndef SSE_OTA_ANSI_STRIP_H
#define SSE_OTA_ANSI_STRIP_H

#include <stdint.h>

/*
 * Takes terminal control out of console text, byte by byte: ECMA-48 control sequences (ESC [ … final byte), OSC strings
 * (ESC ] … BEL or ESC \), two-byte escapes, and control characters other than tab and newline. 1 byte of state.
 *
 * A newline always ends a sequence, so that a broken one costs at most the rest of its line.
 */
typedef struct sse_ota_ansi {
    uint8_t state;
} sse_ota_ansi_t;

void sse_ota_ansi_start(sse_ota_ansi_t *ansi);

/* The byte as it is to be shown (0 to 255), or -1 if it is to be left out. */
int sse_ota_ansi_feed(sse_ota_ansi_t *ansi, uint8_t byte);

#endif
