/* SPDX-License-Identifier: MIT */
#ifndef NVS_FLASH_H
#define NVS_FLASH_H

#include "esp_err.h"
#include "nvs.h"

/*
 * Looks at the pages of the partition of type nvs. ESP_ERR_NVS_NO_FREE_PAGES when none is free (damaged ones count as
 * free), ESP_ERR_NVS_NEW_VERSION_FOUND for a format that came after ours.
 */
esp_err_t nvs_flash_init(void);
/* Erases the whole partition; nvs_flash_init() is wanted afterwards. */
esp_err_t nvs_flash_erase(void);

#endif
