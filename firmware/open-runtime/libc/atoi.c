/* SPDX-License-Identifier: MIT */
/* In place of picolibc's, which calls the boot ROM's division too far away for its short calls. */
#include <stdlib.h>

int atoi(const char *text)
{
    unsigned value = 0;
    while (*text == ' ' || (*text >= '\t' && *text <= '\r')) {
        text++;
    }
    int is_negative = *text == '-';
    if (*text == '-' || *text == '+') {
        text++;
    }
    for (; *text >= '0' && *text <= '9'; text++) {
        value = value * 10 + (unsigned)(*text - '0');
    }
    return (int)(is_negative ? 0 - value : value);
}
