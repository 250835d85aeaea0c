/* SPDX-License-Identifier: MIT */
/* An image has constants in mapped flash; writing to flash takes its source from there as well. */
#include <stdint.h>

const char system_flash_text[40] __attribute__((section(".flash.rodata_first"))) =
    "0123456789abcdefghijklmnopqrstuvwxyzABC";
