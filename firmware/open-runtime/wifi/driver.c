/* SPDX-License-Identifier: MIT */
#include "driver.h"

#include <string.h>

#include "freertos/queue.h"
#include "freertos/semphr.h"
#include "freertos/task.h"

#include "esp_event.h"
#include "esp_log.h"
#include "esp_system.h"
#include "ieee80211.h"
#include "lwip/opt.h"
#include "roles.h"

static const char TAG[] = "esp_wifi";

#define TASK_STACK_BYTES 3072
#define TASK_PRIORITY 13
#define TX_QUEUE_FRAMES 24
#define COMMANDS 4
/* 802.11's short retry limit. */
#define MAX_ATTEMPTS 7
/* Received one after the other before sending has its turn. */
#define RX_BATCH_FRAMES 4
/* Received data is thrown away rather than that the rest of the system finds no memory. */
#define HEAP_RESERVE_BYTES 4096
#define DRAIN_TICKS (100 / portTICK_PERIOD_MS)
/* Destination, source, type. */
#define ETHERNET_BYTES 14

wifi_ap_config_t wifi_ap_settings;
wifi_sta_config_t wifi_station_settings;
wifi_counts_t wifi_counts;

typedef struct queued {
    struct pbuf *packet;
    bool is_management; /* a frame as it is; else an Ethernet frame */
    wifi_interface_t interface;
} queued_t;

typedef struct request {
    wifi_command_t command;
    uintptr_t argument;
} request_t;

typedef enum mode {
    MODE_OFF,
    MODE_AP,
    MODE_STATION,
} driver_mode_t;

static volatile driver_mode_t s_mode;
static SemaphoreHandle_t s_wake;
static QueueHandle_t s_requests;
static SemaphoreHandle_t s_command_lock;
static SemaphoreHandle_t s_command_done;
static esp_err_t s_command_result;

static queued_t s_queue[TX_QUEUE_FRAMES];
static volatile uint32_t s_queue_in, s_queue_out;

static struct {
    uint32_t length_bytes;
    uint32_t attempts;
    bool wants_ack;
} s_sending;
static uint16_t s_sequence;

static void wake_from_interrupt(void)
{
    BaseType_t woken = pdFALSE;
    (void)xSemaphoreGiveFromISR(s_wake, &woken);
    if (woken != pdFALSE) {
        portYIELD_FROM_ISR();
    }
}

/* --- sending ------------------------------------------------------------------------------------------------------ */

static bool queue_frame(struct pbuf *packet, bool is_management, wifi_interface_t interface)
{
    bool has_room;
    taskENTER_CRITICAL();
    has_room = s_queue_in - s_queue_out < TX_QUEUE_FRAMES;
    if (has_room) {
        queued_t *entry = &s_queue[s_queue_in % TX_QUEUE_FRAMES];
        entry->packet = packet;
        entry->is_management = is_management;
        entry->interface = interface;
        s_queue_in++;
    } else {
        wifi_counts.queue_full++;
    }
    taskEXIT_CRITICAL();
    return has_room;
}

bool wifi_send_packet(wifi_interface_t interface, struct pbuf *packet)
{
    if (s_mode != (interface == WIFI_IF_AP ? MODE_AP : MODE_STATION) ||
        packet->tot_len < ETH_PAD_SIZE + ETHERNET_BYTES ||
        packet->tot_len > ETH_PAD_SIZE + ETHERNET_BYTES + MAC_FRAME_BYTES - HEADER_BYTES - LLC_BYTES) {
        return false;
    }
    pbuf_ref(packet);
    if (!queue_frame(packet, false, interface)) {
        pbuf_free(packet);
        return false;
    }
    (void)xSemaphoreGive(s_wake);
    return true;
}

void wifi_send_management(const uint8_t *frame, uint32_t length_bytes)
{
    struct pbuf *packet = pbuf_alloc(PBUF_RAW, (u16_t)length_bytes, PBUF_RAM);
    if (packet == NULL) {
        wifi_counts.no_memory++;
        return;
    }
    memcpy(packet->payload, frame, length_bytes);
    if (!queue_frame(packet, true, WIFI_IF_STA)) {
        pbuf_free(packet);
    }
}

/* Every attempt slower and safer than the one before. */
static mac_rate_t rate_of_attempt(const uint8_t *frame, uint32_t attempt)
{
    static const mac_rate_t ladder[MAX_ATTEMPTS] = {MAC_RATE_54, MAC_RATE_54, MAC_RATE_24, MAC_RATE_12,
                                                    MAC_RATE_6,  MAC_RATE_1,  MAC_RATE_1};
    if (wifi_is_group(frame + ADDRESS_1) || (frame[0] & FC0_TYPE_MASK) == FC0_TYPE_MANAGEMENT) {
        return MAC_RATE_1;
    }
    return ladder[attempt - 1];
}

static void send_attempt(void)
{
    uint8_t *frame = mac_tx_frame();
    s_sending.attempts++;
    mac_send(s_sending.length_bytes, rate_of_attempt(frame, s_sending.attempts), s_sending.wants_ack);
}

static void send_first(uint32_t length_bytes)
{
    uint8_t *frame = mac_tx_frame();
    (void)wifi_write16(frame + SEQUENCE_CONTROL, (uint16_t)(s_sequence << 4));
    s_sequence = (uint16_t)((s_sequence + 1) & 0xfff);
    s_sending.length_bytes = length_bytes;
    s_sending.attempts = 0;
    s_sending.wants_ack = !wifi_is_group(frame + ADDRESS_1);
    send_attempt();
}

/* An Ethernet frame as an 802.11 data frame; answers its length, 0 when there is nobody to send it to. */
static uint32_t encode_data(const queued_t *entry)
{
    uint8_t *frame = mac_tx_frame();
    uint8_t ethernet[ETHERNET_BYTES];
    const uint8_t *to = ethernet;
    const uint8_t *from = ethernet + 6;
    uint8_t *body;
    (void)pbuf_copy_partial(entry->packet, ethernet, ETHERNET_BYTES, ETH_PAD_SIZE);
    if (entry->interface == WIFI_IF_AP) {
        if (!wifi_is_group(to) && !soft_ap_has_station(to)) {
            return 0;
        }
        body = wifi_write_header(frame, FC0_DATA, to, soft_ap_address(), from);
        frame[1] = FC1_FROM_DS;
    } else {
        const uint8_t *bssid = station_bssid();
        if (bssid == NULL) {
            return 0;
        }
        body = wifi_write_header(frame, FC0_DATA, bssid, from, to);
        frame[1] = FC1_TO_DS;
    }
    body = wifi_write_llc(body, ethernet + 12);
    u16_t packet_bytes = (u16_t)(entry->packet->tot_len - ETH_PAD_SIZE - ETHERNET_BYTES);
    (void)pbuf_copy_partial(entry->packet, body, packet_bytes, ETH_PAD_SIZE + ETHERNET_BYTES);
    return HEADER_BYTES + LLC_BYTES + packet_bytes;
}

static void send_next(void)
{
    while (!mac_is_sending() && s_mode != MODE_OFF) {
        uint32_t length_bytes;
        if (s_mode == MODE_AP && mac_is_beacon_due()) {
            send_first(soft_ap_write_beacon(mac_tx_frame()));
            return;
        }
        if (s_queue_in == s_queue_out) {
            return;
        }
        queued_t entry = s_queue[s_queue_out % TX_QUEUE_FRAMES];
        if (entry.is_management) {
            length_bytes = pbuf_copy_partial(entry.packet, mac_tx_frame(), entry.packet->tot_len, 0);
        } else {
            length_bytes = encode_data(&entry);
        }
        s_queue_out++;
        (void)pbuf_free(entry.packet);
        if (length_bytes != 0) {
            send_first(length_bytes);
        }
    }
}

static void finish_sending(TickType_t now)
{
    bool acknowledged;
    uint8_t *frame = mac_tx_frame();
    if (!mac_has_sent(&acknowledged)) {
        return;
    }
    if (!s_sending.wants_ack) {
        return;
    }
    if (acknowledged) {
        if (s_mode == MODE_AP) {
            soft_ap_acknowledged(frame + ADDRESS_1, now);
        }
    } else if (s_sending.attempts < MAX_ATTEMPTS) {
        frame[1] |= FC1_RETRY;
        send_attempt();
    } else {
        wifi_counts.given_up++;
    }
}

static void forget_queue(void)
{
    while (s_queue_out != s_queue_in) {
        (void)pbuf_free(s_queue[s_queue_out % TX_QUEUE_FRAMES].packet);
        s_queue_out++;
    }
}

void wifi_drain(void)
{
    TickType_t from = xTaskGetTickCount();
    while ((mac_is_sending() || s_queue_in != s_queue_out) && xTaskGetTickCount() - from < DRAIN_TICKS) {
        finish_sending(xTaskGetTickCount());
        send_next();
        (void)xSemaphoreTake(s_wake, 1);
    }
}

/* --- receiving ---------------------------------------------------------------------------------------------------- */

void wifi_deliver(wifi_interface_t interface, const mac_received_t *frame, const uint8_t to[6], const uint8_t from[6],
                  uint32_t body_bytes_at)
{
    /* The LLC header becomes an Ethernet header: of its eight bytes only the type stays. */
    if (frame->length_bytes < body_bytes_at + LLC_BYTES || frame->length_bytes > MAC_FRAME_BYTES) {
        return;
    }
    uint32_t packet_bytes = frame->length_bytes - body_bytes_at - LLC_BYTES;
    if (esp_get_free_heap_size() < HEAP_RESERVE_BYTES + packet_bytes) {
        wifi_counts.no_memory++;
        return;
    }
    struct pbuf *packet = pbuf_alloc(PBUF_RAW, (u16_t)(ETH_PAD_SIZE + ETHERNET_BYTES + packet_bytes), PBUF_RAM);
    if (packet == NULL) {
        wifi_counts.no_memory++;
        return;
    }
    uint8_t *at = (uint8_t *)packet->payload + ETH_PAD_SIZE;
    at = wifi_write_bytes(at, to, 6);
    at = wifi_write_bytes(at, from, 6);
    mac_copy(body_bytes_at + LLC_BYTES - 2, at, packet_bytes + 2);
    wifi_netif_input(interface, packet);
}

static void receive_some(TickType_t now)
{
    mac_received_t frame;
    for (int i = 0; i < RX_BATCH_FRAMES && mac_first(&frame); i++) {
        if (frame.piece_bytes >= HEADER_BYTES) {
            if (s_mode == MODE_AP) {
                soft_ap_receive(&frame, now);
            } else if (s_mode == MODE_STATION) {
                station_receive(&frame, now);
            }
        }
        mac_release();
    }
}

/* --- commands ------------------------------------------------------------------------------------------------------ */

static esp_err_t start(driver_mode_t mode, TickType_t now)
{
    if (s_mode != MODE_OFF) {
        return ESP_ERR_INVALID_STATE;
    }
    mac_start();
    s_mode = mode;
    if (mode == MODE_AP) {
        soft_ap_start(now);
    } else {
        station_start();
    }
    return ESP_OK;
}

static esp_err_t stop(void)
{
    if (s_mode == MODE_AP) {
        soft_ap_stop();
    } else if (s_mode == MODE_STATION) {
        station_stop();
    } else {
        return ESP_OK;
    }
    wifi_drain();
    s_mode = MODE_OFF;
    mac_stop();
    forget_queue();
    return ESP_OK;
}

static esp_err_t perform(const request_t *request, TickType_t now)
{
    driver_mode_t wanted = MODE_STATION;
    switch (request->command) {
    case WIFI_COMMAND_START_AP:
        return start(MODE_AP, now);
    case WIFI_COMMAND_START_STATION:
        return start(MODE_STATION, now);
    case WIFI_COMMAND_STOP:
        return stop();
    case WIFI_COMMAND_DEAUTH_STATION:
    case WIFI_COMMAND_LIST_STATIONS:
        wanted = MODE_AP;
        break;
    default:
        break;
    }
    if (s_mode != wanted) {
        return ESP_ERR_INVALID_STATE;
    }
    switch (request->command) {
    case WIFI_COMMAND_CONNECT:
        return station_connect(now);
    case WIFI_COMMAND_DISCONNECT:
        return station_disconnect();
    case WIFI_COMMAND_DEAUTH_STATION:
        return soft_ap_deauth((uint32_t)request->argument);
    case WIFI_COMMAND_LIST_STATIONS:
        soft_ap_list((wifi_sta_list_t *)request->argument);
        return ESP_OK;
    case WIFI_COMMAND_AP_INFO:
        return station_ap_info((wifi_ap_record_t *)request->argument);
    default:
        return ESP_ERR_INVALID_ARG;
    }
}

static void serve_requests(TickType_t now)
{
    request_t request;
    while (xQueueReceive(s_requests, &request, 0) == pdTRUE) {
        s_command_result = perform(&request, now);
        xSemaphoreGive(s_command_done);
    }
}

esp_err_t wifi_driver_command(wifi_command_t command, uintptr_t argument)
{
    const request_t request = {.command = command, .argument = argument};
    esp_err_t result;
    (void)xSemaphoreTake(s_command_lock, portMAX_DELAY);
    (void)xQueueSend(s_requests, &request, portMAX_DELAY);
    (void)xSemaphoreGive(s_wake);
    (void)xSemaphoreTake(s_command_done, portMAX_DELAY);
    result = s_command_result;
    xSemaphoreGive(s_command_lock);
    return result;
}

void wifi_post(wifi_event_t event, const void *data, uint32_t data_bytes)
{
    if (esp_event_post(WIFI_EVENT, (int32_t)event, data, data_bytes, 0) != ESP_OK) {
        ESP_LOGE(TAG, "event %d is lost", (int)event);
    }
}

/* --- task ---------------------------------------------------------------------------------------------------------- */

static TickType_t poll_role(TickType_t now)
{
    switch (s_mode) {
    case MODE_AP:
        return soft_ap_poll(now);
    case MODE_STATION:
        return station_poll(now);
    default:
        return portMAX_DELAY;
    }
}

static void run(void *argument)
{
    mac_received_t frame;
    (void)argument;
    for (;;) {
        TickType_t now = xTaskGetTickCount();
        finish_sending(now);
        send_next();
        receive_some(now);
        serve_requests(now);
        TickType_t wait_ticks = poll_role(now);
        send_next();
        if (!mac_first(&frame)) {
            (void)xSemaphoreTake(s_wake, wait_ticks);
        }
    }
}

esp_err_t wifi_driver_start(void)
{
    s_wake = xSemaphoreCreateBinary();
    s_command_lock = xSemaphoreCreateMutex();
    s_command_done = xSemaphoreCreateBinary();
    s_requests = xQueueCreate(COMMANDS, sizeof(request_t));
    if (s_wake == NULL || s_command_lock == NULL || s_command_done == NULL || s_requests == NULL) {
        return ESP_ERR_NO_MEM;
    }
    mac_init(wake_from_interrupt);
    return xTaskCreate(run, "wifi", TASK_STACK_BYTES, NULL, TASK_PRIORITY, NULL) == pdPASS ? ESP_OK : ESP_ERR_NO_MEM;
}
