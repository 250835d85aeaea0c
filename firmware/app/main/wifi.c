/* SPDX-License-Identifier: MIT */
#include "wifi.h"

#include <stdio.h>
#include <string.h>

#include "esp_event.h"
#include "esp_log.h"
#include "esp_system.h"
#include "esp_wifi.h"
#include "lwip/ip4_addr.h"
#include "tcpip_adapter.h"

static const char TAG[] = "wifi";

#define AP_CLIENTS 4

static void on_station_event(void *argument, esp_event_base_t base, int32_t id, void *data)
{
    (void)argument;
    if (base == IP_EVENT && id == IP_EVENT_STA_GOT_IP) {
        const ip_event_got_ip_t *event = data;
        ESP_LOGI(TAG, "address " IPSTR, IP2STR(&event->ip_info.ip));
    } else if (base == WIFI_EVENT && id == WIFI_EVENT_STA_START) {
        ESP_ERROR_CHECK(esp_wifi_connect());
    } else if (base == WIFI_EVENT && id == WIFI_EVENT_STA_DISCONNECTED) {
        const wifi_event_sta_disconnected_t *event = data;
        ESP_LOGW(TAG, "disconnected, reason %d", event->reason);
        /* The event comes again after each attempt that fails; the driver takes its time for one. */
        (void)esp_wifi_connect();
    }
}

static void start_station(const settings_t *settings)
{
    wifi_config_t config;
    memset(&config, 0, sizeof(config));
    /* The driver's fields need no NUL when they are full. */
    memcpy(config.sta.ssid, settings->ssid, strlen(settings->ssid));
    memcpy(config.sta.password, settings->psk, strlen(settings->psk));
    config.sta.threshold.authmode = settings->psk[0] == '\0' ? WIFI_AUTH_OPEN : WIFI_AUTH_WPA2_PSK;
    ESP_ERROR_CHECK(esp_event_handler_register(WIFI_EVENT, ESP_EVENT_ANY_ID, on_station_event, NULL));
    ESP_ERROR_CHECK(esp_event_handler_register(IP_EVENT, IP_EVENT_STA_GOT_IP, on_station_event, NULL));
    ESP_ERROR_CHECK(esp_wifi_set_mode(WIFI_MODE_STA));
    ESP_ERROR_CHECK(esp_wifi_set_config(ESP_IF_WIFI_STA, &config));
    ESP_LOGI(TAG, "station, network %s", settings->ssid);
    ESP_ERROR_CHECK(esp_wifi_start());
}

static void start_soft_ap(void)
{
    uint8_t mac[6]; /* all six bytes are written, whichever of them are wanted */
    wifi_config_t config;
    tcpip_adapter_ip_info_t info;
    char ssid[16];
    ESP_ERROR_CHECK(esp_read_mac(mac, ESP_MAC_WIFI_SOFTAP));
    int length = snprintf(ssid, sizeof(ssid), "esprig_%02x%02x%02x", mac[3], mac[4], mac[5]);
    memset(&config, 0, sizeof(config));
    memcpy(config.ap.ssid, ssid, (size_t)length);
    config.ap.ssid_len = (uint8_t)length;
    config.ap.authmode = WIFI_AUTH_OPEN;
    config.ap.max_connection = AP_CLIENTS;
    ESP_ERROR_CHECK(esp_wifi_set_mode(WIFI_MODE_AP));
    ESP_ERROR_CHECK(esp_wifi_set_config(ESP_IF_WIFI_AP, &config));
    ESP_ERROR_CHECK(esp_wifi_start());
    ESP_LOGI(TAG, "soft-AP, network %s", ssid);
    if (tcpip_adapter_get_ip_info(TCPIP_ADAPTER_IF_AP, &info) == ESP_OK) {
        ESP_LOGI(TAG, "address " IPSTR, IP2STR(&info.ip));
    }
}

void wifi_start(const settings_t *settings)
{
    wifi_init_config_t config = WIFI_INIT_CONFIG_DEFAULT();
    tcpip_adapter_init();
    ESP_ERROR_CHECK(esp_event_loop_create_default());
    ESP_ERROR_CHECK(esp_wifi_init(&config));
    /* The network is in our own NVS entries; the driver is to keep nothing of it. */
    ESP_ERROR_CHECK(esp_wifi_set_storage(WIFI_STORAGE_RAM));
    if (settings->ssid[0] != '\0') {
        start_station(settings);
    } else {
        start_soft_ap();
    }
}
