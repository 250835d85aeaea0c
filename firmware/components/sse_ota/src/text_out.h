/* SPDX-License-Identifier: MIT */
#ifndef SSE_OTA_TEXT_OUT_H
#define SSE_OTA_TEXT_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Text into a buffer of the caller's, never beyond its end. What does not fit sets `is_cut`; the text is then of no use,
 * and nobody has to look before the end. No NUL is added unless sse_ota_text_end() is called.
 */
typedef struct sse_ota_text {
    char *at;
    size_t size_bytes; /* of the buffer */
    size_t length;     /* bytes written */
    bool is_cut;
} sse_ota_text_t;

void sse_ota_text_start(sse_ota_text_t *text, char *buffer, size_t size_bytes);
void sse_ota_text_bytes(sse_ota_text_t *text, const char *bytes, size_t length);
void sse_ota_text_str(sse_ota_text_t *text, const char *string);
void sse_ota_text_char(sse_ota_text_t *text, char c);
void sse_ota_text_u32(sse_ota_text_t *text, uint32_t value);

/* At least `digits` lower-case hex digits, no prefix. */
void sse_ota_text_hex(sse_ota_text_t *text, uint32_t value, unsigned digits);

/* Knows %u (decimal), %x (0x and at least one digit), %a (address: 0x and eight digits) and %%; at most two of them. */
void sse_ota_text_format(sse_ota_text_t *text, const char *format, uint32_t first, uint32_t second);

/* Ends the text with a NUL (in the last byte, if it is full). Returns false if something was cut. */
bool sse_ota_text_end(sse_ota_text_t *text);

#endif
