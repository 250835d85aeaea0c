/* SPDX-License-Identifier: MIT */
#ifndef ESP_SPI_FLASH_H
#define ESP_SPI_FLASH_H

#include <stddef.h>
#include <stdint.h>

#include "esp_err.h"

#define ESP_ERR_FLASH_BASE 0x10010
#define ESP_ERR_FLASH_OP_FAIL (ESP_ERR_FLASH_BASE + 1)
#define ESP_ERR_FLASH_OP_TIMEOUT (ESP_ERR_FLASH_BASE + 2)

#define SPI_FLASH_SEC_SIZE 4096

/*
 * All of it works with the flash cache off and level-1 interrupts masked: for a read of 512 bytes, for a page of 256 bytes
 * written, for a sector erased. Addresses need no alignment but the sectors'. Buffers may lie in mapped flash.
 */

/* Size that the firmware was built for; the chip is not asked. */
size_t spi_flash_get_chip_size(void);
esp_err_t spi_flash_erase_sector(size_t sector);
/* Both multiples of SPI_FLASH_SEC_SIZE. */
esp_err_t spi_flash_erase_range(size_t start_address, size_t size);
esp_err_t spi_flash_write(size_t destination, const void *source, size_t size);
esp_err_t spi_flash_read(size_t source, void *destination, size_t size);

/* Place in flash of an address of the mapped window; 0 for other addresses. */
uintptr_t spi_flash_cache2phys(const void *cached);

#endif
