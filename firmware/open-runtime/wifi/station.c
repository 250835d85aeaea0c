/* SPDX-License-Identifier: MIT */
/* A station of an open network: scan, authentication, association, and the watch over the network's beacons. */
#include <string.h>

#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

#include "esp_log.h"
#include "esp_system.h"
#include "esp_wifi.h"
#include "ieee80211.h"
#include "roles.h"
#include "tcpip_adapter.h"

static const char TAG[] = "wifi";

#define TICKS(ms) ((TickType_t)((ms) / portTICK_PERIOD_MS))
/* The SDK looks at thirteen channels for this long each; the MAC here hears all at once, but takes the same time. */
#define PROBE_TICKS TICKS(120)
#define PROBES 13
#define ANSWER_TICKS TICKS(200)
#define MAX_REQUESTS 4
/* Without a beacon for so long the network is asked, and after as long again it is gone. */
#define BEACON_TICKS TICKS(3000)
#define ASK_TICKS TICKS(500)
#define FRAME_BYTES 128
#define LISTEN_INTERVAL 3

typedef enum station_state {
    STATION_OFF,
    STATION_IDLE,
    STATION_SCANNING,
    STATION_AUTHENTICATING,
    STATION_ASSOCIATING,
    STATION_JOINED,
} station_state_t;

static station_state_t s_state = STATION_OFF;
static uint8_t s_address[6];
static uint8_t s_ssid[SSID_MAX_BYTES];
static uint8_t s_ssid_bytes;
static uint8_t s_bssid[6];
static uint8_t s_channel;
static uint16_t s_association_id;
static uint16_t s_sequence;
static int8_t s_rssi_dbm;
/* Requests of the present state, and when the next one is due. */
static uint32_t s_requests;
static TickType_t s_due_at;
static TickType_t s_beacon_at;
/* The network was there, but it cannot be joined. */
static bool s_is_refused;

const uint8_t *station_address(void)
{
    return s_address;
}

const uint8_t *station_bssid(void)
{
    return s_state == STATION_JOINED ? s_bssid : NULL;
}

/* --- sending ------------------------------------------------------------------------------------------------------- */

static void say(uint8_t fc0, const uint8_t *body, uint32_t body_bytes)
{
    uint8_t frame[FRAME_BYTES];
    bool is_probe = fc0 == FC0_PROBE_REQUEST;
    const uint8_t *to = is_probe ? wifi_broadcast : s_bssid;
    uint8_t *at = wifi_write_header(frame, fc0, to, s_address, to);
    at = wifi_write_bytes(at, body, body_bytes);
    wifi_send_management(frame, (uint32_t)(at - frame));
}

static void probe(void)
{
    uint8_t body[FRAME_BYTES - HEADER_BYTES];
    uint8_t *at = wifi_write_element(body, ELEMENT_SSID, s_ssid, s_ssid_bytes);
    at = wifi_write_rates(at);
    say(FC0_PROBE_REQUEST, body, (uint32_t)(at - body));
}

static void ask_authentication(void)
{
    static const uint8_t body[] = {0, 0, 1, 0, 0, 0};
    say(FC0_AUTHENTICATION, body, sizeof(body));
}

static void ask_association(void)
{
    uint8_t body[FRAME_BYTES - HEADER_BYTES];
    uint8_t *at = wifi_write16(body, CAPABILITY_ESS);
    at = wifi_write16(at, LISTEN_INTERVAL);
    at = wifi_write_element(at, ELEMENT_SSID, s_ssid, s_ssid_bytes);
    at = wifi_write_rates(at);
    say(FC0_ASSOCIATION_REQUEST, body, (uint32_t)(at - body));
}

static void say_reason(uint8_t fc0, uint16_t reason)
{
    uint8_t body[2];
    (void)wifi_write16(body, reason);
    say(fc0, body, sizeof(body));
}

/* --- states -------------------------------------------------------------------------------------------------------- */

static void enter(station_state_t state, TickType_t now)
{
    s_state = state;
    s_requests = 0;
    s_due_at = now;
}

/* Back to the beginning; the app hears why and may try again. */
static void give_up(uint8_t reason, TickType_t now)
{
    wifi_event_sta_disconnected_t event = {.ssid_len = s_ssid_bytes, .reason = reason};
    memcpy(event.ssid, s_ssid, s_ssid_bytes);
    memcpy(event.bssid, s_bssid, 6);
    mac_set_bssid(MAC_STATION, NULL);
    enter(STATION_IDLE, now);
    wifi_post(WIFI_EVENT_STA_DISCONNECTED, &event, sizeof(event));
}

static uint8_t name_bytes(const uint8_t *ssid)
{
    uint8_t length = 0;
    while (length < SSID_MAX_BYTES && ssid[length] != 0) {
        length++;
    }
    return length;
}

void station_start(void)
{
    (void)esp_read_mac(s_address, ESP_MAC_WIFI_STA);
    mac_set_address(MAC_STATION, s_address);
    mac_set_bssid(MAC_STATION, NULL);
    s_state = STATION_IDLE;
    wifi_post(WIFI_EVENT_STA_START, NULL, 0);
}

void station_stop(void)
{
    if (s_state == STATION_JOINED) {
        say_reason(FC0_DISASSOCIATION, WIFI_REASON_ASSOC_LEAVE);
        say_reason(FC0_DEAUTHENTICATION, WIFI_REASON_AUTH_LEAVE);
        give_up(WIFI_REASON_ASSOC_LEAVE, 0);
    }
    s_state = STATION_OFF;
    wifi_post(WIFI_EVENT_STA_STOP, NULL, 0);
}

esp_err_t station_connect(TickType_t now)
{
    if (s_state != STATION_IDLE) {
        return ESP_OK; /* on its way already, or there */
    }
    s_ssid_bytes = name_bytes(wifi_station_settings.ssid);
    if (s_ssid_bytes == 0) {
        return ESP_ERR_WIFI_SSID;
    }
    memcpy(s_ssid, wifi_station_settings.ssid, s_ssid_bytes);
    memset(s_bssid, 0, sizeof(s_bssid));
    s_is_refused = false;
    enter(STATION_SCANNING, now);
    return ESP_OK;
}

esp_err_t station_disconnect(void)
{
    if (s_state == STATION_IDLE) {
        return ESP_OK;
    }
    if (s_state == STATION_JOINED) {
        say_reason(FC0_DISASSOCIATION, WIFI_REASON_ASSOC_LEAVE);
    }
    give_up(WIFI_REASON_ASSOC_LEAVE, xTaskGetTickCount());
    return ESP_OK;
}

/* --- receiving ----------------------------------------------------------------------------------------------------- */

static bool is_wanted(const uint8_t *frame, const uint8_t *end)
{
    uint8_t length;
    if (end - frame < BEACON_ELEMENTS) {
        return false;
    }
    if (wifi_station_settings.bssid_set && !wifi_is_same(frame + ADDRESS_3, wifi_station_settings.bssid)) {
        return false;
    }
    const uint8_t *ssid = wifi_find_element(frame + BEACON_ELEMENTS, end, ELEMENT_SSID, &length);
    return ssid != NULL && length == s_ssid_bytes && memcmp(ssid, s_ssid, length) == 0;
}

/* Says once an attempt why not. */
static void refuse(const char *why)
{
    if (!s_is_refused) {
        ESP_LOGE(TAG, "network %.*s is not joined: %s", (int)s_ssid_bytes, (const char *)s_ssid, why);
    }
    s_is_refused = true;
}

static void receive_beacon(const uint8_t *frame, const uint8_t *end, TickType_t now)
{
    uint8_t length;
    if (s_state == STATION_JOINED) {
        if (wifi_is_same(frame + ADDRESS_3, s_bssid)) {
            s_beacon_at = now;
        }
        return;
    }
    if (s_state != STATION_SCANNING || !is_wanted(frame, end)) {
        return;
    }
    bool is_private = (wifi_read16(frame + BEACON_CAPABILITY) & CAPABILITY_PRIVACY) != 0;
    bool wants_private = wifi_station_settings.password[0] != 0 ||
                         wifi_station_settings.threshold.authmode != WIFI_AUTH_OPEN;
    if (is_private) {
        refuse("it is encrypted, and the open runtime has no WPA2");
        return;
    }
    if (wants_private) {
        refuse("it is open, and a password is set");
        return;
    }
    const uint8_t *channel = wifi_find_element(frame + BEACON_ELEMENTS, end, ELEMENT_DS, &length);
    s_channel = channel != NULL && length == 1 ? *channel : 0;
    memcpy(s_bssid, frame + ADDRESS_3, 6);
    mac_set_bssid(MAC_STATION, s_bssid);
    enter(STATION_AUTHENTICATING, now);
}

static void receive_authentication(const uint8_t *body, const uint8_t *end, TickType_t now)
{
    if (s_state != STATION_AUTHENTICATING || end - body < 6 || wifi_read16(body + 2) != 2) {
        return;
    }
    if (wifi_read16(body + 4) != STATUS_SUCCESS) {
        ESP_LOGW(TAG, "authentication refused, status %d", wifi_read16(body + 4));
        give_up(WIFI_REASON_AUTH_FAIL, now);
        return;
    }
    enter(STATION_ASSOCIATING, now);
}

static void receive_association(const uint8_t *body, const uint8_t *end, TickType_t now)
{
    if (s_state != STATION_ASSOCIATING || end - body < 6) {
        return;
    }
    if (wifi_read16(body + 2) != STATUS_SUCCESS) {
        ESP_LOGW(TAG, "association refused, status %d", wifi_read16(body + 2));
        give_up(WIFI_REASON_ASSOC_FAIL, now);
        return;
    }
    s_association_id = wifi_read16(body + 4) & 0x3fff;
    s_beacon_at = now;
    enter(STATION_JOINED, now);
    ESP_LOGI(TAG, "connected with %.*s, aid = %d, channel %d, bssid = " MACSTR, (int)s_ssid_bytes, (const char *)s_ssid,
             s_association_id, s_channel, MAC2STR(s_bssid));
    wifi_event_sta_connected_t event = {.ssid_len = s_ssid_bytes, .channel = s_channel, .authmode = WIFI_AUTH_OPEN};
    memcpy(event.ssid, s_ssid, s_ssid_bytes);
    memcpy(event.bssid, s_bssid, 6);
    wifi_post(WIFI_EVENT_STA_CONNECTED, &event, sizeof(event));
}

static void receive_management(const uint8_t *frame, const uint8_t *end, TickType_t now)
{
    const uint8_t *body = frame + HEADER_BYTES;
    if (frame[0] == FC0_BEACON || frame[0] == FC0_PROBE_RESPONSE) {
        receive_beacon(frame, end, now);
        return;
    }
    if (s_state < STATION_AUTHENTICATING || !wifi_is_same(frame + ADDRESS_2, s_bssid)) {
        return;
    }
    switch (frame[0]) {
    case FC0_AUTHENTICATION:
        receive_authentication(body, end, now);
        break;
    case FC0_ASSOCIATION_RESPONSE:
    case FC0_REASSOCIATION_RESPONSE:
        receive_association(body, end, now);
        break;
    case FC0_DEAUTHENTICATION:
    case FC0_DISASSOCIATION:
        give_up(end - body >= 2 ? body[0] : WIFI_REASON_UNSPECIFIED, now);
        break;
    default:
        break;
    }
}

static void receive_data(const mac_received_t *received)
{
    const uint8_t *frame = received->bytes;
    const uint8_t *from = frame + ADDRESS_3;
    if (s_state != STATION_JOINED || (frame[1] & (FC1_TO_DS | FC1_FROM_DS)) != FC1_FROM_DS ||
        !wifi_is_same(frame + ADDRESS_2, s_bssid) || (frame[0] & FC0_NO_BODY) != 0 ||
        (frame[1] & FC1_PROTECTED) != 0 || wifi_is_same(from, s_address)) {
        return;
    }
    uint32_t body_at = HEADER_BYTES + ((frame[0] & FC0_QOS) != 0 ? QOS_BYTES : 0);
    wifi_deliver(WIFI_IF_STA, received, frame + ADDRESS_1, from, body_at);
}

void station_receive(const mac_received_t *received, TickType_t now)
{
    const uint8_t *frame = received->bytes;
    bool is_group = wifi_is_group(frame + ADDRESS_1);
    if (!is_group && !wifi_is_same(frame + ADDRESS_1, s_address)) {
        return;
    }
    if (wifi_is_same(frame + ADDRESS_2, s_bssid)) {
        s_rssi_dbm = received->rssi_dbm;
        if (!is_group) {
            uint16_t sequence = wifi_read16(frame + SEQUENCE_CONTROL);
            if ((frame[1] & FC1_RETRY) != 0 && sequence == s_sequence) {
                return;
            }
            s_sequence = sequence;
        }
    }
    if ((frame[0] & FC0_TYPE_MASK) == FC0_TYPE_MANAGEMENT) {
        receive_management(frame, frame + received->piece_bytes, now);
    } else if ((frame[0] & FC0_TYPE_MASK) == FC0_TYPE_DATA) {
        receive_data(received);
    }
}

/* --- time ---------------------------------------------------------------------------------------------------------- */

static bool has_come(TickType_t at, TickType_t now)
{
    return (int32_t)(now - at) >= 0;
}

/* Repeats what the state asks for; out of patience, tells `reason`. */
static void ask_again(void (*ask)(void), uint32_t requests, TickType_t pause_ticks, uint8_t reason, TickType_t now)
{
    if (!has_come(s_due_at, now)) {
        return;
    }
    if (s_requests == requests) {
        give_up(reason, now);
        return;
    }
    ask();
    s_requests++;
    s_due_at = now + pause_ticks;
}

static void watch_beacons(TickType_t now)
{
    TickType_t silent_ticks = now - s_beacon_at;
    if (silent_ticks < BEACON_TICKS) {
        s_due_at = s_beacon_at + BEACON_TICKS;
    } else if (silent_ticks >= 2 * BEACON_TICKS) {
        ESP_LOGW(TAG, "no beacon of %.*s for %u ms", (int)s_ssid_bytes, (const char *)s_ssid,
                 (unsigned)(silent_ticks * portTICK_PERIOD_MS));
        give_up(WIFI_REASON_BEACON_TIMEOUT, now);
    } else if (has_come(s_due_at, now)) {
        probe();
        s_due_at = now + ASK_TICKS;
    }
}

TickType_t station_poll(TickType_t now)
{
    switch (s_state) {
    case STATION_SCANNING:
        ask_again(probe, PROBES, PROBE_TICKS, s_is_refused ? WIFI_REASON_AUTH_FAIL : WIFI_REASON_NO_AP_FOUND, now);
        break;
    case STATION_AUTHENTICATING:
        ask_again(ask_authentication, MAX_REQUESTS, ANSWER_TICKS, WIFI_REASON_AUTH_EXPIRE, now);
        break;
    case STATION_ASSOCIATING:
        ask_again(ask_association, MAX_REQUESTS, ANSWER_TICKS, WIFI_REASON_ASSOC_EXPIRE, now);
        break;
    case STATION_JOINED:
        watch_beacons(now);
        break;
    default:
        break;
    }
    if (s_state <= STATION_IDLE) {
        return portMAX_DELAY;
    }
    return has_come(s_due_at, now) ? 1 : s_due_at - now;
}

esp_err_t station_ap_info(wifi_ap_record_t *record)
{
    if (s_state != STATION_JOINED) {
        return ESP_ERR_WIFI_NOT_CONNECT;
    }
    memset(record, 0, sizeof(*record));
    memcpy(record->bssid, s_bssid, 6);
    memcpy(record->ssid, s_ssid, s_ssid_bytes);
    record->primary = s_channel;
    record->rssi = s_rssi_dbm;
    record->authmode = WIFI_AUTH_OPEN;
    return ESP_OK;
}
