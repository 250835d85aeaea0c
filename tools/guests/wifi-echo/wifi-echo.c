/*
 * A soft access point on the bare registers of the WiFi MAC: beacons, lets one station in, answers ARP and ICMP echo
 * for 192.168.4.1 and echoes UDP port 7. No SDK. Registers and their rules: harness/emulator/wifi/mac-map.ts and the
 * WiFi facts it names; start-up code and vectors are those of the torture programs.
 */
#include <stdint.h>
#include <string.h>
#include "../../torture/programs/torture.h"

#define REG(addr) (*(volatile uint32_t *)(addr))
#define NMI_GATE REG(0x3ff00000)
#define EFUSE0 REG(0x3ff00050)
#define EFUSE1 REG(0x3ff00054)
#define WDEV(offset) REG(0x3ff20000 + (offset))
#define RX_CONTROL WDEV(0x004)
#define RX_RING_HEAD WDEV(0x008)
#define RX_LAST WDEV(0x014)
#define RX_FILTER WDEV(0x06c)
#define SYS_TIME WDEV(0xc00)
#define INT_ENA WDEV(0xc18)
#define INT_ST WDEV(0xc20)
#define INT_CLR WDEV(0xc24)
#define TX_STATUS WDEV(0xc84)
#define TX_CONTROL WDEV(0xdc4)
#define TX_SHAPE WDEV(0xdc8)
#define TSF1_ALARM_ENABLE WDEV(0x10c8)
#define TSF1_ALARM_LOW WDEV(0x10cc)
#define TSF1_LOW WDEV(0x1048)

#define INT_RX (1u << 8)
#define INT_TX_DONE (1u << 19)
#define INT_TSF1 (1u << 26)
#define RECEIVER_ON 0x80000000u
#define OWNER 0x80000000u
#define END_OF_FRAME 0x40000000u

#define BEACON_MICROS 102400
#define MAX_ATTEMPTS 7
#define RX_BUFFERS 16
#define RX_BUFFER_BYTES 0x20c
#define RX_HEADER_BYTES 12
#define INBOX_FRAMES 8
#define FRAME_BYTES 1600
#define HEADER_BYTES 24
#define LLC_BYTES 8
#define FCS_BYTES 4

struct descriptor {
    volatile uint32_t flags;
    uint8_t *buffer;
    struct descriptor *next;
};

typedef int (*printf_t)(const char *format, ...);
#define ets_printf ((printf_t)0x400024cc)

static struct descriptor ring[RX_BUFFERS];
static uint8_t ring_buffers[RX_BUFFERS][RX_BUFFER_BYTES] __attribute__((aligned(4)));
static struct descriptor *taken = ring;

struct received {
    volatile uint32_t length;
    uint8_t bytes[FRAME_BYTES];
};
static struct received inbox[INBOX_FRAMES];
static volatile uint32_t inbox_in, inbox_out;

static struct descriptor tx_descriptor;
static uint8_t tx_frame[FRAME_BYTES] __attribute__((aligned(4)));
static volatile uint32_t tx_done, tx_result;
static uint16_t tx_sequence;

static volatile uint32_t beacon_due;
/* For whoever looks from outside. */
volatile uint32_t nmi_count, nmi_nested, frames_lost, frames_given_up, beacons_sent;
static volatile uint32_t in_nmi;

static uint8_t own[6];
static const uint8_t own_ip[4] = {192, 168, 4, 1};
static const uint8_t broadcast[6] = {255, 255, 255, 255, 255, 255};
static const uint8_t rates[] = {1, 8, 0x82, 0x84, 0x8b, 0x96, 12, 24, 48, 96};
static const char ssid[] = "wifi-echo";

/* --- NMI ------------------------------------------------------------------------------------------------------- */

/* Takes one frame off the ring; true when there was one before `last` or at it. */
static int take_frame(const struct descriptor *last)
{
    struct received *slot = &inbox[inbox_in % INBOX_FRAMES];
    int room = inbox_in - inbox_out < INBOX_FRAMES;
    uint32_t length = 0;
    for (;;) {
        struct descriptor *each = taken;
        uint32_t flags = each->flags;
        uint32_t piece = (flags >> 12) & 0xfff;
        if (room && length + piece <= FRAME_BYTES) memcpy(slot->bytes + length, each->buffer, piece);
        else room = 0;
        length += piece;
        each->flags = OWNER | (RX_BUFFER_BYTES << 12) | RX_BUFFER_BYTES;
        taken = each->next;
        if (flags & END_OF_FRAME) {
            if (room) {
                slot->length = length;
                inbox_in++;
            } else frames_lost++;
            return each != last;
        }
        if (each == last) return 0;
    }
}

void nmi(struct frame *frame)
{
    (void)frame;
    nmi_count++;
    if (in_nmi) nmi_nested++;
    in_nmi = 1;
    uint32_t mask = INT_ENA;
    uint32_t status = INT_ST;
    uint32_t tx_status = TX_STATUS;
    INT_ENA = 0;
    INT_CLR = status;
    if (status & INT_TSF1) {
        beacon_due = 1;
        TSF1_ALARM_LOW = TSF1_ALARM_LOW + BEACON_MICROS;
        TSF1_ALARM_ENABLE = 0x80000000u;
    }
    if (status & INT_TX_DONE) {
        tx_result = tx_status >> 28;
        tx_done = 1;
    }
    if (status & INT_RX) {
        const struct descriptor *last = (const struct descriptor *)RX_LAST;
        while (take_frame(last)) {}
    }
    in_nmi = 0;
    do NMI_GATE = 0;
    while (NMI_GATE != 0);
    INT_ENA = mask;
    NMI_GATE = 1;
}

/* --- sending --------------------------------------------------------------------------------------------------- */

static void start_frame(uint32_t length, int wants_ack)
{
    tx_done = 0;
    tx_descriptor.flags = OWNER | END_OF_FRAME | ((length + FCS_BYTES) << 12) | FRAME_BYTES;
    tx_descriptor.buffer = tx_frame;
    tx_descriptor.next = (struct descriptor *)0xa5a5a5a5;
    uint32_t control = ((uint32_t)&tx_descriptor & 0x3ffff) | (1u << 21) | (1u << 22) | (wants_ack ? 1u << 24 : 0);
    TX_CONTROL = control;
    TX_SHAPE = length + FCS_BYTES;
    TX_CONTROL = control | 0xc0000000u;
}

/* Sends tx_frame and waits; again with the retry bit while nobody acknowledges. */
static void transmit(uint32_t length)
{
    int group = tx_frame[4] & 1;
    tx_frame[22] = tx_sequence << 4;
    tx_frame[23] = tx_sequence >> 4;
    tx_sequence++;
    for (int attempt = 1;; attempt++) {
        start_frame(length, !group);
        while (!tx_done) {}
        if (tx_result == 0) return;
        if (attempt == MAX_ATTEMPTS) {
            frames_given_up++;
            return;
        }
        tx_frame[1] |= 0x08;
    }
}

static uint8_t *management(uint8_t type, const uint8_t *to)
{
    memset(tx_frame, 0, HEADER_BYTES);
    tx_frame[0] = type;
    memcpy(tx_frame + 4, to, 6);
    memcpy(tx_frame + 10, own, 6);
    memcpy(tx_frame + 16, own, 6);
    return tx_frame + HEADER_BYTES;
}

static uint8_t *add(uint8_t *at, const void *bytes, uint32_t length)
{
    memcpy(at, bytes, length);
    return at + length;
}

static void send_beacon(void)
{
    uint8_t *at = management(0x80, broadcast);
    uint32_t now = SYS_TIME;
    memset(at, 0, 8);
    memcpy(at, &now, 4);
    static const uint8_t fixed[] = {100, 0, 0x01, 0x00};
    static const uint8_t channel[] = {3, 1, 1};
    at = add(at + 8, fixed, sizeof fixed);
    *at++ = 0;
    *at++ = sizeof ssid - 1;
    at = add(at, ssid, sizeof ssid - 1);
    at = add(at, rates, sizeof rates);
    at = add(at, channel, sizeof channel);
    transmit(at - tx_frame);
    beacons_sent++;
}

/* A data frame to the station; returns where its packet goes. */
static uint8_t *data_to(const uint8_t *to, uint16_t ether_type)
{
    static const uint8_t snap[] = {0xaa, 0xaa, 3, 0, 0, 0};
    uint8_t *at = management(0x08, to);
    tx_frame[1] = 0x02;
    at = add(at, snap, sizeof snap);
    *at++ = ether_type >> 8;
    *at++ = ether_type;
    return at;
}

/* --- answering ------------------------------------------------------------------------------------------------- */

static uint16_t read16(const uint8_t *at)
{
    return at[0] << 8 | at[1];
}

static void write16(uint8_t *at, uint16_t value)
{
    at[0] = value >> 8;
    at[1] = value;
}

static uint32_t add_sum(const uint8_t *at, uint32_t length)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i + 1 < length; i += 2) sum += read16(at + i);
    if (length & 1) sum += at[length - 1] << 8;
    return sum;
}

static uint16_t finish_sum(uint32_t sum)
{
    while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
    return ~sum;
}

static void answer_arp(const uint8_t *request, const uint8_t *station)
{
    if (read16(request + 6) != 1 || memcmp(request + 24, own_ip, 4) != 0) return;
    uint8_t *reply = data_to(station, 0x0806);
    memcpy(reply, request, 8);
    write16(reply + 6, 2);
    memcpy(reply + 8, own, 6);
    memcpy(reply + 14, own_ip, 4);
    memcpy(reply + 18, request + 8, 10);
    transmit(reply + 28 - tx_frame);
}

static void answer_ipv4(const uint8_t *packet, uint32_t available, const uint8_t *station)
{
    uint32_t header = (packet[0] & 15) * 4;
    uint32_t total = read16(packet + 2);
    if (packet[0] >> 4 != 4 || total > available || header < 20 || memcmp(packet + 16, own_ip, 4) != 0) return;
    uint8_t *reply = data_to(station, 0x0800);
    memcpy(reply, packet, total);
    memcpy(reply + 12, packet + 16, 4);
    memcpy(reply + 16, packet + 12, 4);
    uint8_t *body = reply + header;
    uint32_t body_bytes = total - header;
    if (packet[9] == 1 && body[0] == 8) {
        body[0] = 0;
        write16(body + 2, 0);
        write16(body + 2, finish_sum(add_sum(body, body_bytes)));
    } else if (packet[9] == 17 && read16(body + 2) == 7) {
        uint16_t from = read16(body);
        write16(body, 7);
        write16(body + 2, from);
        write16(body + 6, 0);
        uint16_t sum = finish_sum(add_sum(reply + 12, 8) + 17 + body_bytes + add_sum(body, body_bytes));
        write16(body + 6, sum ? sum : 0xffff);
    } else return;
    reply[8] = 64;
    write16(reply + 10, 0);
    write16(reply + 10, finish_sum(add_sum(reply, header)));
    transmit(reply + total - tx_frame);
}

static void answer(const uint8_t *frame, uint32_t length)
{
    const uint8_t *station = frame + 10;
    const uint8_t *body = frame + HEADER_BYTES;
    if (memcmp(frame + 4, own, 6) != 0) return;
    switch (frame[0]) {
    case 0xb0: {
        static const uint8_t granted[] = {0, 0, 2, 0, 0, 0};
        uint8_t *at = management(0xb0, station);
        transmit(add(at, granted, sizeof granted) - tx_frame);
        break;
    }
    case 0x00: {
        static const uint8_t welcome[] = {0x01, 0x00, 0, 0, 0x01, 0xc0};
        uint8_t *at = management(0x10, station);
        at = add(at, welcome, sizeof welcome);
        transmit(add(at, rates, sizeof rates) - tx_frame);
        ets_printf("wifi-echo: a station has come\n");
        break;
    }
    case 0x08:
        if (length < HEADER_BYTES + LLC_BYTES + 20) break;
        if (read16(body + 6) == 0x0806 && length >= HEADER_BYTES + LLC_BYTES + 28) answer_arp(body + LLC_BYTES, station);
        else if (read16(body + 6) == 0x0800) answer_ipv4(body + LLC_BYTES, length - HEADER_BYTES - LLC_BYTES, station);
        break;
    }
}

/* --- start ----------------------------------------------------------------------------------------------------- */

static void set_address(uint32_t offset, uint32_t mask_offset)
{
    uint32_t low;
    memcpy(&low, own, 4);
    WDEV(offset) = low;
    WDEV(offset + 4) = own[4] | own[5] << 8;
    WDEV(mask_offset) = 0xffffffffu;
    WDEV(mask_offset + 4) = 0xffff;
    WDEV(mask_offset + 4) = 0x1ffff;
}

static void start_mac(void)
{
    INT_ENA = 0;
    INT_CLR = 0xffffffffu;
    for (int i = 0; i < RX_BUFFERS; i++) {
        ring[i].flags = OWNER | (RX_BUFFER_BYTES << 12) | RX_BUFFER_BYTES;
        ring[i].buffer = ring_buffers[i];
        ring[i].next = &ring[(i + 1) % RX_BUFFERS];
    }
    RX_RING_HEAD = (uint32_t)ring;
    RX_FILTER = 0x707;
    set_address(0xc50, 0xc60);
    set_address(0xc30, 0xc40);
    INT_ENA = INT_RX | INT_TX_DONE | INT_TSF1;
    NMI_GATE = 1;
    RX_CONTROL = RECEIVER_ON;
    TSF1_ALARM_LOW = TSF1_LOW + BEACON_MICROS;
    TSF1_ALARM_ENABLE = 0x80000000u;
}

int main(void)
{
    uint32_t word0 = EFUSE0, word1 = EFUSE1;
    const uint8_t address[] = {0x1a, 0xfe, 0x34, word1 >> 8, word1, word0 >> 24};
    memcpy(own, address, 6);
    start_mac();
    ets_printf("wifi-echo: up\n");
    for (;;) {
        while (!beacon_due && inbox_in == inbox_out) {}
        if (beacon_due) {
            beacon_due = 0;
            send_beacon();
        }
        if (inbox_in != inbox_out) {
            struct received *frame = &inbox[inbox_out % INBOX_FRAMES];
            if (frame->length > RX_HEADER_BYTES + HEADER_BYTES)
                answer(frame->bytes + RX_HEADER_BYTES, frame->length - RX_HEADER_BYTES);
            inbox_out++;
        }
    }
}
