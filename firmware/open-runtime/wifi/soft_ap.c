/* SPDX-License-Identifier: MIT */
/* An open access point: probe, authentication, association, data, leave. */
#include <string.h>

#include "esp_log.h"
#include "esp_system.h"
#include "ieee80211.h"
#include "lwip/opt.h"
#include "roles.h"
#include "tcpip_adapter.h"

static const char TAG[] = "wifi";

#define TU_US 1024u
#define DEFAULT_CONNECTIONS 4
#define DEFAULT_INTERVAL_TU 100
#define DEFAULT_CHANNEL 1
#define SECOND_TICKS (1000 / portTICK_PERIOD_MS)
/* As with the SDK a station may be silent for five minutes; before it is sent away it is asked once. */
#define SILENT_TICKS (300 * SECOND_TICKS)
#define ASKED_TICKS (10 * SECOND_TICKS)
/* From authentication to association. */
#define PENDING_TICKS (5 * SECOND_TICKS)
#define FRAME_BYTES 160
#define LISTEN_BYTES 4 /* capability and listen interval of an association request */
#define REASSOCIATION_BYTES 10

typedef enum client_state {
    CLIENT_FREE,
    CLIENT_AUTHENTICATED,
    CLIENT_ASSOCIATED,
} client_state_t;

typedef struct client {
    client_state_t state;
    uint8_t address[6];
    uint16_t sequence; /* control field of the last frame */
    int8_t rssi_dbm;
    bool is_asked;
    TickType_t heard_at;
} client_t;

static struct {
    uint8_t address[6];
    uint8_t ssid[SSID_MAX_BYTES];
    uint8_t ssid_bytes;
    uint8_t channel;
    uint8_t connections;
    uint16_t interval_tu;
    bool is_hidden;
} s_ap;
static client_t s_clients[ESP_WIFI_MAX_CONN_NUM];

const uint8_t *soft_ap_address(void)
{
    return s_ap.address;
}

static client_t *find(const uint8_t address[6])
{
    for (uint32_t i = 0; i < s_ap.connections; i++) {
        if (s_clients[i].state != CLIENT_FREE && wifi_is_same(s_clients[i].address, address)) {
            return &s_clients[i];
        }
    }
    return NULL;
}

static uint8_t aid_of(const client_t *client)
{
    return (uint8_t)(client - s_clients + 1);
}

bool soft_ap_has_station(const uint8_t address[6])
{
    const client_t *client = find(address);
    return client != NULL && client->state == CLIENT_ASSOCIATED;
}

static void forget(client_t *client)
{
    if (client->state == CLIENT_ASSOCIATED) {
        wifi_event_ap_stadisconnected_t event = {.aid = aid_of(client)};
        memcpy(event.mac, client->address, 6);
        ESP_LOGI(TAG, "station: " MACSTR " leave, AID=%d", MAC2STR(client->address), aid_of(client));
        wifi_post(WIFI_EVENT_AP_STADISCONNECTED, &event, sizeof(event));
    }
    client->state = CLIENT_FREE;
}

static void say_reason(uint8_t fc0, const uint8_t to[6], uint16_t reason)
{
    uint8_t frame[FRAME_BYTES];
    uint8_t *at = wifi_write_header(frame, fc0, to, s_ap.address, s_ap.address);
    at = wifi_write16(at, reason);
    wifi_send_management(frame, (uint32_t)(at - frame));
}

/* --- announcing --------------------------------------------------------------------------------------------------- */

static uint8_t *write_announcement(uint8_t *at, bool is_beacon)
{
    uint32_t now_us = mac_now_us();
    bool is_nameless = is_beacon && s_ap.is_hidden;
    memset(at, 0, 8);
    at[0] = (uint8_t)now_us;
    at[1] = (uint8_t)(now_us >> 8);
    at[2] = (uint8_t)(now_us >> 16);
    at[3] = (uint8_t)(now_us >> 24);
    at = wifi_write16(at + 8, s_ap.interval_tu);
    at = wifi_write16(at, CAPABILITY_ESS);
    at = wifi_write_element(at, ELEMENT_SSID, s_ap.ssid, is_nameless ? 0 : s_ap.ssid_bytes);
    at = wifi_write_rates(at);
    at = wifi_write_element(at, ELEMENT_DS, &s_ap.channel, 1);
    if (is_beacon) {
        /* Nothing is ever held back for a station that sleeps: it is sent to at once. */
        static const uint8_t tim[] = {0, 1, 0, 0};
        at = wifi_write_element(at, ELEMENT_TIM, tim, sizeof(tim));
    }
    return at;
}

uint32_t soft_ap_write_beacon(uint8_t *frame)
{
    uint8_t *at = wifi_write_header(frame, FC0_BEACON, wifi_broadcast, s_ap.address, s_ap.address);
    return (uint32_t)(write_announcement(at, true) - frame);
}

static bool is_our_name(const uint8_t *at, const uint8_t *end)
{
    uint8_t length;
    const uint8_t *ssid = wifi_find_element(at, end, ELEMENT_SSID, &length);
    return ssid != NULL && length == s_ap.ssid_bytes && memcmp(ssid, s_ap.ssid, length) == 0;
}

static void answer_probe(const uint8_t *frame, const uint8_t *end)
{
    uint8_t answer[FRAME_BYTES];
    uint8_t length;
    const uint8_t *ssid = wifi_find_element(frame + HEADER_BYTES, end, ELEMENT_SSID, &length);
    bool is_any = ssid != NULL && length == 0 && !s_ap.is_hidden;
    if (!is_any && !is_our_name(frame + HEADER_BYTES, end)) {
        return;
    }
    uint8_t *at = wifi_write_header(answer, FC0_PROBE_RESPONSE, frame + ADDRESS_2, s_ap.address, s_ap.address);
    wifi_send_management(answer, (uint32_t)(write_announcement(at, false) - answer));
}

/* --- coming -------------------------------------------------------------------------------------------------------- */

/* A place for whoever authenticates; one who got no further than that makes room. */
static client_t *place_for(const uint8_t address[6])
{
    client_t *client = find(address);
    if (client != NULL) {
        return client;
    }
    for (uint32_t i = 0; i < s_ap.connections; i++) {
        if (s_clients[i].state == CLIENT_FREE) {
            return &s_clients[i];
        }
    }
    for (uint32_t i = 0; i < s_ap.connections; i++) {
        if (s_clients[i].state == CLIENT_AUTHENTICATED) {
            return &s_clients[i];
        }
    }
    return NULL;
}

static void authenticate(const uint8_t *frame, const uint8_t *end, TickType_t now)
{
    const uint8_t *body = frame + HEADER_BYTES;
    const uint8_t *from = frame + ADDRESS_2;
    uint8_t answer[FRAME_BYTES];
    uint16_t status = STATUS_SUCCESS;
    if (end - body < 6) {
        return;
    }
    uint16_t algorithm = wifi_read16(body);
    client_t *client = place_for(from);
    if (algorithm != 0) {
        status = STATUS_ALGORITHM;
    } else if (wifi_read16(body + 2) != 1) {
        status = STATUS_SEQUENCE;
    } else if (client == NULL) {
        status = STATUS_TABLE_FULL;
    } else {
        /* Whoever authenticates starts over. */
        forget(client);
        memset(client, 0, sizeof(*client));
        client->state = CLIENT_AUTHENTICATED;
        memcpy(client->address, from, 6);
        client->sequence = wifi_read16(frame + SEQUENCE_CONTROL);
        client->heard_at = now;
    }
    uint8_t *at = wifi_write_header(answer, FC0_AUTHENTICATION, from, s_ap.address, s_ap.address);
    at = wifi_write16(at, algorithm);
    at = wifi_write16(at, 2);
    at = wifi_write16(at, status);
    wifi_send_management(answer, (uint32_t)(at - answer));
}

static void associate(client_t *client, const uint8_t *frame, const uint8_t *end, bool is_again)
{
    const uint8_t *elements = frame + HEADER_BYTES + (is_again ? REASSOCIATION_BYTES : LISTEN_BYTES);
    uint8_t answer[FRAME_BYTES];
    uint16_t status = elements <= end && is_our_name(elements, end) ? STATUS_SUCCESS : STATUS_UNSPECIFIED;
    if (client->state == CLIENT_ASSOCIATED) {
        forget(client);
        client->state = CLIENT_AUTHENTICATED;
    }
    uint8_t fc0 = is_again ? FC0_REASSOCIATION_RESPONSE : FC0_ASSOCIATION_RESPONSE;
    uint8_t *at = wifi_write_header(answer, fc0, client->address, s_ap.address, s_ap.address);
    at = wifi_write16(at, CAPABILITY_ESS);
    at = wifi_write16(at, status);
    at = wifi_write16(at, status == STATUS_SUCCESS ? (uint16_t)(0xc000 | aid_of(client)) : 0);
    at = wifi_write_rates(at);
    wifi_send_management(answer, (uint32_t)(at - answer));
    if (status != STATUS_SUCCESS) {
        return;
    }
    client->state = CLIENT_ASSOCIATED;
    ESP_LOGI(TAG, "station: " MACSTR " join, AID=%d", MAC2STR(client->address), aid_of(client));
    wifi_event_ap_staconnected_t event = {.aid = aid_of(client)};
    memcpy(event.mac, client->address, 6);
    wifi_post(WIFI_EVENT_AP_STACONNECTED, &event, sizeof(event));
}

static void receive_management(client_t *client, const uint8_t *frame, const uint8_t *end, TickType_t now)
{
    uint8_t fc0 = frame[0];
    if (fc0 == FC0_PROBE_REQUEST) {
        answer_probe(frame, end);
        return;
    }
    if (!wifi_is_same(frame + ADDRESS_1, s_ap.address)) {
        return;
    }
    switch (fc0) {
    case FC0_AUTHENTICATION:
        authenticate(frame, end, now);
        break;
    case FC0_ASSOCIATION_REQUEST:
    case FC0_REASSOCIATION_REQUEST:
        if (client == NULL) {
            say_reason(FC0_DEAUTHENTICATION, frame + ADDRESS_2, WIFI_REASON_ASSOC_NOT_AUTHED);
        } else {
            associate(client, frame, end, fc0 == FC0_REASSOCIATION_REQUEST);
        }
        break;
    case FC0_DISASSOCIATION:
    case FC0_DEAUTHENTICATION:
        if (client != NULL) {
            forget(client);
        }
        break;
    default:
        break;
    }
}

/* --- data ---------------------------------------------------------------------------------------------------------- */

/* From station to station, as the distribution system does it. */
static void relay(const mac_received_t *received, uint32_t body_at, const uint8_t to[6], const uint8_t from[6])
{
    uint32_t packet_bytes = received->length_bytes - body_at - LLC_BYTES;
    struct pbuf *packet = pbuf_alloc(PBUF_RAW, (u16_t)(ETH_PAD_SIZE + 14 + packet_bytes), PBUF_RAM);
    if (packet == NULL) {
        wifi_counts.no_memory++;
        return;
    }
    uint8_t *at = (uint8_t *)packet->payload + ETH_PAD_SIZE;
    at = wifi_write_bytes(at, to, 6);
    at = wifi_write_bytes(at, from, 6);
    mac_copy(body_at + LLC_BYTES - 2, at, packet_bytes + 2);
    (void)wifi_send_packet(WIFI_IF_AP, packet);
    (void)pbuf_free(packet);
}

static uint32_t associated_count(void)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < s_ap.connections; i++) {
        count += s_clients[i].state == CLIENT_ASSOCIATED;
    }
    return count;
}

static void receive_data(const client_t *client, const mac_received_t *received)
{
    const uint8_t *frame = received->bytes;
    const uint8_t *to = frame + ADDRESS_3;
    const uint8_t *from = frame + ADDRESS_2;
    if ((frame[1] & (FC1_TO_DS | FC1_FROM_DS)) != FC1_TO_DS || !wifi_is_same(frame + ADDRESS_1, s_ap.address)) {
        return;
    }
    if (client == NULL || client->state != CLIENT_ASSOCIATED) {
        say_reason(FC0_DEAUTHENTICATION, from, WIFI_REASON_NOT_ASSOCED);
        return;
    }
    if ((frame[0] & FC0_NO_BODY) != 0 || (frame[1] & FC1_PROTECTED) != 0) {
        return;
    }
    uint32_t body_at = HEADER_BYTES + ((frame[0] & FC0_QOS) != 0 ? QOS_BYTES : 0);
    if (received->length_bytes < body_at + LLC_BYTES || received->length_bytes > MAC_FRAME_BYTES) {
        return;
    }
    bool is_group = wifi_is_group(to);
    if (is_group ? associated_count() > 1 : soft_ap_has_station(to)) {
        relay(received, body_at, to, from);
    }
    if (is_group || wifi_is_same(to, s_ap.address)) {
        wifi_deliver(WIFI_IF_AP, received, to, from, body_at);
    }
}

void soft_ap_receive(const mac_received_t *received, TickType_t now)
{
    const uint8_t *frame = received->bytes;
    client_t *client = find(frame + ADDRESS_2);
    if (client != NULL) {
        uint16_t sequence = wifi_read16(frame + SEQUENCE_CONTROL);
        client->heard_at = now;
        client->is_asked = false;
        client->rssi_dbm = received->rssi_dbm;
        /* Once more, because our acknowledgment was lost. */
        if ((frame[1] & FC1_RETRY) != 0 && sequence == client->sequence) {
            return;
        }
        client->sequence = sequence;
    }
    if ((frame[0] & FC0_TYPE_MASK) == FC0_TYPE_MANAGEMENT) {
        receive_management(client, frame, frame + received->piece_bytes, now);
    } else if ((frame[0] & FC0_TYPE_MASK) == FC0_TYPE_DATA) {
        receive_data(client, received);
    }
}

void soft_ap_acknowledged(const uint8_t station[6], TickType_t now)
{
    client_t *client = find(station);
    if (client != NULL) {
        client->heard_at = now;
        client->is_asked = false;
    }
}

/* --- on, off, time ------------------------------------------------------------------------------------------------- */

static void ask(client_t *client)
{
    uint8_t frame[HEADER_BYTES];
    (void)wifi_write_header(frame, FC0_NULL, client->address, s_ap.address, s_ap.address);
    frame[1] = FC1_FROM_DS;
    wifi_send_management(frame, sizeof(frame));
    client->is_asked = true;
}

TickType_t soft_ap_poll(TickType_t now)
{
    for (uint32_t i = 0; i < s_ap.connections; i++) {
        client_t *client = &s_clients[i];
        TickType_t silent_ticks = now - client->heard_at;
        if (client->state == CLIENT_AUTHENTICATED && silent_ticks > PENDING_TICKS) {
            forget(client);
        } else if (client->state == CLIENT_ASSOCIATED && silent_ticks > SILENT_TICKS) {
            if (!client->is_asked) {
                ask(client);
            } else if (silent_ticks > SILENT_TICKS + ASKED_TICKS) {
                say_reason(FC0_DEAUTHENTICATION, client->address, WIFI_REASON_ASSOC_EXPIRE);
                forget(client);
            }
        }
    }
    return SECOND_TICKS;
}

static uint8_t name_bytes(const wifi_ap_config_t *settings)
{
    uint8_t length = 0;
    if (settings->ssid_len != 0) {
        return settings->ssid_len;
    }
    while (length < SSID_MAX_BYTES && settings->ssid[length] != 0) {
        length++;
    }
    return length;
}

void soft_ap_start(TickType_t now)
{
    const wifi_ap_config_t *settings = &wifi_ap_settings;
    (void)now;
    memset(s_clients, 0, sizeof(s_clients));
    (void)esp_read_mac(s_ap.address, ESP_MAC_WIFI_SOFTAP);
    s_ap.ssid_bytes = name_bytes(settings);
    memcpy(s_ap.ssid, settings->ssid, s_ap.ssid_bytes);
    s_ap.channel = settings->channel != 0 ? settings->channel : DEFAULT_CHANNEL;
    s_ap.connections = settings->max_connection != 0 ? settings->max_connection : DEFAULT_CONNECTIONS;
    s_ap.interval_tu = settings->beacon_interval != 0 ? settings->beacon_interval : DEFAULT_INTERVAL_TU;
    s_ap.is_hidden = settings->ssid_hidden != 0;
    mac_set_address(MAC_SOFT_AP, s_ap.address);
    mac_set_bssid(MAC_SOFT_AP, s_ap.address);
    mac_set_beacon_interval(s_ap.interval_tu * TU_US);
    wifi_post(WIFI_EVENT_AP_START, NULL, 0);
}

void soft_ap_stop(void)
{
    mac_set_beacon_interval(0);
    (void)soft_ap_deauth(0);
    wifi_post(WIFI_EVENT_AP_STOP, NULL, 0);
}

esp_err_t soft_ap_deauth(uint32_t aid)
{
    bool is_known = aid == 0;
    for (uint32_t i = 0; i < s_ap.connections; i++) {
        client_t *client = &s_clients[i];
        if (client->state != CLIENT_FREE && (aid == 0 || aid == aid_of(client))) {
            say_reason(FC0_DEAUTHENTICATION, client->address, WIFI_REASON_AUTH_LEAVE);
            forget(client);
            is_known = true;
        }
    }
    return is_known ? ESP_OK : ESP_ERR_NOT_FOUND;
}

void soft_ap_list(wifi_sta_list_t *list)
{
    memset(list, 0, sizeof(*list));
    for (uint32_t i = 0; i < s_ap.connections; i++) {
        const client_t *client = &s_clients[i];
        if (client->state == CLIENT_ASSOCIATED) {
            memcpy(list->sta[list->num].mac, client->address, 6);
            list->sta[list->num].rssi = client->rssi_dbm;
            list->num++;
        }
    }
}
