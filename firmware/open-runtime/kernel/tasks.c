/* SPDX-License-Identifier: MIT */
/* Tasks: made, ended, delayed, suspended, looked at. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernel.h"

/* UM and EXCM: RFE clears the latter, then level 1 is open. */
#define FIRST_PS 0x30u
#define STACK_MINIMUM_BYTES 256u

/* Every task by its `all` node. The harness's tools read it from outside; `offsets` tells them where things lie, from that
 * node: name, stack, size of the stack. */
#define FROM_NODE(field) (int16_t)((int)offsetof(task_t, field) - (int)offsetof(task_t, all))
typedef struct task_list {
    node_t all;
    int16_t offsets[3];
} task_list_t;
extern task_list_t kernel_task_list;
task_list_t kernel_task_list = {.offsets = {FROM_NODE(name), FROM_NODE(stack), FROM_NODE(stack_bytes)}};
#define s_all (kernel_task_list.all)

static node_t s_zombies; /* by their `all` node, until the idle task frees them */
static UBaseType_t s_count;
static task_t *s_idle;

static void enter(TaskFunction_t function, void *argument)
{
    function(argument);
    vTaskDelete(NULL);
}

static void prepare_frame(task_t *task, TaskFunction_t function, void *argument)
{
    uintptr_t top = ((uintptr_t)task->stack + task->stack_bytes) & ~(uintptr_t)15;
    frame_t *frame = (frame_t *)(top - sizeof(frame_t));
    memset(frame, 0, sizeof(*frame));
    frame->pc = (uint32_t)(uintptr_t)enter;
    frame->ps = FIRST_PS;
    frame->a[1] = (uint32_t)top;
    frame->a[2] = (uint32_t)(uintptr_t)function;
    frame->a[3] = (uint32_t)(uintptr_t)argument;
    task->sp = frame;
}

BaseType_t xTaskCreate(TaskFunction_t function, const char *name, uint32_t stack_bytes, void *argument,
                       UBaseType_t priority, TaskHandle_t *created)
{
    uint32_t bytes = ((stack_bytes < STACK_MINIMUM_BYTES ? STACK_MINIMUM_BYTES : stack_bytes) + 7u) & ~7u;
    uint8_t *stack = malloc(bytes);
    task_t *task = calloc(1, sizeof(*task));
    if (stack == NULL || task == NULL) {
        free(stack);
        free(task);
        return errCOULD_NOT_ALLOCATE_REQUIRED_MEMORY;
    }
    memset(stack, (int)STACK_FILL, bytes);
    task->stack = stack;
    task->stack_bytes = bytes;
    task->priority = (uint8_t)(priority < configMAX_PRIORITIES ? priority : configMAX_PRIORITIES - 1);
    task->base_priority = task->priority;
    task->ready.task = task;
    task->wait.task = task;
    task->delay.task = task;
    task->all.task = task;
    strncpy(task->name, name != NULL ? name : "", sizeof(task->name) - 1);
    prepare_frame(task, function, argument);
    /* Before it can run: it may look at its own handle. */
    if (created != NULL) {
        *created = task;
    }
    uint32_t ps = kernel_lock();
    node_insert_before(&s_all, &task->all);
    s_count++;
    kernel_make_ready(task);
    kernel_unlock(ps);
    return pdPASS;
}

static task_t *task_or_current(TaskHandle_t task)
{
    return task != NULL ? task : kernel_current;
}

/* Locked. Neither ready nor waiting any more; the holder of the mutex it waited for no longer runs at its priority. */
static void leave_lists(task_t *task)
{
    kernel_unready(task);
    if (node_is_linked(&task->wait)) {
        node_remove(&task->wait);
    }
    if (node_is_linked(&task->delay)) {
        node_remove(&task->delay);
    }
    kernel_forget_wanted(task);
}

void vTaskDelete(TaskHandle_t handle)
{
    uint32_t ps = kernel_lock();
    task_t *task = task_or_current(handle);
    leave_lists(task);
    task->state = TASK_DELETED;
    node_remove(&task->all);
    node_insert_before(&s_zombies, &task->all);
    s_count--;
    kernel_unlock(ps);
}

/* A task that deletes itself stands on its stack to the end: another one frees it. */
static void free_zombies(void)
{
    for (;;) {
        uint32_t ps = kernel_lock();
        task_t *task = list_is_empty(&s_zombies) ? NULL : s_zombies.next->task;
        if (task != NULL) {
            node_remove(&task->all);
        }
        kernel_unlock(ps);
        if (task == NULL) {
            return;
        }
        free(task->stack);
        free(task);
    }
}

static void idle(void *argument)
{
    (void)argument;
    for (;;) {
        free_zombies();
        kernel_watchdog_feed();
        if (kernel_current->ready.next->task != NULL || kernel_current->ready.previous->task != NULL) {
            /* Another task of priority 0 wants to run. */
            vPortYield();
        } else {
            __asm__ volatile("waiti 0");
        }
    }
}

void kernel_tasks_init(void)
{
    list_init(&s_all);
    list_init(&s_zombies);
    if (xTaskCreate(idle, "IDLE", configIDLE_STACK_BYTES, NULL, tskIDLE_PRIORITY, &s_idle) != pdPASS) {
        abort();
    }
}

void vTaskDelay(TickType_t ticks)
{
    if (ticks == 0) {
        vPortYield();
        return;
    }
    kernel_check_may_wait();
    uint32_t ps = kernel_lock();
    kernel_block(NULL, ticks);
    kernel_unlock(ps);
}

void vTaskDelayUntil(TickType_t *previous_wake, TickType_t period)
{
    kernel_check_may_wait();
    uint32_t ps = kernel_lock();
    TickType_t wake_at = *previous_wake + period;
    *previous_wake = wake_at;
    TickType_t ticks = wake_at - kernel_ticks;
    if ((int32_t)ticks > 0) {
        kernel_block(NULL, ticks);
    }
    kernel_unlock(ps);
}

UBaseType_t uxTaskPriorityGet(TaskHandle_t task)
{
    return task_or_current(task)->priority;
}

void vTaskPrioritySet(TaskHandle_t handle, UBaseType_t priority)
{
    uint32_t ps = kernel_lock();
    task_t *task = task_or_current(handle);
    task->base_priority = (uint8_t)(priority < configMAX_PRIORITIES ? priority : configMAX_PRIORITIES - 1);
    kernel_reinherit(task);
    kernel_unlock(ps);
}

eTaskState eTaskGetState(TaskHandle_t task)
{
    if (task == kernel_current) {
        return eRunning;
    }
    switch (task->state) {
    case TASK_READY:
        return eReady;
    case TASK_BLOCKED:
        return eBlocked;
    case TASK_SUSPENDED:
        return eSuspended;
    default:
        return eDeleted;
    }
}

/* A suspended task has left whatever it waited for; the wait ends as timed out when it is resumed. */
void vTaskSuspend(TaskHandle_t handle)
{
    uint32_t ps = kernel_lock();
    task_t *task = task_or_current(handle);
    leave_lists(task);
    task->wait_result = WAIT_TIMED_OUT;
    task->state = TASK_SUSPENDED;
    kernel_unlock(ps);
}

void vTaskResume(TaskHandle_t task)
{
    (void)xTaskResumeFromISR(task);
}

BaseType_t xTaskResumeFromISR(TaskHandle_t task)
{
    uint32_t ps = kernel_lock();
    bool was_suspended = task->state == TASK_SUSPENDED;
    if (was_suspended) {
        kernel_make_ready(task);
    }
    kernel_unlock(ps);
    return was_suspended ? pdTRUE : pdFALSE;
}

TickType_t IRAM_ATTR xTaskGetTickCount(void)
{
    return kernel_ticks;
}

TickType_t IRAM_ATTR xTaskGetTickCountFromISR(void)
{
    return kernel_ticks;
}

TaskHandle_t IRAM_ATTR xTaskGetCurrentTaskHandle(void)
{
    return kernel_current;
}

TaskHandle_t xTaskGetIdleTaskHandle(void)
{
    return s_idle;
}

TaskHandle_t xTaskGetHandle(const char *name)
{
    TaskHandle_t found = NULL;
    uint32_t ps = kernel_lock();
    for (node_t *node = s_all.next; node != &s_all && found == NULL; node = node->next) {
        if (strcmp(node->task->name, name) == 0) {
            found = node->task;
        }
    }
    kernel_unlock(ps);
    return found;
}

char *pcTaskGetName(TaskHandle_t task)
{
    return task_or_current(task)->name;
}

UBaseType_t uxTaskGetNumberOfTasks(void)
{
    return s_count;
}

UBaseType_t uxTaskGetStackHighWaterMark(TaskHandle_t handle)
{
    const task_t *task = task_or_current(handle);
    UBaseType_t unused = 0;
    while (unused < task->stack_bytes && task->stack[unused] == STACK_FILL) {
        unused++;
    }
    return unused;
}
