/* SPDX-License-Identifier: MIT */
#ifndef BOOT_TABLE_H
#define BOOT_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#define BOOT_MAX_OTA_SLOTS 16
/* Where to begin the search: an OTA slot from 0, or this. */
#define BOOT_FACTORY_INDEX (-1)

/* A place in flash; size 0: there is none. */
typedef struct boot_place {
    uint32_t flash_offset;
    uint32_t size_bytes;
} boot_place_t;

/* What of the partition table matters at boot. */
typedef struct boot_table {
    boot_place_t factory;
    boot_place_t test;
    boot_place_t otadata;
    boot_place_t ota[BOOT_MAX_OTA_SLOTS];
    uint32_t ota_count;
} boot_table_t;

/* Reads and prints the partition table. False, and a line that says why, when it cannot be used. */
bool boot_table_read(boot_table_t *table);

/* The app that otadata selects, or from which to search. False when nothing may be booted. */
bool boot_table_choose(const boot_table_t *table, int32_t *index);

/* The place of an index; size 0 when there is none. */
boot_place_t boot_table_place(const boot_table_t *table, int32_t index);

#endif
