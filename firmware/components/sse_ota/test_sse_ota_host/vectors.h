/* SPDX-License-Identifier: MIT */
#ifndef VECTORS_H
#define VECTORS_H

#include <stddef.h>

/* The test vectors of docs/dut-contract.md section 9, read from the document itself. */

#define VECTOR_FIELDS 6
#define VECTOR_FIELD_BYTES 70000

typedef struct vector {
    size_t field_count;
    size_t lengths[VECTOR_FIELDS];
    char fields[VECTOR_FIELDS][VECTOR_FIELD_BYTES]; /* each with a NUL behind it */
} vector_t;

/* Where the document is; set once by main(). */
void vectors_file(const char *path);

/*
 * Calls `each` with every vector of the block "vectors:NAME"; returns how many there were. Ends the process with a message
 * if there is no such block, or if a vector does not have `field_count` fields.
 */
size_t vectors_each(const char *name, size_t field_count, void (*each)(const vector_t *vector, void *context),
                    void *context);

#endif
