/* SPDX-License-Identifier: MIT */
#ifndef FREERTOS_CONFIG_H
#define FREERTOS_CONFIG_H

#include "sdkconfig.h"

#ifndef CONFIG_FREERTOS_HZ
#define CONFIG_FREERTOS_HZ 100
#endif

#define configTICK_RATE_HZ ((TickType_t)CONFIG_FREERTOS_HZ)
#define configMAX_PRIORITIES 15
#define configMAX_TASK_NAME_LEN 16
#define configMINIMAL_STACK_SIZE 768
#define configTIMER_TASK_PRIORITY 2
#define configTIMER_TASK_STACK_DEPTH 2048
#define configUSE_PREEMPTION 1
#define configUSE_MUTEXES 1
#define configUSE_RECURSIVE_MUTEXES 1
#define configUSE_COUNTING_SEMAPHORES 1
#define configUSE_TASK_NOTIFICATIONS 1
#define configUSE_TIMERS 1
#define configSUPPORT_DYNAMIC_ALLOCATION 1

/* Of the application's main task and of the idle task, in bytes. */
#ifndef CONFIG_MAIN_TASK_STACK_SIZE
#define CONFIG_MAIN_TASK_STACK_SIZE 3584
#endif
#define configIDLE_STACK_BYTES 512

#endif
