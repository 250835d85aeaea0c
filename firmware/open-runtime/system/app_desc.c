/* SPDX-License-Identifier: MIT */
/* The app descriptor. The link puts it at the front of the flash-mapped code, hence at 0x10 of the image. */
#include "esp_app_format.h"

_Static_assert(sizeof(esp_app_desc_t) == 256, "the descriptor has 256 bytes");

extern const esp_app_desc_t esp_app_desc;

const __attribute__((section(".rodata_desc"), used)) esp_app_desc_t esp_app_desc = {
    .magic_word = ESP_APP_DESC_MAGIC_WORD,
    .version = PROJECT_VER,
    .project_name = PROJECT_NAME,
    .time = __TIME__,
    .date = __DATE__,
    .idf_ver = IDF_VER,
};
