/* SPDX-License-Identifier: MIT */
#ifndef WIFI_MAC_H
#define WIFI_MAC_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The MAC as hardware: a ring that receives, one frame at a time on its way out, a beacon clock. The NMI only notes what
 * has happened and raises a soft interrupt; everything here but that belongs to one task.
 */

#define MAC_STATION 0u
#define MAC_SOFT_AP 1u
/* Longest frame without FCS: header, LLC and 1500 bytes, and some for management. */
#define MAC_FRAME_BYTES 1560u

typedef enum mac_rate {
    MAC_RATE_1 = 0x0,
    MAC_RATE_5_5 = 0x2,
    MAC_RATE_24 = 0x9,
    MAC_RATE_12 = 0xa,
    MAC_RATE_6 = 0xb,
    MAC_RATE_54 = 0xc,
} mac_rate_t;

/* A frame in the ring. */
typedef struct mac_received {
    const uint8_t *bytes;  /* its beginning, in one piece */
    uint32_t piece_bytes;  /* how much of it that is */
    uint32_t length_bytes; /* all of it, without FCS */
    int8_t rssi_dbm;
} mac_received_t;

/* `notify` is called at interrupt level whenever there is something to fetch. Aborts when there is no soft interrupt left. */
void mac_init(void (*notify)(void));
/* Empty ring, no address, receiver on. */
void mac_start(void);
/* Everything off; a frame on its way out is forgotten. */
void mac_stop(void);
/* What `unit` answers to and acknowledges. */
void mac_set_address(uint32_t unit, const uint8_t address[6]);
/* Whose group frames `unit` hears; NULL: everybody's. */
void mac_set_bssid(uint32_t unit, const uint8_t bssid[6]);

/* The oldest frame received; false when there is none. */
bool mac_first(mac_received_t *frame);
/* Part of the oldest frame, over as many buffers as it takes. */
void mac_copy(uint32_t offset_bytes, void *to, uint32_t length_bytes);
/* Done with the oldest frame. */
void mac_release(void);
/* Frames that were cut short or longer than a buffer chain can be. */
uint32_t mac_malformed(void);

/* Where the next frame is put together; MAC_FRAME_BYTES. Not while one is on its way. */
uint8_t *mac_tx_frame(void);
bool mac_is_sending(void);
/* Sends what is in mac_tx_frame(). */
void mac_send(uint32_t length_bytes, mac_rate_t rate, bool wants_ack);
/* True once for each frame when it is out; `acknowledged` holds for those that asked. */
bool mac_has_sent(bool *acknowledged);

/* A beacon is due every so often; 0: never again. */
void mac_set_beacon_interval(uint32_t interval_us);
/* True when one or more have come due since the last call. */
bool mac_is_beacon_due(void);

uint32_t mac_now_us(void);

#endif
