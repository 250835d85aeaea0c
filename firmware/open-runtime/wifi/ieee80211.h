/* SPDX-License-Identifier: MIT */
#ifndef WIFI_IEEE80211_H
#define WIFI_IEEE80211_H

#include <stdbool.h>
#include <stdint.h>

/* Frames of IEEE 802.11-2020, section 9: what an open network needs of them. Offsets count from frame control. */

#define FC0_ASSOCIATION_REQUEST 0x00
#define FC0_ASSOCIATION_RESPONSE 0x10
#define FC0_REASSOCIATION_REQUEST 0x20
#define FC0_REASSOCIATION_RESPONSE 0x30
#define FC0_PROBE_REQUEST 0x40
#define FC0_PROBE_RESPONSE 0x50
#define FC0_BEACON 0x80
#define FC0_DISASSOCIATION 0xa0
#define FC0_AUTHENTICATION 0xb0
#define FC0_DEAUTHENTICATION 0xc0
#define FC0_DATA 0x08
#define FC0_NULL 0x48

#define FC0_TYPE_MASK 0x0c
#define FC0_TYPE_MANAGEMENT 0x00
#define FC0_TYPE_DATA 0x08
#define FC0_NO_BODY 0x40 /* of data frames */
#define FC0_QOS 0x80     /* of data frames */

#define FC1_TO_DS 0x01
#define FC1_FROM_DS 0x02
#define FC1_RETRY 0x08
#define FC1_PROTECTED 0x40

#define ADDRESS_1 4
#define ADDRESS_2 10
#define ADDRESS_3 16
#define SEQUENCE_CONTROL 22
#define HEADER_BYTES 24
#define QOS_BYTES 2
#define LLC_BYTES 8

/* Fixed fields of beacons and probe responses: timestamp, interval, capability. */
#define BEACON_CAPABILITY (HEADER_BYTES + 10)
#define BEACON_ELEMENTS (HEADER_BYTES + 12)

#define CAPABILITY_ESS 0x0001
#define CAPABILITY_PRIVACY 0x0010

#define ELEMENT_SSID 0
#define ELEMENT_RATES 1
#define ELEMENT_DS 3
#define ELEMENT_TIM 5

#define STATUS_SUCCESS 0
#define STATUS_UNSPECIFIED 1
#define STATUS_ALGORITHM 13
#define STATUS_SEQUENCE 14
#define STATUS_TABLE_FULL 17

#define SSID_MAX_BYTES 32

extern const uint8_t wifi_broadcast[6];

bool wifi_is_same(const uint8_t a[6], const uint8_t b[6]);
bool wifi_is_group(const uint8_t address[6]);

uint16_t wifi_read16(const uint8_t *at); /* little-endian */
uint8_t *wifi_write16(uint8_t *at, uint16_t value);
uint8_t *wifi_write_bytes(uint8_t *at, const void *bytes, uint32_t length);

/* 24 bytes; duration and sequence are left 0. Answers where the body goes. */
uint8_t *wifi_write_header(uint8_t *frame, uint8_t fc0, const uint8_t to[6], const uint8_t from[6],
                           const uint8_t bssid[6]);
uint8_t *wifi_write_element(uint8_t *at, uint8_t id, const void *bytes, uint8_t length);
/* Rates of 802.11b and g. */
uint8_t *wifi_write_rates(uint8_t *at);
/* A data frame's LLC header; `type` as it stands in the Ethernet frame. */
uint8_t *wifi_write_llc(uint8_t *at, const uint8_t type[2]);

/* The body of element `id` between `at` and `end`, or NULL; its length to `length`. */
const uint8_t *wifi_find_element(const uint8_t *at, const uint8_t *end, uint8_t id, uint8_t *length);

#endif
