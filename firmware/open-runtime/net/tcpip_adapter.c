/* SPDX-License-Identifier: MIT */
/* Interfaces and addresses by the SDK's names, and what the network does when WiFi comes and goes. */
#include "tcpip_adapter.h"

#include <string.h>

#include "dhcp_server.h"
#include "esp_event.h"
#include "esp_log.h"
#include "esp_system.h"
#include "lwip/dhcp.h"
#include "lwip/etharp.h"
#include "lwip/tcpip.h"
#include "lwip/timeouts.h"
#include "wifi_netif.h"

static const char TAG[] = "tcpip_adapter";

/* As with the SDK a station announces its address: an access point that has forgotten it says so then. */
#define ANNOUNCE_MS 5000

ESP_EVENT_DEFINE_BASE(IP_EVENT);

static bool s_is_initialised;
static bool s_asks_dhcp = true;
/* A station's own, where it does not ask. */
static tcpip_adapter_ip_info_t s_static_info;
/* Of the last IP_EVENT_STA_GOT_IP. */
static uint32_t s_told_address;

static void read_info(const struct netif *netif, tcpip_adapter_ip_info_t *info)
{
    info->ip = *netif_ip4_addr(netif);
    info->netmask = *netif_ip4_netmask(netif);
    info->gw = *netif_ip4_gw(netif);
}

static void post(ip_event_t event, const void *data, size_t data_bytes)
{
    if (esp_event_post(IP_EVENT, (int32_t)event, data, data_bytes, 0) != ESP_OK) {
        ESP_LOGE(TAG, "event %d is lost", (int)event);
    }
}

/* lwIP calls it whenever the station's interface changes; with the core locked. */
static void on_station_status(struct netif *netif)
{
    uint32_t address = ip4_addr_get_u32(netif_ip4_addr(netif));
    if (!netif_is_up(netif) || address == 0) {
        return;
    }
    ip_event_got_ip_t event = {.if_index = TCPIP_ADAPTER_IF_STA, .ip_changed = address != s_told_address};
    read_info(netif, &event.ip_info);
    s_told_address = address;
    post(IP_EVENT_STA_GOT_IP, &event, sizeof(event));
}

static void on_assigned(const ip4_addr_t *ip)
{
    ip_event_ap_staipassigned_t event = {.ip = *ip};
    post(IP_EVENT_AP_STAIPASSIGNED, &event, sizeof(event));
}

static void add_interface(esp_interface_t interface, esp_mac_type_t type, const tcpip_adapter_ip_info_t *info)
{
    uint8_t mac[6];
    ESP_ERROR_CHECK(esp_read_mac(mac, type));
    wifi_netif_add(interface, mac, &info->ip, &info->netmask, &info->gw);
}

void tcpip_adapter_init(void)
{
    tcpip_adapter_ip_info_t soft_ap;
    const tcpip_adapter_ip_info_t none = {0};
    if (s_is_initialised) {
        return;
    }
    s_is_initialised = true;
    IP4_ADDR(&soft_ap.ip, 192, 168, 4, 1);
    IP4_ADDR(&soft_ap.netmask, 255, 255, 255, 0);
    soft_ap.gw = soft_ap.ip;
    tcpip_init(NULL, NULL);
    LOCK_TCPIP_CORE();
    add_interface(ESP_IF_WIFI_STA, ESP_MAC_WIFI_STA, &none);
    add_interface(ESP_IF_WIFI_AP, ESP_MAC_WIFI_SOFTAP, &soft_ap);
    netif_set_status_callback(wifi_netif(ESP_IF_WIFI_STA), on_station_status);
    UNLOCK_TCPIP_CORE();
}

/* --- WiFi comes and goes: these run in the event task, before the app's handlers ----------------------------------- */

static void soft_ap_up(void *argument, esp_event_base_t base, int32_t id, void *data)
{
    struct netif *netif = wifi_netif(ESP_IF_WIFI_AP);
    (void)argument, (void)base, (void)id, (void)data;
    LOCK_TCPIP_CORE();
    netif_set_up(netif);
    netif_set_link_up(netif);
    netif_set_default(netif);
    err_t err = dhcp_server_start(netif, on_assigned);
    UNLOCK_TCPIP_CORE();
    if (err != ERR_OK) {
        ESP_LOGE(TAG, "no DHCP server: lwIP error %d", err);
    }
}

static void soft_ap_down(void *argument, esp_event_base_t base, int32_t id, void *data)
{
    struct netif *netif = wifi_netif(ESP_IF_WIFI_AP);
    (void)argument, (void)base, (void)id, (void)data;
    LOCK_TCPIP_CORE();
    dhcp_server_stop();
    netif_set_link_down(netif);
    netif_set_down(netif);
    UNLOCK_TCPIP_CORE();
}

static void announce(void *argument)
{
    struct netif *netif = argument;
    if (ip4_addr_get_u32(netif_ip4_addr(netif)) != 0) {
        (void)etharp_gratuitous(netif);
    }
    sys_timeout(ANNOUNCE_MS, announce, netif);
}

static void station_up(void *argument, esp_event_base_t base, int32_t id, void *data)
{
    struct netif *netif = wifi_netif(ESP_IF_WIFI_STA);
    err_t err = ERR_OK;
    (void)argument, (void)base, (void)id, (void)data;
    LOCK_TCPIP_CORE();
    netif_set_default(netif);
    netif_set_up(netif);
    netif_set_link_up(netif);
    if (s_asks_dhcp) {
        err = dhcp_start(netif);
    } else {
        netif_set_addr(netif, &s_static_info.ip, &s_static_info.netmask, &s_static_info.gw);
    }
    sys_untimeout(announce, netif);
    sys_timeout(ANNOUNCE_MS, announce, netif);
    UNLOCK_TCPIP_CORE();
    if (err != ERR_OK) {
        ESP_LOGE(TAG, "no DHCP client: lwIP error %d", err);
    }
}

static void station_down(void *argument, esp_event_base_t base, int32_t id, void *data)
{
    struct netif *netif = wifi_netif(ESP_IF_WIFI_STA);
    (void)argument, (void)base, (void)id, (void)data;
    LOCK_TCPIP_CORE();
    sys_untimeout(announce, netif);
    bool had_address = netif_is_up(netif) && ip4_addr_get_u32(netif_ip4_addr(netif)) != 0;
    if (s_asks_dhcp) {
        dhcp_release_and_stop(netif);
    }
    /* Connections from the old address end here. */
    netif_set_addr(netif, IP4_ADDR_ANY4, IP4_ADDR_ANY4, IP4_ADDR_ANY4);
    netif_set_link_down(netif);
    netif_set_down(netif);
    UNLOCK_TCPIP_CORE();
    if (had_address) {
        post(IP_EVENT_STA_LOST_IP, NULL, 0);
    }
}

esp_err_t tcpip_adapter_set_default_wifi_handlers(void)
{
    static const struct {
        wifi_event_t event;
        esp_event_handler_t handler;
    } defaults[] = {
        {WIFI_EVENT_AP_START, soft_ap_up},
        {WIFI_EVENT_AP_STOP, soft_ap_down},
        {WIFI_EVENT_STA_CONNECTED, station_up},
        {WIFI_EVENT_STA_DISCONNECTED, station_down},
    };
    if (!s_is_initialised) {
        return ESP_ERR_TCPIP_ADAPTER_IF_NOT_READY;
    }
    for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++) {
        esp_err_t err = esp_event_handler_register(WIFI_EVENT, (int32_t)defaults[i].event, defaults[i].handler, NULL);
        if (err != ESP_OK) {
            return err;
        }
    }
    return ESP_OK;
}

/* --- for apps ------------------------------------------------------------------------------------------------------ */

static struct netif *netif_of(tcpip_adapter_if_t interface)
{
    switch (interface) {
    case TCPIP_ADAPTER_IF_STA:
        return wifi_netif(ESP_IF_WIFI_STA);
    case TCPIP_ADAPTER_IF_AP:
        return wifi_netif(ESP_IF_WIFI_AP);
    default:
        return NULL;
    }
}

esp_err_t tcpip_adapter_get_ip_info(tcpip_adapter_if_t interface, tcpip_adapter_ip_info_t *info)
{
    const struct netif *netif = netif_of(interface);
    if (info == NULL || interface >= TCPIP_ADAPTER_IF_MAX) {
        return ESP_ERR_TCPIP_ADAPTER_INVALID_PARAMS;
    }
    if (netif == NULL) {
        return ESP_ERR_TCPIP_ADAPTER_IF_NOT_READY;
    }
    LOCK_TCPIP_CORE();
    read_info(netif, info);
    UNLOCK_TCPIP_CORE();
    return ESP_OK;
}

esp_err_t tcpip_adapter_set_ip_info(tcpip_adapter_if_t interface, const tcpip_adapter_ip_info_t *info)
{
    struct netif *netif = netif_of(interface);
    if (info == NULL || interface >= TCPIP_ADAPTER_IF_MAX) {
        return ESP_ERR_TCPIP_ADAPTER_INVALID_PARAMS;
    }
    if (netif == NULL || (interface == TCPIP_ADAPTER_IF_STA && s_asks_dhcp) ||
        (interface == TCPIP_ADAPTER_IF_AP && netif_is_up(netif))) {
        return ESP_ERR_TCPIP_ADAPTER_IF_NOT_READY;
    }
    LOCK_TCPIP_CORE();
    if (interface == TCPIP_ADAPTER_IF_STA) {
        s_static_info = *info;
    }
    if (interface == TCPIP_ADAPTER_IF_AP || netif_is_up(netif)) {
        netif_set_addr(netif, &info->ip, &info->netmask, &info->gw);
    }
    UNLOCK_TCPIP_CORE();
    return ESP_OK;
}

esp_err_t tcpip_adapter_dhcpc_start(tcpip_adapter_if_t interface)
{
    struct netif *netif = netif_of(interface);
    err_t err = ERR_OK;
    if (interface != TCPIP_ADAPTER_IF_STA || netif == NULL) {
        return ESP_ERR_TCPIP_ADAPTER_INVALID_PARAMS;
    }
    LOCK_TCPIP_CORE();
    if (!s_asks_dhcp && netif_is_up(netif)) {
        err = dhcp_start(netif);
    }
    s_asks_dhcp = err == ERR_OK;
    UNLOCK_TCPIP_CORE();
    return err == ERR_OK ? ESP_OK : ESP_ERR_TCPIP_ADAPTER_DHCPC_START_FAILED;
}

esp_err_t tcpip_adapter_dhcpc_stop(tcpip_adapter_if_t interface)
{
    struct netif *netif = netif_of(interface);
    if (interface != TCPIP_ADAPTER_IF_STA || netif == NULL) {
        return ESP_ERR_TCPIP_ADAPTER_INVALID_PARAMS;
    }
    LOCK_TCPIP_CORE();
    if (s_asks_dhcp && netif_is_up(netif)) {
        dhcp_release_and_stop(netif);
    }
    s_asks_dhcp = false;
    UNLOCK_TCPIP_CORE();
    return ESP_OK;
}
