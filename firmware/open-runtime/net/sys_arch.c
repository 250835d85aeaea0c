/* SPDX-License-Identifier: MIT */
/* lwIP's operating system layer over the kernel's tasks, queues and semaphores. */
#include "lwip/sys.h"

#include <stdlib.h>
#include <string.h>

#include "esp_log.h"
#include "lwip/err.h"
#include "lwip/stats.h"
#include "lwip/tcpip.h"

static const char TAG[] = "lwip";

/*
 * lwIP's own thread sleeps until the next of its timers. Whoever starts one with the core locked does not wake it; so it
 * looks at least this often. (It takes any end of its sleep for a reason to look.)
 */
#define LONGEST_SLEEP_MS 250u
static sys_thread_t s_tcpip_thread;

void lwip_port_assert_failed(const char *message, const char *file, int line)
{
    ESP_LOGE(TAG, "%s (%s:%d)", message, file, line);
    abort();
}

void sys_init(void)
{
}

u32_t sys_now(void)
{
    return (u32_t)(xTaskGetTickCount() * portTICK_PERIOD_MS);
}

/* At least as long as asked: a tick that has begun does not count. */
static TickType_t ticks_of(u32_t ms)
{
    return (TickType_t)((ms + portTICK_PERIOD_MS - 1) / portTICK_PERIOD_MS);
}

/* --- critical sections ------------------------------------------------------------------------------------------- */

sys_prot_t sys_arch_protect(void)
{
    taskENTER_CRITICAL();
    return 0;
}

void sys_arch_unprotect(sys_prot_t level)
{
    (void)level;
    taskEXIT_CRITICAL();
}

/* --- semaphores -------------------------------------------------------------------------------------------------- */

err_t sys_sem_new(sys_sem_t *sem, u8_t count)
{
    *sem = xSemaphoreCreateBinary();
    if (*sem == NULL) {
        return ERR_MEM;
    }
    if (count != 0) {
        xSemaphoreGive(*sem);
    }
    return ERR_OK;
}

void sys_sem_free(sys_sem_t *sem)
{
    vSemaphoreDelete(*sem);
}

void sys_sem_signal(sys_sem_t *sem)
{
    xSemaphoreGive(*sem);
}

/* 0 ms: waits for ever. */
u32_t sys_arch_sem_wait(sys_sem_t *sem, u32_t timeout_ms)
{
    TickType_t timeout_ticks = timeout_ms == 0 ? portMAX_DELAY : ticks_of(timeout_ms);
    return xSemaphoreTake(*sem, timeout_ticks) == pdTRUE ? 0 : SYS_ARCH_TIMEOUT;
}

/* --- mutexes ----------------------------------------------------------------------------------------------------- */

err_t sys_mutex_new(sys_mutex_t *mutex)
{
    *mutex = xSemaphoreCreateMutex();
    return *mutex == NULL ? ERR_MEM : ERR_OK;
}

void sys_mutex_free(sys_mutex_t *mutex)
{
    vSemaphoreDelete(*mutex);
}

void sys_mutex_lock(sys_mutex_t *mutex)
{
    (void)xSemaphoreTake(*mutex, portMAX_DELAY);
}

void sys_mutex_unlock(sys_mutex_t *mutex)
{
    xSemaphoreGive(*mutex);
}

/* --- mailboxes --------------------------------------------------------------------------------------------------- */

err_t sys_mbox_new(sys_mbox_t *mbox, int size)
{
    *mbox = xQueueCreate((UBaseType_t)size, sizeof(void *));
    return *mbox == NULL ? ERR_MEM : ERR_OK;
}

void sys_mbox_free(sys_mbox_t *mbox)
{
    vQueueDelete(*mbox);
}

void sys_mbox_post(sys_mbox_t *mbox, void *message)
{
    (void)xQueueSend(*mbox, &message, portMAX_DELAY);
}

err_t sys_mbox_trypost(sys_mbox_t *mbox, void *message)
{
    return xQueueSend(*mbox, &message, 0) == pdTRUE ? ERR_OK : ERR_MEM;
}

err_t sys_mbox_trypost_fromisr(sys_mbox_t *mbox, void *message)
{
    BaseType_t woken = pdFALSE;
    return xQueueSendFromISR(*mbox, &message, &woken) == pdTRUE ? ERR_OK : ERR_MEM;
}

/* 0 ms: waits for ever. `message` may be NULL: then it is thrown away. */
u32_t sys_arch_mbox_fetch(sys_mbox_t *mbox, void **message, u32_t timeout_ms)
{
    void *thrown_away;
    if (timeout_ms > LONGEST_SLEEP_MS && xTaskGetCurrentTaskHandle() == s_tcpip_thread) {
        timeout_ms = LONGEST_SLEEP_MS;
    }
    TickType_t timeout_ticks = timeout_ms == 0 ? portMAX_DELAY : ticks_of(timeout_ms);
    if (xQueueReceive(*mbox, message != NULL ? message : &thrown_away, timeout_ticks) == pdTRUE) {
        return 0;
    }
    if (message != NULL) {
        *message = NULL;
    }
    return SYS_ARCH_TIMEOUT;
}

u32_t sys_arch_mbox_tryfetch(sys_mbox_t *mbox, void **message)
{
    void *thrown_away;
    return xQueueReceive(*mbox, message != NULL ? message : &thrown_away, 0) == pdTRUE ? 0 : SYS_MBOX_EMPTY;
}

/* --- threads ----------------------------------------------------------------------------------------------------- */

sys_thread_t sys_thread_new(const char *name, lwip_thread_fn function, void *argument, int stack_bytes, int priority)
{
    TaskHandle_t task = NULL;
    if (xTaskCreate(function, name, (uint16_t)stack_bytes, argument, (UBaseType_t)priority, &task) != pdPASS) {
        lwip_port_assert_failed("no memory for a thread", __FILE__, __LINE__);
    }
    if (strcmp(name, TCPIP_THREAD_NAME) == 0) {
        s_tcpip_thread = task;
    }
    return task;
}
