/* SPDX-License-Identifier: MIT */
/* The smallest app that carries the component: settings, WiFi, server, commands, and one line that says what runs. */
#include "console.h"
#include "esp_log.h"
#include "esp_ota_ops.h"
#include "settings.h"
#include "sse_ota.h"
#include "wifi.h"

static const char TAG[] = "main";

static void start_server(const settings_t *settings)
{
    if (settings->is_token_unusable) {
        /* Somebody wanted a token. Without one everybody who comes may replace the firmware. */
        ESP_LOGE(TAG, "server not started: the token in NVS cannot be used; write one of 1 to 64 bytes, or erase it");
        return;
    }
    const sse_ota_config_t config = {
        .tcp_port = 0,
        .token = settings->has_token ? settings->token : NULL,
    };
    sse_ota_err_t err = sse_ota_start(&config);
    if (err == SSE_OTA_OK) {
        ESP_LOGI(TAG, "server started%s", settings->has_token ? ", with a token" : "");
    } else {
        ESP_LOGE(TAG, "server not started: error %d", err);
    }
}

void app_main(void)
{
    settings_t settings;
    settings_read(&settings);

    const esp_app_desc_t *about = esp_ota_get_app_description();
    const esp_partition_t *running = esp_ota_get_running_partition();
    ESP_LOGI(TAG, "%s %s in %s at 0x%x", about->project_name, about->version, running->label, running->address);

    wifi_start(&settings);
    start_server(&settings);
    console_start();
}
