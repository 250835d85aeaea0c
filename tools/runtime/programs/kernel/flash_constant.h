/* SPDX-License-Identifier: MIT */
#ifndef FLASH_CONSTANT_H
#define FLASH_CONSTANT_H

#include <stdint.h>

extern const char flash_text[37];
extern const uint16_t flash_halves[8];

#endif
