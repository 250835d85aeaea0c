/* SPDX-License-Identifier: MIT */
#ifndef SSE_OTA_OTA_WRITER_H
#define SSE_OTA_OTA_WRITER_H

#include "image_check.h"
#include "sse_ota_port.h"

/*
 * One upload into the next slot: checks the bytes as they come, erases sector by sector just ahead of the writing (so
 * that the server stays awake), reads back what it wrote, and moves the boot slot last of all. Until the first eight
 * bytes have been found good, the flash is not touched; until sse_ota_writer_finish() has succeeded, the running image
 * is the one that boots. Pages go to the flash before the whole is known to be good, and the boot loader knows less of
 * an image than we do: what keeps it from the next slot is that the running one is selected, and that is seen to before
 * the first erase.
 */
typedef struct sse_ota_writer {
    const sse_ota_port_t *port;
    uint8_t *page;            /* the caller's; aligned to 4 */
    uint32_t page_bytes;      /* a divisor of the sector, at least 64 */
    uint32_t page_length;     /* bytes that wait in it */
    uint32_t written_bytes;
    uint32_t erased_bytes;
    uint32_t received_bytes;
    sse_ota_slot_t slot;
    sse_ota_image_check_t check;
} sse_ota_writer_t;

/*
 * `slot` is copied. SSE_OTA_OK, or what the announced length alone decides. Nothing has to be undone if the upload is
 * abandoned later.
 */
sse_ota_err_t sse_ota_writer_start(sse_ota_writer_t *writer, const sse_ota_port_t *port, const sse_ota_slot_t *slot,
                                   uint32_t announced_bytes, uint8_t *page, uint32_t page_bytes);

/* The next bytes of the body. A refusal is final. */
sse_ota_err_t sse_ota_writer_feed(sse_ota_writer_t *writer, const uint8_t *bytes, size_t length);

/* The body is complete (or will not be): verdict, last page, and only if all is well the boot slot. */
sse_ota_err_t sse_ota_writer_finish(sse_ota_writer_t *writer);

#endif
