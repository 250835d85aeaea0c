/* SPDX-License-Identifier: MIT */
/* From the first C function to app_main(). */
#include <stdlib.h>

#include "kernel.h"

#define MAIN_PRIORITY 1

void app_main(void);
void kernel_main(void) __attribute__((noreturn));

/* What other parts want to do before app_main(), in their own task context; defined by them. */
__attribute__((weak)) void runtime_system_init(void)
{
}

static void run_app(void *argument)
{
    (void)argument;
    runtime_system_init();
    app_main();
}

/* From vectors.S: level 1 masked, own vectors, on the stack that will be the interrupts'. */
void kernel_main(void)
{
    kernel_clock_init();
    kernel_reset_reason_init();
    kernel_scheduler_init();
    kernel_heap_init();
    kernel_interrupts_init();
    kernel_tasks_init();
    if (xTaskCreate(run_app, "uiT", CONFIG_MAIN_TASK_STACK_SIZE, NULL, MAIN_PRIORITY, NULL) != pdPASS) {
        kernel_abort();
    }
    kernel_watchdog_start();
    kernel_start();
}
