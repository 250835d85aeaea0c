/* SPDX-License-Identifier: MIT */
#include "boot_flash.h"

/* Boot ROM. Cache_Read_Enable: which half of a 2 MiB segment, which segment, 0 = cache of 16 KB. */
int SPIRead(uint32_t flash_offset, void *to, uint32_t length);
void Cache_Read_Disable(void);
void Cache_Read_Enable(uint32_t is_odd_mib, uint32_t segment, uint32_t cache_size);

/* The link puts the number in as an address. */
extern char _flash_size_bytes[];

uint32_t boot_flash_size_bytes(void)
{
    return (uint32_t)_flash_size_bytes;
}

bool boot_flash_read(uint32_t flash_offset, uint32_t *words, uint32_t length)
{
    uint32_t size = boot_flash_size_bytes();
    if (flash_offset > size || length > size - flash_offset) {
        return false;
    }
    return SPIRead(flash_offset, words, length) == 0;
}

void boot_flash_map(uint32_t flash_offset)
{
    Cache_Read_Disable();
    Cache_Read_Enable((flash_offset >> 20) & 1, flash_offset >> 21, 0);
}
