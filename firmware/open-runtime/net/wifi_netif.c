/* SPDX-License-Identifier: MIT */
#include "wifi_netif.h"

#include <string.h>

#include "../wifi/driver.h"
#include "lwip/etharp.h"
#include "lwip/tcpip.h"
#include "netif/ethernet.h"

#define MTU_BYTES 1500
#define HOST_NAME "esprig"

static struct netif s_netifs[2];
static bool s_is_added[2];

/* A frame that finds no room is lost, as on the air; TCP sends it again. */
static err_t send_frame(struct netif *netif, struct pbuf *packet)
{
    esp_interface_t interface = netif == &s_netifs[ESP_IF_WIFI_AP] ? ESP_IF_WIFI_AP : ESP_IF_WIFI_STA;
    return wifi_send_packet(interface, packet) ? ERR_OK : ERR_MEM;
}

static err_t set_up(struct netif *netif)
{
    netif->name[0] = netif == &s_netifs[ESP_IF_WIFI_AP] ? 'a' : 's';
    netif->name[1] = 'p';
    netif->hostname = HOST_NAME;
    netif->mtu = MTU_BYTES;
    netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET;
    netif->output = etharp_output;
    netif->linkoutput = send_frame;
    return ERR_OK;
}

void wifi_netif_add(esp_interface_t interface, const uint8_t mac[6], const ip4_addr_t *ip, const ip4_addr_t *netmask,
                    const ip4_addr_t *gateway)
{
    struct netif *netif = &s_netifs[interface];
    netif->hwaddr_len = ETH_HWADDR_LEN;
    (void)netif_add(netif, ip, netmask, gateway, NULL, set_up, tcpip_input);
    /* netif_add() leaves the address alone. */
    memcpy(netif->hwaddr, mac, ETH_HWADDR_LEN);
    s_is_added[interface] = true;
}

struct netif *wifi_netif(esp_interface_t interface)
{
    return (interface == ESP_IF_WIFI_AP || interface == ESP_IF_WIFI_STA) && s_is_added[interface] ? &s_netifs[interface]
                                                                                                 : NULL;
}

void wifi_netif_input(wifi_interface_t interface, struct pbuf *packet)
{
    struct netif *netif = wifi_netif(interface);
    if (netif == NULL || netif->input(packet, netif) != ERR_OK) {
        (void)pbuf_free(packet);
    }
}
