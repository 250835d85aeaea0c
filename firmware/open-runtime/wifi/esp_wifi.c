/* SPDX-License-Identifier: MIT */
/* The SDK's WiFi calls: judges arguments and states, then has the driver's task do it. */
#include "esp_wifi.h"

#include <string.h>

#include "driver.h"
#include "esp_log.h"
#include "esp_system.h"
#include "ieee80211.h"
#include "tcpip_adapter.h"

static const char TAG[] = "wifi";

#define CHANNELS 14
#define SHORTEST_INTERVAL_TU 100
#define LONGEST_INTERVAL_TU 60000

ESP_EVENT_DEFINE_BASE(WIFI_EVENT);

static bool s_is_initialised;
static bool s_is_started;
static wifi_mode_t s_mode = WIFI_MODE_NULL;

static void shut_down(void)
{
    (void)esp_wifi_stop();
}

esp_err_t esp_wifi_init(const wifi_init_config_t *config)
{
    esp_err_t err;
    if (config == NULL || config->magic != WIFI_INIT_CONFIG_MAGIC) {
        return ESP_ERR_INVALID_ARG;
    }
    if (s_is_initialised) {
        return ESP_OK;
    }
    err = tcpip_adapter_set_default_wifi_handlers();
    if (err == ESP_OK) {
        err = wifi_driver_start();
    }
    if (err == ESP_OK) {
        /* Whoever is joined is told before the device restarts. */
        err = esp_register_shutdown_handler(shut_down);
    }
    s_is_initialised = err == ESP_OK;
    return err;
}

esp_err_t esp_wifi_set_mode(wifi_mode_t mode)
{
    if (!s_is_initialised) {
        return ESP_ERR_WIFI_NOT_INIT;
    }
    if (mode >= WIFI_MODE_MAX) {
        return ESP_ERR_INVALID_ARG;
    }
    if (mode == WIFI_MODE_APSTA) {
        ESP_LOGE(TAG, "station and soft-AP at once: not in the open runtime");
        return ESP_ERR_NOT_SUPPORTED;
    }
    if (s_is_started) {
        return mode == s_mode ? ESP_OK : ESP_ERR_WIFI_NOT_STOPPED;
    }
    s_mode = mode;
    return ESP_OK;
}

esp_err_t esp_wifi_get_mode(wifi_mode_t *mode)
{
    if (!s_is_initialised) {
        return ESP_ERR_WIFI_NOT_INIT;
    }
    if (mode == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    *mode = s_mode;
    return ESP_OK;
}

static esp_err_t check_ap(const wifi_ap_config_t *config)
{
    if (config->ssid_len > SSID_MAX_BYTES || (config->ssid_len == 0 && config->ssid[0] == 0)) {
        return ESP_ERR_WIFI_SSID;
    }
    if (config->channel > CHANNELS || config->max_connection > ESP_WIFI_MAX_CONN_NUM) {
        return ESP_ERR_INVALID_ARG;
    }
    if (config->beacon_interval != 0 &&
        (config->beacon_interval < SHORTEST_INTERVAL_TU || config->beacon_interval > LONGEST_INTERVAL_TU)) {
        return ESP_ERR_INVALID_ARG;
    }
    if (config->authmode != WIFI_AUTH_OPEN) {
        ESP_LOGE(TAG, "a soft-AP with a password: the open runtime has no WPA2");
        return ESP_ERR_NOT_SUPPORTED;
    }
    return ESP_OK;
}

esp_err_t esp_wifi_set_config(wifi_interface_t interface, const wifi_config_t *config)
{
    esp_err_t err;
    if (!s_is_initialised) {
        return ESP_ERR_WIFI_NOT_INIT;
    }
    if (config == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    if (interface == WIFI_IF_STA) {
        if (s_mode != WIFI_MODE_STA) {
            return ESP_ERR_WIFI_MODE;
        }
        /* Not refused here: an app that holds a password is to run on, and to hear that it is not joined. */
        wifi_station_settings = config->sta;
        return ESP_OK;
    }
    if (interface != WIFI_IF_AP) {
        return ESP_ERR_WIFI_IF;
    }
    if (s_mode != WIFI_MODE_AP) {
        return ESP_ERR_WIFI_MODE;
    }
    if (s_is_started) {
        return ESP_ERR_WIFI_NOT_STOPPED;
    }
    err = check_ap(&config->ap);
    if (err == ESP_OK) {
        wifi_ap_settings = config->ap;
    }
    return err;
}

esp_err_t esp_wifi_get_config(wifi_interface_t interface, wifi_config_t *config)
{
    if (!s_is_initialised) {
        return ESP_ERR_WIFI_NOT_INIT;
    }
    if (config == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    memset(config, 0, sizeof(*config));
    if (interface == WIFI_IF_STA) {
        config->sta = wifi_station_settings;
    } else if (interface == WIFI_IF_AP) {
        config->ap = wifi_ap_settings;
    } else {
        return ESP_ERR_WIFI_IF;
    }
    return ESP_OK;
}

esp_err_t esp_wifi_set_storage(wifi_storage_t storage)
{
    if (!s_is_initialised) {
        return ESP_ERR_WIFI_NOT_INIT;
    }
    return storage == WIFI_STORAGE_FLASH || storage == WIFI_STORAGE_RAM ? ESP_OK : ESP_ERR_INVALID_ARG;
}

esp_err_t esp_wifi_start(void)
{
    esp_err_t err;
    if (!s_is_initialised) {
        return ESP_ERR_WIFI_NOT_INIT;
    }
    if (s_is_started) {
        return ESP_OK;
    }
    if (s_mode == WIFI_MODE_NULL) {
        return ESP_ERR_WIFI_MODE;
    }
    if (s_mode == WIFI_MODE_AP && check_ap(&wifi_ap_settings) != ESP_OK) {
        return ESP_ERR_WIFI_SSID;
    }
    /* Before the event: its handlers may outrun us, and connect. */
    s_is_started = true;
    err = wifi_driver_command(s_mode == WIFI_MODE_AP ? WIFI_COMMAND_START_AP : WIFI_COMMAND_START_STATION, 0);
    if (err != ESP_OK) {
        s_is_started = false;
    }
    return err;
}

esp_err_t esp_wifi_stop(void)
{
    if (!s_is_initialised) {
        return ESP_ERR_WIFI_NOT_INIT;
    }
    if (!s_is_started) {
        return ESP_OK;
    }
    s_is_started = false;
    return wifi_driver_command(WIFI_COMMAND_STOP, 0);
}

static esp_err_t command_in(wifi_mode_t mode, wifi_command_t command, uintptr_t argument)
{
    if (!s_is_initialised) {
        return ESP_ERR_WIFI_NOT_INIT;
    }
    if (s_mode != mode) {
        return ESP_ERR_WIFI_MODE;
    }
    if (!s_is_started) {
        return ESP_ERR_WIFI_NOT_STARTED;
    }
    return wifi_driver_command(command, argument);
}

esp_err_t esp_wifi_connect(void)
{
    return command_in(WIFI_MODE_STA, WIFI_COMMAND_CONNECT, 0);
}

esp_err_t esp_wifi_disconnect(void)
{
    return command_in(WIFI_MODE_STA, WIFI_COMMAND_DISCONNECT, 0);
}

esp_err_t esp_wifi_deauth_sta(uint16_t aid)
{
    return command_in(WIFI_MODE_AP, WIFI_COMMAND_DEAUTH_STATION, aid);
}

esp_err_t esp_wifi_ap_get_sta_list(wifi_sta_list_t *list)
{
    return list == NULL ? ESP_ERR_INVALID_ARG
                        : command_in(WIFI_MODE_AP, WIFI_COMMAND_LIST_STATIONS, (uintptr_t)list);
}

esp_err_t esp_wifi_sta_get_ap_info(wifi_ap_record_t *record)
{
    return record == NULL ? ESP_ERR_INVALID_ARG
                          : command_in(WIFI_MODE_STA, WIFI_COMMAND_AP_INFO, (uintptr_t)record);
}

esp_err_t esp_wifi_get_mac(wifi_interface_t interface, uint8_t mac[6])
{
    if (mac == NULL || (interface != WIFI_IF_STA && interface != WIFI_IF_AP)) {
        return ESP_ERR_INVALID_ARG;
    }
    return esp_read_mac(mac, interface == WIFI_IF_STA ? ESP_MAC_WIFI_STA : ESP_MAC_WIFI_SOFTAP);
}

esp_err_t esp_wifi_set_ps(wifi_ps_type_t type)
{
    return type <= WIFI_PS_MAX_MODEM ? ESP_OK : ESP_ERR_INVALID_ARG;
}
