/* SPDX-License-Identifier: MIT */
#ifndef ESP_APP_FORMAT_H
#define ESP_APP_FORMAT_H

#include <stdint.h>

#define ESP_APP_DESC_MAGIC_WORD 0xABCD5432

/* What an image says of itself: 256 bytes at offset 0x10 of its file. */
typedef struct {
    uint32_t magic_word;
    uint32_t secure_version;
    uint32_t reserv1[2];
    char version[32];
    char project_name[32];
    char time[16];
    char date[16];
    char idf_ver[32];
    uint8_t app_elf_sha256[32]; /* all zero: the image writer does not fill it */
    uint32_t reserv2[20];
} esp_app_desc_t;

#endif
