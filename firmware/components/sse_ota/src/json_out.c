/* SPDX-License-Identifier: MIT */
#include "json_out.h"

#include <string.h>

/* Bytes of the UTF-8 character that starts here, 0 if none does (RFC 3629: no overlong forms, no surrogates). */
static size_t utf8_length(const uint8_t *at, size_t left)
{
    uint8_t lead = at[0];
    size_t length;
    uint8_t low = 0x80;
    uint8_t high = 0xbf;
    if (lead < 0x80) {
        return 1;
    }
    if (lead >= 0xc2 && lead <= 0xdf) {
        length = 2;
    } else if (lead >= 0xe0 && lead <= 0xef) {
        length = 3;
        low = lead == 0xe0 ? 0xa0 : 0x80;
        high = lead == 0xed ? 0x9f : 0xbf;
    } else if (lead >= 0xf0 && lead <= 0xf4) {
        length = 4;
        low = lead == 0xf0 ? 0x90 : 0x80;
        high = lead == 0xf4 ? 0x8f : 0xbf;
    } else {
        return 0;
    }
    if (left < length || at[1] < low || at[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < length; i++) {
        if ((at[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    return length;
}

static void key_of(sse_ota_text_t *text, const char *key)
{
    if (text->length > 0 && text->at[text->length - 1] != '{') {
        sse_ota_text_char(text, ',');
    }
    sse_ota_text_char(text, '"');
    sse_ota_text_str(text, key);
    sse_ota_text_str(text, "\":");
}

void sse_ota_json_open(sse_ota_text_t *text)
{
    sse_ota_text_char(text, '{');
}

void sse_ota_json_close(sse_ota_text_t *text)
{
    sse_ota_text_char(text, '}');
}

void sse_ota_json_str_bytes(sse_ota_text_t *text, const char *key, const char *value, size_t length)
{
    key_of(text, key);
    sse_ota_text_char(text, '"');
    for (size_t i = 0; i < length;) {
        uint8_t byte = (uint8_t)value[i];
        size_t size = utf8_length((const uint8_t *)value + i, length - i);
        if (size == 0 || byte < 0x20 || byte == 0x7f) {
            sse_ota_text_char(text, '?');
            size = 1;
        } else if (byte == '"' || byte == '\\') {
            sse_ota_text_char(text, '\\');
            sse_ota_text_char(text, (char)byte);
        } else {
            sse_ota_text_bytes(text, value + i, size);
        }
        i += size;
    }
    sse_ota_text_char(text, '"');
}

void sse_ota_json_str(sse_ota_text_t *text, const char *key, const char *value)
{
    sse_ota_json_str_bytes(text, key, value, strlen(value));
}

void sse_ota_json_u32(sse_ota_text_t *text, const char *key, uint32_t value)
{
    key_of(text, key);
    sse_ota_text_u32(text, value);
}

void sse_ota_json_hex(sse_ota_text_t *text, const char *key, const uint8_t *bytes, size_t length)
{
    key_of(text, key);
    sse_ota_text_char(text, '"');
    for (size_t i = 0; i < length; i++) {
        sse_ota_text_hex(text, bytes[i], 2);
    }
    sse_ota_text_char(text, '"');
}
