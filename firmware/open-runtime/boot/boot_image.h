/* SPDX-License-Identifier: MIT */
#ifndef BOOT_IMAGE_H
#define BOOT_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "boot_table.h"

/*
 * Checks the app in a place: magic, segment count, whole words, checksum byte, and that it fits. Prints its segments, and
 * a line when it is refused. Its SHA-256 is not looked at (the SDK's default). On success `entry` is where it begins.
 */
bool boot_image_check(boot_place_t place, uint32_t *entry);

/* Bytes 2 and 3 of an image: SPI mode, speed and flash size. */
typedef struct boot_header {
    uint8_t magic;
    uint8_t segment_count;
    uint8_t spi_mode;
    uint8_t speed_and_size;
    uint32_t entry;
} boot_header_t;

#endif
