/* SPDX-License-Identifier: MIT */
#ifndef BOOT_FLASH_H
#define BOOT_FLASH_H

#include <stdbool.h>
#include <stdint.h>

/* Size of the flash chip that the image was built for; the chip itself is not asked. */
uint32_t boot_flash_size_bytes(void);

/* Reads whole words through the ROM. False when the range is not all in the chip. `words` is word-aligned. */
bool boot_flash_read(uint32_t flash_offset, uint32_t *words, uint32_t length);

/* Maps the MiB that holds this offset to 0x40200000 and switches the cache on, with 16 KB. */
void boot_flash_map(uint32_t flash_offset);

#endif
