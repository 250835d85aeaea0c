/* SPDX-License-Identifier: MIT */
#include "text_out.h"

#include <string.h>

void sse_ota_text_start(sse_ota_text_t *text, char *buffer, size_t size_bytes)
{
    text->at = buffer;
    text->size_bytes = size_bytes;
    text->length = 0;
    text->is_cut = false;
}

void sse_ota_text_bytes(sse_ota_text_t *text, const char *bytes, size_t length)
{
    size_t room = text->size_bytes - text->length;
    if (length > room) {
        text->is_cut = true;
        length = room;
    }
    if (length > 0) { /* a text of no room may have no buffer */
        memcpy(text->at + text->length, bytes, length);
        text->length += length;
    }
}

void sse_ota_text_str(sse_ota_text_t *text, const char *string)
{
    sse_ota_text_bytes(text, string, strlen(string));
}

void sse_ota_text_char(sse_ota_text_t *text, char c)
{
    sse_ota_text_bytes(text, &c, 1);
}

void sse_ota_text_u32(sse_ota_text_t *text, uint32_t value)
{
    char digits[10];
    size_t first = sizeof(digits);
    do {
        first--;
        digits[first] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    sse_ota_text_bytes(text, digits + first, sizeof(digits) - first);
}

void sse_ota_text_hex(sse_ota_text_t *text, uint32_t value, unsigned digits)
{
    unsigned count = 1;
    while (count < 8 && (value >> (4 * count)) != 0) {
        count++;
    }
    if (digits > 8) {
        digits = 8;
    }
    if (count < digits) {
        count = digits;
    }
    while (count > 0) {
        count--;
        sse_ota_text_char(text, "0123456789abcdef"[(value >> (4 * count)) & 0xf]);
    }
}

void sse_ota_text_format(sse_ota_text_t *text, const char *format, uint32_t first, uint32_t second)
{
    const uint32_t values[] = {first, second};
    size_t used = 0;
    for (const char *p = format; *p != '\0'; p++) {
        if (*p != '%' || p[1] == '\0') {
            sse_ota_text_char(text, *p);
            continue;
        }
        p++;
        if (*p == '%' || used >= 2) {
            sse_ota_text_char(text, *p);
            continue;
        }
        uint32_t value = values[used];
        used++;
        if (*p == 'u') {
            sse_ota_text_u32(text, value);
        } else {
            sse_ota_text_str(text, "0x");
            sse_ota_text_hex(text, value, *p == 'a' ? 8 : 1);
        }
    }
}

bool sse_ota_text_end(sse_ota_text_t *text)
{
    if (text->size_bytes == 0) {
        return false;
    }
    if (text->length == text->size_bytes) {
        text->length--;
        text->is_cut = true;
    }
    text->at[text->length] = '\0';
    return !text->is_cut;
}
