/* SPDX-License-Identifier: MIT */
/* Addresses from the efuse, by the SDK's rules (chip.md 6.3: two codings, each with a CRC-8), and random numbers. */
#include <string.h>

#include "esp_log.h"
#include "esp_system.h"
#include "kernel.h"

#define EFUSE(word) REG(0x3ff00050 + 4 * (word))
#define RNG_DATA REG(0x3ff20e44)
#define HAS_48_BITS (1u << 12)
#define MAC_BYTES 6

static const char TAG[] = "system_api";

static uint8_t s_base[MAC_BYTES];
static bool s_is_base_set;

/* Reflected, polynomial 0x8C, starts at 0. */
static uint8_t crc8(const uint8_t *bytes, size_t length)
{
    uint32_t crc = 0;
    for (size_t i = 0; i < length; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc & 1u) != 0 ? (crc >> 1) ^ 0x8cu : crc >> 1;
        }
    }
    return (uint8_t)crc;
}

esp_err_t esp_efuse_mac_get_default(uint8_t *mac)
{
    uint32_t word0 = EFUSE(0);
    uint32_t word1 = EFUSE(1);
    uint32_t word2 = EFUSE(2);
    uint32_t word3 = EFUSE(3);
    uint32_t version = (word1 >> 24) & 0xfu;
    mac[3] = (uint8_t)(word1 >> 8);
    mac[4] = (uint8_t)word1;
    mac[5] = (uint8_t)(word0 >> 24);
    if ((word2 & HAS_48_BITS) != 0) {
        const uint8_t oui[3] = {(uint8_t)word3, (uint8_t)(word3 >> 8), (uint8_t)(word3 >> 16)};
        if (crc8(oui, sizeof(oui)) != (uint8_t)(word2 >> 24)) {
            return ESP_ERR_INVALID_MAC;
        }
        mac[0] = oui[2];
        mac[1] = oui[1];
        mac[2] = oui[0];
    } else {
        mac[0] = 0x18;
        mac[1] = 0xfe;
        mac[2] = 0x34;
    }
    if (version == 1 || version == 2) {
        const uint8_t rest[4] = {mac[5], mac[4], mac[3], (uint8_t)(word1 >> 16)};
        if (crc8(rest, sizeof(rest)) != (uint8_t)(word0 >> 16)) {
            return ESP_ERR_INVALID_MAC;
        }
    }
    return ESP_OK;
}

esp_err_t esp_base_mac_addr_set(const uint8_t *mac)
{
    if (mac == NULL || (mac[0] & 1u) != 0) {
        return ESP_ERR_INVALID_MAC;
    }
    memcpy(s_base, mac, MAC_BYTES);
    s_is_base_set = true;
    return ESP_OK;
}

esp_err_t esp_base_mac_addr_get(uint8_t *mac)
{
    if (!s_is_base_set) {
        return ESP_ERR_INVALID_MAC;
    }
    memcpy(mac, s_base, MAC_BYTES);
    return ESP_OK;
}

/* The access point's address is the station's as a local one; when that is one already, with the next bit turned. */
static void make_soft_ap(const uint8_t *base, uint8_t *mac)
{
    memcpy(mac, base, MAC_BYTES);
    for (uint32_t i = 0; i < 64; i++) {
        mac[0] = (uint8_t)((base[0] | 2u) ^ (i << 2));
        if (mac[0] != base[0]) {
            return;
        }
    }
}

esp_err_t esp_read_mac(uint8_t *mac, esp_mac_type_t type)
{
    if (mac == NULL || (type != ESP_MAC_WIFI_STA && type != ESP_MAC_WIFI_SOFTAP)) {
        return ESP_ERR_INVALID_ARG;
    }
    if (!s_is_base_set) {
        uint8_t efuse[MAC_BYTES];
        ESP_LOGI(TAG, "Base MAC address is not set, read default base MAC address from EFUSE");
        esp_err_t err = esp_efuse_mac_get_default(efuse);
        if (err != ESP_OK) {
            ESP_LOGE(TAG, "the address in the efuse fails its check");
            return err;
        }
        (void)esp_base_mac_addr_set(efuse);
    }
    if (type == ESP_MAC_WIFI_STA) {
        memcpy(mac, s_base, MAC_BYTES);
    } else {
        make_soft_ap(s_base, mac);
    }
    return ESP_OK;
}

uint32_t esp_random(void)
{
    return RNG_DATA;
}

void esp_fill_random(void *bytes, size_t length)
{
    uint8_t *at = bytes;
    for (size_t i = 0; i < length; i++) {
        at[i] = (uint8_t)(esp_random() >> 8);
    }
}
