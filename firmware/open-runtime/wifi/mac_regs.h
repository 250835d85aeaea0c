/* SPDX-License-Identifier: MIT */
#ifndef WIFI_MAC_REGS_H
#define WIFI_MAC_REGS_H

#include <stdint.h>

/*
 * Registers of the WiFi MAC ("wDev") that this driver uses; names and rules are those of harness/emulator/wifi/mac-map.ts.
 */
#define MAC_REG(address) (*(volatile uint32_t *)(address))
#define MAC_WDEV(offset) MAC_REG(0x3ff20000u + (offset))

/* Bit 0: the MAC's interrupts reach the NMI. */
#define MAC_NMI_GATE MAC_REG(0x3ff00000u)
/* Bit 31: the receiver is on. */
#define MAC_RX_CONTROL MAC_WDEV(0x004u)
#define MAC_RX_RING_HEAD MAC_WDEV(0x008u)
/* The last descriptor filled; the read acknowledges the receive interrupt. */
#define MAC_RX_LAST MAC_WDEV(0x014u)
#define MAC_RX_FILTER MAC_WDEV(0x06cu)
#define MAC_SYS_TIME MAC_WDEV(0xc00u) /* microseconds */
#define MAC_INT_ENA MAC_WDEV(0xc18u)
#define MAC_INT_ST MAC_WDEV(0xc20u)
#define MAC_INT_CLR MAC_WDEV(0xc24u)
/* Interface 0 is the station, 1 the access point. Low word, high word; the mask's high word has the enable bit. */
#define MAC_BSSID(unit) (0xc28u + 8u * (unit))
#define MAC_BSSID_MASK(unit) (0xc38u + 8u * (unit))
#define MAC_OWN(unit) (0xc48u + 8u * (unit))
#define MAC_OWN_MASK(unit) (0xc58u + 8u * (unit))
/* [31:28] result, [11:8] finished queue. */
#define MAC_TX_STATUS MAC_WDEV(0xc84u)
/* Queue 0. */
#define MAC_TX_CONTROL MAC_WDEV(0xdc4u)
#define MAC_TX_SHAPE MAC_WDEV(0xdc8u)
#define MAC_TSF1_LOW MAC_WDEV(0x1048u)
#define MAC_TSF1_ALARM_ENABLE MAC_WDEV(0x10c8u)
#define MAC_TSF1_ALARM_LOW MAC_WDEV(0x10ccu)

#define MAC_RECEIVER_ON 0x80000000u
#define MAC_ALARM_ON 0x80000000u
/* Address filters of both interfaces. */
#define MAC_FILTER_ADDRESSES 0x707u
#define MAC_UNIT_ENABLE 0x10000u

#define MAC_INT_RX (1u << 8)
#define MAC_INT_TX_DONE (1u << 19)
#define MAC_INT_TSF1 (1u << 26)

#define MAC_TX_DESCRIPTOR_MASK 0x3ffffu
#define MAC_TX_ALWAYS (1u << 21)
#define MAC_TX_NON_HT (1u << 22)
#define MAC_TX_WANTS_ACK (1u << 24)
#define MAC_TX_START 0xc0000000u
#define MAC_TX_RATE_SHIFT 12

/* A descriptor's first word; below: buffer size [11:0], length [23:12]. */
#define MAC_OWNER 0x80000000u
#define MAC_END_OF_FRAME 0x40000000u
#define MAC_LENGTH_SHIFT 12
#define MAC_LENGTH_MASK 0xfffu

#endif
