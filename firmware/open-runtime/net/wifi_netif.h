/* SPDX-License-Identifier: MIT */
#ifndef NET_WIFI_NETIF_H
#define NET_WIFI_NETIF_H

#include "esp_interface.h"
#include "lwip/netif.h"

/* lwIP's interfaces over the WiFi driver: Ethernet frames in, Ethernet frames out. All with the core locked. */

void wifi_netif_add(esp_interface_t interface, const uint8_t mac[6], const ip4_addr_t *ip, const ip4_addr_t *netmask,
                    const ip4_addr_t *gateway);
struct netif *wifi_netif(esp_interface_t interface);

#endif
