/* SPDX-License-Identifier: MIT */
#ifndef ESP_OTA_OPS_H
#define ESP_OTA_OPS_H

#include <stddef.h>
#include <stdint.h>

#include "esp_app_format.h"
#include "esp_err.h"
#include "esp_partition.h"

#define ESP_ERR_OTA_BASE 0x1500
#define ESP_ERR_OTA_PARTITION_CONFLICT (ESP_ERR_OTA_BASE + 0x01)
#define ESP_ERR_OTA_SELECT_INFO_INVALID (ESP_ERR_OTA_BASE + 0x02)
#define ESP_ERR_OTA_VALIDATE_FAILED (ESP_ERR_OTA_BASE + 0x03)

/* What this image says of itself. It lies in mapped flash. */
const esp_app_desc_t *esp_ota_get_app_description(void);
/* ESP_ERR_NOT_FOUND when the image in the partition has no descriptor at 0x10. */
esp_err_t esp_ota_get_partition_description(const esp_partition_t *partition, esp_app_desc_t *app_desc);

/* The partition that this code runs from, by what the flash cache maps. */
const esp_partition_t *esp_ota_get_running_partition(void);
/* The OTA slot after `start_from` (NULL: the running one), round from the last to the first; NULL without slots. */
const esp_partition_t *esp_ota_get_next_update_partition(const esp_partition_t *start_from);
/*
 * The partition that the bootloader tries first: what otadata selects, without a valid record the factory app or else the first
 * slot. NULL when otadata cannot be read. Another may be running: that one, if it could not be booted.
 */
const esp_partition_t *esp_ota_get_boot_partition(void);

/*
 * Makes a partition the next to boot, after a check of the image in it (as the bootloader's). The record goes into the sector
 * of otadata that does not hold the present one, so that a power cut leaves either the old choice or the new one.
 */
esp_err_t esp_ota_set_boot_partition(const esp_partition_t *partition);

#endif
