/* SPDX-License-Identifier: MIT */
#ifndef SYSTEM_IMAGE_VERIFY_H
#define SYSTEM_IMAGE_VERIFY_H

#include "esp_partition.h"

/* The bootloader's check (boot/boot_image.c), with its lines in the log. */
esp_err_t image_verify(const esp_partition_t *partition);

#endif
