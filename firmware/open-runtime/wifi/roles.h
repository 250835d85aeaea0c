/* SPDX-License-Identifier: MIT */
#ifndef WIFI_ROLES_H
#define WIFI_ROLES_H

#include "driver.h"

/* Soft-AP and station: state machines within the driver's task. `now` is in ticks. */

void soft_ap_start(TickType_t now);
/* Takes leave of everybody. */
void soft_ap_stop(void);
uint32_t soft_ap_write_beacon(uint8_t *frame);
void soft_ap_receive(const mac_received_t *frame, TickType_t now);
/* Whoever acknowledges a frame is there. */
void soft_ap_acknowledged(const uint8_t station[6], TickType_t now);
bool soft_ap_has_station(const uint8_t address[6]);
/* Answers how long until it wants to be called again. */
TickType_t soft_ap_poll(TickType_t now);
esp_err_t soft_ap_deauth(uint32_t aid);
void soft_ap_list(wifi_sta_list_t *list);
const uint8_t *soft_ap_address(void);

void station_start(void);
void station_stop(void);
esp_err_t station_connect(TickType_t now);
esp_err_t station_disconnect(void);
void station_receive(const mac_received_t *frame, TickType_t now);
TickType_t station_poll(TickType_t now);
esp_err_t station_ap_info(wifi_ap_record_t *record);
/* NULL while it is not joined. */
const uint8_t *station_bssid(void);
const uint8_t *station_address(void);

#endif
