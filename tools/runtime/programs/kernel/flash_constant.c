/* SPDX-License-Identifier: MIT */
/* An image has constants in mapped flash; these are also what bytes are read from. */
#include "flash_constant.h"

#include "esp_attr.h"

const char flash_text[] __attribute__((section(".flash.rodata_first"))) = "0123456789abcdefghijklmnopqrstuvwxyz";
const uint16_t flash_halves[8] ESP_FLASH_RODATA_ATTR = {0x0102, 0xfffe, 0x8000, 0x7fff, 0x1234, 0xabcd, 0x0000, 0xffff};
