/* SPDX-License-Identifier: MIT */
#ifndef TCPIP_ADAPTER_H
#define TCPIP_ADAPTER_H

#include <stdbool.h>

#include "esp_err.h"
#include "esp_event_base.h"
#include "lwip/ip4_addr.h"

#define ESP_ERR_TCPIP_ADAPTER_BASE 0x5000
#define ESP_ERR_TCPIP_ADAPTER_INVALID_PARAMS (ESP_ERR_TCPIP_ADAPTER_BASE + 1)
#define ESP_ERR_TCPIP_ADAPTER_IF_NOT_READY (ESP_ERR_TCPIP_ADAPTER_BASE + 2)
#define ESP_ERR_TCPIP_ADAPTER_DHCPC_START_FAILED (ESP_ERR_TCPIP_ADAPTER_BASE + 3)
#define ESP_ERR_TCPIP_ADAPTER_NO_MEM (ESP_ERR_TCPIP_ADAPTER_BASE + 6)

#define IP2STR(address) ip4_addr1_16(address), ip4_addr2_16(address), ip4_addr3_16(address), ip4_addr4_16(address)
#define IPSTR "%d.%d.%d.%d"
#define MAC2STR(mac) (mac)[0], (mac)[1], (mac)[2], (mac)[3], (mac)[4], (mac)[5]
#define MACSTR "%02x:%02x:%02x:%02x:%02x:%02x"

typedef enum {
    TCPIP_ADAPTER_IF_STA = 0,
    TCPIP_ADAPTER_IF_AP,
    TCPIP_ADAPTER_IF_ETH,
    TCPIP_ADAPTER_IF_MAX,
} tcpip_adapter_if_t;

typedef struct {
    ip4_addr_t ip;
    ip4_addr_t netmask;
    ip4_addr_t gw;
} tcpip_adapter_ip_info_t;

ESP_EVENT_DECLARE_BASE(IP_EVENT);

typedef enum {
    IP_EVENT_STA_GOT_IP,
    IP_EVENT_STA_LOST_IP,
    IP_EVENT_AP_STAIPASSIGNED,
    IP_EVENT_GOT_IP6,
} ip_event_t;

typedef struct {
    tcpip_adapter_if_t if_index;
    tcpip_adapter_ip_info_t ip_info;
    bool ip_changed;
} ip_event_got_ip_t;

typedef struct {
    ip4_addr_t ip;
} ip_event_ap_staipassigned_t;

/* Starts the IP stack; the soft-AP's address is 192.168.4.1/24 from here on. Aborts when there is no memory. */
void tcpip_adapter_init(void);
esp_err_t tcpip_adapter_get_ip_info(tcpip_adapter_if_t interface, tcpip_adapter_ip_info_t *info);
/* The soft-AP's before it starts; a station's after tcpip_adapter_dhcpc_stop(). */
esp_err_t tcpip_adapter_set_ip_info(tcpip_adapter_if_t interface, const tcpip_adapter_ip_info_t *info);
/* Whether a station asks for its address; it does unless it is told otherwise. */
esp_err_t tcpip_adapter_dhcpc_start(tcpip_adapter_if_t interface);
esp_err_t tcpip_adapter_dhcpc_stop(tcpip_adapter_if_t interface);
/* Registers what the network does itself when WiFi comes and goes; esp_wifi_init() calls it. */
esp_err_t tcpip_adapter_set_default_wifi_handlers(void);

#endif
