/* SPDX-License-Identifier: MIT */
#include "ansi_strip.h"

enum { TEXT, ESCAPE, SEQUENCE, STRING, STRING_ESCAPE, INTERMEDIATE };

#define ESC 0x1b
#define BEL 0x07

void sse_ota_ansi_start(sse_ota_ansi_t *ansi)
{
    ansi->state = TEXT;
}

static uint8_t after_escape(uint8_t byte)
{
    if (byte == '[') {
        return SEQUENCE;
    }
    /* OSC, DCS, SOS, PM, APC: strings that end with ST. */
    if (byte == ']' || byte == 'P' || byte == 'X' || byte == '^' || byte == '_') {
        return STRING;
    }
    if (byte >= 0x20 && byte <= 0x2f) {
        return INTERMEDIATE;
    }
    return byte == ESC ? ESCAPE : TEXT;
}

int sse_ota_ansi_feed(sse_ota_ansi_t *ansi, uint8_t byte)
{
    if (byte == '\n') {
        ansi->state = TEXT;
        return byte;
    }
    switch (ansi->state) {
    case ESCAPE:
        ansi->state = after_escape(byte);
        return -1;
    case SEQUENCE:
        if (byte == ESC) {
            ansi->state = ESCAPE;
        } else if (byte >= 0x40 && byte <= 0x7e) {
            ansi->state = TEXT;
        }
        return -1;
    case INTERMEDIATE:
        if (byte >= 0x30 && byte <= 0x7e) {
            ansi->state = TEXT;
        }
        return -1;
    case STRING:
        if (byte == BEL) {
            ansi->state = TEXT;
        } else if (byte == ESC) {
            ansi->state = STRING_ESCAPE;
        }
        return -1;
    case STRING_ESCAPE:
        ansi->state = byte == '\\' ? TEXT : STRING;
        return -1;
    default:
        break;
    }
    if (byte == ESC) {
        ansi->state = ESCAPE;
        return -1;
    }
    return (byte < 0x20 && byte != '\t') || byte == 0x7f ? -1 : byte;
}
