/* SPDX-License-Identifier: MIT */
#ifndef ESP_INTERFACE_H
#define ESP_INTERFACE_H

typedef enum {
    ESP_IF_WIFI_STA = 0,
    ESP_IF_WIFI_AP,
    ESP_IF_ETH,
    ESP_IF_MAX,
} esp_interface_t;

#endif
