/* SPDX-License-Identifier: MIT */
#include "ieee80211.h"

#include <stddef.h>
#include <string.h>

const uint8_t wifi_broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

bool wifi_is_same(const uint8_t a[6], const uint8_t b[6])
{
    return memcmp(a, b, 6) == 0;
}

bool wifi_is_group(const uint8_t address[6])
{
    return (address[0] & 1) != 0;
}

uint16_t wifi_read16(const uint8_t *at)
{
    return (uint16_t)(at[0] | at[1] << 8);
}

uint8_t *wifi_write16(uint8_t *at, uint16_t value)
{
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
    return at + 2;
}

uint8_t *wifi_write_bytes(uint8_t *at, const void *bytes, uint32_t length)
{
    memcpy(at, bytes, length);
    return at + length;
}

uint8_t *wifi_write_header(uint8_t *frame, uint8_t fc0, const uint8_t to[6], const uint8_t from[6],
                           const uint8_t bssid[6])
{
    memset(frame, 0, HEADER_BYTES);
    frame[0] = fc0;
    memcpy(frame + ADDRESS_1, to, 6);
    memcpy(frame + ADDRESS_2, from, 6);
    memcpy(frame + ADDRESS_3, bssid, 6);
    return frame + HEADER_BYTES;
}

uint8_t *wifi_write_element(uint8_t *at, uint8_t id, const void *bytes, uint8_t length)
{
    at[0] = id;
    at[1] = length;
    return wifi_write_bytes(at + 2, bytes, length);
}

uint8_t *wifi_write_rates(uint8_t *at)
{
    static const uint8_t rates[] = {0x82, 0x84, 0x8b, 0x96, 0x0c, 0x18, 0x30, 0x60};
    return wifi_write_element(at, ELEMENT_RATES, rates, sizeof(rates));
}

uint8_t *wifi_write_llc(uint8_t *at, const uint8_t type[2])
{
    static const uint8_t snap[] = {0xaa, 0xaa, 0x03, 0x00, 0x00, 0x00};
    return wifi_write_bytes(wifi_write_bytes(at, snap, sizeof(snap)), type, 2);
}

const uint8_t *wifi_find_element(const uint8_t *at, const uint8_t *end, uint8_t id, uint8_t *length)
{
    while (end - at >= 2 && end - at >= 2 + at[1]) {
        if (at[0] == id) {
            *length = at[1];
            return at + 2;
        }
        at += 2 + at[1];
    }
    return NULL;
}
