/* SPDX-License-Identifier: MIT */
#ifndef SSE_OTA_PORT_H
#define SSE_OTA_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sse_ota_err.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * What the server needs of the machine below it: sockets, the two slots, time, restart, and the console. Functions take
 * the `context` they were given with; all are called from the server's one task, except `lock` and `unlock`, which the
 * printing side calls from any task. None may block longer than its comment says.
 *
 * Results: 0 or a count is success, else an sse_ota_err_t. Every socket is non-blocking.
 */

/* A place for an app, and the label of its partition. Declared in src/image_check.h. */
struct sse_ota_slot;
struct sse_ota_log_queue;

/* One socket to wait for. */
typedef struct sse_ota_wait {
    int socket;
    bool wants_read;
    bool wants_write;
    bool can_read;  /* set by wait(): something to read, an end, or an error */
    bool can_write; /* set by wait() */
} sse_ota_wait_t;

typedef struct sse_ota_heap {
    uint32_t free_bytes;
    uint32_t lowest_bytes; /* the least that was ever free */
} sse_ota_heap_t;

typedef enum sse_ota_level { SSE_OTA_LEVEL_ERROR, SSE_OTA_LEVEL_WARN, SSE_OTA_LEVEL_INFO } sse_ota_level_t;

typedef struct sse_ota_port {
    void *context;

    /* Sockets. ---------------------------------------------------------------------------------------------------- */

    /* A listening socket on all addresses (on a host: on 127.0.0.1). Returns it, or SSE_OTA_ERR_IO. */
    int (*listen)(void *context, uint16_t tcp_port);
    /* Next connection, already non-blocking; SSE_OTA_ERR_AGAIN when there is none. */
    int (*accept)(void *context, int listener);
    /* Bytes read (> 0), SSE_OTA_ERR_AGAIN, SSE_OTA_ERR_CLOSED at the end of the stream, or SSE_OTA_ERR_IO. */
    int32_t (*recv)(void *context, int socket, void *bytes, size_t length);
    /* Bytes taken (> 0, maybe fewer than given), SSE_OTA_ERR_AGAIN, or SSE_OTA_ERR_IO. Never raises a signal. */
    int32_t (*send)(void *context, int socket, const void *bytes, size_t length);
    /* No more will be sent; reading goes on. */
    void (*end_sending)(void *context, int socket);
    void (*close)(void *context, int socket);
    /* Until a socket is ready or the time is over. Sockets below 0 are skipped. Returns how many are ready. */
    int (*wait)(void *context, sse_ota_wait_t *sockets, size_t count, uint32_t timeout_ms);

    /* Slots. Offsets count from the slot's start. ------------------------------------------------------------------ */

    /* The slot that is running, and the one that an update goes to: never the same. */
    sse_ota_err_t (*slots)(void *context, struct sse_ota_slot *running, struct sse_ota_slot *next);
    /*
     * Before the next slot is touched: makes the running image the one to boot, if another is selected (one that could not
     * be booted, or an update that nobody has restarted into). Otherwise nothing is written.
     */
    sse_ota_err_t (*keep_boot)(void *context);
    /* Erases one sector (SSE_OTA_SECTOR_BYTES) of the next slot; may take 0.4 s. */
    sse_ota_err_t (*erase_sector)(void *context, uint32_t offset);
    /* `bytes` is aligned to 4 and so are offset and length. */
    sse_ota_err_t (*write)(void *context, uint32_t offset, const void *bytes, size_t length);
    sse_ota_err_t (*read)(void *context, uint32_t offset, void *bytes, size_t length);
    /* Verifies the image in the next slot once more, as the boot loader would, and makes it the one to boot. */
    sse_ota_err_t (*set_boot)(void *context);

    /* The rest. ---------------------------------------------------------------------------------------------------- */

    uint32_t (*now_ms)(void *context); /* wraps at 2^32 */
    void (*heap)(void *context, sse_ota_heap_t *heap);
    void (*restart)(void *context); /* does not return on a device */
    /* One console line, as the machine prints its own. */
    void (*log)(void *context, sse_ota_level_t level, const char *text);
    /* From now on every byte of the console also goes to sse_ota_log_putchar(queue); NULL: no longer. */
    void (*hook)(void *context, struct sse_ota_log_queue *queue);
    /* Around a few hundred instructions of memory work. */
    void (*lock)(void *context);
    void (*unlock)(void *context);
} sse_ota_port_t;

/* What is erased at once. */
#define SSE_OTA_SECTOR_BYTES 4096u

#ifdef __cplusplus
}
#endif

#endif
