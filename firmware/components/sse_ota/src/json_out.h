/* SPDX-License-Identifier: MIT */
#ifndef SSE_OTA_JSON_OUT_H
#define SSE_OTA_JSON_OUT_H

#include "text_out.h"

/*
 * A flat JSON object, key by key. Keys are the caller's constants and are not escaped; values are.
 * Strings are taken as UTF-8; a byte that is none, and a control character, becomes '?': the result always parses, and
 * a string grows to twice its length at most.
 */
void sse_ota_json_open(sse_ota_text_t *text);
void sse_ota_json_str(sse_ota_text_t *text, const char *key, const char *value);
void sse_ota_json_str_bytes(sse_ota_text_t *text, const char *key, const char *value, size_t length);
void sse_ota_json_u32(sse_ota_text_t *text, const char *key, uint32_t value);
void sse_ota_json_hex(sse_ota_text_t *text, const char *key, const uint8_t *bytes, size_t length);
void sse_ota_json_close(sse_ota_text_t *text);

#endif
