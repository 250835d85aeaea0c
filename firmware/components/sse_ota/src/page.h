/* SPDX-License-Identifier: MIT */
#ifndef SSE_OTA_PAGE_H
#define SSE_OTA_PAGE_H

/* What GET / answers: one page, nothing from another host. Ends with NUL. */
extern const char sse_ota_page[];

#endif
