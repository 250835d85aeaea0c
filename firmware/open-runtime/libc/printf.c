/* SPDX-License-Identifier: MIT */
/*
 * vfprintf, and with it the whole printf family, whose other members are the C library's. The library's own brings floating
 * point and calls the boot ROM's division, which is out of its reach. Flags, widths, precisions, the length modifiers of C99 and
 * %d %i %u %x %X %o %c %s %p; floating point is not there: %f prints a question mark.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* The longest number: 64 bits in octal. */
#define MAX_DIGITS 22

typedef struct spec {
    bool is_left;
    bool has_plus;
    bool has_blank;
    bool is_alternate;
    bool is_zero_filled;
    bool has_precision;
    int width;
    int precision;
    int length; /* -2 hh, -1 h, 0, 1 l z t, 2 ll j */
} spec_t;

typedef struct sink {
    FILE *stream;
    int count;
    bool has_failed;
} sink_t;

static void put(sink_t *sink, char character)
{
    if (sink->stream->put(character, sink->stream) < 0) {
        sink->has_failed = true;
    }
    sink->count++;
}

static void fill(sink_t *sink, char character, int count)
{
    while (count-- > 0) {
        put(sink, character);
    }
}

static void put_padded(sink_t *sink, const spec_t *spec, const char *text, int length)
{
    int padding = spec->width - length;
    if (!spec->is_left) {
        fill(sink, ' ', padding);
    }
    for (int i = 0; i < length; i++) {
        put(sink, text[i]);
    }
    if (spec->is_left) {
        fill(sink, ' ', padding);
    }
}

/* Digits backwards; answers how many. None for 0. */
static int digits_of(char *digits, uint64_t value, uint32_t base, char letter)
{
    int count = 0;
    while (value > UINT32_MAX) {
        uint32_t digit = (uint32_t)(value % base);
        value /= base;
        digits[count++] = (char)(digit < 10 ? '0' + digit : (uint32_t)letter + digit - 10);
    }
    for (uint32_t small = (uint32_t)value; small != 0; small /= base) {
        uint32_t digit = small % base;
        digits[count++] = (char)(digit < 10 ? '0' + digit : (uint32_t)letter + digit - 10);
    }
    return count;
}

static void put_number(sink_t *sink, const spec_t *spec, uint64_t value, uint32_t base, char letter, const char *prefix)
{
    char digits[MAX_DIGITS];
    int count = digits_of(digits, value, base, letter);
    int prefix_length = (int)strlen(prefix);
    int least = spec->has_precision ? spec->precision : 1;
    if (!spec->has_precision && spec->is_zero_filled && !spec->is_left && spec->width - prefix_length > least) {
        least = spec->width - prefix_length;
    }
    int length = prefix_length + (count > least ? count : least);
    if (!spec->is_left) {
        fill(sink, ' ', spec->width - length);
    }
    while (*prefix != '\0') {
        put(sink, *prefix++);
    }
    fill(sink, '0', least - count);
    while (count > 0) {
        put(sink, digits[--count]);
    }
    if (spec->is_left) {
        fill(sink, ' ', spec->width - length);
    }
}

static const char *parse_flags(const char *format, spec_t *spec)
{
    for (;; format++) {
        switch (*format) {
        case '-':
            spec->is_left = true;
            break;
        case '+':
            spec->has_plus = true;
            break;
        case ' ':
            spec->has_blank = true;
            break;
        case '#':
            spec->is_alternate = true;
            break;
        case '0':
            spec->is_zero_filled = true;
            break;
        default:
            return format;
        }
    }
}

static const char *parse_number(const char *format, int *number)
{
    *number = 0;
    while (*format >= '0' && *format <= '9' && *number < 10000) {
        *number = *number * 10 + (*format++ - '0');
    }
    return format;
}

static const char *parse_length(const char *format, spec_t *spec)
{
    for (;; format++) {
        switch (*format) {
        case 'h':
            spec->length--;
            break;
        case 'l':
            spec->length++;
            break;
        case 'z':
        case 't':
            spec->length = 1;
            break;
        case 'j':
            spec->length = 2;
            break;
        default:
            return format;
        }
    }
}

static int64_t narrow_signed(int64_t value, int length)
{
    return length == -1 ? (int16_t)value : length <= -2 ? (int8_t)value : value;
}

static uint64_t narrow_unsigned(uint64_t value, int length)
{
    return length == -1 ? (uint16_t)value : length <= -2 ? (uint8_t)value : value;
}

int vfprintf(FILE *stream, const char *format, va_list list)
{
    sink_t sink = {.stream = stream, .count = 0, .has_failed = false};
    va_list arguments;
    va_copy(arguments, list);
    for (; *format != '\0'; format++) {
        if (*format != '%') {
            put(&sink, *format);
            continue;
        }
        spec_t spec;
        memset(&spec, 0, sizeof(spec));
        format = parse_flags(format + 1, &spec);
        if (*format == '*') {
            spec.width = va_arg(arguments, int);
            format++;
            if (spec.width < 0) {
                spec.is_left = true;
                spec.width = -spec.width;
            }
        } else {
            format = parse_number(format, &spec.width);
        }
        if (*format == '.') {
            spec.has_precision = true;
            if (format[1] == '*') {
                spec.precision = va_arg(arguments, int);
                spec.has_precision = spec.precision >= 0;
                format += 2;
            } else {
                format = parse_number(format + 1, &spec.precision);
            }
        }
        format = parse_length(format, &spec);
        switch (*format) {
        case 'd':
        case 'i': {
            int64_t value = narrow_signed(spec.length >= 2 ? va_arg(arguments, int64_t) : va_arg(arguments, int32_t),
                                          spec.length);
            const char *sign = value < 0 ? "-" : spec.has_plus ? "+" : spec.has_blank ? " " : "";
            put_number(&sink, &spec, value < 0 ? 0u - (uint64_t)value : (uint64_t)value, 10, 'a', sign);
            break;
        }
        case 'u':
        case 'x':
        case 'X':
        case 'o': {
            uint64_t value = narrow_unsigned(
                spec.length >= 2 ? va_arg(arguments, uint64_t) : va_arg(arguments, uint32_t), spec.length);
            bool is_hex = *format == 'x' || *format == 'X';
            uint32_t base = *format == 'u' ? 10 : is_hex ? 16 : 8;
            const char *prefix = !spec.is_alternate || value == 0 || base == 10 ? ""
                                 : base == 8                                    ? "0"
                                 : *format == 'x'                               ? "0x"
                                                                                : "0X";
            put_number(&sink, &spec, value, base, *format == 'X' ? 'A' : 'a', prefix);
            break;
        }
        case 'p':
            put_number(&sink, &spec, (uint32_t)(uintptr_t)va_arg(arguments, void *), 16, 'a', "0x");
            break;
        case 'c': {
            char character = (char)va_arg(arguments, int);
            put_padded(&sink, &spec, &character, 1);
            break;
        }
        case 's': {
            const char *text = va_arg(arguments, const char *);
            text = text != NULL ? text : "(null)";
            int length = 0;
            while ((!spec.has_precision || length < spec.precision) && text[length] != '\0') {
                length++;
            }
            put_padded(&sink, &spec, text, length);
            break;
        }
        case 'e':
        case 'E':
        case 'f':
        case 'F':
        case 'g':
        case 'G':
            (void)va_arg(arguments, double);
            put_padded(&sink, &spec, "?", 1);
            break;
        case '\0':
            format--;
            break;
        default:
            put(&sink, *format);
            break;
        }
    }
    va_end(arguments);
    return sink.has_failed ? EOF : sink.count;
}
