/* SPDX-License-Identifier: MIT */
#include "mac.h"

#include <stdlib.h>
#include <string.h>

#include "esp_attr.h"
#include "kernel/nmi.h"
#include "mac_regs.h"

/* Four full frames, a TCP window, are twelve buffers; as many again for what comes beside them. */
#define RX_BUFFERS 24u
#define RX_BUFFER_BYTES 524u
#define RX_HEADER_BYTES 12u
/* The header's first byte is dBm + 96. */
#define RSSI_BIAS 96
#define FCS_BYTES 4u

typedef struct descriptor {
    volatile uint32_t flags;
    uint8_t *buffer;
    struct descriptor *next;
} descriptor_t;

static descriptor_t s_ring[RX_BUFFERS];
static uint8_t s_ring_bytes[RX_BUFFERS][RX_BUFFER_BYTES] __attribute__((aligned(4)));
/* Descriptors filled (the NMI writes) and given back (the task writes), counted on and on. */
static volatile uint32_t s_filled;
static uint32_t s_freed;
static uint32_t s_fill_at;
static uint32_t s_free_at;
static uint32_t s_malformed;

static descriptor_t s_tx_descriptor;
static uint8_t s_tx_frame[MAC_FRAME_BYTES + FCS_BYTES] __attribute__((aligned(4)));
static bool s_is_sending;
static volatile uint32_t s_completions;
static volatile uint32_t s_result;
static uint32_t s_completions_seen;

static volatile uint32_t s_beacon_interval_us;
static volatile uint32_t s_beacons;
static uint32_t s_beacons_seen;

static void (*s_notify)(void);
static int s_soft_interrupt;

/* --- NMI --------------------------------------------------------------------------------------------------------- */

/* Takes filled descriptors out of the hardware's hands, up to the last one; the task gives them back. */
static void IRAM_ATTR take_filled(void)
{
    const descriptor_t *last = (const descriptor_t *)MAC_RX_LAST;
    uint32_t taken = 0;
    while (taken < RX_BUFFERS) {
        descriptor_t *each = &s_ring[s_fill_at];
        each->flags &= ~MAC_OWNER;
        s_fill_at = s_fill_at + 1 == RX_BUFFERS ? 0 : s_fill_at + 1;
        taken++;
        if (each == last) {
            break;
        }
    }
    s_filled += taken;
}

static void IRAM_ATTR on_nmi(void *argument)
{
    (void)argument;
    uint32_t mask = MAC_INT_ENA;
    uint32_t status = MAC_INT_ST;
    uint32_t tx_status = MAC_TX_STATUS;
    MAC_INT_ENA = 0;
    MAC_INT_CLR = status;
    if ((status & MAC_INT_TX_DONE) != 0) {
        s_result = tx_status >> 28;
        s_completions++;
    }
    if ((status & MAC_INT_RX) != 0) {
        take_filled();
    }
    if ((status & MAC_INT_TSF1) != 0 && s_beacon_interval_us != 0) {
        /* From when it should have been, so that delays do not add up. */
        MAC_TSF1_ALARM_LOW = MAC_TSF1_ALARM_LOW + s_beacon_interval_us;
        MAC_TSF1_ALARM_ENABLE = MAC_ALARM_ON;
        s_beacons++;
    }
    kernel_soft_interrupt_raise(s_soft_interrupt);
    do {
        MAC_NMI_GATE = 0;
    } while (MAC_NMI_GATE != 0);
    MAC_INT_ENA = mask;
    MAC_NMI_GATE = 1;
}

static void on_soft_interrupt(void *argument)
{
    (void)argument;
    s_notify();
}

/* --- on and off -------------------------------------------------------------------------------------------------- */

void mac_init(void (*notify)(void))
{
    s_notify = notify;
    s_soft_interrupt = kernel_soft_interrupt(on_soft_interrupt, NULL);
    if (s_soft_interrupt < 0) {
        abort();
    }
    mac_stop();
    esp_nmi_set_handler(on_nmi, NULL);
}

static uint32_t free_flags(void)
{
    return MAC_OWNER | (RX_BUFFER_BYTES << MAC_LENGTH_SHIFT) | RX_BUFFER_BYTES;
}

void mac_start(void)
{
    for (uint32_t i = 0; i < RX_BUFFERS; i++) {
        s_ring[i].flags = free_flags();
        s_ring[i].buffer = s_ring_bytes[i];
        s_ring[i].next = &s_ring[i + 1 == RX_BUFFERS ? 0 : i + 1];
    }
    s_filled = 0;
    s_freed = 0;
    s_fill_at = 0;
    s_free_at = 0;
    s_is_sending = false;
    s_completions_seen = s_completions;
    s_beacons_seen = s_beacons;
    MAC_RX_RING_HEAD = (uint32_t)s_ring;
    MAC_RX_FILTER = MAC_FILTER_ADDRESSES;
    MAC_INT_CLR = 0xffffffffu;
    MAC_INT_ENA = MAC_INT_RX | MAC_INT_TX_DONE | MAC_INT_TSF1;
    MAC_NMI_GATE = 1;
    MAC_RX_CONTROL = MAC_RECEIVER_ON;
}

void mac_stop(void)
{
    MAC_RX_CONTROL = 0;
    s_beacon_interval_us = 0;
    MAC_TSF1_ALARM_ENABLE = 0;
    MAC_INT_ENA = 0;
    MAC_NMI_GATE = 0;
    MAC_INT_CLR = 0xffffffffu;
    for (uint32_t unit = MAC_STATION; unit <= MAC_SOFT_AP; unit++) {
        MAC_WDEV(MAC_OWN_MASK(unit) + 4) = 0;
        MAC_WDEV(MAC_BSSID_MASK(unit) + 4) = 0;
    }
    s_is_sending = false;
}

static void write_unit(uint32_t offset, uint32_t mask_offset, const uint8_t address[6])
{
    uint32_t low = (uint32_t)address[0] | (uint32_t)address[1] << 8 | (uint32_t)address[2] << 16 |
                   (uint32_t)address[3] << 24;
    MAC_WDEV(mask_offset + 4) = 0;
    MAC_WDEV(offset) = low;
    MAC_WDEV(offset + 4) = (uint32_t)address[4] | (uint32_t)address[5] << 8;
    MAC_WDEV(mask_offset) = 0xffffffffu;
    MAC_WDEV(mask_offset + 4) = 0xffffu;
    MAC_WDEV(mask_offset + 4) = 0xffffu | MAC_UNIT_ENABLE;
}

void mac_set_address(uint32_t unit, const uint8_t address[6])
{
    write_unit(MAC_OWN(unit), MAC_OWN_MASK(unit), address);
}

void mac_set_bssid(uint32_t unit, const uint8_t bssid[6])
{
    if (bssid == NULL) {
        MAC_WDEV(MAC_BSSID_MASK(unit) + 4) = 0xffffu;
    } else {
        write_unit(MAC_BSSID(unit), MAC_BSSID_MASK(unit), bssid);
    }
}

/* --- receiving --------------------------------------------------------------------------------------------------- */

static uint32_t next_of(uint32_t at)
{
    return at + 1 == RX_BUFFERS ? 0 : at + 1;
}

static uint32_t data_bytes(uint32_t flags)
{
    return (flags >> MAC_LENGTH_SHIFT) & MAC_LENGTH_MASK;
}

/* Gives back one frame's descriptors, or all that are filled if its end is not among them. */
void mac_release(void)
{
    while (s_freed != s_filled) {
        descriptor_t *each = &s_ring[s_free_at];
        uint32_t flags = each->flags;
        each->flags = free_flags();
        s_free_at = next_of(s_free_at);
        s_freed++;
        if ((flags & MAC_END_OF_FRAME) != 0) {
            return;
        }
    }
}

bool mac_first(mac_received_t *frame)
{
    for (;;) {
        uint32_t filled = s_filled - s_freed;
        uint32_t total_bytes = 0;
        uint32_t at = s_free_at;
        bool has_end = false;
        if (filled == 0) {
            return false;
        }
        for (uint32_t i = 0; i < filled && !has_end; i++) {
            uint32_t flags = s_ring[at].flags;
            total_bytes += data_bytes(flags);
            has_end = (flags & MAC_END_OF_FRAME) != 0;
            at = next_of(at);
        }
        const descriptor_t *first = &s_ring[s_free_at];
        uint32_t piece_bytes = data_bytes(first->flags);
        if (has_end && piece_bytes > RX_HEADER_BYTES) {
            frame->bytes = first->buffer + RX_HEADER_BYTES;
            frame->piece_bytes = piece_bytes - RX_HEADER_BYTES;
            frame->length_bytes = total_bytes - RX_HEADER_BYTES;
            frame->rssi_dbm = (int8_t)((int)first->buffer[0] - RSSI_BIAS);
            return true;
        }
        s_malformed++;
        mac_release();
    }
}

void mac_copy(uint32_t offset_bytes, void *to, uint32_t length_bytes)
{
    uint8_t *target = to;
    uint32_t at = s_free_at;
    uint32_t skip_bytes = offset_bytes + RX_HEADER_BYTES;
    while (length_bytes > 0) {
        const descriptor_t *each = &s_ring[at];
        uint32_t available_bytes = data_bytes(each->flags);
        if (skip_bytes >= available_bytes) {
            skip_bytes -= available_bytes;
        } else {
            uint32_t piece_bytes = available_bytes - skip_bytes;
            piece_bytes = piece_bytes < length_bytes ? piece_bytes : length_bytes;
            memcpy(target, each->buffer + skip_bytes, piece_bytes);
            target += piece_bytes;
            length_bytes -= piece_bytes;
            skip_bytes = 0;
        }
        if ((each->flags & MAC_END_OF_FRAME) != 0) {
            return;
        }
        at = next_of(at);
    }
}

uint32_t mac_malformed(void)
{
    return s_malformed;
}

/* --- sending ----------------------------------------------------------------------------------------------------- */

uint8_t *mac_tx_frame(void)
{
    return s_tx_frame;
}

bool mac_is_sending(void)
{
    return s_is_sending;
}

void mac_send(uint32_t length_bytes, mac_rate_t rate, bool wants_ack)
{
    uint32_t on_air_bytes = length_bytes + FCS_BYTES;
    s_is_sending = true;
    /* What an earlier life of the MAC still reports is not this frame. */
    s_completions_seen = s_completions;
    s_tx_descriptor.flags = MAC_OWNER | MAC_END_OF_FRAME | (on_air_bytes << MAC_LENGTH_SHIFT) | on_air_bytes;
    s_tx_descriptor.buffer = s_tx_frame;
    s_tx_descriptor.next = NULL;
    uint32_t control = ((uint32_t)&s_tx_descriptor & MAC_TX_DESCRIPTOR_MASK) | MAC_TX_ALWAYS | MAC_TX_NON_HT |
                       (wants_ack ? MAC_TX_WANTS_ACK : 0);
    MAC_TX_CONTROL = control;
    MAC_TX_SHAPE = on_air_bytes | ((uint32_t)rate << MAC_TX_RATE_SHIFT);
    MAC_TX_CONTROL = control | MAC_TX_START;
}

bool mac_has_sent(bool *acknowledged)
{
    if (!s_is_sending || s_completions == s_completions_seen) {
        return false;
    }
    s_completions_seen = s_completions;
    s_is_sending = false;
    *acknowledged = s_result == 0;
    return true;
}

/* --- time -------------------------------------------------------------------------------------------------------- */

void mac_set_beacon_interval(uint32_t interval_us)
{
    MAC_TSF1_ALARM_ENABLE = 0;
    s_beacon_interval_us = interval_us;
    if (interval_us != 0) {
        MAC_TSF1_ALARM_LOW = MAC_TSF1_LOW + interval_us;
        MAC_TSF1_ALARM_ENABLE = MAC_ALARM_ON;
    }
}

bool mac_is_beacon_due(void)
{
    uint32_t beacons = s_beacons;
    bool is_due = beacons != s_beacons_seen;
    s_beacons_seen = beacons;
    return is_due;
}

uint32_t mac_now_us(void)
{
    return MAC_SYS_TIME;
}
