/* SPDX-License-Identifier: MIT */
#ifndef SSE_OTA_ERR_H
#define SSE_OTA_ERR_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Results of this component. Zero is success, errors are negative, so that a positive result can be a count.
 *
 * From -1: trouble with the machine below. From -20: refusals, which are answers of the contract
 * (docs/dut-contract.md section 4); each has a text code and an HTTP status, see sse_ota_refusal_of().
 */
typedef enum sse_ota_err {
    SSE_OTA_OK = 0,
    SSE_OTA_ERR_AGAIN = -1,  /* would block: try again once the socket is ready */
    SSE_OTA_ERR_CLOSED = -2, /* the other side is gone */
    SSE_OTA_ERR_IO = -3,     /* the network stack said no */
    SSE_OTA_ERR_ARG = -4,    /* a parameter or a configuration value makes no sense */
    SSE_OTA_ERR_STATE = -5,  /* started twice, or stopped while not running */
    SSE_OTA_ERR_NO_MEM = -6, /* no memory for the task */
    SSE_OTA_ERR_NO_SLOT = -7, /* the partition table has no second app slot */
    SSE_OTA_ERR_SPACE = -8,  /* a caller-owned buffer is too small for what should go into it */

    SSE_OTA_REFUSE_BAD_MAGIC = -20,
    SSE_OTA_REFUSE_WRONG_SLOT = -21,
    SSE_OTA_REFUSE_BAD_HEADER = -22,
    SSE_OTA_REFUSE_BAD_CHECKSUM = -23,
    SSE_OTA_REFUSE_TRUNCATED = -24,
    SSE_OTA_REFUSE_NO_LENGTH = -25,
    SSE_OTA_REFUSE_TOO_LARGE = -26,
    SSE_OTA_REFUSE_BUSY = -27,
    SSE_OTA_REFUSE_STALLED = -28,
    SSE_OTA_REFUSE_UNAUTHORIZED = -29,
    SSE_OTA_REFUSE_CHUNKED = -30,
    SSE_OTA_REFUSE_FLASH = -31,
    SSE_OTA_REFUSE_BAD_REQUEST = -32,
    SSE_OTA_REFUSE_NOT_FOUND = -33,
    SSE_OTA_REFUSE_METHOD = -34,
    SSE_OTA_REFUSE_HEADER_TOO_LARGE = -35,
    SSE_OTA_REFUSE_NOT_ACCEPTABLE = -36,
    SSE_OTA_REFUSE_TOO_MANY_CLIENTS = -37
} sse_ota_err_t;

/* What the contract says of a refusal. */
typedef struct sse_ota_refusal {
    sse_ota_err_t err;
    uint16_t status;  /* HTTP status */
    const char *code; /* stable, what a program matches on */
    const char *text; /* for people, when nothing more exact is known */
} sse_ota_refusal_t;

/* The row of a refusal; never NULL: what is no refusal of the contract gives the row of SSE_OTA_REFUSE_FLASH (500). */
const sse_ota_refusal_t *sse_ota_refusal_of(sse_ota_err_t err);

#ifdef __cplusplus
}
#endif

#endif
