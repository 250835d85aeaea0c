/* SPDX-License-Identifier: MIT */
/* The printf family's members that write into memory. The C library's call the boot ROM's memset, out of their reach. */
#include <limits.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

typedef struct memory_file {
    FILE file; /* first: what put() gets is the whole */
    char *at;
    char *end; /* one is kept for the terminating NUL */
} memory_file_t;

static int put(char character, FILE *file)
{
    memory_file_t *memory = (memory_file_t *)file;
    if (memory->at < memory->end) {
        *memory->at++ = character;
    }
    return (unsigned char)character;
}

int vsnprintf(char *text, size_t size, const char *format, va_list arguments)
{
    memory_file_t memory = {
        .file = FDEV_SETUP_STREAM(put, NULL, NULL, _FDEV_SETUP_WRITE),
        .at = text,
        .end = size != 0 ? text + size - 1 : text,
    };
    int length = vfprintf(&memory.file, format, arguments);
    if (size != 0) {
        *memory.at = '\0';
    }
    return length;
}

int snprintf(char *text, size_t size, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, size, format, arguments);
    va_end(arguments);
    return length;
}

/* Without a size: up to the end of the address space. */
int vsprintf(char *text, const char *format, va_list arguments)
{
    memory_file_t memory = {
        .file = FDEV_SETUP_STREAM(put, NULL, NULL, _FDEV_SETUP_WRITE),
        .at = text,
        .end = (char *)UINT_MAX,
    };
    int length = vfprintf(&memory.file, format, arguments);
    *memory.at = '\0';
    return length;
}

int sprintf(char *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsprintf(text, format, arguments);
    va_end(arguments);
    return length;
}
