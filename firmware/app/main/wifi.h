/* SPDX-License-Identifier: MIT */
#ifndef WIFI_H
#define WIFI_H

#include "settings.h"

/*
 * With an ssid: joins that network, and again whenever it is lost. Without: an open soft-AP "esprig_" and the last three
 * bytes of its MAC address. Prints one line once there is an address: "address 192.168.4.1".
 */
void wifi_start(const settings_t *settings);

#endif
