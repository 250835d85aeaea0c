/* SPDX-License-Identifier: MIT */
#include "settings.h"

#include <string.h>

#include "esp_log.h"
#include "nvs.h"
#include "nvs_flash.h"

static const char TAG[] = "settings";

static esp_err_t read_string(nvs_handle_t handle, const char *key, char *value, size_t size_bytes)
{
    size_t length = size_bytes;
    esp_err_t err = nvs_get_str(handle, key, value, &length);
    if (err != ESP_OK) {
        value[0] = '\0';
        if (err != ESP_ERR_NVS_NOT_FOUND) {
            ESP_LOGW(TAG, "%s is not used: error 0x%x", key, err);
        }
    }
    return err;
}

void settings_read(settings_t *settings)
{
    nvs_handle_t handle;
    memset(settings, 0, sizeof(*settings));
    esp_err_t err = nvs_flash_init();
    if (err == ESP_ERR_NVS_NO_FREE_PAGES || err == ESP_ERR_NVS_NEW_VERSION_FOUND) {
        ESP_LOGW(TAG, "NVS is erased: error 0x%x", err);
        ESP_ERROR_CHECK(nvs_flash_erase());
        err = nvs_flash_init();
    }
    ESP_ERROR_CHECK(err);
    err = nvs_open("esprig", NVS_READONLY, &handle);
    if (err == ESP_ERR_NVS_NOT_FOUND) {
        return; /* nobody has set anything */
    }
    if (err != ESP_OK) {
        ESP_LOGW(TAG, "cannot read: error 0x%x", err);
        settings->is_token_unusable = true;
        return;
    }
    (void)read_string(handle, "ssid", settings->ssid, sizeof(settings->ssid));
    (void)read_string(handle, "psk", settings->psk, sizeof(settings->psk));
    err = read_string(handle, "token", settings->token, sizeof(settings->token));
    settings->has_token = settings->token[0] != '\0';
    settings->is_token_unusable = !settings->has_token && err != ESP_ERR_NVS_NOT_FOUND;
    nvs_close(handle);
}
