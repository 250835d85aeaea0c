/* SPDX-License-Identifier: MIT */
#ifndef SYSTEM_CRC32_H
#define SYSTEM_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* What otadata and NVS begin with. */
#define SYSTEM_CRC32_START 0xFFFFFFFFu

/* CRC-32, reflected; `crc` is SYSTEM_CRC32_START or the CRC of what came before. */
uint32_t system_crc32(uint32_t crc, const void *bytes, size_t length);

#endif
