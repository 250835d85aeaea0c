/* SPDX-License-Identifier: MIT */
/* What the app's settings say of the token when NVS fails in ways that a flash alone cannot be brought to. */
#include <stdio.h>

#include "esp_spi_flash.h"
#include "nvs.h"

static esp_err_t s_opening;
static esp_err_t s_reading;

static esp_err_t opens(const char *name, nvs_open_mode_t mode, nvs_handle_t *handle)
{
    (void)name;
    (void)mode;
    *handle = 1;
    return s_opening;
}

static esp_err_t reads(nvs_handle_t handle, const char *key, char *value, size_t *length)
{
    (void)handle;
    (void)key;
    (void)length;
    value[0] = 'x';
    value[1] = '\0';
    return s_reading;
}

#define nvs_open opens
#define nvs_get_str reads
#include "../../../../firmware/app/main/settings.c"

void app_main(void);

void app_main(void)
{
    static const esp_err_t ERRORS[] = {ESP_OK, ESP_ERR_NVS_NOT_FOUND, ESP_ERR_NVS_INVALID_LENGTH,
                                       ESP_ERR_NVS_NOT_INITIALIZED, ESP_ERR_FLASH_OP_FAIL};
    for (size_t i = 0; i < sizeof(ERRORS) / sizeof(ERRORS[0]); i++) {
        settings_t settings;
        s_opening = ERRORS[i];
        s_reading = ESP_OK;
        settings_read(&settings);
        printf("opening 0x%x: %d %d '%s'\n", (unsigned)ERRORS[i], settings.has_token, settings.is_token_unusable, settings.token);
        s_opening = ESP_OK;
        s_reading = ERRORS[i];
        settings_read(&settings);
        printf("reading 0x%x: %d %d '%s'\n", (unsigned)ERRORS[i], settings.has_token, settings.is_token_unusable, settings.token);
    }
    printf("system test done\n");
}
