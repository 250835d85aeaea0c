/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define SHOWN_PER_TEST 5

static const char *s_title;
static char s_note[256];
static unsigned s_failures; /* of the present test */
static unsigned s_passed;
static unsigned s_failed;

static void end_test(void)
{
    if (s_title == NULL) {
        return;
    }
    if (s_failures == 0) {
        s_passed++;
    } else {
        s_failed++;
        printf("FAILED %s: %u checks\n", s_title, s_failures);
    }
}

void check_begin(const char *title)
{
    end_test();
    s_title = title;
    s_note[0] = '\0';
    s_failures = 0;
}

void check_note(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(s_note, sizeof(s_note), format, arguments);
    va_end(arguments);
}

int check_end(void)
{
    end_test();
    s_title = NULL;
    printf("%u passed, %u failed\n", s_passed, s_failed);
    return s_failed == 0 && s_passed > 0 ? 0 : 1;
}

static bool is_shown(void)
{
    s_failures++;
    return s_failures <= SHOWN_PER_TEST;
}

void check_that(bool holds, const char *what, const char *file, int line)
{
    if (!holds && is_shown()) {
        printf("%s:%d: %s: not so: %s (%s)\n", file, line, s_title, what, s_note);
    }
}

void check_equal(long long actual, long long expected, const char *what, const char *file, int line)
{
    if (actual != expected && is_shown()) {
        printf("%s:%d: %s: %s is %lld, not %lld (%s)\n", file, line, s_title, what, actual, expected, s_note);
    }
}

static void print_bytes(const char *bytes, size_t length)
{
    for (size_t i = 0; i < length && i < 400; i++) {
        unsigned char c = (unsigned char)bytes[i];
        if (c == '\n') {
            printf("\\n");
        } else if (c < 0x20 || c >= 0x7f) {
            printf("\\x%02x", c);
        } else {
            printf("%c", c);
        }
    }
}

void check_bytes(const void *actual, size_t actual_length, const void *expected, size_t expected_length,
                 const char *what, const char *file, int line)
{
    if (actual_length == expected_length && (actual_length == 0 || memcmp(actual, expected, actual_length) == 0)) {
        return;
    }
    if (is_shown()) {
        printf("%s:%d: %s: %s (%s)\n  is ", file, line, s_title, what, s_note);
        print_bytes(actual, actual_length);
        printf("\n not ");
        print_bytes(expected, expected_length);
        printf("\n");
    }
}
