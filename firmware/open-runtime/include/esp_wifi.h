/* SPDX-License-Identifier: MIT */
#ifndef ESP_WIFI_H
#define ESP_WIFI_H

#include "esp_err.h"
#include "esp_wifi_types.h"

/*
 * The part of the SDK's WiFi interface that apps like ours use. Open networks only: WPA2 is refused with a log line.
 * One mode at a time, station or soft-AP.
 */

#define ESP_ERR_WIFI_BASE 0x3000
#define ESP_ERR_WIFI_NOT_INIT (ESP_ERR_WIFI_BASE + 1)
#define ESP_ERR_WIFI_NOT_STARTED (ESP_ERR_WIFI_BASE + 2)
#define ESP_ERR_WIFI_NOT_STOPPED (ESP_ERR_WIFI_BASE + 3)
#define ESP_ERR_WIFI_IF (ESP_ERR_WIFI_BASE + 4)
#define ESP_ERR_WIFI_MODE (ESP_ERR_WIFI_BASE + 5)
#define ESP_ERR_WIFI_STATE (ESP_ERR_WIFI_BASE + 6)
#define ESP_ERR_WIFI_CONN (ESP_ERR_WIFI_BASE + 7)
#define ESP_ERR_WIFI_SSID (ESP_ERR_WIFI_BASE + 10)
#define ESP_ERR_WIFI_PASSWORD (ESP_ERR_WIFI_BASE + 11)
#define ESP_ERR_WIFI_NOT_CONNECT (ESP_ERR_WIFI_BASE + 15)

typedef struct {
    int magic;
} wifi_init_config_t;

#define WIFI_INIT_CONFIG_MAGIC 0x1F2F3F4F
#define WIFI_INIT_CONFIG_DEFAULT() { .magic = WIFI_INIT_CONFIG_MAGIC }

/* Starts the driver's task; the MAC stays off. Behind tcpip_adapter_init() and esp_event_loop_create_default(). */
esp_err_t esp_wifi_init(const wifi_init_config_t *config);
/* WIFI_MODE_STA or WIFI_MODE_AP, while stopped. */
esp_err_t esp_wifi_set_mode(wifi_mode_t mode);
esp_err_t esp_wifi_get_mode(wifi_mode_t *mode);
/* While stopped; a station's also while it is not joined. */
esp_err_t esp_wifi_set_config(wifi_interface_t interface, const wifi_config_t *config);
esp_err_t esp_wifi_get_config(wifi_interface_t interface, wifi_config_t *config);
/* Nothing is ever kept in flash; both answers are accepted. */
esp_err_t esp_wifi_set_storage(wifi_storage_t storage);
/* Switches the MAC on; returns when the soft-AP stands or the station may connect. */
esp_err_t esp_wifi_start(void);
/* Takes leave of everybody and switches the MAC off. */
esp_err_t esp_wifi_stop(void);
/* Begins to look for the network and to join it; what comes of it is told by events. */
esp_err_t esp_wifi_connect(void);
esp_err_t esp_wifi_disconnect(void);
esp_err_t esp_wifi_deauth_sta(uint16_t aid);
esp_err_t esp_wifi_ap_get_sta_list(wifi_sta_list_t *list);
esp_err_t esp_wifi_sta_get_ap_info(wifi_ap_record_t *record);
esp_err_t esp_wifi_get_mac(wifi_interface_t interface, uint8_t mac[6]);
/* The receiver never sleeps; any kind is accepted. */
esp_err_t esp_wifi_set_ps(wifi_ps_type_t type);

#endif
