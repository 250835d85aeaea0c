/* SPDX-License-Identifier: MIT */
#ifndef ESP_TASK_WDT_H
#define ESP_TASK_WDT_H

#include "esp_err.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Starts the hardware watchdog; the kernel does it. The idle task feeds it, so who takes the CPU for good ends in a
 * panic, and who stops even that in a reset. */
esp_err_t esp_task_wdt_init(void);
/* For work that lets nobody else run for seconds. */
void esp_task_wdt_reset(void);

#ifdef __cplusplus
}
#endif

#endif
