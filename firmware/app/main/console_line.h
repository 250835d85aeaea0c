/* SPDX-License-Identifier: MIT */
#ifndef CONSOLE_LINE_H
#define CONSOLE_LINE_H

#include <stdbool.h>
#include <stdint.h>

/* Lines out of whatever comes over a serial line: noise of resets and a flasher's frames among it. */

#define CONSOLE_LINE_BYTES 80

typedef struct console_line {
    char text[CONSOLE_LINE_BYTES + 1];
    uint8_t length;
    bool is_spoilt; /* something was no text, or there was too much of it: nothing until the line ends */
} console_line_t;

void console_line_start(console_line_t *line);

/*
 * Takes a byte. True: a line is complete, not empty, of text alone, and `text` holds it until the next byte. Lines end in
 * CR, LF or both. Text is what can be printed and what occurs in UTF-8; everything else spoils its line.
 */
bool console_line_feed(console_line_t *line, uint8_t byte);

#endif
