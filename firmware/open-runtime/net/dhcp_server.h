/* SPDX-License-Identifier: MIT */
#ifndef NET_DHCP_SERVER_H
#define NET_DHCP_SERVER_H

#include "lwip/err.h"
#include "lwip/netif.h"

/*
 * A small DHCP server (RFC 2131) for the soft-AP's stations: the eight addresses behind our own, handed out for two hours
 * and kept for the station they were given to as long as nobody else needs them. With the core locked.
 */
err_t dhcp_server_start(struct netif *netif, void (*on_assigned)(const ip4_addr_t *ip));
void dhcp_server_stop(void);

#endif
