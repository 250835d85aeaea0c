/* SPDX-License-Identifier: MIT */
#ifndef SYSTEM_PARTITION_TABLE_H
#define SYSTEM_PARTITION_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "esp_partition.h"

/* Reads the table into the heap; false without memory. Called once, before anybody asks. */
bool partition_table_load(void);
/* Rows in their order; NULL behind the last. */
const esp_partition_t *partition_table_at(size_t index);

#endif
