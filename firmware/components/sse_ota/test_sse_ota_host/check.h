/* SPDX-License-Identifier: MIT */
#ifndef CHECK_H
#define CHECK_H

#include <stdbool.h>
#include <stddef.h>

/*
 * A test framework of one page. A test begins with check_begin("what must hold"); a check that fails is printed with
 * file, line and the words of check_note(), and the test goes on. check_end() prints "N passed, N failed".
 */
void check_begin(const char *title);
/* What is being looked at, for the message: printf-like. Stays until the next one or the next test. */
void check_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
int check_end(void);

void check_that(bool holds, const char *what, const char *file, int line);
void check_equal(long long actual, long long expected, const char *what, const char *file, int line);
void check_bytes(const void *actual, size_t actual_length, const void *expected, size_t expected_length,
                 const char *what, const char *file, int line);

#define CHECK(condition) check_that((condition), #condition, __FILE__, __LINE__)
#define CHECK_EQUAL(actual, expected) \
    check_equal((long long)(actual), (long long)(expected), #actual, __FILE__, __LINE__)
#define CHECK_BYTES(actual, actual_length, expected, expected_length) \
    check_bytes((actual), (actual_length), (expected), (expected_length), #actual, __FILE__, __LINE__)
#define CHECK_TEXT(actual, actual_length, expected) \
    check_bytes((actual), (actual_length), (expected), strlen(expected), #actual, __FILE__, __LINE__)

#endif
