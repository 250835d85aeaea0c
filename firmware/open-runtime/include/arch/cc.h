/* SPDX-License-Identifier: MIT */
#ifndef ARCH_CC_H
#define ARCH_CC_H

#include <stdint.h>
#include <sys/time.h>

/* What lwIP wants to know of compiler and machine. The rest it takes from <stdint.h>, <limits.h> and <errno.h>. */

#ifndef BYTE_ORDER
#define BYTE_ORDER LITTLE_ENDIAN
#endif
#define LWIP_ERRNO_STDINCLUDE 1
#define LWIP_TIMEVAL_PRIVATE 0

/* 32 bits at a time, from aligned packets (ETH_PAD_SIZE). */
#define LWIP_CHKSUM_ALGORITHM 3

uint32_t esp_random(void);
#define LWIP_RAND() esp_random()

/* An assertion of lwIP that does not hold: logs it and aborts. */
void lwip_port_assert_failed(const char *message, const char *file, int line) __attribute__((noreturn));
#define LWIP_PLATFORM_ASSERT(message) lwip_port_assert_failed(message, __FILE__, __LINE__)
#define LWIP_PLATFORM_DIAG(message)

#endif
