/* SPDX-License-Identifier: MIT */
#ifndef WIFI_DRIVER_H
#define WIFI_DRIVER_H

#include <stdbool.h>
#include <stdint.h>

#include "freertos/FreeRTOS.h"

#include "esp_err.h"
#include "esp_wifi_types.h"
#include "lwip/pbuf.h"
#include "mac.h"

/*
 * The driver's task: it alone touches the MAC and the state of both roles. Others reach it through commands and through
 * wifi_send_packet(), which never waits.
 */

typedef enum wifi_command {
    WIFI_COMMAND_START_AP,
    WIFI_COMMAND_START_STATION,
    WIFI_COMMAND_STOP,
    WIFI_COMMAND_CONNECT,
    WIFI_COMMAND_DISCONNECT,
    WIFI_COMMAND_DEAUTH_STATION, /* argument: AID, 0 for all */
    WIFI_COMMAND_LIST_STATIONS,  /* argument: wifi_sta_list_t * */
    WIFI_COMMAND_AP_INFO,        /* argument: wifi_ap_record_t * */
} wifi_command_t;

esp_err_t wifi_driver_start(void);
/* Has the task do something and waits for what it answers. */
esp_err_t wifi_driver_command(wifi_command_t command, uintptr_t argument);

/* What the roles are told to be; written while they are not. */
extern wifi_ap_config_t wifi_ap_settings;
extern wifi_sta_config_t wifi_station_settings;

/* --- for the roles: only within the driver's task ----------------------------------------------------------------- */

/* Queues a management frame; one that finds no room is lost, as on the air. */
void wifi_send_management(const uint8_t *frame, uint32_t length_bytes);
/* Waits until all that is queued is out, but not for ever. */
void wifi_drain(void);
/* Posts an event of WIFI_EVENT; never waits. */
void wifi_post(wifi_event_t event, const void *data, uint32_t data_bytes);
/* Body of a data frame from `offset_bytes` of the oldest frame in the ring, up to the network. */
void wifi_deliver(wifi_interface_t interface, const mac_received_t *frame, const uint8_t to[6], const uint8_t from[6],
                  uint32_t body_bytes_at);

/* --- for the network ---------------------------------------------------------------------------------------------- */

/* Queues an Ethernet frame (behind its ETH_PAD_SIZE bytes); takes a reference. False when there is no room. */
bool wifi_send_packet(wifi_interface_t interface, struct pbuf *packet);
/* Implemented by the network: takes the packet over. */
void wifi_netif_input(wifi_interface_t interface, struct pbuf *packet);

/* Frames that were received and thrown away for want of memory, and frames nobody acknowledged. */
typedef struct wifi_counts {
    uint32_t no_memory;
    uint32_t given_up;
    uint32_t queue_full;
} wifi_counts_t;
extern wifi_counts_t wifi_counts;

#endif
