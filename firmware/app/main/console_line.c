/* SPDX-License-Identifier: MIT */
#include "console_line.h"

/* 0xC0, which SLIP frames begin with, and its neighbours here begin no UTF-8 character. */
static bool is_text(uint8_t byte)
{
    return byte >= 0x20 && byte != 0x7f && byte != 0xc0 && byte != 0xc1 && byte < 0xf5;
}

void console_line_start(console_line_t *line)
{
    line->length = 0;
    line->is_spoilt = false;
}

bool console_line_feed(console_line_t *line, uint8_t byte)
{
    if (byte == '\r' || byte == '\n') {
        bool is_good = line->length > 0 && !line->is_spoilt;
        line->text[line->length] = '\0';
        console_line_start(line);
        return is_good;
    }
    if (!is_text(byte) || line->length == CONSOLE_LINE_BYTES) {
        line->is_spoilt = true;
    } else {
        line->text[line->length] = (char)byte;
        line->length++;
    }
    return false;
}
