/* SPDX-License-Identifier: MIT */
#ifndef FREERTOS_TASK_H
#define FREERTOS_TASK_H

#include "freertos/FreeRTOS.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tskTaskControlBlock *TaskHandle_t;
typedef TaskHandle_t xTaskHandle;
typedef void (*TaskFunction_t)(void *argument);

typedef enum {
    eRunning = 0,
    eReady,
    eBlocked,
    eSuspended,
    eDeleted,
} eTaskState;

typedef enum {
    eNoAction = 0,
    eSetBits,
    eIncrement,
    eSetValueWithOverwrite,
    eSetValueWithoutOverwrite,
} eNotifyAction;

#define tskIDLE_PRIORITY ((UBaseType_t)0)
#define tskNO_AFFINITY 0x7fffffff

#define taskSCHEDULER_SUSPENDED ((BaseType_t)0)
#define taskSCHEDULER_NOT_STARTED ((BaseType_t)1)
#define taskSCHEDULER_RUNNING ((BaseType_t)2)

#define taskYIELD() portYIELD()
#define taskENTER_CRITICAL() portENTER_CRITICAL()
#define taskEXIT_CRITICAL() portEXIT_CRITICAL()
#define taskDISABLE_INTERRUPTS() portDISABLE_INTERRUPTS()
#define taskENABLE_INTERRUPTS() portENABLE_INTERRUPTS()

/* pdPASS, or errCOULD_NOT_ALLOCATE_REQUIRED_MEMORY. A task that returns is deleted. */
BaseType_t xTaskCreate(TaskFunction_t function, const char *name, uint32_t stack_bytes, void *argument,
                       UBaseType_t priority, TaskHandle_t *created);
#define xTaskCreatePinnedToCore(function, name, stack_bytes, argument, priority, created, core)                        \
    xTaskCreate((function), (name), (stack_bytes), (argument), (priority), (created))
/* NULL is the caller. Its memory comes back when the idle task runs. */
void vTaskDelete(TaskHandle_t task);

void vTaskDelay(TickType_t ticks);
void vTaskDelayUntil(TickType_t *previous_wake, TickType_t period);

UBaseType_t uxTaskPriorityGet(TaskHandle_t task);
void vTaskPrioritySet(TaskHandle_t task, UBaseType_t priority);
eTaskState eTaskGetState(TaskHandle_t task);
void vTaskSuspend(TaskHandle_t task);
void vTaskResume(TaskHandle_t task);
BaseType_t xTaskResumeFromISR(TaskHandle_t task);

/* Nobody else runs; interrupts do. They nest. */
void vTaskSuspendAll(void);
BaseType_t xTaskResumeAll(void);
BaseType_t xTaskGetSchedulerState(void);

TickType_t xTaskGetTickCount(void);
TickType_t xTaskGetTickCountFromISR(void);
TaskHandle_t xTaskGetCurrentTaskHandle(void);
TaskHandle_t xTaskGetHandle(const char *name);
TaskHandle_t xTaskGetIdleTaskHandle(void);
char *pcTaskGetName(TaskHandle_t task);
#define pcTaskGetTaskName(task) pcTaskGetName(task)
UBaseType_t uxTaskGetNumberOfTasks(void);
/* Bytes of the stack that were never used; NULL is the caller. */
UBaseType_t uxTaskGetStackHighWaterMark(TaskHandle_t task);

BaseType_t xTaskNotify(TaskHandle_t task, uint32_t value, eNotifyAction action);
BaseType_t xTaskNotifyFromISR(TaskHandle_t task, uint32_t value, eNotifyAction action, BaseType_t *is_woken);
BaseType_t xTaskNotifyWait(uint32_t clear_at_entry, uint32_t clear_at_exit, uint32_t *value, TickType_t ticks);
uint32_t ulTaskNotifyTake(BaseType_t clear_at_exit, TickType_t ticks);
BaseType_t xTaskNotifyStateClear(TaskHandle_t task);
#define xTaskNotifyGive(task) xTaskNotify((task), 0, eIncrement)
void vTaskNotifyGiveFromISR(TaskHandle_t task, BaseType_t *is_woken);

#ifdef __cplusplus
}
#endif

#endif
