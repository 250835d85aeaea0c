/* SPDX-License-Identifier: MIT */
#include "vectors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_BYTES 4096

static const char *s_path;

void vectors_file(const char *path)
{
    s_path = path;
}

static void stop(const char *why, const char *what)
{
    fprintf(stderr, "%s: %s: %s\n", s_path, why, what);
    exit(2);
}

static void put(vector_t *vector, size_t field, char c)
{
    if (vector->lengths[field] + 1 >= VECTOR_FIELD_BYTES) {
        stop("field too long", vector->fields[0]);
    }
    vector->fields[field][vector->lengths[field]] = c;
    vector->lengths[field]++;
    vector->fields[field][vector->lengths[field]] = '\0';
}

/* One escape, behind its backslash; returns what is left. */
static const char *unescape(vector_t *vector, size_t field, const char *at)
{
    char *end;
    switch (*at) {
    case 'r':
        put(vector, field, '\r');
        return at + 1;
    case 'n':
        put(vector, field, '\n');
        return at + 1;
    case 't':
        put(vector, field, '\t');
        return at + 1;
    case '\\':
        put(vector, field, '\\');
        return at + 1;
    case 'x': {
        const char digits[3] = {at[1], at[1] == '\0' ? '\0' : at[2], '\0'};
        put(vector, field, (char)strtoul(digits, &end, 16));
        if (end != digits + 2) {
            stop("bad \\x", at);
        }
        return at + 3;
    }
    case '{': {
        unsigned long count = strtoul(at + 1, &end, 10);
        if (end[0] != '*' || end[1] == '\0' || end[2] != '}') {
            stop("bad \\{", at);
        }
        for (unsigned long i = 0; i < count; i++) {
            put(vector, field, end[1]);
        }
        return end + 3;
    }
    default:
        stop("unknown escape", at);
        return at;
    }
}

static void parse(vector_t *vector, const char *line)
{
    size_t field = 0;
    memset(vector->lengths, 0, sizeof(vector->lengths));
    for (size_t i = 0; i < VECTOR_FIELDS; i++) {
        vector->fields[i][0] = '\0';
    }
    for (;;) {
        size_t kept = 0; /* without trailing blanks */
        while (*line == ' ') {
            line++;
        }
        while (*line != '\0' && *line != '|' && *line != '\n') {
            if (*line == '\\') {
                line = unescape(vector, field, line + 1);
                kept = vector->lengths[field];
            } else {
                put(vector, field, *line);
                kept = *line == ' ' ? kept : vector->lengths[field];
                line++;
            }
        }
        vector->lengths[field] = kept;
        vector->fields[field][kept] = '\0';
        field++;
        if (*line != '|') {
            break;
        }
        if (field == VECTOR_FIELDS) {
            stop("too many fields", vector->fields[0]);
        }
        line++;
    }
    vector->field_count = field;
}

size_t vectors_each(const char *name, size_t field_count, void (*each)(const vector_t *vector, void *context),
                    void *context)
{
    static vector_t vector;
    static char line[LINE_BYTES];
    char mark[64];
    size_t count = 0;
    int is_inside = 0;
    FILE *file = fopen(s_path, "r");
    if (file == NULL) {
        stop("cannot be read", name);
        return 0;
    }
    (void)snprintf(mark, sizeof(mark), "```vectors:%s\n", name);
    while (fgets(line, sizeof(line), file) != NULL) {
        if (!is_inside) {
            is_inside = strcmp(line, mark) == 0;
            continue;
        }
        if (strncmp(line, "```", 3) == 0) {
            break;
        }
        parse(&vector, line);
        if (vector.field_count != field_count) {
            stop("wrong number of fields", line);
        }
        each(&vector, context);
        count++;
    }
    (void)fclose(file);
    if (count == 0) {
        stop("no vectors", name);
    }
    return count;
}
